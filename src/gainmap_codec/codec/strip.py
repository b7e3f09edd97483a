"""A record without what its owner does not want to give away: where a picture was taken, or all that is said of it."""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.codec.options import Strip
from gainmap_codec.errors import GainMapError
from gainmap_codec.files.jpeg.edit import XMP_EXTENSION_ID, has_c2pa, without_metadata, without_segments
from gainmap_codec.files.records import CodedImage, GainMapFile
from gainmap_codec.files.tags import exif_edit, xmp_edit


def stripped(file: GainMapFile, strip: Strip | None, notes: list[str]) -> GainMapFile:
    """The record without the places that it names ("gps"), or with nothing but what its pictures need ("all").

    What cannot be searched for places goes as a whole. Coded pixels, colour, orientation and gain maps stay.

    Args:
        notes: Gets a line for each thing that goes beside the places, and for what may name one and stays.
    Returns:
        The same record where there is nothing to leave out.
    """
    if strip is None:
        return file
    return _without_places(file, notes) if strip == "gps" else _bare(file)


def _bare(file: GainMapFile) -> GainMapFile:
    """Pictures, their colour, their orientation, and how to read the gain maps."""
    exif = exif_edit.only_orientation(file.orientation) if file.orientation != 1 else None
    base = without_metadata(file.base) if file.base.codec == "jpeg" else file.base
    return replace(file, exif=exif, xmp=None, base=base, others=())


def _without_places(file: GainMapFile, notes: list[str]) -> GainMapFile:
    exif = file.exif and (exif_without_places(file.exif, notes) or exif_edit.only_orientation(file.orientation))
    xmp = _xmp_without_places(file.xmp, notes)
    base = _jpeg_without_places(file.base, notes) if file.base.codec == "jpeg" else file.base
    if (exif, xmp) == (file.exif, file.xmp) and base is file.base:
        return file
    return replace(file, exif=exif, xmp=xmp, base=base)


def exif_without_places(exif: bytes, notes: list[str]) -> bytes | None:
    """The structure without places, or None where it is too damaged to be searched; a line says so."""
    try:
        return exif_edit.without_gps(exif)
    except GainMapError as error:
        notes.append(f"EXIF is left out: damaged, so that the place may still be in it ({error})")
        return None


def _xmp_without_places(packet: bytes | None, notes: list[str]) -> bytes | None:
    try:
        return packet and xmp_edit.without_gps(packet)
    except GainMapError as error:
        notes.append(f"XMP is left out: damaged, so that the place may still be in it ({error})")
        return None


def _jpeg_without_places(base: CodedImage, notes: list[str]) -> CodedImage:
    new = without_segments(base, lambda body: body.startswith(XMP_EXTENSION_ID) and b"GPS" in body)
    if new is not base:
        notes.append("an extended XMP packet that names GPS is left out as a whole")
    if has_c2pa(base):
        notes.append("the C2PA manifest may name the place too: it is kept")
    return new
