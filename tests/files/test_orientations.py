"""EXIF's orientations as numbers agree with what they do to pixels."""

from __future__ import annotations

import itertools

import numpy as np

from gainmap_codec.files.orientations import UPRIGHT, inverse_of, orientation_of_steps, turned_orientation
from gainmap_codec.pixels.raster.geometry import turned

PICTURE = np.arange(6).reshape(2, 3)


def test_two_turns_are_one() -> None:
    for first, second in itertools.product(range(1, 9), repeat=2):
        both = turned(turned(PICTURE, first), second)
        assert np.array_equal(turned(PICTURE, turned_orientation(first, second)), both)


def test_every_turn_can_be_undone() -> None:
    assert all(turned_orientation(turn, inverse_of(turn)) == 1 for turn in range(1, 9))
    assert orientation_of_steps(UPRIGHT) == 1
