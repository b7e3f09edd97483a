"""A record without what its owner does not want to give away: where a picture was taken, or all that is said of it."""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.codec.options import Strip
from gainmap_codec.errors import GainMapError
from gainmap_codec.files.jpeg.edit import without_metadata
from gainmap_codec.files.places import exif, jpeg, xmp
from gainmap_codec.files.records import GainMapFile, StoredGainMap
from gainmap_codec.files.tags import exif_edit


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
    tiff = exif_edit.only_orientation(file.orientation) if file.orientation != 1 else None
    base = without_metadata(file.base) if file.base.codec == "jpeg" else file.base
    return replace(file, exif=tiff, xmp=None, base=base, others=())


def _without_places(file: GainMapFile, notes: list[str]) -> GainMapFile:
    tiff = file.exif and (exif_without_places(file.exif, notes) or exif_edit.only_orientation(file.orientation))
    new = replace(file, exif=tiff, xmp=xmp_without_places(file.xmp, notes))
    if file.base.codec == "jpeg":
        new = _jpeg_without_places(new, notes)
    return file if new == file else new


def exif_without_places(tiff: bytes, notes: list[str]) -> bytes | None:
    """An EXIF structure without places, or None where it is too damaged to be searched; a line says so."""
    try:
        return exif.without_places(tiff, jpeg.clean_jpeg, notes)
    except GainMapError as error:
        notes.append(f"EXIF is left out: damaged, so that the place may still be in it ({error})")
        return None


def xmp_without_places(packet: bytes | None, notes: list[str]) -> bytes | None:
    """As `exif_without_places`."""
    try:
        return packet and xmp.without_places(packet, jpeg.clean_jpeg)
    except GainMapError as error:
        notes.append(f"XMP is left out: damaged, so that the place may still be in it ({error})")
        return None


def _jpeg_without_places(file: GainMapFile, notes: list[str]) -> GainMapFile:
    """The base, and the maps, of whose segments little is written again."""
    base, packet = jpeg.without_places(file.base, file.xmp, notes)
    gain_map, spare = (_map_without_places(stored) for stored in (file.gain_map, file.spare_gain_map))
    return replace(file, base=base, xmp=packet, gain_map=gain_map, spare_gain_map=spare)


def _map_without_places(stored: StoredGainMap | None) -> StoredGainMap | None:
    if stored is None or stored.image.codec != "jpeg":
        return stored
    image, _ = jpeg.without_places(stored.image, None, [])
    return stored if image is stored.image else replace(stored, image=image)
