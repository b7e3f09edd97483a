"""The inputs of a network: their number and their places are those of docs/format.md."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from gainmap_codec.files.payload.inputs import layer_shapes, multiscale_inputs, published_inputs


@pytest.mark.parametrize(
    ("arguments", "shapes"),
    [
        (("published", 5, 4, 24, 3), ((44, 24), (24, 24), (24, 3))),
        (("multiscale", 0, 0, 8, 1), ((15, 8), (9, 8), (9, 1))),
        (("multiscale", 0, 2, 9, 3, 4), ((31, 9), (10, 9), (10, 3))),
    ],
)
def test_layer_shapes(arguments: tuple[Any, ...], shapes: tuple[tuple[int, int], ...]) -> None:
    assert layer_shapes(*arguments) == shapes


def test_inputs_lie_one_behind_the_other() -> None:
    for octaves, latents in ((0, 0), (2, 3)):
        places = multiscale_inputs(octaves, latents)
        parts = [places.place, places.colors, *places.around, places.octaves, places.latents]
        sizes = [each.stop - each.start for each in parts]
        assert sizes == [2, 3, 3, 3, 3, 6 * octaves, latents]
        assert all(before.stop == after.start for before, after in pairwise(parts))
        assert (places.doubled, places.of_base) == (slice(0, 14), 14 + 6 * octaves)
    assert [*published_inputs(5, 4)] == [slice(0, 10), slice(10, 20), slice(20, 44)]
