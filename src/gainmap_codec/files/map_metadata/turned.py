"""A gain map whose file turns it in its own way, brought into the stored raster of its base."""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.files.orientations import inverse_of, turned_orientation
from gainmap_codec.files.records import CodedImage

_MOST_STRETCHED = 1.05  # small maps have rounded sides


def turned_map(
    image: CodedImage, orientation: int, base_size: tuple[int, int], base_orientation: int, notes: list[str]
) -> CodedImage:
    """The map with the turn that brings it into the base's raster.

    Args:
        image: As it is stored.
        orientation: How its file turns it.
        base_size: Width and height of the base's stored raster.
        base_orientation: How its file turns the base.
        notes: Gets a line where the map only fits the base without a turn.
    """
    turn = turned_orientation(orientation, inverse_of(base_orientation))
    if turn < 5:
        return replace(image, turn=turn)
    aspect = base_size[0] / base_size[1]
    if _fits(image.width / image.height, aspect) and not _fits(image.height / image.width, aspect):
        notes.append("the gain map has another rotation than the base, and only fits it without: taken as stored")
        return image
    return replace(image, turn=turn, width=image.height, height=image.width)


def _fits(aspect: float, other: float) -> bool:
    return max(aspect, other) <= _MOST_STRETCHED * min(aspect, other)
