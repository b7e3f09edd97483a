"""Rotate and flip without coding anything again: only what the file tells its viewers to do changes."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Literal, get_args

from gainmap_codec.codec.opening import OpenedFile
from gainmap_codec.codec.options import Strip, TranscodeOptions, check_strip
from gainmap_codec.edit.recoding import SIGNATURE_LOST, is_writable
from gainmap_codec.edit.report import Notes, TranscodeReport, finish, open_for_edit, report_of
from gainmap_codec.edit.transcode import transcoded
from gainmap_codec.errors import Limits
from gainmap_codec.files.jpeg.edit import has_c2pa, with_jpeg_orientation
from gainmap_codec.files.orientations import turned_orientation
from gainmap_codec.files.readback import read_back
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.files.tags import exif_edit
from gainmap_codec.pixels.formats.sources import Source

FlipAxis = Literal["horizontal", "vertical"]

_TURNS = {0: 1, 90: 6, 180: 3, 270: 8}
"""Clockwise degrees → the EXIF orientation that turns a picture so."""
_FLIPS: dict[FlipAxis, int] = {"horizontal": 2, "vertical": 4}


def rotate_with_report(source: Source, degrees: int, *, strip: Strip | None = None, limits: Limits) -> TranscodeReport:
    """As `gainmap_codec.rotate`, with a line for all that was done and lost; nothing is warned of."""
    if not isinstance(degrees, Real) or degrees % 90:
        raise ValueError(f"degrees: expected a multiple of 90, got {degrees!r}")
    return _turned(source, _TURNS[degrees % 360], strip, limits)


def flip_with_report(source: Source, axis: FlipAxis, *, strip: Strip | None = None, limits: Limits) -> TranscodeReport:
    """As `gainmap_codec.flip`, with a line for all that was done and lost; nothing is warned of."""
    if axis not in get_args(FlipAxis):
        raise ValueError(f"axis: expected one of {', '.join(get_args(FlipAxis))}, got {axis!r}")
    return _turned(source, _FLIPS[axis], strip, limits)


def _turned(source: Source, turn: int, strip: Strip | None, limits: Limits) -> TranscodeReport:
    check_strip(strip)
    notes = Notes()
    data, opened = open_for_edit(source, limits, notes)
    file = opened.file
    orientation = turned_orientation(file.orientation, turn)
    if orientation == file.orientation and strip is None:
        notes.done.append("nothing to do: the file is as it was")
        return report_of(data, file.container, notes)
    notes.done.append(f"turned: EXIF orientation {file.orientation} became {orientation}; no picture is coded again")
    if strip is not None:
        return finish(_stripped_and_turned(opened, orientation, strip, notes), opened, notes)
    if not file.can.has_orientation:
        if has_c2pa(file.base):
            notes.lost.append(SIGNATURE_LOST)
        turned = with_jpeg_orientation(data, file.base, orientation, limits, notes.lost)
        read_back(turned, replace(file, orientation=orientation, exif=None))
        return report_of(turned, file.container, notes)
    exif = file.exif and exif_edit.with_orientation(file.exif, orientation, notes.lost)
    gain_map = file.gain_map if file.gain_map and is_writable(file.gain_map, notes) else None
    return finish(replace(file, orientation=orientation, exif=exif, gain_map=gain_map), opened, notes)


def _stripped_and_turned(opened: OpenedFile, orientation: int, strip: Strip, notes: Notes) -> GainMapFile:
    """The record put together anew, as stripping asks for in JPEG too."""
    file = transcoded(opened, TranscodeOptions(strip=strip), notes)
    exif = file.exif
    if exif or not file.can.has_orientation:
        exif = exif_edit.with_orientation(exif, orientation, notes.lost)
    return replace(file, orientation=orientation, exif=exif)
