"""EXIF's eight orientations as numbers: one after the other, undone, and told by where steps lead.

What they do to pixels is `gainmap_codec.pixels.raster.geometry`. Source: EXIF 3.0 (CIPA DC-008), tag 0112.
"""

from __future__ import annotations

from typing import NamedTuple

Step = tuple[int, int]
"""Columns and rows."""


class Steps(NamedTuple):
    """Where a step to the right, and one down, of the picture as it is looked at lead in its stored raster."""

    right: Step
    down: Step


UPRIGHT = Steps((1, 0), (0, 1))
_STEPS = (
    UPRIGHT,
    Steps((-1, 0), (0, 1)),
    Steps((-1, 0), (0, -1)),
    Steps((1, 0), (0, -1)),
    Steps((0, 1), (1, 0)),
    Steps((0, -1), (1, 0)),
    Steps((0, -1), (-1, 0)),
    Steps((0, 1), (-1, 0)),
)
_INVERSE = {6: 8, 8: 6}  # every other orientation undoes itself


def shown_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Width and height of a stored raster as the picture is looked at, or the reverse."""
    return size[::-1] if orientation >= 5 else size


def orientation_of_steps(steps: Steps) -> int:
    """EXIF's number, 1…8."""
    return _STEPS.index(steps) + 1


def inverse_of(orientation: int) -> int:
    """The orientation that undoes another."""
    return _INVERSE.get(orientation, orientation)


def turned_orientation(orientation: int, turn: int) -> int:
    """The orientation of a picture that is turned once more: by `turn`, an orientation too, as it is looked at."""
    right, down = _STEPS[orientation - 1]

    def stored(step: Step) -> Step:
        return step[0] * right[0] + step[1] * down[0], step[0] * right[1] + step[1] * down[1]

    return orientation_of_steps(Steps(*map(stored, _STEPS[turn - 1])))
