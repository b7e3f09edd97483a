"""`GainMapFile` → HEIC and AVIF: boxes of our own around coded pictures, which stay bit for bit what they are.

The recipe is what libavif writes and the strictest readers ask for: the brand tmap, the base as primary item, a group
`altr` that prefers tmap to it, `dimg` from tmap to base and map, a hidden map whose colour is that of data, the same
rotation on both and none on tmap, EXIF, XMP and our payload describing the base alone.
Source: ISO/IEC 23008-12 and its amendment 1 (tmap) as written by libavif src/write.c and read by libavif src/read.c and
CrabbyAvif src/parser/mp4box.rs; AV1-ISOBMFF and AVIF 1.1; ISO/IEC 23000-22 (MIAF).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.code_points import UNSPECIFIED, Nclx, Transfer
from gainmap_codec.files.heif.brands import brands_for
from gainmap_codec.files.heif.extras import surviving_extras
from gainmap_codec.files.heif.image_items import ImageItem, base_item, map_item, new_apple_map
from gainmap_codec.files.heif.items import (
    BASE_ID,
    MAP_ID,
    PAYLOAD_URI,
    TMAP,
    TMAP_ID,
    XMP_TYPE,
    Group,
    Item,
    Property,
    Reference,
)
from gainmap_codec.files.heif.meta import serialize_meta_and_data
from gainmap_codec.files.heif.picture_properties import icc_property, nclx_of, nclx_property
from gainmap_codec.files.heif.records import HeifExtras
from gainmap_codec.files.jpeg.xmp_directory import without_gain_map
from gainmap_codec.files.jumbf import check_payload
from gainmap_codec.files.map_metadata.apple import serialize_apple
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.records import AppleMetadata, GainMapFile, StoredGainMap
from gainmap_codec.files.tags.motion_photo import no_video

_EXIF_ID, _XMP_ID, _PAYLOAD_ID, _MAP_XMP_ID = -4, -5, -6, -7
_MOST_ITEMS = 0xFFFF
_FRESH = (b"ispe", b"colr", b"irot", b"imir", b"clap")


class _Entry(NamedTuple):
    """An item to be written. Data of lower rank come first: what readers need before they decode."""

    item: Item
    data: bytes | None
    rank: int


_FIRST, _OTHERS, _MAP, _BASE = range(4)


def serialize_heif(file: GainMapFile, notes: list[str] | None = None) -> bytes:
    """The file's bytes; coded data and configuration records of base and gain map are those of the record.

    EXIF, XMP, colour, orientation, gain map and payload are the record's. What else was in the file that the record was
    parsed from comes along (`extras`), as far as the pixels that it describes do; so does a spare gain map. One of
    Apple's own gain maps is an auxiliary picture, as in iPhones' files before iOS 18.

    Args:
        file: What to write.
        notes: Gets a line for each thing that is left out: pictures that belong to a base that was replaced, and what
            could not be kept of the file that the record was parsed from. None where nobody listens.
    Raises:
        ValueError: Pictures of another codec than the container's or other than their record says, metadata that the
            standard does not allow, a payload of more than 4 MiB, or more than 65 535 items.
        FormatError, UnsupportedError: The file around a picture is broken.
    Source: libavif src/write.c (order of items and data), ISO/IEC 14496-12 clause 8.11.
    """
    notes = [] if notes is None else notes
    extras = surviving_extras(file, notes)
    base = base_item(file)
    gain_map = map_item(file, extras) if file.gain_map else None
    tmap = _tmap_entry(file, file.gain_map, base, extras) if file.gain_map and gain_map else None
    entries = list(_entries(file, base, gain_map, tmap, extras, notes))
    references, groups = _links(file, base, gain_map, tmap is not None, extras)
    brands = brands_for(file, base.picture, extras, tmap is not None)
    start = make_box(b"ftyp", brands[0], bytes(4), *brands[1:]) + (extras.first_boxes if extras else b"")
    items, numbers = _numbered(entries, groups)
    return b"".join(
        (
            start,
            serialize_meta_and_data(
                numbers[BASE_ID],
                items,
                tuple(_renumbered(references, numbers)),
                tuple(_numbered_groups(groups, numbers, len(entries))),
                {numbers[e.item.id]: e.data for e in sorted(entries, key=lambda e: e.rank) if e.data is not None},
                len(start),
                extras.meta_boxes if extras else b"",
            ),
            extras.last_boxes if extras else b"",
            *(part.data for part in file.others),
        )
    )


def _entries(
    file: GainMapFile,
    base: ImageItem,
    gain_map: ImageItem | None,
    tmap: _Entry | None,
    extras: HeifExtras | None,
    notes: list[str],
) -> Iterator[_Entry]:
    """All items in the order of the ids that they will get; our payload is the last."""
    yield _Entry(base.item, base.data, _BASE if not base.tiles else _FIRST)
    if tmap:
        yield tmap
    if gain_map:
        yield _Entry(gain_map.item, gain_map.data, _MAP if not gain_map.tiles else _FIRST)
    if file.exif:
        yield _Entry(Item(_EXIF_ID, b"Exif", hidden=True), bytes(4) + file.exif, _FIRST)
    xmp = _xmp(file, notes)
    if xmp:
        yield _Entry(Item(_XMP_ID, b"mime", content_type=XMP_TYPE, hidden=True), xmp, _FIRST)
    for part, rank in ((base, _BASE), (gain_map, _MAP)):
        if part:
            yield from (_Entry(tile, data, rank) for tile, data in part.tiles)
    if (apple := new_apple_map(file, extras)) is not None:
        item = Item(_MAP_XMP_ID, b"mime", content_type=XMP_TYPE, hidden=True)
        yield _Entry(item, serialize_apple(apple), _FIRST)
    if extras:
        yield from (_Entry(item, data, _OTHERS) for item, data in extras.items)
    if file.payload:
        check_payload(file.payload)
        yield _Entry(Item(_PAYLOAD_ID, b"uri ", content_type=PAYLOAD_URI, hidden=True), file.payload, _FIRST)


def _xmp(file: GainMapFile, notes: list[str]) -> bytes | None:
    """The record's packet; that of a JPEG file without the gain-map properties, which only readers of JPEG use."""
    if not file.xmp or file.extras is not None:
        return file.xmp
    return without_gain_map(file.xmp, notes, no_video)


def _tmap_entry(file: GainMapFile, stored: StoredGainMap, base: ImageItem, extras: HeifExtras | None) -> _Entry | None:
    """The tmap item; its properties are those of the file that the record comes from, if nothing has changed."""
    if isinstance(stored.metadata, AppleMetadata):
        return None
    found = extras.tmap_properties if extras else ()
    same = extras is not None and file.base == extras.base and file.orientation == extras.orientation
    if not found or not same:
        found = (*_tmap_size_and_color(file, stored, base), *(p for p in found if p.kind not in _FRESH))
        if not any(p.kind == b"pixi" for p in found):
            found += (Property(b"pixi", bytes((0, 0, 0, 0, 3)) + bytes((10 if _to_hdr(stored) else 8,)) * 3),)
    return _Entry(Item(TMAP_ID, TMAP, properties=found), b"\0" + serialize_iso21496(stored.metadata), _FIRST)


def _to_hdr(stored: StoredGainMap) -> bool:
    """Whether the alternate is the brighter rendition."""
    assert not isinstance(stored.metadata, AppleMetadata)
    return float(stored.metadata.alternate_hdr_headroom) >= float(stored.metadata.base_hdr_headroom)


def _tmap_size_and_color(file: GainMapFile, stored: StoredGainMap, base: ImageItem) -> Iterator[Property]:
    """The base's size, and the alternate's colour: as the record says, or else the base's primaries."""
    yield from (p for p in base.item.properties if p.kind == b"ispe")
    if stored.image.icc_profile:
        yield icc_property(stored.image.icc_profile)
    if stored.image.nclx or not stored.image.icc_profile:
        own = file.base.nclx or nclx_of(base.item) or Nclx(UNSPECIFIED, UNSPECIFIED, UNSPECIFIED, True)
        transfer = Transfer.PQ if _to_hdr(stored) else Transfer.SRGB
        yield nclx_property(stored.image.nclx or own._replace(transfer=transfer, full_range=True))


def _links(
    file: GainMapFile, base: ImageItem, gain_map: ImageItem | None, has_tmap: bool, extras: HeifExtras | None
) -> tuple[list[Reference], list[Group]]:
    """References and groups by the ids that items have before they are numbered; ours come first."""
    references = [Reference(b"cdsc", number, (BASE_ID,)) for number in (_EXIF_ID, _XMP_ID, _PAYLOAD_ID)]
    if has_tmap:
        references.append(Reference(b"dimg", TMAP_ID, (BASE_ID, MAP_ID)))
    for part in (base, gain_map):
        if part and part.tiles:
            references.append(Reference(b"dimg", part.item.id, tuple(tile.id for tile, _ in part.tiles)))
    if new_apple_map(file, extras) is not None:
        references += [Reference(b"auxl", MAP_ID, (BASE_ID,)), Reference(b"cdsc", _MAP_XMP_ID, (MAP_ID,))]
    references += extras.references if extras else ()
    groups = list(extras.groups) if extras else []
    if has_tmap and not any(g.kind == b"altr" and {TMAP_ID, BASE_ID} <= set(g.entities) for g in groups):
        groups.insert(0, Group(b"altr", 0, (TMAP_ID, BASE_ID)))
    return references, groups


def _numbered(entries: list[_Entry], groups: list[Group]) -> tuple[tuple[Item, ...], dict[int, int]]:
    """Numbered items, and the number of each id. Groups share the numbers; our payload gets the highest."""
    count = len(entries) + len(groups)
    if count > _MOST_ITEMS:
        raise ValueError(f"HEIF file: expected at most {_MOST_ITEMS} items and groups, got {count}")
    numbers = {entry.item.id: index for index, entry in enumerate(entries, 1)}
    if _PAYLOAD_ID in numbers:
        numbers[_PAYLOAD_ID] += len(groups)
    return tuple(Item(**{**vars(e.item), "id": numbers[e.item.id]}) for e in entries), numbers


def _numbered_groups(groups: list[Group], numbers: dict[int, int], items: int) -> Iterator[Group]:
    first = items + 1 - (_PAYLOAD_ID in numbers)
    for index, group in enumerate(groups, first):
        yield group._replace(id=index, entities=tuple(numbers[entity] for entity in group.entities))


def _renumbered(references: list[Reference], numbers: dict[int, int]) -> Iterator[Reference]:
    """References between items that are written."""
    for kind, source, targets in references:
        there = tuple(numbers[target] for target in targets if target in numbers)
        if source in numbers and there:
            yield Reference(kind, numbers[source], there)
