"""Larger and smaller pictures, one axis at a time, with pixel centres aligned."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color.light import Array

_MOST_BYTES = 257  # of which 16 bits hold the sum
_NARROW = 64  # values in a window, up to which they are added one by one
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
    lines = box_average(np.moveaxis(values, 1, -1), min(width, values.shape[1]))  # (h, C, w)
    small = box_average(np.moveaxis(lines, 0, -1), min(height, values.shape[0])).transpose()
    across = bilinear_taps(width, small.shape[1]).interpolate(np.ascontiguousarray(small), axis=1)
    return bilinear_taps(height, small.shape[0]).interpolate(across, axis=0)


def window_average(values: NDArray[Any], edges: NDArray[np.float64], *, axis: int) -> Array:
    """Means of `values`, numbers (h, w, C), between successive edges along `axis`, 0 or 1; edges cut values.

    Args:
        edges: Increasing, within 0…size. An empty window at either end takes the value next to it.
    """
    size = values.shape[axis]
    widths = np.diff(edges)
    whole = np.rint(edges).astype(np.intp)
    step = whole[1] - whole[0]
    if np.array_equal(whole, edges) and step > 0 and np.array_equal(np.diff(whole), np.full(len(widths), step)):
        return _block_average(values[(slice(None),) * axis + (slice(whole[0], whole[-1]),)], int(step), axis)
    if widths.max() <= _NARROW:
        return _narrow_average(values, edges, axis)
    totals = np.zeros([count + (each == axis) for each, count in enumerate(values.shape)])
    np.cumsum(values, axis=axis, out=totals[(slice(None),) * axis + (slice(1, None),)])
    cut = np.minimum(edges.astype(np.intp), size - 1)
    shape = [-1 if each == axis else 1 for each in range(values.ndim)]
    part = (edges - cut).reshape(shape)
    integral = np.take(totals, cut, axis) + np.take(values, cut, axis) * part
    means = np.diff(integral, axis=axis) / np.maximum(widths, 1e-9).reshape(shape)
    nearest = np.take(values, np.clip(edges[:-1].astype(np.intp), 0, size - 1), axis)
    return np.asarray(np.where((widths > _EMPTY).reshape(shape), means, nearest), dtype=np.float32)


def _narrow_average(values: NDArray[Any], edges: NDArray[np.float64], axis: int) -> Array:
    """What windows of a few values each are: sums of the first of each, of the second, and so on.

    Not by a product of matrices: its sums would depend on the number of threads.
    """
    places, shares = windows_between(edges, values.shape[axis])
    shape = [-1 if each == axis else 1 for each in range(values.ndim)]
    total = np.zeros(
        [shares.shape[1] if each == axis else count for each, count in enumerate(values.shape)], np.float32
    )
    for place, share in zip(places, shares, strict=True):
        total += np.take(values, place, axis) * share.reshape(shape)
    return total


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


def _block_average(values: NDArray[Any], step: int, axis: int) -> Array:
    """Means of blocks of `step` values along an axis: what windows of equal whole widths are."""
    if step == 1:
        return np.asarray(values, np.float32)
    if axis == 0:
        is_small = values.dtype == np.uint8 and step <= _MOST_BYTES  # sums of half the size take half the time
        total = np.add(values[0::step], values[1::step], dtype=np.uint16 if is_small else np.float32)
        for each in range(2, step):
            total += values[each::step]
        means: Array = np.divide(total, np.float32(step), dtype=np.float32)
        return means
    # A product sums runs of a few values faster than a sum does.
    channels = values.shape[2]
    runs = np.asarray(values, np.float32).reshape(values.shape[0], -1, step * channels)
    return np.asarray(runs @ np.tile(np.eye(channels, dtype=np.float32), (step, 1)) / np.float32(step))
