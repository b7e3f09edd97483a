"""A record's metadata and colour made fit for another container, or for other eyes."""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.edit.parts import Notes, lost
from gainmap_codec.errors import GainMapError, UnsupportedError
from gainmap_codec.files.heif.extras import other_items
from gainmap_codec.files.jpeg.edit import XMP_EXTENSION_ID, extended_xmp, has_c2pa, other_segments, without_segments
from gainmap_codec.files.records import Container, GainMapFile
from gainmap_codec.files.tags import exif_edit, xmp_edit
from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import COLOR_SPACES, AnyCodes
from gainmap_codec.pixels.raster.tone_map import encode_base


def stripped_of_gps(file: GainMapFile, notes: Notes) -> GainMapFile:
    """The record without the place where the picture was taken. What cannot be searched for it goes as a whole."""
    exif, xmp, base = file.exif, file.xmp, file.base
    try:
        exif = exif and exif_edit.without_gps(exif)
    except GainMapError as error:
        lost(f"EXIF is left out: damaged, so that the place may still be in it ({error})")
        exif = exif_edit.with_orientation(None, file.orientation, [])
    try:
        xmp = xmp and xmp_edit.without_gps(xmp)
    except GainMapError as error:
        lost(f"XMP is left out: damaged, so that the place may still be in it ({error})")
        xmp = None
    if base.codec == "jpeg":
        base = without_segments(base, lambda body: body.startswith(XMP_EXTENSION_ID) and b"GPS" in body)
        if base is not file.base:
            lost("an extended XMP packet that names GPS is left out as a whole")
        if has_c2pa(base):
            lost("the C2PA manifest may name the place too: it is kept")
    found = (exif, xmp) != (file.exif, file.xmp) or base is not file.base
    notes.append("GPS: removed" if found else "GPS: none was found in EXIF and XMP")
    return replace(file, exif=exif, xmp=xmp, base=base)


def for_container(
    file: GainMapFile, container: Container, codes: AnyCodes, color: BaseColor
) -> tuple[GainMapFile, AnyCodes]:
    """The record and its base's code values as another container can hold them; what it cannot becomes a warning.

    Raises:
        UnsupportedError: A base that the container cannot hold.
    """
    if file.base.codec == "jpeg":
        _warn_of_segments(file)
        return replace(file, xmp=_whole_xmp(file)), codes
    if container != "jpeg":
        return file, codes
    return _for_jpeg(file, codes, color)


def _for_jpeg(file: GainMapFile, codes: AnyCodes, color: BaseColor) -> tuple[GainMapFile, AnyCodes]:
    """8 bits, and a colour that an ICC profile can tell."""
    base = file.base
    warn_of_items(file)
    if base.icc_profile is None and base.nclx is not None:
        space, _, curve = color.name.partition(" ")
        known = next((each for each in COLOR_SPACES if each == space), None)
        if known is None:
            raise UnsupportedError(
                f"JPEG: a base of {', '.join(COLOR_SPACES)} or with an ICC profile wanted, {color.name} found"
            )
        if curve:
            codes, base = encode_base(color.linearize(codes)), replace(base, bits=8)
        base = replace(base, icc_profile=icc_profile_for(known), nclx=None)
    return replace(file, base=base, heif_extras=None), codes


def warn_of_items(file: GainMapFile) -> None:
    """A line about items of a HEIC or AVIF file that a JPEG has no place for."""
    items = other_items(file.heif_extras)
    if items is not None:
        lost(f"other items are not kept, a JPEG has no place for them: {items}")


def _warn_of_segments(file: GainMapFile) -> None:
    for line in other_segments(file.base):
        lost(f"{line}: not kept, JPEG files alone have such segments")


def _whole_xmp(file: GainMapFile) -> bytes | None:
    """The XMP with its extension, which only JPEG keeps apart."""
    extension = extended_xmp(file.base)
    if file.xmp is None or extension is None:
        return file.xmp
    try:
        return xmp_edit.join_extension(file.xmp, extension)
    except GainMapError as error:
        lost(f"the extended XMP packet is not kept: {error}")
        return file.xmp
