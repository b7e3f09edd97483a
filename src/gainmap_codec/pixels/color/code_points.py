"""The colour of a picture: by its ICC profile, or by code points (nclx) where it has none.

What ITU-T H.273 says about its numbers stands here and nowhere else; the numbers themselves are
`gainmap_codec.files.code_points`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np

from gainmap_codec.files.code_points import UNSPECIFIED, Matrix, Nclx, Primaries, Transfer
from gainmap_codec.files.records import CodedImage
from gainmap_codec.pixels.color.base_color import BaseColor, Curve, base_color_of_icc
from gainmap_codec.pixels.color.hdr_codes import HdrTransfer
from gainmap_codec.pixels.color.hlg import SYSTEM_GAMMA, hlg_scene
from gainmap_codec.pixels.color.light import (
    D65,
    PRIMARIES,
    Array,
    Chromaticities,
    ColorSpace,
    White,
    matrix_to_bt2020,
    pq_decode,
    srgb_decode,
)

SRGB = Nclx(Primaries.BT709, Transfer.SRGB, Matrix.BT601, True)
"""The matrix is BT.601's, as most writers of HEIC and AVIF take it whatever the primaries."""

UNKNOWN = Nclx(UNSPECIFIED, UNSPECIFIED, Matrix.BT601, True)
"""A colour that code points do not tell, beside a profile that does."""

BT2020_PQ = Nclx(Primaries.BT2020, Transfer.PQ, Matrix.BT2020, True)
BT2020_HDR: Mapping[HdrTransfer, Nclx] = {"pq": BT2020_PQ, "hlg": BT2020_PQ._replace(transfer=Transfer.HLG)}
"""By the names of the curves."""
BT2020_PQ_RGB = BT2020_PQ._replace(matrix=Matrix.IDENTITY)
"""The same of red, green and blue, as cICP chunks and cicp tags hold it: `bytes` of it are theirs."""

SPACES: dict[int, ColorSpace] = {
    Primaries.BT709: "srgb",
    Primaries.BT2020: "bt2020",
    Primaries.DISPLAY_P3: "display-p3",
}
"""Our names of primaries, by their code points."""

HDR_TRANSFERS = (Transfer.PQ, Transfer.HLG)
"""Curves that go beyond SDR white by themselves."""

_TAG_TABLE = 132  # in a profile, behind its header and the number of tags
_C, _DCI = (0.310, 0.316), (0.314, 0.351)

# ITU-T H.273 table 2: primaries and white of those that have no name with us.
_OTHER_PRIMARIES: dict[int, tuple[Chromaticities, White]] = {
    Primaries.BT470M: (((0.67, 0.33), (0.21, 0.71), (0.14, 0.08)), _C),
    Primaries.BT601_625: (((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), D65),
    Primaries.BT601_525: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    Primaries.SMPTE240: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    Primaries.FILM: (((0.681, 0.319), (0.243, 0.692), (0.145, 0.049)), _C),
    Primaries.DCI_P3: (PRIMARIES["display-p3"], _DCI),
    Primaries.EBU3213: (((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)), D65),
}


def color_of(image: CodedImage) -> BaseColor:
    """What the code values of a picture mean; without an ICC profile and code points they are sRGB.

    A profile wins over code points, which beside one tell the coding alone (ISO/IEC 23000-22, MIAF); of a profile for
    PQ or HLG, the code points inside it count. Those that are not known count as sRGB, with a line in `notes`.
    """
    told = told_by_numbers(image)
    if told is None:
        return base_color_of_icc(image.icc_profile, image.bits, image.channels)
    return color_of_code_points(told.primaries, told.transfer, image.bits)


def told_by_numbers(image: CodedImage) -> Nclx | None:
    """The code points that tell a picture's colour: its own without a profile, or those of a profile for PQ or HLG."""
    return image.nclx if image.icc_profile is None else hdr_of_profile(image.icc_profile)


def hdr_of_profile(icc: bytes) -> Nclx | None:
    """What the cicp tag of an ICC profile says, where that is PQ or HLG; or None.

    The rest of such a profile is for readers without HDR: a curve whose white is 10 000 nits, or a tone mapping.
    Source: ICC.1:2022 clauses 7.3 (tag table), 9.2.17 and 10.3 (cicp).
    """
    for start in range(_TAG_TABLE, _TAG_TABLE + 12 * int.from_bytes(icc[_TAG_TABLE - 4 : _TAG_TABLE], "big"), 12):
        if icc[start : start + 4] == b"cicp":
            at = int.from_bytes(icc[start + 4 : start + 8], "big")
            told = icc[at + 8 : at + 12]
            whole = icc[at : at + 4] == b"cicp" and len(told) == 4
            return Nclx(told[0], told[1], told[2], bool(told[3])) if whole and told[1] in HDR_TRANSFERS else None
        if start >= len(icc):
            break
    return None


def primaries_are_known(image: CodedImage) -> bool:
    """Whether a picture says which primaries it has."""
    return image.icc_profile is not None or (image.nclx is not None and image.nclx.primaries != UNSPECIFIED)


def is_hdr(image: CodedImage) -> bool:
    """Whether the code values of a picture go beyond SDR white by themselves: PQ or HLG, which only code points say."""
    told = told_by_numbers(image)
    return told is not None and told.transfer in HDR_TRANSFERS


def color_of_code_points(primaries: int, transfer: int, bits: int) -> BaseColor:
    """What code values of so many bits mean by ITU-T H.273; unknown numbers count as sRGB, with a line in `notes`."""
    unknown = []
    if primaries not in (UNSPECIFIED, *SPACES, *_OTHER_PRIMARIES):
        unknown.append(f"primaries {primaries}")
        primaries = UNSPECIFIED
    if transfer not in (UNSPECIFIED, *_TRANSFERS):
        unknown.append(f"transfer {transfer}")
        transfer = UNSPECIFIED
    primaries = Primaries.BT709 if primaries == UNSPECIFIED else primaries
    transfer = Transfer.SRGB if transfer == UNSPECIFIED else transfer
    color = _cached_color(primaries, transfer, bits)
    if not unknown:
        return color
    return replace(color, notes=(f"colour of the picture: {' and '.join(unknown)} not known, sRGB assumed",))


def code_points_for(color: BaseColor) -> Nclx:
    """Code points for a picture of this colour: `UNKNOWN` unless they tell its primaries and its curve exactly."""
    primaries = next((code for code, space in SPACES.items() if space == color.primaries), None)
    transfer = next((code for code, (curve, _, _) in _TRANSFERS.items() if curve == color.curve), None)
    if primaries is None or transfer is None:
        return UNKNOWN
    return SRGB._replace(primaries=primaries, transfer=transfer)


def code_points_of(image: CodedImage, color: BaseColor) -> Nclx:
    """Code points for a picture of the colour that `image` has: its own where no profile tells its colour."""
    return image.nclx if image.nclx and not image.icc_profile else code_points_for(color)


@cache
def _cached_color(primaries: int, transfer: int, bits: int) -> BaseColor:
    space = SPACES.get(primaries)
    name = space or f"primaries {primaries}"
    chromaticities = (PRIMARIES[space], D65) if space else _OTHER_PRIMARIES[primaries]
    curve, curve_name, decode = _TRANSFERS[transfer]
    signal = np.arange(1 << bits, dtype=np.float32) / np.float32((1 << bits) - 1)
    return BaseColor(
        name if curve == "srgb" else f"{name} {curve_name}",
        matrix_to_bt2020(*chromaticities),
        np.stack([decode(signal)] * 3),
        system_gamma=SYSTEM_GAMMA if curve == "hlg" else 1.0,
        primaries=space,
        curve=curve,
    )


def _bt709(signal: Array) -> Array:
    """The inverse of the camera's curve, as libavif takes it. Source: ITU-R BT.709-6 item 1.2."""
    high = ((np.maximum(signal, 0.081) + np.float32(0.099)) / np.float32(1.099)) ** np.float32(1 / 0.45)
    return np.where(signal < 0.081, signal / np.float32(4.5), high).astype(np.float32)


def _smpte240(signal: Array) -> Array:
    """The inverse of another camera's curve. Source: SMPTE ST 240:1999 clause 4."""
    high = ((np.maximum(signal, 0.0912) + np.float32(0.1115)) / np.float32(1.1115)) ** np.float32(1 / 0.45)
    return np.where(signal < 0.0912, signal / np.float32(4), high).astype(np.float32)


def _power(exponent: float) -> Callable[[Array], Array]:
    return lambda signal: np.asarray(signal ** np.float32(exponent), dtype=np.float32)


# ITU-T H.273 table 3: curve, what people call it, and light of signals in [0, 1].
_TRANSFERS: dict[int, tuple[Curve, str, Callable[[Array], Array]]] = {
    Transfer.BT709: ("bt709", "BT.709 curve", _bt709),
    Transfer.GAMMA22: ("gamma22", "gamma 2.2", _power(2.2)),
    Transfer.GAMMA28: ("gamma28", "gamma 2.8", _power(2.8)),
    Transfer.BT601: ("bt709", "BT.709 curve", _bt709),
    Transfer.SMPTE240: ("smpte240", "SMPTE 240M curve", _smpte240),
    Transfer.LINEAR: ("linear", "linear", _power(1.0)),
    Transfer.SRGB: ("srgb", "sRGB curve", srgb_decode),
    Transfer.XVYCC: ("bt709", "BT.709 curve", _bt709),  # which it continues below 0 and above 1
    Transfer.BT1361: ("bt709", "BT.709 curve", _bt709),  # likewise
    Transfer.BT2020_10: ("bt709", "BT.709 curve", _bt709),
    Transfer.BT2020_12: ("bt709", "BT.709 curve", _bt709),
    Transfer.PQ: ("pq", "PQ", pq_decode),
    Transfer.HLG: ("hlg", "HLG", hlg_scene),
}
