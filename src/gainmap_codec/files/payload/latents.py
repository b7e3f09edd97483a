"""Latent grids ⇄ symbols of the range coder: docs/format.md, "Latents".

Most cells of a grid are 0. Those that are not stand together, with equal signs, over those of the next coarser grid.
A flag tells for each block of 8 × 8 cells whether it holds anything; inside, a magnitude is coded by the models of
its neighbourhood's, a sign by those of its neighbours' signs. All arithmetic is on integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress, count

from gainmap_codec.errors import Limits
from gainmap_codec.files.payload.range_coder import BitModel, Coder, MagnitudeModel
from gainmap_codec.files.payload.records import LatentGrid
from gainmap_codec.files.payload.states import States

BLOCK = 8
LARGEST = 127
"""Magnitude of a latent, at most."""

CLASS_LEVELS = (0, 1, 2, 4, 8, 16)
"""A cell's class is the number of these that its neighbourhood's magnitude exceeds."""

LEFT, UP = 3, 2
"""Weights of a cell's nearest neighbours in its neighbourhood's magnitude; four others count once."""

STEPS_PER_VALUE = 24
"""Of work that a number takes which is not 0."""

CLASSES = len(CLASS_LEVELS) + 1

_CLASS_OF = [sum(size > level for level in CLASS_LEVELS) for size in range(CLASS_LEVELS[-1] + 2)]
"""Class by the neighbourhood's magnitude; larger ones are of the last class."""

_SIGN_CLASSES = (0, 1, 2, 3, 3, 4, 4)  # by how far the neighbours' signs lean to one side
_STEPS_PER_BLOCK = 8 * BLOCK**2  # of one that is filled
_MARGIN = 2  # cells around a grid that read as 0: neighbours need no bounds
_BITS = LARGEST.bit_length()

_Block = tuple[int, int]


def first_level(rows: int, columns: int) -> int:
    """Level of the finest latents, log2 of grid cells per latent: the longer side has at most 64 of them."""
    return max((max(rows, columns) - 1) // 64, 0).bit_length()


def cells(size: int, level: int) -> int:
    """Cells of a level along a side of `size` grid cells."""
    return -(-size >> level) if level >= 0 else size


def latent_levels(rows: int, columns: int, latents: int, details: int) -> tuple[list[int], list[int]]:
    """Levels of the latents, the finest first, and of the details, the coarsest first."""
    first = first_level(rows, columns)
    return [first + k for k in range(latents)], [max(first - 1 - k, 0) for k in range(details)]


class _GridModels:
    """The adaptive models of one grid."""

    def __init__(self, is_detail: bool, states: States) -> None:
        second = [BitModel(state) for state in states.second]
        cells = states.details if is_detail else states.latents
        self.filled = [BitModel(state) for state in states.filled]
        self.classes = [MagnitudeModel(each, second, _BITS) for each in cells]
        self.signs = [BitModel(state) for state in states.signs]


class _Grid:
    """A grid that is being coded.

    Attributes:
        values: Those coded so far, 0 elsewhere.
        quarters: Row and column of blocks of 4 × 4 cells that hold any.
    """

    def __init__(self, grid: LatentGrid) -> None:
        self.rows, self.columns = grid.rows, grid.columns
        self.values = [0] * (grid.rows * grid.columns)
        self.quarters: set[_Block] = set()
        self._stride = grid.columns + 2 * _MARGIN
        self._magnitudes = [0] * ((grid.rows + _MARGIN) * self._stride)
        self._signs: dict[int, int] = {}

    def code_cells(self, row: int, columns: range, given: Sequence[int], models: _GridModels, coder: Coder) -> int:
        """Code cells that stand side by side; how many are not 0."""
        found, magnitudes, classes, stride = 0, self._magnitudes, models.classes, self._stride
        start = row * self.columns
        for column in columns:
            at = (row + _MARGIN) * stride + column + _MARGIN
            up = at - stride
            size = LEFT * magnitudes[at - 1] + UP * magnitudes[up]
            size += magnitudes[up - 1] + magnitudes[up + 1] + magnitudes[at - 2] + magnitudes[up - stride]
            value = given[start + column] if given else 0
            magnitude = classes[_CLASS_OF[size] if size < len(_CLASS_OF) else -1].code(coder, abs(value))
            if magnitude:
                found += 1
                magnitudes[at] = magnitude
                self._signs[at] = sign = self._code_sign(value, at, models, coder)
                self.values[start + column] = sign * magnitude
                self.quarters.add((row >> 2, column >> 2))
        return found

    def _code_sign(self, value: int, at: int, models: _GridModels, coder: Coder) -> int:
        sign, up = self._signs.get, at - self._stride
        lean = 2 * sign(at - 1, 0) + 2 * sign(up, 0) + sign(up - 1, 0) + sign(up + 1, 0)
        if lean == 0:
            return -1 if coder.even_bit(int(value < 0)) else 1
        expected = 1 if lean > 0 else -1
        model = models.signs[_SIGN_CLASSES[abs(lean)] - 1]
        return -expected if coder.bit(model, int((value < 0) == (lean > 0))) else expected


def code_grids(
    latents: Sequence[LatentGrid], details: Sequence[LatentGrid], coder: Coder, limits: Limits, states: States
) -> tuple[tuple[LatentGrid, ...], tuple[LatentGrid, ...]]:
    """Code the values of grids, the coarsest first; the grids, with the values that a decoder reads.

    Grids for a decoder need no values.

    Raises:
        LimitError: More work than `limits` allow: a few bytes can fill many blocks.
    """
    coarser: _Grid | None = None
    found: list[LatentGrid] = []
    for n, grid in enumerate([*reversed(latents), *details]):
        coarser = _code_grid(grid, coarser, _GridModels(n >= len(latents), states), coder, limits)
        found.append(replace(grid, values=tuple(coarser.values)))
    return tuple(reversed(found[: len(latents)])), tuple(found[len(latents) :])


def _code_grid(grid: LatentGrid, coarser: _Grid | None, models: _GridModels, coder: Coder, limits: Limits) -> _Grid:
    coded = _Grid(grid)
    filled = _code_flags(grid, coarser, models, coder, limits)
    for row in range(grid.rows):
        found = 0
        for across in filled[row // BLOCK]:
            columns = range(across * BLOCK, min(across * BLOCK + BLOCK, grid.columns))
            found += coded.code_cells(row, columns, grid.values, models, coder)
        limits.spend(STEPS_PER_VALUE * found)
    return coded


def _code_flags(
    grid: LatentGrid, coarser: _Grid | None, models: _GridModels, coder: Coder, limits: Limits
) -> list[list[int]]:
    """Which blocks are filled: of each row of blocks their columns."""
    below = _below(coarser, grid)
    down, across = -(-grid.rows // BLOCK), -(-grid.columns // BLOCK)
    given = _filled_blocks(grid)
    filled: list[list[int]] = []
    above = [0] * across
    for row in range(down):
        flags: list[int] = []
        for column in range(across):
            expected = 3 if below is None or (row, column) in below else 0
            model = models.filled[expected + above[column] + (flags[-1] if flags else 0)]
            flags.append(coder.bit(model, int((row, column) in given)))
        limits.spend(_STEPS_PER_BLOCK * sum(flags))
        filled.append([column for column, flag in enumerate(flags) if flag])
        above = flags
    return filled


def _below(coarser: _Grid | None, grid: LatentGrid) -> set[_Block] | None:
    """Blocks over which the next coarser grid has values; None for the coarsest."""
    if coarser is None:
        return None
    if (coarser.rows, coarser.columns) != (grid.rows, grid.columns):
        return coarser.quarters
    return {(row >> 1, column >> 1) for row, column in coarser.quarters}


def _filled_blocks(grid: LatentGrid) -> set[_Block]:
    places = compress(count(), grid.values)
    return {(place // grid.columns // BLOCK, place % grid.columns // BLOCK) for place in places}
