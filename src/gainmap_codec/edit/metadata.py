"""A record's metadata and colour made fit for another container, or for other eyes."""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.codec.opening import OpenedFile
from gainmap_codec.codec.options import Strip
from gainmap_codec.codec.strip import stripped
from gainmap_codec.edit.report import Notes
from gainmap_codec.files.jpeg.edit import other_segments
from gainmap_codec.files.jpeg.xmp_segments import whole_xmp
from gainmap_codec.files.records import ABILITIES, CODECS, Container, GainMapFile
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
    """The record and its base's code values as new ones in another container can be; a line for what is lost."""
    if file.base.codec == "jpeg":
        return without_segments(file, container, notes), codes
    if ABILITIES[container].has_code_points or file.base.icc_profile is not None or file.base.nclx is None:
        return file, codes
    # A colour that an ICC profile tells, and with the curve that readers of JPEG take for granted.
    base = replace(file.base, icc_profile=icc_profile_of_primaries(color), nclx=None)
    return replace(file, base=base), with_srgb_curve(codes, file.base.bits, color)


def without_segments(file: GainMapFile, container: Container, notes: Notes) -> GainMapFile:
    """The record without what only the segments of a JPEG hold, where its new base is none."""
    if file.base.codec != "jpeg" or CODECS[container] == "jpeg":
        return file
    notes.lost += (f"{line}: not kept, only JPEG files have such segments" for line in other_segments(file.base))
    return replace(file, xmp=whole_xmp(file.xmp, file.base, notes.lost))
