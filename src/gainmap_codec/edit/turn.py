"""Crop, rotate, flip and resize gain-map files: base, standard map and neural map stay in step."""

from __future__ import annotations

from dataclasses import replace
from operator import index
from typing import Literal, get_args

from gainmap_codec.codec.opening import OpenedFile
from gainmap_codec.codec.pairing import DEFAULT_QUALITY
from gainmap_codec.edit.crop import edited
from gainmap_codec.edit.parts import (
    MAP_QUALITY,
    Notes,
    TranscodeReport,
    lost,
    rewritten,
)
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import serialize_file
from gainmap_codec.files.jpeg.edit import has_c2pa, with_jpeg_orientation
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.files.tags import exif_edit
from gainmap_codec.pixels.formats.sources import Source
from gainmap_codec.pixels.raster.geometry import Box, stored_box, turned_orientation

FlipAxis = Literal["horizontal", "vertical"]

_TURNS = {0: 1, 90: 6, 180: 3, 270: 8}
"""Clockwise degrees → the EXIF orientation that turns a picture so."""
_FLIPS: dict[FlipAxis, int] = {"horizontal": 2, "vertical": 4}


def crop(
    source: Source,
    box: tuple[int, int, int, int],
    *,
    quality: int = DEFAULT_QUALITY,
    map_quality: int = MAP_QUALITY,
    limits: Limits = Limits(),
) -> bytes:
    """Cut a gain-map file to a part of its picture.

    The base is coded again, and the standard map with it. Of a neural map only the place that it is told, its binding
    and its CRC change. The EXIF thumbnail, which shows the whole picture, is removed.

    Args:
        source: A path, bytes or a binary file.
        box: Left, top, right and bottom edge in pixels of the upright picture; right and bottom are behind the last.
        quality: Quality of the base, 1…100.
        map_quality: Quality of the standard map, 1…100.
        limits: Budgets for what the source may ask for.
    Returns:
        The file, of the same kind.
    Raises:
        ValueError: An empty box, or one that is not inside the picture.
        GainMapError: The base is broken, not supported or over the limits.
        OSError: The path cannot be read.
    Warns:
        GainMapWarning: For each thing that is lost, or no longer holds.
    """
    return crop_with_report(source, box, quality=quality, map_quality=map_quality, limits=limits).data


def resize(
    source: Source,
    size: tuple[int | None, int | None],
    *,
    quality: int = DEFAULT_QUALITY,
    map_quality: int = MAP_QUALITY,
    limits: Limits = Limits(),
) -> bytes:
    """Make a gain-map file smaller or larger.

    The base is coded again. The standard map becomes smaller by the same factor, but never larger: then it is kept bit
    for bit. A neural map is of any size; only its binding and its CRC change.

    Args:
        source: A path, bytes or a binary file.
        size: Width and height of the upright picture in pixels; None for one of them keeps the proportions.
        quality, map_quality, limits: As for `crop`.
    Returns:
        The file, of the same kind.
    Raises:
        ValueError: A size below 1, or over `limits`.
        GainMapError, OSError: As for `crop`.
    Warns:
        GainMapWarning: For each thing that is lost, or no longer holds.
    """
    return resize_with_report(source, size, quality=quality, map_quality=map_quality, limits=limits).data


def rotate(source: Source, degrees: int, *, limits: Limits = Limits()) -> bytes:
    """Turn a gain-map file clockwise without coding anything again.

    The orientation changes that the file asks its viewers for, in EXIF or by irot and imir. Base, standard map and
    neural map, which all lie in the stored raster, keep every byte.

    Args:
        source: A path, bytes or a binary file.
        degrees: A multiple of 90.
        limits: Budgets for what the source may ask for.
    Returns:
        The file, of the same kind.
    Raises:
        ValueError: Other degrees.
        GainMapError: The base is broken, not supported or over the limits; or an EXIF segment is damaged.
        OSError: The path cannot be read.
    Warns:
        GainMapWarning: For each thing that is lost, or no longer holds.
    """
    return rotate_with_report(source, degrees, limits=limits).data


def flip(source: Source, axis: FlipAxis, *, limits: Limits = Limits()) -> bytes:
    """Mirror a gain-map file without coding anything again, as `rotate` turns it.

    Args:
        axis: "horizontal" exchanges left and right, "vertical" top and bottom.
        source, limits: As for `rotate`.
    Returns, Raises, Warns:
        As `rotate`.
    """
    return flip_with_report(source, axis, limits=limits).data


def crop_with_report(
    source: Source, box: tuple[int, int, int, int], *, quality: int, map_quality: int, limits: Limits
) -> TranscodeReport:
    """As `crop`, with a line for all that was done and lost."""
    _check_qualities(quality, map_quality)

    def work(data: bytes, opened: OpenedFile, notes: Notes) -> bytes:
        part = _part(opened.file, box)
        size = part[2] - part[0], part[3] - part[1]
        return edited(data, opened, part, size, notes, quality, map_quality)

    return rewritten(source, limits, work)


def resize_with_report(
    source: Source, size: tuple[int | None, int | None], *, quality: int, map_quality: int, limits: Limits
) -> TranscodeReport:
    """As `resize`, with a line for all that was done and lost."""
    _check_qualities(quality, map_quality)

    def work(data: bytes, opened: OpenedFile, notes: Notes) -> bytes:
        base = opened.file.base
        wanted = _stored_size(opened.file, size, limits)
        return edited(data, opened, Box(0, 0, base.width, base.height), wanted, notes, quality, map_quality)

    return rewritten(source, limits, work)


def rotate_with_report(source: Source, degrees: int, *, limits: Limits) -> TranscodeReport:
    """As `rotate`, with a line for all that was done and lost."""
    if degrees % 90:
        raise ValueError(f"degrees: a multiple of 90 wanted, {degrees} found")
    return _turned(source, _TURNS[degrees % 360], limits)


def flip_with_report(source: Source, axis: FlipAxis, *, limits: Limits) -> TranscodeReport:
    """As `flip`, with a line for all that was done and lost."""
    if axis not in get_args(FlipAxis):
        raise ValueError(f"axis: one of {', '.join(get_args(FlipAxis))} wanted, {axis!r} found")
    return _turned(source, _FLIPS[axis], limits)


def _turned(source: Source, turn: int, limits: Limits) -> TranscodeReport:
    def work(data: bytes, opened: OpenedFile, notes: Notes) -> bytes:
        file = opened.file
        wanted = turned_orientation(file.orientation, turn)
        if wanted == file.orientation:
            notes.append("nothing to do: the file is as it was")
            return data
        notes.append(f"orientation: {wanted} as EXIF counts them, {file.orientation} before; pictures kept bit for bit")
        if file.container == "jpeg":
            if has_c2pa(file.base.data):
                lost("the C2PA manifest is kept, but its signature no longer verifies: sign the new file")
            return with_jpeg_orientation(data, wanted)
        exif = file.exif and exif_edit.with_orientation(file.exif, wanted)
        return serialize_file(replace(file, orientation=wanted, exif=exif))

    return rewritten(source, limits, work)


def _check_qualities(quality: int, map_quality: int) -> None:
    for name, value in (("quality", quality), ("map_quality", map_quality)):
        if not 1 <= value <= 100:
            raise ValueError(f"{name}: 1…100 wanted, {value!r} found")


def _upright_size(file: GainMapFile) -> tuple[int, int]:
    width, height = file.base.width, file.base.height
    return (height, width) if file.orientation >= 5 else (width, height)


def _part(file: GainMapFile, box: tuple[int, int, int, int]) -> Box[int]:
    """The box in the stored raster."""
    width, height = _upright_size(file)
    left, top, right, bottom = map(index, box)
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise ValueError(f"box: left, top, right, bottom inside {width} x {height} wanted, {tuple(box)} found")
    return stored_box(Box(left, top, right, bottom), file.base.width, file.base.height, file.orientation)


def _stored_size(file: GainMapFile, size: tuple[int | None, int | None], limits: Limits) -> tuple[int, int]:
    """The size wanted, in the stored raster."""
    old, (width, height) = _upright_size(file), size
    if width is None and height is None:
        raise ValueError("size: a width or a height wanted, none found")
    wanted = (
        max(1, round(old[0] * index(height or 0) / old[1])) if width is None else index(width),
        max(1, round(old[1] * index(width or 0) / old[0])) if height is None else index(height),
    )
    if (width is not None and width < 1) or (height is not None and height < 1):
        raise ValueError(f"size: at least 1 x 1 wanted, {width} x {height} found")
    limits.check("pixels", wanted[0] * wanted[1])
    return wanted if file.orientation < 5 else (wanted[1], wanted[0])
