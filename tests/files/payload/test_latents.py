"""Latent grids: golden bytes, round trips, and what any bytes decode to. docs/format.md, "Latents"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.errors import LimitError, Limits
from gainmap_codec.files.payload.latents import (
    BLOCK,
    cells,
    code_grids,
    first_level,
    latent_levels,
)
from gainmap_codec.files.payload.range_coder import BitModel, MagnitudeModel, RangeDecoder, RangeEncoder
from gainmap_codec.files.payload.records import LatentGrid
from gainmap_codec.files.payload.states import TRAINED

Grid = tuple[int, int, tuple[int, ...]]


def spots(rows: int, columns: int, **values: int) -> Grid:
    """A grid of zeros with values at places named like `r2c10`."""
    flat = [0] * (rows * columns)
    for place, value in values.items():
        row, column = map(int, place[1:].split("c"))
        flat[row * columns + column] = value
    return rows, columns, tuple(flat)


GOLDEN: dict[str, tuple[Grid, str]] = {
    "one cell": (spots(1, 1, r0c0=-3), "fb"),
    "an empty block": (spots(3, 5), ""),
    "corners": (spots(9, 17, r0c0=1, r0c16=-2, r8c0=127, r8c16=-127), "8f 38 a5 a3 1b 36 a9 f5 b2 b5"),
    "every class": (
        (3, 8, (0, 1, 1, -2, 4, -8, 16, 0, 0, 0, 1, 3, -7, 9, 30, -60, 0, 0, 0, 1, 2, 3, 5, 90)),
        "e0 b2 4f 1c 44 81 ab dc 67 5a 02 21 25 6e a8 9d da",
    ),
    "a filled block beside empty ones": (spots(16, 24, r2c10=5, r2c11=-4, r3c10=3, r9c9=1), "58 05 10 15 71 ab 17"),
}


def record(grid: Grid) -> LatentGrid:
    return LatentGrid(*grid, 0)


def encode(*grids: Grid, latents: int = 1) -> bytes:
    """The bytes of grids, the coarsest first; the first so many are latents."""
    coder = RangeEncoder()
    given = [record(grid) for grid in grids]
    found = code_grids(given[:latents][::-1], given[latents:], coder, Limits().of_one_file(), TRAINED)
    assert found == (tuple(given[:latents][::-1]), tuple(given[latents:]))
    return coder.finish()


def decode_all(data: bytes, *sizes: tuple[int, int], latents: int = 1) -> list[tuple[int, ...]]:
    blank = [record((rows, columns, (0,) * (rows * columns))) for rows, columns in sizes]
    limits = Limits().of_one_file()
    inputs, added = code_grids(blank[:latents][::-1], blank[latents:], RangeDecoder(data), limits, TRAINED)
    return [grid.values for grid in (*inputs[::-1], *added)]


def decode(data: bytes, rows: int, columns: int) -> tuple[int, ...]:
    return decode_all(data, (rows, columns))[0]


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_bytes(name: str) -> None:
    grid, text = GOLDEN[name]
    assert encode(grid).hex(" ") == text
    assert decode(bytes.fromhex(text), *grid[:2]) == grid[2]


Cells = dict[tuple[int, int], int]


def by_the_specification(data: bytes, *sizes: tuple[int, int], latents: int = 1) -> list[tuple[int, ...]]:
    """docs/format.md, "Latents", written out cell by cell: grids, the coarsest first."""
    coder, found = RangeDecoder(data), []
    coarser: tuple[tuple[int, int], Cells] | None = None
    for n, size in enumerate(sizes):
        known = one_by_the_specification(coder, size, coarser, "latent" if n < latents else "detail")
        coarser = size, known
        found.append(tuple(known.get((y, x), 0) for y in range(size[0]) for x in range(size[1])))
    return found


def one_by_the_specification(
    coder: RangeDecoder, size: tuple[int, int], coarser: tuple[tuple[int, int], Cells] | None, kind: str
) -> Cells:
    states = TRAINED.latents if kind == "latent" else TRAINED.details
    second = [BitModel(state) for state in TRAINED.second]
    sets = [MagnitudeModel(each, second, 7) for each in states]
    flags, signs = ([BitModel(state) for state in row] for row in (TRAINED.filled, TRAINED.signs))
    rows, columns = size
    filled: set[tuple[int, int]] = set()
    for v in range(-(-rows // 8)):
        for u in range(-(-columns // 8)):
            side = 8 if coarser and coarser[0] == size else 4
            over = not coarser or any(
                value and (y // side, x // side) == (v, u) for (y, x), value in coarser[1].items()
            )
            if coder.bit(flags[((v, u - 1) in filled) + ((v - 1, u) in filled) + 3 * over]):
                filled.add((v, u))
    known: Cells = {}
    for y in range(rows):
        for x in range(columns):
            if (y // 8, x // 8) not in filled:
                continue

            def near(down: int, across: int, y: int = y, x: int = x) -> int:
                return known.get((y + down, x + across), 0)

            ways = {(0, -1): 3, (-1, 0): 2, (-1, -1): 1, (-1, 1): 1, (0, -2): 1, (-2, 0): 1}
            total = sum(weight * abs(near(*way)) for way, weight in ways.items())
            which = 0 if total == 0 else 1 if total == 1 else min(2 + (total - 1).bit_length() - 1, 6)
            magnitude = sets[which].code(coder, 0)
            turns = {(0, -1): 2, (-1, 0): 2, (-1, -1): 1, (-1, 1): 1}
            lean = sum(weight * ((near(*way) > 0) - (near(*way) < 0)) for way, weight in turns.items())
            if magnitude and lean == 0:
                known[y, x] = -magnitude if coder.even_bit() else magnitude
            elif magnitude:
                other = coder.bit(signs[{1: 0, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3}[abs(lean)]])
                known[y, x] = magnitude * (1 if lean > 0 else -1) * (-1 if other else 1)
    return known


small = st.integers(-2, 2)
sizes = st.tuples(st.integers(1, 20), st.integers(1, 20))


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Grids with many zeros and a few of any size."""
    rows, columns = draw(sizes)
    places = st.integers(0, rows * columns - 1)
    flat = [0] * (rows * columns)
    for place, value in draw(st.lists(st.tuples(places, st.one_of(small, st.integers(-127, 127))), max_size=60)):
        flat[place] = value
    return rows, columns, tuple(flat)


@given(grids())
def test_values_come_back(grid: Grid) -> None:
    data = encode(grid)
    assert decode(data, *grid[:2]) == grid[2]
    assert by_the_specification(data, grid[:2]) == [grid[2]]


@given(st.binary(max_size=80), sizes)
def test_any_bytes_decode_as_the_specification_says(data: bytes, size: tuple[int, int]) -> None:
    """Three grids: the second is half as coarse as the first, the third as large as the second."""
    shapes = (-(-size[0] // 2), -(-size[1] // 2)), size, size
    found = decode_all(data, *shapes)
    assert [len(values) for values in found] == [rows * columns for rows, columns in shapes]
    assert max(abs(value) for values in found for value in values) <= 127
    assert by_the_specification(data, *shapes) == found


@given(grids(), st.integers(0, 2))
def test_grids_of_each_kind_come_back(grid: Grid, latents: int) -> None:
    coarser = spots(-(-grid[0] // 2), -(-grid[1] // 2), r0c0=-3)
    data = encode(coarser, grid, latents=latents)
    assert decode_all(data, coarser[:2], grid[:2], latents=latents) == [coarser[2], grid[2]]
    assert by_the_specification(data, coarser[:2], grid[:2], latents=latents) == [coarser[2], grid[2]]


def test_work_is_bounded_before_cells_are_read() -> None:
    blank = record((512, 512, (0,) * 512**2))
    with pytest.raises(LimitError, match="work: expected at most 1048576"):
        code_grids([blank], [], RangeDecoder(b"\xff" * 400), Limits(work=1 << 20).of_one_file(), TRAINED)


def test_past_the_end_all_is_empty() -> None:
    assert decode(b"", 100, 100) == (0,) * 10_000


def test_an_empty_grid_costs_next_to_nothing() -> None:
    assert encode(spots(8, 8)) == b""
    assert len(encode(spots(512, 512))) == 0, "4096 flags, each 0"


def test_one_value_costs_its_block_alone() -> None:
    alone = len(encode(spots(8, 8, r3c3=1)))
    assert len(encode(spots(64, 64, r35c35=1))) <= alone + 4


def test_signs_that_agree_cost_less() -> None:
    agreeing = (16, 16, (2,) * 256)
    mixed = (16, 16, tuple(2 * (-1) ** (y + x // 2) for y in range(16) for x in range(16)))
    assert len(encode(agreeing)) < len(encode(mixed)) - 16  # of 32 bytes of signs


@pytest.mark.parametrize(("size", "level"), [(1, 0), (64, 0), (65, 1), (128, 1), (129, 2), (4032, 6), (65535, 10)])
def test_first_level(size: int, level: int) -> None:
    """The finest latents: at most 64 along the longer side, more than 32 where the grid has so many."""
    assert first_level(size, 1) == first_level(1, size) == level
    assert cells(size, level) <= 64
    assert level == 0 or cells(size, level - 1) > 64


@pytest.mark.parametrize(
    ("size", "level", "count"), [(7, 0, 7), (7, 1, 4), (7, 3, 1), (7, 20, 1), (8, 2, 2), (9, 2, 3)]
)
def test_cells(size: int, level: int, count: int) -> None:
    assert cells(size, level) == count


def test_levels_of_a_large_grid_and_of_a_small_one() -> None:
    assert latent_levels(270, 480, 3, 5) == ([3, 4, 5], [2, 1, 0, 0, 0])
    assert latent_levels(1, 2, 2, 2) == ([0, 1], [0, 0])


def test_blocks_are_of_8_cells() -> None:
    assert BLOCK == 8
