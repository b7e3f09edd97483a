"""Latent grids ⇄ symbols of the range coder: docs/format.md, "Latents".

Most cells of a grid are 0, and those that are not stand together. A flag tells for each block of 8 × 8 cells whether it
holds anything; inside, a cell is coded by the models of its neighbourhood's magnitude. All arithmetic is on integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from gainmap_codec.errors import Limits
from gainmap_codec.files.payload.range_coder import BitModel, IntegerModel, RangeDecoder, RangeEncoder

BLOCK = 8
LARGEST = 127
"""Magnitude of a latent, at most."""

CLASS_LEVELS = (0, 1, 2, 4, 8, 16)
"""A cell's class is the number of these that its neighbourhood's magnitude exceeds."""

_CLASS_OF = [sum(size > level for level in CLASS_LEVELS) for size in range(CLASS_LEVELS[-1] + 2)]
"""Class by the neighbourhood's magnitude; larger ones are of the last class."""

STEPS_PER_VALUE = 24
"""Of work that a number takes which is not 0."""

_STEPS_PER_BLOCK = 8 * BLOCK**2  # of one that is filled
_MARGIN = 2  # cells around a grid that read as 0: neighbours need no bounds

CLASSES = len(CLASS_LEVELS) + 1


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


class LatentModels:
    """The adaptive models of one grid."""

    def __init__(self) -> None:
        self.blocks = [BitModel() for _ in range(3)]
        self.classes = [IntegerModel() for _ in range(CLASSES)]


def encode_latents(values: Sequence[int], rows: int, columns: int, coder: RangeEncoder) -> None:
    """Code a grid's values, row by row, each at most `LARGEST` in magnitude."""
    models, magnitudes = LatentModels(), _Magnitudes(rows, columns)
    filled: dict[_Block, int] = {}
    for block in _blocks(rows, columns):
        here = int(any(values[y * columns + x] for y, x in _places(block, rows, columns)))
        coder.encode(here, models.blocks[_block_class(block, filled)])
        filled[block] = here
        if not here:
            continue
        for y, x in _places(block, rows, columns):
            value = values[y * columns + x]
            models.classes[magnitudes.neighbourhood(y, x)].encode(value, coder)
            magnitudes.put(y, x, abs(value))


def decode_latents(rows: int, columns: int, coder: RangeDecoder, limits: Limits) -> tuple[int, ...]:
    """A grid's values: the mirror of `encode_latents`. Any bytes decode to some values.

    Raises:
        LimitError: More work than `limits` allow: a few bytes can fill many blocks.
    """
    models, magnitudes = LatentModels(), _Magnitudes(rows, columns)
    filled: dict[_Block, int] = {}
    values = [0] * (rows * columns)
    for block in _blocks(rows, columns):
        here = coder.decode(models.blocks[_block_class(block, filled)])
        filled[block] = here
        if not here:
            continue
        steps = _STEPS_PER_BLOCK
        for y, x in _places(block, rows, columns):
            value = models.classes[magnitudes.neighbourhood(y, x)].decode(coder)
            if value:
                values[y * columns + x] = value
                magnitudes.put(y, x, abs(value))
                steps += STEPS_PER_VALUE
        limits.spend(steps)
    return tuple(values)


_Block = tuple[int, int]


def _blocks(rows: int, columns: int) -> Iterable[_Block]:
    """Each block's row and column of blocks, row by row."""
    return product(range(-(-rows // BLOCK)), range(-(-columns // BLOCK)))


def _places(block: _Block, rows: int, columns: int) -> Iterable[tuple[int, int]]:
    """Row and column of a block's cells, row by row."""
    top, left = block[0] * BLOCK, block[1] * BLOCK
    return product(range(top, min(top + BLOCK, rows)), range(left, min(left + BLOCK, columns)))


def _block_class(block: _Block, filled: dict[_Block, int]) -> int:
    row, column = block
    return filled.get((row, column - 1), 0) + filled.get((row - 1, column), 0)


class _Magnitudes:
    """Magnitudes of the cells coded so far, 0 elsewhere."""

    def __init__(self, rows: int, columns: int) -> None:
        self._stride = columns + 2 * _MARGIN
        self._cells = [0] * ((rows + _MARGIN) * self._stride)

    def put(self, row: int, column: int, magnitude: int) -> None:
        self._cells[(row + _MARGIN) * self._stride + column + _MARGIN] = magnitude

    def neighbourhood(self, row: int, column: int) -> int:
        """The class of a cell: how large its coded neighbours are, the nearer ones counted twice."""
        at, stride, cells = (row + _MARGIN) * self._stride + column + _MARGIN, self._stride, self._cells
        up = at - stride
        size = 2 * (cells[at - 1] + cells[up]) + cells[up - 1] + cells[up + 1] + cells[at - 2] + cells[up - stride]
        return _CLASS_OF[size] if size < len(_CLASS_OF) else CLASSES - 1
