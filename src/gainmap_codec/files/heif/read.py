"""HEIC and AVIF files → `GainMapFile`.

Reading is forgiving, as for JPEG: what is wrong with metadata, gain map or payload becomes a warning in the record, and
only a broken base image raises.
Source: ISO/IEC 23008-12 (HEIF), AV1-ISOBMFF and AVIF 1.1, ISO/IEC 14496-12.
"""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.errors import FormatError, GainMapError, Limits
from gainmap_codec.files.cursor import Reader, open_tiff
from gainmap_codec.files.heif.boxes import Box, BoxFile
from gainmap_codec.files.heif.extras import HeifSource, KnownItems, collect_extras
from gainmap_codec.files.heif.gain_map import TMAP, described_by_xmp, find_gain_maps
from gainmap_codec.files.heif.items import HeifMeta, Item, item_data
from gainmap_codec.files.heif.meta import parse_meta
from gainmap_codec.files.heif.picture import coded_image, find_picture, picture_digest
from gainmap_codec.files.heif.picture_properties import orientation_of
from gainmap_codec.files.jpeg.jumbf import PAYLOAD_MAGIC, trim_payload
from gainmap_codec.files.map_metadata.oddities import odd_gain_map
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.files.tags.xmp_packet import parse_packet

_PAYLOAD_CARRIER_BYTES = 1 << 20
_NO_PAYLOADS = (b"Exif", b"tmap", b"grid", b"hvc1", b"av01")


def parse_heif(data: bytes, limits: Limits) -> GainMapFile:
    """Everything that we know in a HEIC or AVIF file; `warnings` lists what was odd.

    Args:
        data: The whole file.
    Raises:
        FormatError: The boxes or the base image are broken.
        UnsupportedError: The base image is neither HEVC, AV1 nor a grid of these.
        LimitError: The file or its base image asks for more than `limits` allow.
    """
    limits.check("file_bytes", len(data))
    file = BoxFile(data, limits)
    boxes = file.top_level()
    meta = parse_meta(file, _first(boxes, b"meta"))
    brands = _brands(file, _first(boxes, b"ftyp"))
    base = find_picture(file, meta, _base_number(meta))
    notes: list[str] = []
    exif_item, exif = _exif(file, meta, base.item, notes)
    map_notes: list[str] = []
    found = find_gain_maps(file, meta, base.item, brands, exif, map_notes)
    notes += map_notes
    xmp_item, xmp = _xmp(file, meta, base.item, notes)
    payload_item, payload = _payload(file, meta, base.item)
    image = coded_image(file, meta, base)
    maps = [one.stored for one in found]
    if maps:
        notes += odd_gain_map(image, maps[0])
    record = GainMapFile(
        container="avif" if base.codec == "av1" else "heic",
        base=image,
        base_digest=picture_digest(file, meta, base),
        gain_map=maps[0] if maps else None,
        spare_gain_map=maps[1] if len(maps) > 1 else None,
        refused=() if maps else tuple(map_notes),
        payload=payload,
        exif=exif,
        xmp=xmp,
        orientation=orientation_of(base.item),
        trailer_bytes=len(data) - boxes[-1].stop,
    )
    known = KnownItems(base, found[0] if found else None, (exif_item, xmp_item, payload_item))
    extras = collect_extras(HeifSource(file, meta, boxes, brands), record, known)
    return replace(record, heif_extras=extras, warnings=tuple(dict.fromkeys(notes)))


def _first(boxes: tuple[Box, ...], kind: bytes) -> Box:
    found = next((box for box in boxes if box.kind == kind), None)
    if found is None:
        raise FormatError("file", f"wanted a box {kind.decode()}, found none")
    return found


def _brands(file: BoxFile, box: Box) -> tuple[bytes, ...]:
    """Major brand, then the compatible ones."""
    body = file.reader(box).take(box.stop - box.body)
    return (body[:4], *(body[i : i + 4] for i in range(8, len(body), 4)))


def _base_number(meta: HeifMeta) -> int:
    """The primary item, or the first input of a tmap item that is marked as primary."""
    primary = meta.items.get(meta.primary)
    inputs = meta.targets(b"dimg", meta.primary)
    return inputs[0] if primary is not None and primary.kind == TMAP and inputs else meta.primary


_Found = tuple[int, bytes] | tuple[None, None]
"""The id of an item and what it says."""


def _exif(file: BoxFile, meta: HeifMeta, base: Item, notes: list[str]) -> _Found:
    """The TIFF structure of the base's EXIF item. Source: ISO/IEC 23008-12 annex A.2.1."""
    for item in meta.sources(b"cdsc", base.id):
        if item.kind == b"Exif":
            try:
                reader = Reader(item_data(file, meta, item.id), "EXIF item")
                reader.take(reader.u32())
                exif = reader.take(reader.remaining)
                open_tiff(exif, "EXIF")
                return item.id, exif
            except GainMapError as error:
                notes.append(f"EXIF ignored: {error}")
    return None, None


def _xmp(file: BoxFile, meta: HeifMeta, base: Item, notes: list[str]) -> _Found:
    try:
        for number, packet in described_by_xmp(file, meta, base.id):
            parse_packet(packet, file.limits)
            return number, packet
    except GainMapError as error:
        notes.append(f"XMP ignored: {error}")
    return None, None


def _payload(file: BoxFile, meta: HeifMeta, base: Item) -> _Found:
    """Our payload, told by its first bytes: other tools keep the item, but not the URI that names it."""
    for item in meta.sources(b"cdsc", base.id):
        place = meta.places.get(item.id)
        if item.kind in _NO_PAYLOADS or place is None or not place.extents or place.size > _PAYLOAD_CARRIER_BYTES:
            continue
        start, stop = place.extents[0]
        if file.data[start:stop].startswith(PAYLOAD_MAGIC):
            return item.id, trim_payload(item_data(file, meta, item.id), file.limits)
    return None, None
