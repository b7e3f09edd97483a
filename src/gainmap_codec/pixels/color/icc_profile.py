"""ICC profiles for the pictures that we write: of any primaries with the curves of SDR, and BT.2020 PQ.

Written here rather than by LittleCMS, whose bytes hold the time of day and its version; a test reads
them with it.
"""

from __future__ import annotations

import struct
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color.base_color import (
    D50_XYZ,
    BaseColor,
    Curve,
    base_color_of_icc,
    colorants_d50,
    is_grey_profile,
)
from gainmap_codec.pixels.color.code_points import BT2020_PQ_RGB
from gainmap_codec.pixels.color.light import D65, PQ_PEAK, Array, ColorSpace, adapt_white, pq_decode, xy_to_xyz

_DESCRIPTIONS: dict[ColorSpace, str] = {
    "srgb": "sRGB",
    "display-p3": "Display P3",
    "bt2020": "BT.2020 primaries, sRGB curve",
}
_PQ_STEPS = 4096
_POWER_TOLERANCE = 1e-5
_PARAMETERS: dict[Curve, tuple[float, ...]] = {
    "bt709": (1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081),
    "smpte240": (1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 0.0912),
    "gamma22": (2.2,),
    "gamma28": (2.8,),
    "linear": (1.0,),
}
"""Of the curves that code points tell, as parametric curves hold them."""


@cache
def icc_profile_for(color_space: ColorSpace) -> bytes:
    """A display profile of these primaries with the sRGB curve: the same bytes for ever, half a kilobyte.

    Source: ICC.1:2022 clauses 7.2 (header), 7.3 (tag table), 8.4.3 (matrix-based display profiles), 10.18
    (parametric curves).
    """
    return _display_profile(_DESCRIPTIONS[color_space], colorants_d50(color_space), _srgb_curve(), {})


def icc_profile_of_primaries(color: BaseColor) -> bytes:
    """A display profile of a colour's primaries, whichever they are, with the sRGB curve."""
    if color.primaries:
        return icc_profile_for(color.primaries)
    return _display_profile(color.name, _colorants(color), _srgb_curve(), {})


def icc_profile_describing(color: BaseColor) -> bytes | None:
    """A display profile that says what a colour by code points is; None for PQ, HLG and curves that profiles tell."""
    if color.curve == "srgb":
        return icc_profile_of_primaries(color)
    if color.curve not in _PARAMETERS:
        return None
    return _display_profile(color.name, _colorants(color), _parametric(*_PARAMETERS[color.curve]), {})


def _colorants(color: BaseColor) -> NDArray[np.float64]:
    """As `colorants_d50`, of any primaries."""
    return np.asarray(colorants_d50("bt2020") @ color.to_bt2020, dtype=np.float64)


def rgb_profile(icc: bytes | None, channels: int) -> bytes | None:
    """A profile that says of three channels what `icc` says of a picture of so many.

    That is `icc` itself; of a grey one a profile with the same curve, or None where it does not serve (`base_color`).
    """
    if not is_grey_profile(icc):
        return icc
    color = base_color_of_icc(icc, 10, channels)
    if color.notes:
        return None
    curve = _srgb_curve() if color.curve == "srgb" else _measured(color.curves[0])
    return _display_profile(color.name, colorants_d50("srgb"), curve, {})


@cache
def pq_icc_profile() -> bytes:
    """A display profile of BT.2020 PQ, whose white is 10 000 nits: the same bytes for ever, 9 KB.

    Its cicp tag says BT.2020 and PQ to readers that know it. Others find the curve as a table of 16 bits, steps of
    0.15 nits, and show SDR white where it is on such a display: dark.
    Source: ICC.1:2022 clauses 9.2.17 and 10.3 (cicp), 10.6 (curves).
    """
    light = pq_decode(np.linspace(0, 1, _PQ_STEPS, dtype=np.float32)) / np.float32(PQ_PEAK)
    more = {b"cicp": b"cicp" + bytes([0, 0, 0, 0, *BT2020_PQ_RGB])}
    return _display_profile("BT.2020 PQ", colorants_d50("bt2020"), _measured(light), more)


def _display_profile(description: str, colorants: NDArray[np.float64], curve: bytes, more: dict[bytes, bytes]) -> bytes:
    """A matrix-based display profile, with `more` tags; `colorants` as `colorants_d50` gives them."""
    red, green, blue = colorants.T
    tags = {
        b"desc": _text(description),
        b"cprt": _text("CC0"),
        b"wtpt": _numbers(b"XYZ ", D50_XYZ),
        b"chad": _numbers(b"sf32", adapt_white(xy_to_xyz(D65), D50_XYZ)),
        b"rXYZ": _numbers(b"XYZ ", red),
        b"gXYZ": _numbers(b"XYZ ", green),
        b"bXYZ": _numbers(b"XYZ ", blue),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
        **more,
    }
    table, data = _laid_out(tags)
    version = 0x04400000 if more else 0x04300000  # 4.4 brought cicp
    return _header(128 + len(table) + len(data), version) + table + data


def _header(size: int, version: int) -> bytes:
    return struct.pack(
        ">I4sI4s4s4s6H4s4sI4sIQI12s4s16s28s",
        size,
        b"",  # preferred colour management module
        version,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        *(2026, 1, 1, 0, 0, 0),  # date and time of creation: a constant, for the sake of equal bytes
        b"acsp",
        b"",  # platform
        0,  # flags
        b"",  # manufacturer
        0,  # model
        0,  # attributes
        1,  # relative colorimetric
        _fixed(D50_XYZ),
        b"",  # creator
        b"",  # profile ID: not computed
        b"",  # reserved
    )


def _laid_out(tags: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """Tag table and tag data; tags with equal data share it."""
    start = 128 + 4 + 12 * len(tags)
    entries, data, places = b"", b"", dict[bytes, int]()
    for signature, element in tags.items():
        if element not in places:
            places[element] = start + len(data)
            data += element + bytes(-len(element) % 4)
        entries += struct.pack(">4sII", signature, places[element], len(element))
    return struct.pack(">I", len(tags)) + entries, data


def _text(text: str) -> bytes:
    coded = text.encode("utf-16-be")
    return struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", len(coded), 28) + coded


def _measured(light: Array) -> bytes:
    """A curve by the light of evenly spaced signals: as the power that it is, or else as a table."""
    signal = np.linspace(0, 1, len(light))
    middle = len(light) // 2
    power = np.log(max(light[middle], _POWER_TOLERANCE)) / np.log(signal[middle])
    if np.abs(signal**power - light).max() < _POWER_TOLERANCE:
        return _parametric(power)
    return struct.pack(">4s4xI", b"curv", len(light)) + np.rint(light * 65535).astype(">u2").tobytes()


def _numbers(kind: bytes, values: NDArray[np.float64]) -> bytes:
    return kind + bytes(4) + _fixed(values)


def _srgb_curve() -> bytes:
    """IEC 61966-2-1."""
    return _parametric(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def _parametric(*parameters: float) -> bytes:
    """A parametric curve of type 0 (gamma alone) or 3 (gamma, a, b, c, d)."""
    kind = 3 if len(parameters) > 1 else 0
    return struct.pack(">4s4xH2x", b"para", kind) + _fixed(np.array(parameters))


def _fixed(values: NDArray[np.float64]) -> bytes:
    """The s15Fixed16 numbers of ICC.1."""
    return np.rint(values * 65536).astype(">i4").tobytes()
