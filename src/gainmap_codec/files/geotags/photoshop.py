"""Photoshop's image resources and the IPTC data in them, without the places that they name.

Source: Adobe Photoshop file formats specification (2019), image resource blocks; IPTC-NAA IIM 4.2, record 2.
"""

from __future__ import annotations

from collections.abc import Iterator

from gainmap_codec.errors import FormatError, GainMapError
from gainmap_codec.files.cursor import Reader
from gainmap_codec.files.geotags import exif, xmp
from gainmap_codec.files.geotags.exif import CleanJpeg
from gainmap_codec.files.geotags.words import mentions_geotag
from gainmap_codec.files.jpeg.metadata import EXIF_ID
from gainmap_codec.files.tags.photoshop import THUMBNAILS, Resource, parse_resources

_IPTC, _IPTC_DIGEST, _EXIF, _EXIF_3, _XMP = 0x0404, 0x0425, 0x0422, 0x0423, 0x0424
_THUMBNAIL_HEADER_BYTES = 28

_DATA_SET, _APPLICATION = 0x1C, 2
_PLACES = (26, 27, 90, 92, 95, 100, 101)
"""Content location (code, name), city, sublocation, state, country (code, name)."""


def without_geotags(resources: bytes, clean_jpeg: CleanJpeg, notes: list[str]) -> bytes:
    """Resource blocks without what names a place; the same bytes where nothing does.

    Args:
        resources: What stands behind the identifiers of all segments, joined.
        clean_jpeg: What is done to thumbnails.
        notes: Gets a line for each block that goes as a whole.
    Raises:
        FormatError: The blocks cannot be told apart.
    """
    found = list(parse_resources(resources))
    cleaned = [new for block in found if (new := _cleaned(block, clean_jpeg, notes)) is not None]
    if cleaned == found:
        return resources
    iptc_changed = [b for b in cleaned if b.kind == _IPTC] != [b for b in found if b.kind == _IPTC]
    kept = (block for block in cleaned if not (iptc_changed and block.kind == _IPTC_DIGEST))
    return b"".join(block.serialize() for block in kept)


def _cleaned(block: Resource, clean_jpeg: CleanJpeg, notes: list[str]) -> Resource | None:
    """The block without places, or None for one that goes."""
    try:
        new = _cleaned_data(block, clean_jpeg, notes)
    except GainMapError as error:
        notes.append(f"Photoshop data: a block is left out: damaged, so that the place may still be in it ({error})")
        return None
    if new and block.kind not in (_XMP, _EXIF, _EXIF_3) and mentions_geotag(new):
        notes.append(f"Photoshop data: block {block.kind}, which may name the place, is left out")
        return None
    return block._replace(data=new) if new else None


def _cleaned_data(block: Resource, clean_jpeg: CleanJpeg, notes: list[str]) -> bytes:
    kind, data = block.kind, block.data
    if kind == _IPTC:
        return iptc_without_geotags(data)
    if kind == _XMP:
        return xmp.without_geotags(xmp.in_utf_8(data), clean_jpeg)
    if kind in (_EXIF, _EXIF_3):
        prefix = EXIF_ID if data.startswith(EXIF_ID) else b""
        return prefix + exif.without_geotags(data[len(prefix) :], clean_jpeg, notes)
    if kind in THUMBNAILS and data[_THUMBNAIL_HEADER_BYTES:].startswith(b"\xff\xd8"):
        picture = data[_THUMBNAIL_HEADER_BYTES:]
        return data[:_THUMBNAIL_HEADER_BYTES] + clean_jpeg(picture).ljust(len(picture), b"\0")
    return data


def iptc_without_geotags(data: bytes) -> bytes:
    """IPTC data sets without those that name a place; the same bytes where none does.

    Raises:
        FormatError: The data sets cannot be told apart.
    """
    kept, gone = [], False
    for record, number, raw in _data_sets(data):
        is_geotag = (record == _APPLICATION and number in _PLACES) or mentions_geotag(raw)
        gone |= is_geotag
        kept += [] if is_geotag else [raw]
    return b"".join(kept) if gone else data


def _data_sets(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Record, number and all bytes of each."""
    reader, end = Reader(data, "IPTC data"), len(data.rstrip(b"\0"))
    while reader.position < end:
        start = reader.position
        mark, record, number, size = reader.u8(), reader.u8(), reader.u8(), reader.u16()
        if mark != _DATA_SET:
            raise FormatError(reader.where, f"expected a data set (1C), got {mark:02X}", offset=start)
        if size & 0x8000:  # extended: so many bytes give the size
            size = reader.unsigned(min(size & 0x7FFF, 8))
        reader.take(size)
        yield record, number, data[start : reader.position]
