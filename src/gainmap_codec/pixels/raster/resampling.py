"""Larger and smaller pictures, one axis at a time, with pixel centres aligned."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.strips import for_each_strip, rows_in_cache

_EMPTY = 1e-6  # width of a window that has no values of its own


class Taps(NamedTuple):
    """Which two cells of a coarse axis each pixel lies between, and how near it is to the second.

    Attributes:
        first: Index of the cell at or before each pixel's centre.
        second: Index of the cell at or after it.
        fraction: Weight of the second, float32 in [0, 1).
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    fraction: Array

    def part(self, pixels: slice) -> Taps:
        """The taps of some of the pixels."""
        return Taps(self.first[pixels], self.second[pixels], self.fraction[pixels])

    def shifted(self, cells: int) -> Taps:
        """The same taps where the coarse axis starts `cells` later."""
        return Taps(self.first + cells, self.second + cells, self.fraction)

    def within(self, pixels: slice) -> tuple[slice, Taps]:
        """The cells that some of the pixels lie over, and the taps of these pixels where the axis has no others."""
        part = self.part(pixels)
        first = int(part.first[0])
        return slice(first, int(part.second[-1]) + 1), part.shifted(-first)

    def interpolate(self, values: Array, *, axis: int) -> Array:
        """Linear interpolation along `axis`, 0 or 1, of float32 (h, w) or (h, w, C)."""
        if not self.fraction.any():  # the same size: nothing lies between two cells
            return np.take(values, self.first, axis, mode="clip")
        before, result = (np.take(values, taps, axis, mode="clip") for taps in (self.first, self.second))
        result -= before
        result *= self.fraction.reshape([-1 if each == axis else 1 for each in range(values.ndim)])
        result += before
        return result


def bilinear_taps(size: int, cells: int) -> Taps:
    """How `size` pixels lie over `cells` cells: pixel i at (i + 0.5) * cells / size - 0.5, clamped."""
    return taps_at((np.arange(size, dtype=np.float64) + 0.5) * (cells / size) - 0.5, cells)


def taps_at(positions: NDArray[np.float64], cells: int) -> Taps:
    """Taps of points at `positions` between the centres of `cells` cells, clamped to the outermost."""
    position = np.clip(positions, 0, cells - 1)
    first = position.astype(np.intp)
    return Taps(first, np.ceil(position).astype(np.intp), (position - first).astype(np.float32))


def box_average(values: Array, cells: int) -> Array:
    """Mean of `values`, float32 (..., size), over `cells` equal parts of its last axis (cutting pixels)."""
    size = values.shape[-1]
    if cells == size:
        return values
    edges = np.arange(cells + 1) * (size / cells)
    whole = np.minimum(edges.astype(np.intp), size - 1)
    # The integral up to an edge is the sum of the pixels before it and a part of the pixel that it cuts.
    totals = np.zeros((*values.shape[:-1], size + 1))
    np.cumsum(values, axis=-1, out=totals[..., 1:])
    integral = totals[..., whole] + values[..., whole] * (edges - whole)
    return np.asarray(np.diff(integral) * (cells / size), dtype=np.float32)


def resized(values: Array, width: int, height: int) -> Array:
    """Float32 (h, w, C) at another size: means where it shrinks, interpolated where it grows."""
    small = _averaged(_averaged(values, min(width, values.shape[1])), min(height, values.shape[0]))
    across = bilinear_taps(width, small.shape[1]).interpolate(small, axis=1)
    return bilinear_taps(height, small.shape[0]).interpolate(across, axis=0)


def _averaged(values: Array, cells: int) -> Array:
    """Means over `cells` equal parts of the second axis, float32 (cells, h, C) of (h, w, C), some rows at a time."""
    height, width, channels = values.shape
    small = np.empty((cells, height, channels), np.float32)

    def average(rows: slice) -> None:
        small[:, rows] = np.moveaxis(box_average(np.moveaxis(values[rows], 1, -1), cells), -1, 0)

    for_each_strip(height, average, rows_in_cache(width))
    return small


def windows_between(edges: NDArray[np.float64], size: int) -> tuple[NDArray[np.intp], Array]:
    """What each window between successive edges of a side covers: its first pixel, its second and so on.

    Returns:
        Places, (steps, windows), and how much of a window's mean each is, float32 of the same shape. An empty window is
        the pixel next to it.
    """
    starts, widths = edges[:-1], np.diff(edges)
    first = np.minimum(starts.astype(np.intp), size - 1)
    steps = np.arange(int(np.ceil(widths.max())) + 1)[:, np.newaxis]
    covered = np.minimum(edges[1:], first + steps + 1) - np.maximum(starts, first + steps)
    shares = np.where(widths > _EMPTY, np.maximum(covered, 0) / np.maximum(widths, 1e-9), steps == 0)
    used = shares.any(axis=1)
    return np.minimum(first + steps, size - 1)[used], shares[used].astype(np.float32)
