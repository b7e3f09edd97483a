"""ICC profiles for the pictures that we write: of any primaries with the curves of SDR, and BT.2020 PQ."""

from __future__ import annotations

import struct
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.icc import BT709_PARAMETERS, SRGB_CURVE, display_profile, parametric_curve
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
    "bt709": BT709_PARAMETERS,
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
    return _display_profile(_DESCRIPTIONS[color_space], colorants_d50(color_space), SRGB_CURVE, {})


def icc_profile_of_primaries(color: BaseColor) -> bytes:
    """A display profile of a colour's primaries, whichever they are, with the sRGB curve."""
    if color.primaries:
        return icc_profile_for(color.primaries)
    return _display_profile(color.name, _colorants(color), SRGB_CURVE, {})


def icc_profile_describing(color: BaseColor) -> bytes | None:
    """A display profile that says what a colour by code points is; None for PQ, HLG and curves that profiles tell."""
    if color.curve == "srgb":
        return icc_profile_of_primaries(color)
    if color.curve not in _PARAMETERS:
        return None
    return _display_profile(color.name, _colorants(color), parametric_curve(*_PARAMETERS[color.curve]), {})


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
    curve = SRGB_CURVE if color.curve == "srgb" else _measured(color.curves[0])
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
    adaptation = adapt_white(xy_to_xyz(D65), D50_XYZ)
    return display_profile(description, colorants.T.tolist(), adaptation.ravel().tolist(), curve, more)


def _measured(light: Array) -> bytes:
    """A curve by the light of evenly spaced signals: as the power that it is, or else as a table."""
    signal = np.linspace(0, 1, len(light))
    middle = len(light) // 2
    power = np.log(max(light[middle], _POWER_TOLERANCE)) / np.log(signal[middle])
    if np.abs(signal**power - light).max() < _POWER_TOLERANCE:
        return parametric_curve(power)
    return struct.pack(">4s4xI", b"curv", len(light)) + np.rint(light * 65535).astype(">u2").tobytes()
