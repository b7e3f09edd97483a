"""The colour of a picture: by its ICC profile, or by code points (nclx) where it has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from gainmap_codec.files.records import CodedImage, Nclx
from gainmap_codec.pixels.color.base_color import BaseColor, base_color_of_icc
from gainmap_codec.pixels.color.light import (
    D65,
    PRIMARIES,
    SDR_WHITE_NITS,
    Array,
    ColorSpace,
    Primaries,
    White,
    matrix_to_bt2020,
    pq_decode,
    srgb_decode,
)

_UNSPECIFIED = 2
_BT601 = 6
_SRGB, _PQ, _HLG = 13, 16, 18
_HLG_PEAK_NITS = 1000.0
_C, _DCI = (0.310, 0.316), (0.314, 0.351)

# ITU-T H.273 table 2: primaries and white by their code; those of `color` keep its numbers.
_SPACES: dict[int, ColorSpace] = {1: "srgb", 9: "bt2020", 12: "display-p3"}
_OTHER_PRIMARIES: dict[int, tuple[Primaries, White]] = {
    4: (((0.67, 0.33), (0.21, 0.71), (0.14, 0.08)), _C),
    5: (((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), D65),
    6: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    7: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    11: (PRIMARIES["display-p3"], _DCI),
    22: (((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)), D65),
}


def color_of(image: CodedImage) -> BaseColor:
    """What the code values of a picture mean; without an ICC profile and code points they are sRGB.

    A profile wins over code points, which beside one tell the coding alone (ISO/IEC 23000-22, MIAF). Code points that
    are not known count as sRGB, with a `GainMapWarning`.
    """
    if image.icc_profile is not None or image.nclx is None:
        return base_color_of_icc(image.icc_profile, image.bits)
    return color_of_code_points(image.nclx.primaries, image.nclx.transfer, image.bits)


def primaries_are_known(image: CodedImage) -> bool:
    """Whether a picture says which primaries it has."""
    return image.icc_profile is not None or (image.nclx is not None and image.nclx.primaries != _UNSPECIFIED)


def is_hdr(image: CodedImage) -> bool:
    """Whether the code values of a picture go beyond SDR white by themselves: PQ or HLG, which only code points say."""
    return image.icc_profile is None and image.nclx is not None and image.nclx.transfer in (_PQ, _HLG)


def color_of_code_points(primaries: int, transfer: int, bits: int) -> BaseColor:
    """What code values of so many bits mean by ITU-T H.273; unknown numbers count as sRGB, with a `GainMapWarning`."""
    unknown = []
    if primaries != _UNSPECIFIED and primaries not in _SPACES and primaries not in _OTHER_PRIMARIES:
        unknown.append(f"primaries {primaries}")
        primaries = 1
    if transfer != _UNSPECIFIED and transfer not in _TRANSFERS:
        unknown.append(f"transfer {transfer}")
        transfer = _SRGB
    if unknown:
        text = f"colour of the picture: {' and '.join(unknown)} not known, sRGB assumed"
    specified = [wanted if code == _UNSPECIFIED else code for code, wanted in ((primaries, 1), (transfer, _SRGB))]
    color = _cached_color(*specified, bits)
    return replace(color, notes=(text,)) if unknown else color


def code_points_for(color: BaseColor) -> Nclx:
    """Code points for a picture of this colour: unspecified primaries and transfer where it is no space that we know.

    The matrix is BT.601's, as most writers of HEIC and AVIF take it whatever the primaries.
    """
    for primaries, space in _SPACES.items():
        if color.name == space:
            return Nclx(primaries, _SRGB, _BT601, True)
    return Nclx(_UNSPECIFIED, _UNSPECIFIED, _BT601, True)


@cache
def _cached_color(primaries: int, transfer: int, bits: int) -> BaseColor:
    space = _SPACES.get(primaries)
    name = space or f"primaries {primaries}"
    chromaticities = (PRIMARIES[space], D65) if space else _OTHER_PRIMARIES[primaries]
    curve_name, curve = _TRANSFERS[transfer]
    signal = np.arange(1 << bits, dtype=np.float32) / np.float32((1 << bits) - 1)
    return BaseColor(
        name if transfer == _SRGB else f"{name} {curve_name}",
        matrix_to_bt2020(*chromaticities),
        np.stack([curve(signal)] * 3),
        system_gamma=1.2 if transfer == _HLG else 1.0,
    )


def _bt709(signal: Array) -> Array:
    """The inverse of the camera's curve, as libavif takes it. Source: ITU-R BT.709-6 item 1.2."""
    high = ((np.maximum(signal, 0.081) + np.float32(0.099)) / np.float32(1.099)) ** np.float32(1 / 0.45)
    return np.where(signal < 0.081, signal / np.float32(4.5), high).astype(np.float32)


def _hlg(signal: Array) -> Array:
    """Scene light such that the system gamma of a display of 1000 cd/m² gives multiples of SDR white.

    Source: ITU-R BT.2100-2 table 5 (inverse OETF; a, b and c by their names there).
    """
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    high = (np.exp((np.maximum(signal, 0.5) - np.float32(c)) / np.float32(a)) + np.float32(b)) / 12
    scene = np.where(signal <= 0.5, signal**2 / 3, high)
    return np.asarray(scene * (_HLG_PEAK_NITS / SDR_WHITE_NITS) ** (1 / 1.2), dtype=np.float32)


def _power(exponent: float) -> Callable[[Array], Array]:
    return lambda signal: np.asarray(signal ** np.float32(exponent), dtype=np.float32)


# ITU-T H.273 table 3.
_TRANSFERS: dict[int, tuple[str, Callable[[Array], Array]]] = {
    1: ("BT.709 curve", _bt709),
    4: ("gamma 2.2", _power(2.2)),
    5: ("gamma 2.8", _power(2.8)),
    6: ("BT.709 curve", _bt709),
    8: ("linear", _power(1.0)),
    _SRGB: ("sRGB curve", srgb_decode),
    14: ("BT.709 curve", _bt709),
    15: ("BT.709 curve", _bt709),
    _PQ: ("PQ", pq_decode),
    _HLG: ("HLG", _hlg),
}
