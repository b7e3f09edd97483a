"""ICC profiles of the colours that JPEG XL tells by chromaticities and powers, and code points do not."""

from __future__ import annotations

from functools import cache

from gainmap_codec.files.icc import BT709_PARAMETERS, SRGB_CURVE, parametric_curve, profile_of_chromaticities
from gainmap_codec.files.jxl.header import GREY, ColorEncoding, Point

_WHITES: dict[int, Point] = {1: (312700, 329000), 10: (333333, 333333), 11: (314000, 351000)}
_CHROMATICITIES: dict[int, tuple[Point, Point, Point]] = {
    1: ((640000, 330000), (300000, 600000), (150000, 60000)),
    9: ((708000, 292000), (170000, 797000), (131000, 46000)),
    11: ((680000, 320000), (265000, 690000), (150000, 60000)),
}
_DCI_GAMMA = 3846154  # of the curve 17
_CURVES = {
    1: ("BT.709 curve", parametric_curve(*BT709_PARAMETERS)),
    8: ("linear", parametric_curve(1.0)),
    13: ("sRGB curve", SRGB_CURVE),
}


@cache
def profile_of(color: ColorEncoding) -> bytes | None:
    """A profile that says the same of RGB, for grey pictures too; None of PQ and HLG, and of what is no colour.

    Source: ISO/IEC 18181-1:2024 tables E.3 to E.6.
    """
    white = color.white or _WHITES.get(color.white_point)
    primaries = color.chromaticities or _CHROMATICITIES.get(1 if color.space == GREY else color.primaries)
    name, curve = _curve(color)
    if white is None or primaries is None or curve is None:
        return None
    points = [(x / 1e6, y / 1e6) for x, y in (*primaries, white)]
    return profile_of_chromaticities(f"JPEG XL colour, {name}", points[:3], points[3], curve)


def _curve(color: ColorEncoding) -> tuple[str, bytes | None]:
    """Its name, and the tag that holds it."""
    gamma = _DCI_GAMMA if color.gamma is None and color.transfer == 17 else color.gamma
    if gamma is None:
        return _CURVES.get(color.transfer, ("", None))
    power = 1e7 / max(gamma, 1)
    return f"gamma {power:.4g}", parametric_curve(power) if power < 1 << 15 else None
