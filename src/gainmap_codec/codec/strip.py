"""A record without what its owner does not want to give away: where a picture was taken, or all that is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gainmap_codec.codec.options import Strip
from gainmap_codec.errors import GainMapError
from gainmap_codec.files.geotags import exif, heif, jpeg, jxl, video, xmp
from gainmap_codec.files.geotags.foreign import has_geotag
from gainmap_codec.files.heif.extras import without_gain_maps
from gainmap_codec.files.heif.records import heif_extras
from gainmap_codec.files.jpeg.edit import without_metadata
from gainmap_codec.files.jxl.records import jxl_extras
from gainmap_codec.files.records import AppleMetadata, CodedImage, GainMapFile, OtherPart, StoredGainMap, describe_other
from gainmap_codec.files.tags import exif_edit
from gainmap_codec.files.tags.exif import maker_note


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
    return _without_geotags(file, notes) if strip == "gps" else _bare(file, notes)


def _bare(file: GainMapFile, notes: list[str]) -> GainMapFile:
    """Pictures, their colour, their orientation, and how to read the gain maps."""
    tiff = exif_edit.only_orientation(file.orientation) if file.orientation != 1 else None
    new = replace(file, exif=tiff, xmp=None, others=())
    if (boxes := jxl_extras(file.extras)) is not None:
        new = replace(new, extras=jxl.bare(boxes))
    if (items := heif_extras(file.extras)) is not None:
        if file.spare_gain_map is not None:
            notes.append(f"the second gain map ({file.spare_gain_map.carrier}) is not kept")
        new = replace(new, spare_gain_map=None, extras=heif.bare(items))
    return _with_pictures(_with_headroom_in_xmp(new), _bare_picture)


def _bare_picture(image: CodedImage) -> CodedImage:
    """A picture without metadata in its own data; a JPEG XL codestream has none."""
    if image.codec == "jxl":
        return image
    return without_metadata(image) if image.codec == "jpeg" else heif.bare_picture(image)


def _with_headroom_in_xmp(file: GainMapFile) -> GainMapFile:
    """An Apple gain map of a HEIC file told by XMP of its own alone: its headroom may stand in the maker note."""
    extras, stored = heif_extras(file.extras), file.gain_map
    if extras is None or stored is None or not isinstance(stored.metadata, AppleMetadata):
        return file
    stored = replace(stored, metadata=replace(stored.metadata, source="xmp"))
    return replace(file, gain_map=stored, extras=without_gain_maps(extras))


def _without_geotags(file: GainMapFile, notes: list[str]) -> GainMapFile:
    tiff = file.exif and (exif_without_geotags(file.exif, notes) or exif_edit.only_orientation(file.orientation))
    others = tuple(part for part in (_other_without_geotags(each, notes) for each in file.others) if part.data)
    new = replace(file, exif=tiff, xmp=xmp_without_geotags(file.xmp, notes), others=others)
    if file.base.codec == "jpeg":
        base, packet = jpeg.without_geotags(file.base, new.xmp, notes)
        new = replace(new, base=base, xmp=packet)
    if (boxes := jxl_extras(file.extras)) is not None:
        new = replace(new, extras=jxl.without_geotags(boxes, notes))
    if (items := heif_extras(file.extras)) is not None:
        new = replace(new, extras=heif.without_geotags(items, notes))
    new = _with_pictures(new, _picture_without_geotags)
    if file.exif and maker_note(file.exif) and not maker_note(tiff or b""):
        new = _with_headroom_in_xmp(new)
    return file if new == file else new


def _picture_without_geotags(image: CodedImage) -> CodedImage:
    """A picture without places in its own data; a JPEG XL codestream has none."""
    if image.codec == "jxl":
        return image
    return jpeg.without_geotags(image, None, [])[0] if image.codec == "jpeg" else heif.picture_without_geotags(image)


def _other_without_geotags(part: OtherPart, notes: list[str]) -> OtherPart:
    """A part without places; without data where it goes."""
    if part.kind in ("picture", "gain map"):
        return replace(part, data=jpeg.pictures_without_geotags(part.data, notes))
    if part.kind == "video":
        notes.append(f"{describe_other(part)}, may name the place in its tracks too: it is kept")
        return replace(part, data=video.without_geotags(part.data))
    if has_geotag(part.data):
        notes.append(f"{describe_other(part)}, may name the place: left out")
        return replace(part, data=b"")
    return part


def _with_pictures(file: GainMapFile, change: Callable[[CodedImage], CodedImage]) -> GainMapFile:
    """The record with a change of base and maps.

    Extras of a HEIC or AVIF go on knowing them: what belongs to them stays. Those of a JPEG XL file do not: what they
    know is written as it was.
    """

    def changed(stored: StoredGainMap | None) -> StoredGainMap | None:
        return stored and replace(stored, image=change(stored.image))

    items = heif_extras(file.extras)
    return replace(
        file,
        base=change(file.base),
        gain_map=changed(file.gain_map),
        spare_gain_map=changed(file.spare_gain_map),
        extras=replace(items, base=change(items.base), gain_map=changed(items.gain_map)) if items else file.extras,
    )


def exif_without_geotags(tiff: bytes, notes: list[str]) -> bytes | None:
    """An EXIF structure without places, or None where it is too damaged to be searched; a line says so."""
    try:
        return exif.without_geotags(tiff, jpeg.clean_jpeg, notes)
    except GainMapError as error:
        notes.append(f"EXIF is left out: damaged, so that the place may still be in it ({error})")
        return None


def xmp_without_geotags(packet: bytes | None, notes: list[str]) -> bytes | None:
    """As `exif_without_geotags`."""
    try:
        return packet and xmp.without_geotags(packet, jpeg.clean_jpeg)
    except GainMapError as error:
        notes.append(f"XMP is left out: damaged, so that the place may still be in it ({error})")
        return None
