"""Primaries, transfer functions and the 203-nit reference white.

Linear light is float32 with 1.0 = SDR white = 203 cd/m² throughout. All colour spaces
here have the white point D65.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import isinf
from typing import Any, Literal, get_args, overload

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels import loops
from gainmap_codec.pixels.rendition import transformed
from gainmap_codec.pixels.strips import for_each_strip

Array = NDArray[np.float32]
AnyCodes = NDArray[np.uint8] | NDArray[np.uint16]
"""Code values: uint8 of pictures of 8 bits, uint16 of 10 and 12 bits (0 … 2^bits − 1)."""

ColorSpace = Literal["srgb", "display-p3", "bt2020"]
COLOR_SPACES: tuple[ColorSpace, ...] = get_args(ColorSpace)

SDR_WHITE_NITS = 203.0
"""Luminance of linear 1.0 in cd/m² (ITU-R BT.2408)."""

PQ_PEAK = 10_000.0 / SDR_WHITE_NITS
"""Linear value of PQ code 1.0: 10 000 cd/m² over SDR white."""

White = tuple[float, float]
Chromaticities = tuple[White, White, White]
"""CIE xy of red, green and blue."""

D65: White = (0.3127, 0.3290)
PRIMARIES: dict[ColorSpace, Chromaticities] = {
    "srgb": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),  # ITU-R BT.709
    "display-p3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # SMPTE EG 432-1
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),  # ITU-R BT.2020
}


def with_bits(codes: AnyCodes, old: int, new: int) -> AnyCodes:
    """Code values of another depth, rounded: uint8 of 8 bits, uint16 of more."""
    if old == new:
        return codes
    most, wanted = (1 << old) - 1, (1 << new) - 1
    scaled: NDArray[np.uint32] = (codes.astype(np.uint32) * np.uint32(wanted) + np.uint32(most // 2)) // np.uint32(most)
    return scaled.astype(np.uint8) if new == 8 else scaled.astype(np.uint16)


def rgb_to_xyz(primaries: Chromaticities, white: White) -> NDArray[np.float64]:
    """Matrix from linear RGB to XYZ, float64 (3, 3), with white at Y = 1.

    Args:
        primaries: CIE xy of red, green and blue.
        white: CIE xy of the white point.
    Source: SMPTE RP 177.
    """
    columns = np.array([xy_to_xyz(xy) for xy in primaries]).T
    return np.asarray(columns * np.linalg.solve(columns, xy_to_xyz(white)), dtype=np.float64)


def adapt_white(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bradford's chromatic adaptation between two white points given as XYZ: a matrix on XYZ, float64 (3, 3).

    Source: ICC.1:2022 annex E.
    """
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    scale = (bradford @ target) / (bradford @ source)
    return np.asarray(np.linalg.solve(bradford, scale[:, np.newaxis] * bradford), dtype=np.float64)


def space_of(primaries: Chromaticities, white: White) -> ColorSpace | None:
    """The colour space that has these primaries, to three decimals; None for others."""
    told = np.array((*primaries, white))
    near = (space for space, own in PRIMARIES.items() if np.abs(told - (*own, D65)).max() < 1e-3)
    return next(near, None)


def matrix_to_bt2020(primaries: Chromaticities, white: White) -> NDArray[np.float64]:
    """Matrix from linear RGB of any primaries to BT.2020, float64 (3, 3); other whites are adapted to D65.

    Raises:
        ValueError: The primaries span no colour space.
    """
    with np.errstate(all="ignore"):  # nonsense shows in the result
        to_d65 = adapt_white(xy_to_xyz(white), xy_to_xyz(D65)) @ rgb_to_xyz(primaries, white)
        matrix = np.linalg.solve(rgb_to_xyz(PRIMARIES["bt2020"], D65), to_d65).astype(np.float64)
    if not np.isfinite(matrix).all():
        raise ValueError(f"expected primaries that span a colour space, got {primaries} with white {white}")
    return matrix


def xy_to_xyz(xy: White) -> NDArray[np.float64]:
    """XYZ of a CIE xy chromaticity at Y = 1, float64 (3,)."""
    x, y = np.float64(xy[0]), np.float64(xy[1])
    return np.array([x / y, 1.0, (1.0 - x - y) / y])


@cache
def conversion_matrix(source: ColorSpace, target: ColorSpace) -> NDArray[np.float64]:
    """Matrix from linear `source` RGB to linear `target` RGB, float64 (3, 3)."""
    source_to_xyz, target_to_xyz = (rgb_to_xyz(PRIMARIES[space], D65) for space in (source, target))
    return np.asarray(np.linalg.solve(target_to_xyz, source_to_xyz), dtype=np.float64)


def convert(pixels: Array, source: ColorSpace, target: ColorSpace) -> Array:
    """Linear RGB in other primaries, float32 (..., 3); out-of-gamut colours come out negative."""
    pixels = np.asarray(pixels, np.float32)
    if source == target:
        return pixels
    return transformed(pixels, conversion_matrix(source, target))


# SMPTE ST 2084, equations 4.1 and 5.1: constants by their names in the standard.
PQ_M1 = 2610 / 16384
PQ_M2 = 2523 / 4096 * 128
PQ_C1 = 3424 / 4096
PQ_C2 = 2413 / 4096 * 32
PQ_C3 = 2392 / 4096 * 32


@overload
def pq_encode(linear: Array) -> Array: ...
@overload
def pq_encode(linear: Any, xp: Any) -> Any: ...
def pq_encode(linear: Any, xp: Any = np) -> Any:
    """PQ code values, float32 in [0, 1], of linear light (1.0 = SDR white; clipped to 0…10 000 nits).

    Args:
        linear: Of any shape.
        xp: The module of what goes in and comes out: `numpy` or `torch`.
    Source: SMPTE ST 2084 equation 5.1 (inverse EOTF).
    """
    if xp is np:
        codes = np.empty(np.shape(linear), np.float32)
        loops.pq_codes(np.ascontiguousarray(linear, np.float32), codes)
        return codes
    y = xp.clip(xp.asarray(linear, dtype=xp.float32) * (1 / PQ_PEAK), 0, 1)
    y = _power(y, PQ_M1, xp)
    return _power((PQ_C1 + PQ_C2 * y) / (1 + PQ_C3 * y), PQ_M2, xp)


@overload
def pq_decode(code: Array) -> Array: ...
@overload
def pq_decode(code: Any, xp: Any) -> Any: ...
def pq_decode(code: Any, xp: Any = np) -> Any:
    """Linear light, float32 in [0, PQ_PEAK], of PQ code values (clipped to [0, 1]); `xp` as of `pq_encode`.

    Source: SMPTE ST 2084 equation 4.1 (EOTF).
    """
    p = _power(xp.clip(xp.asarray(code, dtype=xp.float32), 0, 1), 1 / PQ_M2, xp)
    y = xp.clip(p - PQ_C1, 0, None) / (PQ_C2 - PQ_C3 * p)
    return _power(y, 1 / PQ_M1, xp) * PQ_PEAK


def _power(values: Any, exponent: float, xp: Any) -> Any:
    """Values ≥ 0 to a positive power, float32: by logarithms, which NumPy computes eight at a time, powers one by one.

    PQ codes of it are as near to those of float64 as powers come: a twentieth of a code of 12 bits.
    """
    with np.errstate(divide="ignore"):
        logarithms = xp.asarray(xp.log(values))
    logarithms *= exponent
    return xp.exp(logarithms, out=logarithms)


def srgb_decode(code: Array) -> Array:
    """Linear light of sRGB code values in [0, 1]. Source: IEC 61966-2-1."""
    code = np.asarray(code, dtype=np.float32)
    high = (np.maximum(code, 0.04045) + np.float32(0.055)) / np.float32(1.055)
    return np.where(code <= 0.04045, code / np.float32(12.92), high ** np.float32(2.4)).astype(np.float32)


def srgb_encode(linear: Array) -> Array:
    """SRGB code values of linear light, both clipped to [0, 1]. Source: IEC 61966-2-1."""
    linear = np.clip(np.asarray(linear, dtype=np.float32), 0, 1)
    high = np.float32(1.055) * np.maximum(linear, 0.0031308) ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(linear <= 0.0031308, linear * np.float32(12.92), high).astype(np.float32)


def pq_psnr(image: Array, reference: Array) -> float:
    """PQ-PSNR in dB: −10·log10 of the mean squared difference of BT.2020 PQ codes (docs/codec.md).

    Args:
        image: Linear BT.2020, float32 (H, W, 3); 1.0 = SDR white.
        reference: The same shape and units.
    """
    return pq_psnr_of_rows(lambda rows: image[rows], reference)


def pq_psnr_of_rows(image: Callable[[slice], Array], reference: Array) -> float:
    """As `pq_psnr` of an image whose rows are made where they are asked for, on several threads."""
    rows = 64
    totals = np.zeros(-(-reference.shape[0] // rows))  # a sum for each strip: threads may end in any order

    def measure(strip: slice) -> None:
        totals[strip.start // rows] = pq_squares(image(strip), reference[strip])

    for_each_strip(reference.shape[0], measure, rows)  # a 200-megapixel photo has no room for copies
    return decibels(float(totals.sum()) / reference.size)


def told_psnr(psnr: float) -> str:
    """What is told of a PQ-PSNR."""
    return "without error" if isinf(psnr) else f"{psnr:.2f} dB"


def pq_squares(image: Array, reference: Array) -> float:
    """The sum of squared differences of PQ codes, on this thread; arguments as of `pq_psnr`."""
    return loops.pq_squares(*(np.ascontiguousarray(pixels, np.float32) for pixels in (image, reference)))


def decibels(mean: float) -> float:
    """PQ-PSNR in dB of a mean squared PQ error."""
    return float("inf") if mean == 0 else -10 * float(np.log10(mean))
