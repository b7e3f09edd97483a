"""The soft binding: a fingerprint of a base that survives re-encoding and resizing, and refuses other pictures.

13 bytes: 8×8 means of luma, Cb and Cr of the stored raster as sums of cosines, low frequencies only, each counted in
steps, of which the lowest bits are kept. Coding changes the low frequencies of a picture by a tenth of a code value, so
the lowest bits tell most, and cost the same however large a number is. Thresholds: docs/codec.md, "Binding", with the
measurement.

Aspect ratio is not part of it: the network works in normalised coordinates, so a stretched base is still its base, and
a crop moves the means.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color.light import AnyCodes
from gainmap_codec.pixels.maps.working_grid import window_means

_CELLS = 8
_MAX, _MEAN = 1.0, 0.035  # steps

# What is kept: plane, frequency down and across, in file order. A mean has both frequencies 0.
_LUMA = [(0, down, across) for down in range(8) for across in range(8 - down)]
_CHROMA = [(plane, down, across) for plane in (1, 2) for down in (0, 1) for across in (0, 1)]
_NUMBERS = _LUMA + _CHROMA
_DOWN, _ACROSS = (np.array(_NUMBERS)[:, axis] for axis in (1, 2))
_TRANSPOSED = [_NUMBERS.index((plane, across, down)) for plane, down, across in _NUMBERS]

# Code values a step, and bits: of the mean, and of each other number.
_LUMA_STEP, _CHROMA_STEP = (1.75, 0.625), (1.25, 0.4375)
_LUMA_BITS, _CHROMA_BITS = (8, 2), (7, 2)
_STEPS: NDArray[np.float64] = np.array(
    [(_CHROMA_STEP if plane else _LUMA_STEP)[down + across > 0] for plane, down, across in _NUMBERS]
)
_BITS = [(_CHROMA_BITS if plane else _LUMA_BITS)[down + across > 0] for plane, down, across in _NUMBERS]
_PERIODS = [1 << bits for bits in _BITS]
_SHIFTS = [sum(_BITS[n + 1 :]) for n in range(len(_BITS))]

_SCALES = np.array([1] + [math.sqrt(2)] * 7) / 8
_COSINES = _SCALES[:, np.newaxis] * np.cos(math.pi / 8 * np.outer(np.arange(8), np.arange(8) + 0.5))
"""Of a frequency, of a cell: a number is a mean of cells times cosines."""


def soft_fingerprint(codes: AnyCodes, white: int = 256) -> bytes:
    """The 13 bytes of a base.

    Args:
        codes: Code values of the stored raster, (H, W, 3).
        white: How many code values there are: 2^bits. Means count in 8-bit codes.
    """
    return _packed(np.floor(_counted(codes, white) + 0.5).astype(np.intp))


def turned_fingerprint(fingerprint: bytes, turn: int) -> bytes:
    """The fingerprint of a base that was turned by an EXIF orientation.

    A mirror negates the odd frequencies along its axis, a transposition exchanges the axes.
    """
    counts = _unpacked(fingerprint)
    if turn in (5, 6, 7, 8):
        counts = counts[_TRANSPOSED]
    if turn in (3, 4, 7, 8):
        counts = np.where(_DOWN % 2, -counts, counts)
    if turn in (2, 3, 6, 7):
        counts = np.where(_ACROSS % 2, -counts, counts)
    return _packed(counts)


def _packed(counts: NDArray[np.intp]) -> bytes:
    """The bytes of counted steps, of which the lowest bits are kept."""
    number: int = sum(
        count % period << shift for count, period, shift in zip(counts.tolist(), _PERIODS, _SHIFTS, strict=True)
    )
    return number.to_bytes(sum(_BITS) // 8, "big")


def _unpacked(fingerprint: bytes) -> NDArray[np.intp]:
    number = int.from_bytes(fingerprint, "big")
    return np.array([number >> shift & period - 1 for period, shift in zip(_PERIODS, _SHIFTS, strict=True)])


def fingerprint_distance(codes: AnyCodes, fingerprint: bytes, white: int = 256) -> tuple[float, float]:
    """How far a base is from a fingerprint, in steps: the largest distance of a number, and their mean.

    Distances are counted from the interval that a count stands for, so an unchanged base is at 0.
    """
    return _distance(_counted(codes, white), fingerprint)


def _distance(counted: NDArray[np.float64], fingerprint: bytes) -> tuple[float, float]:
    periods = np.array(_PERIODS)
    away = counted - _unpacked(fingerprint)
    distances = np.maximum(np.abs(away - np.floor(away / periods + 0.5) * periods) - 0.5, 0)
    return float(distances.max()), float(distances.mean())


def is_bound(codes: AnyCodes, fingerprint: bytes, white: int = 256) -> bool:
    """Whether a base is the fingerprint's own, re-encoded or resized perhaps."""
    return _is_near(_counted(codes, white), fingerprint)


def find_turn(codes: AnyCodes, fingerprint: bytes, white: int = 256) -> int | None:
    """The EXIF orientation by which the fingerprint's own base was turned to become this one, or None for another base.

    1, as it was, wins where a picture looks the same either way.
    """
    counted = _counted(codes, white)
    return next((turn for turn in range(1, 9) if _is_near(counted, turned_fingerprint(fingerprint, turn))), None)


def _is_near(counted: NDArray[np.float64], fingerprint: bytes) -> bool:
    largest, mean = _distance(counted, fingerprint)
    return largest <= _MAX and mean <= _MEAN


def _counted(codes: AnyCodes, white: int) -> NDArray[np.float64]:
    """The numbers of a picture, in steps."""
    frequencies = _COSINES @ _planes(codes, white) @ _COSINES.T
    kept: NDArray[np.float64] = np.array([frequencies[number] for number in _NUMBERS])
    return kept / _STEPS


def _planes(codes: AnyCodes, white: int) -> NDArray[np.float64]:
    """Means over 8×8 cells, in 8-bit code values, of BT.601 luma and of Cb and Cr around 0: (3, 8, 8)."""
    edges = [np.linspace(0, side, _CELLS + 1) for side in codes.shape[:2]]
    means = window_means(codes, *edges).astype(np.float64)
    red, green, blue = np.moveaxis(means, 2, 0) * (256 / white)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.stack([luma, (blue - luma) / 1.772, (red - luma) / 1.402])
