"""Larger and smaller pictures, one axis at a time, with pixel centres aligned."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color import Array


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
        """Linear interpolation along `axis` of float32 (h, w)."""
        if not self.fraction.any():  # the same size: nothing lies between two cells
            return np.take(values, self.first, axis)
        before, result = np.take(values, self.first, axis), np.take(values, self.second, axis)
        result -= before
        result *= self.fraction if axis == 1 else self.fraction[:, np.newaxis]
        result += before
        return result


def bilinear_taps(size: int, cells: int) -> Taps:
    """How `size` pixels lie over `cells` cells: pixel i at (i + 0.5) * cells / size - 0.5, clamped."""
    position = np.clip((np.arange(size) + 0.5) * (cells / size) - 0.5, 0, cells - 1)
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
