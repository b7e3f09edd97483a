"""Gain maps turned in their own way, in the raster of their base."""

from __future__ import annotations

import pytest

from gainmap_codec.files.map_metadata.turned import turned_map
from gainmap_codec.files.records import CodedImage


@pytest.mark.parametrize(
    ("size", "own", "base", "turn", "turned_size"),
    [
        ((12, 8), 1, 1, 1, (12, 8)),
        ((12, 8), 6, 6, 1, (12, 8)),
        ((12, 8), 3, 1, 3, (12, 8)),
        ((8, 12), 6, 1, 6, (12, 8)),
        ((8, 12), 1, 6, 8, (12, 8)),
        ((12, 8), 1, 6, 1, (12, 8)),  # fits only as it is
        ((9, 9), 1, 6, 8, (9, 9)),
    ],
)
def test_turns(size: tuple[int, int], own: int, base: int, turn: int, turned_size: tuple[int, int]) -> None:
    notes: list[str] = []
    image = turned_map(CodedImage(b"", *size, 1), own, (24, 16), base, notes)
    assert (image.turn, (image.width, image.height)) == (turn, turned_size)
    assert bool(notes) == (turn == 1 and own != base)
