"""A record's metadata and colour made fit for another container, or for other eyes."""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.codec.opening import OpenedFile
from gainmap_codec.codec.options import Strip
from gainmap_codec.codec.strip import stripped
from gainmap_codec.edit.report import Notes
from gainmap_codec.files.container import other_parts
from gainmap_codec.files.jpeg.edit import other_segments
from gainmap_codec.files.jpeg.xmp_segments import whole_xmp
from gainmap_codec.files.records import Container, GainMapFile
from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.icc_profile import icc_profile_of_primaries
from gainmap_codec.pixels.color.light import AnyCodes
from gainmap_codec.pixels.raster.tone_map import with_srgb_curve


def stripped_for_edit(opened: OpenedFile, strip: Strip | None, notes: Notes) -> OpenedFile:
    """The opened file with a record without places, or without all metadata; a line says what became of them."""
    if strip is None:
        return opened
    file = stripped(opened.file, strip, notes.lost)
    if strip == "all":
        notes.done.append("metadata: all removed but what the pictures need")
    else:
        notes.done.append("GPS: none was found" if file is opened.file else "GPS: removed")
    return replace(opened, file=file)


def for_container(
    file: GainMapFile, container: Container, codes: AnyCodes, color: BaseColor, notes: Notes
) -> tuple[GainMapFile, AnyCodes]:
    """The record and its base's code values as another container can hold them; a line for what it cannot."""
    if file.base.codec == "jpeg":
        for line in other_segments(file.base):
            notes.lost.append(f"{line}: not kept, only JPEG files have such segments")
        return replace(file, xmp=whole_xmp(file.xmp, file.base, notes.lost)), codes
    if container != "jpeg":
        return file, codes
    return _for_jpeg(file, codes, color, notes)


def _for_jpeg(file: GainMapFile, codes: AnyCodes, color: BaseColor, notes: Notes) -> tuple[GainMapFile, AnyCodes]:
    """A colour that an ICC profile tells, and with the curve that readers of JPEG take for granted."""
    base = file.base
    note_other_parts(file, notes)
    if base.icc_profile is None and base.nclx is not None:
        codes = with_srgb_curve(codes, base.bits, color)
        base = replace(base, icc_profile=icc_profile_of_primaries(color), nclx=None)
    return replace(file, base=base, extras=None), codes


def note_other_parts(file: GainMapFile, notes: Notes) -> None:
    """A line about each kind of part of a HEIC or AVIF file that a JPEG has no place for."""
    for part in other_parts(file.extras):
        notes.lost.append(f"{part}: not kept in a JPEG")
