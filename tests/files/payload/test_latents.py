"""Latent grids: golden bytes, round trips, and what any bytes decode to. docs/format.md, "Latents"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.errors import Limits
from gainmap_codec.files.payload.latents import (
    BLOCK,
    cells,
    decode_latents,
    encode_latents,
    first_level,
    latent_levels,
)
from gainmap_codec.files.payload.range_coder import BitModel, IntegerModel, RangeDecoder, RangeEncoder

Grid = tuple[int, int, tuple[int, ...]]


def spots(rows: int, columns: int, **values: int) -> Grid:
    """A grid of zeros with values at places named like `r2c10`."""
    flat = [0] * (rows * columns)
    for place, value in values.items():
        row, column = map(int, place[1:].split("c"))
        flat[row * columns + column] = value
    return rows, columns, tuple(flat)


GOLDEN: dict[str, tuple[Grid, str]] = {
    "one cell": (spots(1, 1, r0c0=-3), "b7"),
    "an empty block": (spots(3, 5), ""),
    "corners": (spots(9, 17, r0c0=1, r0c16=-2, r8c0=127, r8c16=-127), "8f ff 7f 32 aa 79 4e 33 a2 c7"),
    "every class": (
        (3, 8, (0, 1, 1, -2, 4, -8, 16, 0, 0, 0, 1, 3, -7, 9, 30, -60, 0, 0, 0, 1, 2, 3, 5, 90)),
        "c0 30 43 c0 f0 7c 0a 8b 76 d9 b6 e4 d9 00 bb c0",
    ),
    "a filled block beside empty ones": (spots(16, 24, r2c10=5, r2c11=-4, r3c10=3, r9c9=1), "7d aa fd 83 86 2f 43 c2"),
}


def encode(grid: Grid) -> bytes:
    coder = RangeEncoder()
    encode_latents(grid[2], grid[0], grid[1], coder)
    return coder.finish()


def decode(data: bytes, rows: int, columns: int) -> tuple[int, ...]:
    return decode_latents(rows, columns, RangeDecoder(data), Limits())


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_bytes(name: str) -> None:
    grid, text = GOLDEN[name]
    assert encode(grid).hex(" ") == text
    assert decode(bytes.fromhex(text), *grid[:2]) == grid[2]


def by_the_specification(data: bytes, rows: int, columns: int) -> tuple[int, ...]:
    """docs/format.md, "Latents", written out cell by cell."""
    coder = RangeDecoder(data)
    flags, classes = [BitModel() for _ in range(3)], [IntegerModel() for _ in range(7)]
    known: dict[tuple[int, int], int] = {}
    filled: set[tuple[int, int]] = set()
    for v in range(-(-rows // 8)):
        for u in range(-(-columns // 8)):
            if not coder.decode(flags[((v, u - 1) in filled) + ((v - 1, u) in filled)]):
                continue
            filled.add((v, u))
            for y in range(8 * v, min(8 * v + 8, rows)):
                for x in range(8 * u, min(8 * u + 8, columns)):

                    def m(down: int, across: int, y: int = y, x: int = x) -> int:
                        return abs(known.get((y + down, x + across), 0))

                    size = 2 * m(0, -1) + 2 * m(-1, 0) + m(-1, -1) + m(-1, 1) + m(0, -2) + m(-2, 0)
                    which = 0 if size == 0 else 1 if size == 1 else min(2 + (size - 1).bit_length() - 1, 6)
                    known[y, x] = classes[which].decode(coder)
    return tuple(known.get((y, x), 0) for y in range(rows) for x in range(columns))


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
    assert by_the_specification(data, *grid[:2]) == grid[2]


@given(st.binary(max_size=80), sizes)
def test_any_bytes_decode_as_the_specification_says(data: bytes, size: tuple[int, int]) -> None:
    values = decode(data, *size)
    assert len(values) == size[0] * size[1]
    assert max(map(abs, values)) < 1 << 16
    assert by_the_specification(data, *size) == values


def test_past_the_end_all_is_empty() -> None:
    assert decode(b"", 100, 100) == (0,) * 10_000


def test_an_empty_grid_costs_next_to_nothing() -> None:
    assert encode(spots(8, 8)) == b""
    assert len(encode(spots(512, 512))) == 0, "4096 flags, each 0"


def test_one_value_costs_its_block_alone() -> None:
    alone = len(encode(spots(8, 8, r3c3=1)))
    assert len(encode(spots(64, 64, r35c35=1))) <= alone + 3


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
