"""HEIC and AVIF files → `GainMapFile`.

Reading is forgiving, as for JPEG: what is wrong with metadata, gain map or payload becomes a warning in the record, and
only a broken base image raises.
Source: ISO/IEC 23008-12 (HEIF), AV1-ISOBMFF and AVIF 1.1, ISO/IEC 14496-12.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from gainmap_codec.errors import FormatError, GainMapError, Limits
from gainmap_codec.files.boxes import BoxFile
from gainmap_codec.files.heif.damage import damage_of
from gainmap_codec.files.heif.extras import KnownItems, collect_extras
from gainmap_codec.files.heif.gain_map import MOST_TRIED, described_by_xmp, find_gain_maps
from gainmap_codec.files.heif.items import PAYLOAD_URI, TMAP, HeifMeta, Item, item_data
from gainmap_codec.files.heif.picture import coded_image, find_picture, picture_digest
from gainmap_codec.files.heif.picture_properties import orientation_of
from gainmap_codec.files.heif.source import open_heif
from gainmap_codec.files.jumbf import LOST_PAYLOAD, MAX_PAYLOAD_BYTES
from gainmap_codec.files.map_metadata.oddities import odd_gain_map
from gainmap_codec.files.payload.format import is_payload
from gainmap_codec.files.records import GainMapFile, OtherKind, OtherPart
from gainmap_codec.files.tags.exif import tiff_of_item
from gainmap_codec.files.tags.xmp_packet import parse_packet

_PAYLOAD_CARRIER_BYTES = 1 << 23
_FILLING = b"\0\t\n\r "  # or nothing: what exiftool leaves of XMP and EXIF that it takes out
_NO_PAYLOADS = (b"Exif", TMAP, b"grid", b"hvc1", b"av01")


def parse_heif(data: bytes, limits: Limits) -> GainMapFile:
    """Everything that we know in a HEIC or AVIF file; `warnings` lists what was odd.

    Args:
        data: The whole file.
    Raises:
        FormatError: The boxes or the base image are broken.
        UnsupportedError: The base image is neither HEVC, AV1 nor a grid of these.
        LimitError: The file or its base image asks for more than `limits` allow.
    """
    source = open_heif(data, limits)
    file, meta, boxes, brands = source
    base = find_picture(file, meta, source.base)
    notes: list[str] = []
    # The base comes first: no metadata, however much work they make, can take it away.
    image, digest = coded_image(file, meta, base, notes), picture_digest(file, meta, base)
    exif_item, exif = _exif(file, meta, base.item, notes)
    map_notes: list[str] = []
    found = find_gain_maps(file, meta, base.item, brands, exif, map_notes)
    if not found and not map_notes and TMAP in brands:
        map_notes.append("the file says that it has a gain map (ISO 21496-1), but none was found")
    notes += map_notes
    xmp_item, xmp = _xmp(file, meta, base.item, notes)
    damage: list[str] = []
    payload_id, payload = _payload(file, meta, base.item, notes, damage)
    maps = [one.stored for one in found]
    if maps:
        notes += odd_gain_map(image, maps[0])
    damage = [*damage_of(source), *damage]
    record = GainMapFile(
        container="avif" if base.codec == "av1" else "heic",
        base=image,
        base_digest=digest,
        gain_map=maps[0] if maps else None,
        spare_gain_map=maps[1] if len(maps) > 1 else None,
        refused=() if maps else tuple(map_notes),
        payload=payload,
        exif=exif,
        xmp=xmp,
        orientation=orientation_of(base.item),
        others=_behind_the_boxes(data, boxes[-1].stop),
        damage=tuple(damage),
    )
    known = KnownItems(base, found[0] if found else None, (exif_item, xmp_item, payload_id))
    extras = collect_extras(source, record, known)
    return replace(record, extras=extras, warnings=tuple(dict.fromkeys([*notes, *damage])))


def _behind_the_boxes(data: bytes, place: int) -> tuple[OtherPart, ...]:
    found = data[place:]
    kind: OtherKind = "video" if found[4:8] == b"ftyp" else "data"
    return (OtherPart(kind, found, place),) if found.strip(b"\0") else ()


_Found = tuple[int, bytes] | tuple[None, None]
"""The id of an item and what it says."""


def _exif(file: BoxFile, meta: HeifMeta, base: Item, notes: list[str]) -> _Found:
    """The TIFF structure of the base's EXIF item."""
    items = (item for item in meta.sources(b"cdsc", base.id) if item.kind == b"Exif")
    for item in islice(items, MOST_TRIED):
        try:
            exif = tiff_of_item(item_data(file, meta, item.id))
            if exif:
                return item.id, exif
        except GainMapError as error:
            notes.append(f"EXIF ignored: {error}")
    return None, None


def _xmp(file: BoxFile, meta: HeifMeta, base: Item, notes: list[str]) -> _Found:
    try:
        for number, packet in described_by_xmp(file, meta, base.id):
            if packet.strip(_FILLING):
                parse_packet(packet, file.limits)
                return number, packet
    except GainMapError as error:
        notes.append(f"XMP ignored: {error}")
    return None, None


def _payload(file: BoxFile, meta: HeifMeta, base: Item, notes: list[str], damage: list[str]) -> _Found:
    number = payload_item(file, meta, base.id)
    try:
        if number is not None:
            payload = item_data(file, meta, number)[:MAX_PAYLOAD_BYTES]
            if is_payload(payload):
                return number, payload
            damage.append(LOST_PAYLOAD)
    except GainMapError as error:
        (damage if isinstance(error, FormatError) else notes).append(f"neural gain map ignored: {error}")
    return None, None


def payload_item(file: BoxFile, meta: HeifMeta, base: int) -> int | None:
    """The item of our payload, told by its first bytes: other tools keep the item, but not the URI that names it.

    Where no bytes tell it, the URI may: of a payload that is damaged.
    """
    for item in meta.sources(b"cdsc", base):
        place = meta.places.get(item.id)
        if item.kind in _NO_PAYLOADS or place is None or not place.extents or place.size > _PAYLOAD_CARRIER_BYTES:
            continue
        start, stop = place.extents[0]
        if is_payload(file.data[start:stop]):
            return item.id
    return next((item.id for item in meta.items.values() if item.content_type == PAYLOAD_URI), None)
