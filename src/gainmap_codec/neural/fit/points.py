"""What a "multiscale" fit looks at: cells of the working grid, what the network sees there, and what errors cost.

Points lie in planes, one feature after the other, float32 (features, stride). The stride is a multiple of 32, for the
compiled loops; behind the last point it is filled with zeros.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.layout import IDENTITY
from gainmap_codec.files.payload.records import Domain
from gainmap_codec.neural.fit.target import Target
from gainmap_codec.pixels import loops
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.maps.residual import EPSILON, inverse_residual
from gainmap_codec.pixels.maps.working_grid import Axis, WorkingGrid
from gainmap_codec.pixels.strips import for_each_strip

SMALLEST_ERROR = 1e-10
"""Mean squared PQ error: 100 dB, where nothing is left to gain."""

KINDS: tuple[Domain, ...] = ("log2_gain", "pq_gain", "pq_gamma", "pq_difference")
"""Domains by the numbers that compiled loops have for them (native/fit.h)."""

_LANES = 32


class Side(NamedTuple):
    """How points lie over the cells of a level along one side.

    Attributes:
        cells: The cells before and behind each point, int32 (2, points).
        shares: What each of them weighs there, float32 (2, points).
    """

    cells: NDArray[np.int32]
    shares: Array

    @classmethod
    def of(cls, axis: Axis, level: int) -> Side:
        """All cells of a working grid along an axis."""
        taps = axis.level_taps(level)
        return cls(np.stack([taps.first, taps.second]).astype(np.int32), np.stack([1 - taps.fraction, taps.fraction]))

    def at(self, places: NDArray[np.intp] | slice) -> Side:
        """Some of the points."""
        return Side(np.ascontiguousarray(self.cells[:, places]), np.ascontiguousarray(self.shares[:, places]))

    def squared(self) -> Side:
        """The same with squares of what cells weigh."""
        return Side(self.cells, self.shares**2)


Sides = tuple[Side, Side]
"""How a grid of a level is enlarged: down and across."""


@dataclass(frozen=True, eq=False)
class Points:
    """Some rows and columns of a working grid.

    Attributes:
        shape: Rows and columns.
        features: What the network sees, float32 (F, stride).
        wanted: The output to reach, or in the PQ domains the PQ codes, float32 (C, stride).
        base: What an error of the output is in PQ codes over √3, float32 (1, stride); in the PQ domains what their
            formulas have of the base, float32 (3, stride): its codes S, S + e, or log(S + e).
        domain: The residual's.
        shift: Residual = shift + scale × output.
        scale: See `shift`.
        sides: Of each level of latents, then of details.
        floor: Mean squared PQ error, above 0, that remains where nothing is left.
    """

    shape: tuple[int, int]
    features: Array
    wanted: Array
    base: Array
    domain: Domain
    shift: float
    scale: float
    sides: tuple[Sides, ...]
    floor: float = SMALLEST_ERROR

    @classmethod
    def of(cls, features: Array, target: Target, step: int, levels: list[int]) -> Points:
        """Every n-th row and column of a target's grid, with features given; `levels` are those to enlarge from."""
        over = WorkingGrid.over(target.grid, *target.grid, IDENTITY)
        every = slice(None, None, step)
        sides = tuple((Side.of(over.rows, level).at(every), Side.of(over.columns, level).at(every)) for level in levels)
        wanted = target.wanted[every, every]
        if target.base_pq is None:
            base = np.sqrt(target.weights[every, every])
        else:
            base_pq = np.ascontiguousarray(target.base_pq[every, every])
            residual = wanted * np.float32(target.scale) + np.float32(target.shift)
            wanted = np.clip(inverse_residual(target.domain, residual, base_pq, np), 0, 1)
            base = _of_base(target.domain, base_pq)
        numbers = target.domain, target.shift, target.scale
        aim, known = (in_planes(np.moveaxis(each, 2, 0)) for each in (wanted, base))
        return cls(wanted.shape[:2], features, aim, known, *numbers, sides, target.floor + SMALLEST_ERROR)

    @property
    def stride(self) -> int:
        """Of all planes."""
        return int(self.features.shape[1])

    def __len__(self) -> int:
        return self.shape[0] * self.shape[1]

    def every(self, step: int) -> Points:
        """Every n-th row and column."""
        if step == 1:
            return self
        thin = (in_planes(self.pictures(each)[:, ::step, ::step]) for each in (self.features, self.wanted, self.base))
        features, wanted, base = thin
        sides = tuple(
            (down.at(slice(None, None, step)), across.at(slice(None, None, step))) for down, across in self.sides
        )
        shape = -(-self.shape[0] // step), -(-self.shape[1] // step)
        return replace(self, shape=shape, features=features, wanted=wanted, base=base, sides=sides)

    def pictures(self, planes: Array) -> Array:
        """Planes as pictures, (n, h, w): a view."""
        return planes[:, : len(self)].reshape(len(planes), *self.shape)

    def at_most(self, most: int) -> Points:
        """So few of them that there are no more than that."""
        return self.every(step_between(len(self), most))

    @property
    def numbers(self) -> tuple[int, float, float]:
        """Kind, shift and scale for compiled loops."""
        return KINDS.index(self.domain), self.shift, self.scale

    def left(self, output: Array) -> Left:
        """What is left of the error of an output, float32 (C, stride)."""
        left, slope = np.empty_like(output), np.empty_like(output)
        kind, shift, scale = self.numbers
        total = loops.fit_left(
            self.wanted, self.base, output, left, slope, kind, len(output), shift, scale, self.stride, len(self)
        )
        return Left(left, slope, total / len(self))

    def enlarged(self, values: Array, sides: Sides, out: Array, *, adds: bool = False) -> None:
        """A level's cells at the points, into a plane, float32 (stride,), or added to it."""
        loops.fit_enlarge(values, *sides[0], *sides[1], out, values.shape[1], adds)

    def shrunk(self, left: Array, right: Array, sides: Sides, shape: tuple[int, int]) -> Array:
        """The transpose of enlarging, of the sum over channels of a product of planes, float32 (rows, columns)."""
        out = np.empty(shape, np.float32)
        loops.fit_shrink(left, right, *sides[0], *sides[1], out, len(left), self.stride, *shape)
        return out


def step_between(count: int, most: int) -> int:
    """How far rows and columns of `count` points lie apart where about so many are left."""
    return math.ceil(math.sqrt(count / most))


class Left(NamedTuple):
    """What is left of an error, where outputs are clipped.

    Attributes:
        left: Wanted less had in PQ codes over √3, float32 (C, stride): squares sum to mean squared PQ errors.
        slope: How much less is left for more of the output, float32 (C, stride).
        error: Mean squared PQ error.
    """

    left: Array
    slope: Array
    error: float


class Seen(NamedTuple):
    """What latents and details say of points.

    Attributes:
        fields: Of each level of latents, float32 (L, stride).
        added: The sum of the details, float32 (stride,), or nothing, (0,).
    """

    fields: Array
    added: Array


def in_planes(pictures: Array) -> Array:
    """Pictures (n, h, w) as planes, float32 (n, stride)."""
    planes, places = empty_planes(*pictures.shape)
    places[:] = pictures
    return planes


def empty_planes(count: int, rows: int, columns: int) -> tuple[Array, Array]:
    """So many planes of zeros, float32 (n, stride), and where their points lie as pictures, (n, h, w): a view."""
    size = rows * columns
    planes = np.zeros((count, -(-size // _LANES) * _LANES), np.float32)
    return planes, planes[:, :size].reshape(count, rows, columns)


def _of_base(domain: Domain, base_pq: Array) -> Array:
    if domain == "pq_difference":
        return base_pq
    raised = base_pq + np.float32(EPSILON)
    return np.log(raised) if domain == "pq_gamma" else raised


def network_outputs(weights: Sequence[Array], points: Points, seen: Seen) -> Array:
    """The network's outputs, details included, float32 (C, stride), not clipped."""
    out = np.empty((weights[2].shape[1], points.stride), np.float32)
    loops.fit_outputs(*weights, points.features, *seen, out, *sizes_of(weights, points, seen))
    return out


def network_slopes(weights: Sequence[Array], points: Points, seen: Seen, row: Array) -> Array:
    """Slopes of the outputs by a feature with the first layer's weights `row`, float32 (C, stride)."""
    out = np.empty((weights[2].shape[1], points.stride), np.float32)
    loops.fit_slopes(*weights, points.features, *seen, row, out, *sizes_of(weights, points, seen))
    return out


def sizes_of(weights: Sequence[Array], points: Points, seen: Seen) -> tuple[int, int, int, int, int, int]:
    """Features, latents, neurons, outputs, stride and number of points, for compiled loops."""
    return len(points.features), len(seen.fields), weights[0].shape[1], weights[2].shape[1], points.stride, len(points)


class Batches:
    """Points in parts of about `size`, each of evenly spread rows and columns, so that slopes vary less than by chance.

    Attributes:
        points: What they are taken from.
        down: A batch is every so-manieth row
        across: and column.
        rows: How many these are.
        columns: See `rows`.
        numbers: Of the batches that there are, int64: row's offset × `across` + column's.
        planes: Features, (batches, F, stride); wanted, base likewise.
        sides: Of all offsets, down and across: cells int32 (levels, offsets, 2, rows or columns), shares float32.
    """

    def __init__(self, points: Points, size: int, most: int) -> None:
        rows, columns = points.shape
        self.points = points
        self.down = min(max(math.isqrt(len(points) // size), 1), rows)
        self.across = min(max(len(points) // (size * self.down), 1), columns)
        self.rows, self.columns = -(-rows // self.down), -(-columns // self.across)
        offsets = np.arange(self.down * self.across)
        self.numbers = np.sort(np.random.default_rng(0).permutation(offsets)[:most])
        self.planes = [self._gathered(each) for each in (points.features, points.wanted, points.base)]
        sides = [[level[side] for level in points.sides] for side in (0, 1)]
        self.sides = (
            self._sides(sides[0], self.down, self.rows, rows),
            self._sides(sides[1], self.across, self.columns, columns),
        )

    def _gathered(self, planes: Array) -> Array:
        pictures, size = self.points.pictures(planes), self.rows * self.columns
        out = np.zeros((len(self.numbers), len(planes), -(-size // _LANES) * _LANES), np.float32)
        batches = out[:, :, :size].reshape(len(out), len(planes), self.rows, self.columns)
        firsts = np.searchsorted(self.numbers, np.arange(self.down + 1) * self.across)

        def gather(downs: slice) -> None:  # what begins in the same row together: its rows then stay in a cache
            for down in range(downs.start, downs.stop):
                some = slice(firsts[down], firsts[down + 1])
                offsets = self.numbers[some] - down * self.across
                across = [self._places(int(each), self.across, self.columns, pictures.shape[2]) for each in offsets]
                rows = pictures[:, self._places(down, self.down, self.rows, pictures.shape[1])]
                if across:
                    batches[some] = np.moveaxis(np.take(rows, np.stack(across), axis=2), 2, 0)

        for_each_strip(self.down, gather, 1)
        return out

    @staticmethod
    def _places(offset: int, step: int, count: int, size: int) -> NDArray[np.intp]:
        """Rows or columns of a batch; where the last step leaves the picture, the last one again."""
        return np.minimum(np.arange(count) * step + offset, size - 1)

    def _sides(self, sides: list[Side], offsets: int, count: int, size: int) -> Side:
        places = np.stack([self._places(offset, offsets, count, size) for offset in range(offsets)])
        cells = [np.moveaxis(side.cells[:, places], 0, 1) for side in sides]
        shares = [np.moveaxis(side.shares[:, places], 0, 1) for side in sides]
        if not sides:
            return Side(np.zeros((0, offsets, 2, count), np.int32), np.zeros((0, offsets, 2, count), np.float32))
        return Side(np.ascontiguousarray(np.stack(cells)), np.ascontiguousarray(np.stack(shares)))
