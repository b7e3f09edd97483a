"""Which part of a picture is wanted, and at which size: boxes and sizes of what a viewer sees, in the stored raster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import index

from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.edit.report import Notes
from gainmap_codec.files.orientations import shown_size
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.raster.geometry import Box, stored_box
from gainmap_codec.pixels.raster.resampling import resized

Size = tuple[int, int]
"""Width and height in pixels."""

_STRETCHED = 0.01  # of a side: by as much may the proportions change, or by a pixel, without a word


@dataclass(frozen=True)
class Frame:
    """A part of a base's stored raster, and the size that it is to have."""

    part: Box[int]
    size: Size

    def is_whole(self, file: GainMapFile) -> bool:
        """Whether it is all of the file's base at its own size."""
        return self.part == whole(file) and self.size == (file.base.width, file.base.height)


def frame_of(file: GainMapFile, options: TranscodeOptions, notes: Notes) -> Frame:
    """The part and the size that are asked for; a line where the picture is stretched.

    Raises:
        ValueError: A box that is not inside the picture.
        LimitError: A size over the limits.
    """
    part = whole(file) if options.box is None else _stored_part(file, options.box)
    stored = part.right - part.left, part.bottom - part.top
    size = shown_size(_size_of(shown_size(stored, file.orientation), options, notes), file.orientation)
    if size != stored:
        options.limits.check("pixels", size[0] * size[1])
    return Frame(part, size)


def sized(image: HdrImage, options: TranscodeOptions, notes: Notes) -> HdrImage:
    """An upright HDR picture at the size that is asked for: means of light where it shrinks.

    Raises:
        LimitError: A size over the limits.
    """
    height, width = image.pixels.shape[:2]
    size = _size_of((width, height), options, notes)
    if size == (width, height):
        return image
    options.limits.check("pixels", size[0] * size[1])
    return replace(image, pixels=resized(image.pixels, *size))


def whole(file: GainMapFile) -> Box[int]:
    """All of the file's base."""
    return Box(0, 0, file.base.width, file.base.height)


def _size_of(old: Size, options: TranscodeOptions, notes: Notes) -> Size:
    """The size of an upright picture, or part of one, that has `old` now."""
    if options.fit_box is not None:
        return inside(old, options.fit_box, enlarge=options.enlarge)
    if options.size is None:
        return old
    size = fitted_size(old, options.size)
    notes.lost += stretching(old, size)
    return size


def stretching(old: Size, new: Size) -> list[str]:
    """A line where a picture is stretched that gets another size."""
    proportional = old[1] * new[0] / old[0]
    if abs(new[1] - proportional) <= max(1, _STRETCHED * proportional):
        return []
    return [f"the picture is stretched: {new[0]} x {new[1]} has other proportions than {old[0]} x {old[1]}"]


def inside(old: Size, box: Size, *, enlarge: bool) -> Size:
    """The largest size of the same proportions in a box; of a picture that is in there already, its own."""
    factor = min(box[0] / old[0], box[1] / old[1])
    if factor >= 1 and not enlarge:
        return old
    return max(1, round(old[0] * factor)), max(1, round(old[1] * factor))


def fitted_size(old: Size, size: tuple[int | None, int | None]) -> Size:
    """Width and height, the one that is None from the proportions of `old`.

    Raises:
        ValueError: Both are None, or one is below 1.
    """
    width, height = size
    if width is None and height is None:
        raise ValueError("size: expected a width or a height, got neither")
    if (width is not None and width < 1) or (height is not None and height < 1):
        raise ValueError(f"size: expected sides of at least 1, got {min(side for side in size if side is not None)}")
    return (
        max(1, round(old[0] * index(height or 0) / old[1])) if width is None else index(width),
        max(1, round(old[1] * index(width or 0) / old[0])) if height is None else index(height),
    )


def checked_box(box: Sequence[int], width: int, height: int) -> Box[int]:
    """A part of a picture of this size.

    Raises:
        ValueError: It is empty, or not inside the picture.
    """
    left, top, right, bottom = map(index, box)
    if left >= right or top >= bottom:
        raise ValueError(f"box: expected left < right and top < bottom, got {tuple(box)}")
    if left < 0 or top < 0 or right > width or bottom > height:
        raise ValueError(f"box: expected left, top, right, bottom inside {width} x {height}, got {tuple(box)}")
    return Box(left, top, right, bottom)


def upright_size(file: GainMapFile, size: Size) -> str:
    """A size of the stored raster as the upright picture has it, in words."""
    width, height = shown_size(size, file.orientation)
    return f"{width} x {height}"


def _stored_part(file: GainMapFile, box: tuple[int, int, int, int]) -> Box[int]:
    """The box in the stored raster."""
    width, height = shown_size((file.base.width, file.base.height), file.orientation)
    return stored_box(checked_box(box, width, height), file.base.width, file.base.height, file.orientation)
