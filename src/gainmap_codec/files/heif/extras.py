"""What a HEIC or AVIF file holds beside base, gain map, EXIF, XMP and payload, kept for writing it again.

Thumbnails, depth maps, alpha, other people's metadata and boxes are carried as bytes. What describes pixels goes when
these pixels are replaced: a thumbnail or a depth map of another picture would be worse than none.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

from gainmap_codec.errors import FormatError, LimitError, Limits, printable
from gainmap_codec.files.boxes import BoxFile
from gainmap_codec.files.heif.gain_map import FoundMap, auxiliary_kind, is_auxiliary_map
from gainmap_codec.files.heif.items import (
    BASE_ID,
    MAP_ID,
    TMAP,
    TMAP_ID,
    XMP_TYPE,
    Group,
    HeifMeta,
    Item,
    Place,
    Property,
    Reference,
    item_data,
)
from gainmap_codec.files.heif.picture import NOT_FOR_DECODERS, Picture
from gainmap_codec.files.heif.picture_properties import clap_for, crop_of, orientation_of, size_of, transforms_for
from gainmap_codec.files.heif.records import HeifExtras, heif_extras
from gainmap_codec.files.heif.source import HeifSource
from gainmap_codec.files.orientations import inverse_of, turned_orientation
from gainmap_codec.files.records import ContainerExtras, GainMapFile

_REMADE_BOXES = (b"ftyp", b"meta", b"mdat", b"free", b"skip")
_BOXES_OF_OFFSETS = (b"moov", b"moof", b"mfra", b"sidx", b"ssix")  # they say where in the file something is
_TRUSTED = Limits(boxes=1 << 30)  # they were counted as the file was read
_METADATA = (b"mime", b"uri ", b"Exif")
_DATALESS = (b"iden",)
_DERIVED = (b"dimg",)
_DESCRIBING = (b"cdsc", b"auxl", b"thmb", b"prem")
_ALPHA = ("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:hevc:2015:auxid:1")
_DEPTH = ("urn:mpeg:mpegB:cicp:systems:auxiliary:depth", "urn:mpeg:hevc:2015:auxid:2")
_EMPTY_BOXES = (b"dinf", b"wide")  # nothing of the picture: where its data are, and empty room
_LONGEST_NAME = 60
_TRANSFORMS = (b"irot", b"imir", b"clap")  # the record says them


class KnownItems(NamedTuple):
    """The items whose content is in the record: base, preferred gain map, and EXIF, XMP and payload if any."""

    base: Picture
    gain_map: FoundMap | None
    metadata: tuple[int | None, ...]


def collect_extras(source: HeifSource, record: GainMapFile, known: KnownItems) -> HeifExtras:
    """Everything in the file that the record does not hold."""
    meta = source.meta
    notes: list[str] = []
    roles = _roles(meta, known)
    items = _carried_items(source, roles, notes)
    ids = {item.id for item, _ in items} | {BASE_ID, MAP_ID, TMAP_ID}
    gain_map = known.gain_map
    boxes = _top_boxes(source, notes)
    return HeifExtras(
        base=record.base,
        gain_map=record.gain_map,
        orientation=record.orientation,
        brands=source.brands,
        items=items,
        references=_references(meta, roles, ids),
        groups=_groups(meta, roles, ids),
        map_properties=() if gain_map is None else _lost_properties(meta.items[gain_map.item]),
        tmap_properties=() if gain_map is None or gain_map.tmap is None else meta.items[gain_map.tmap].properties,
        meta_boxes=b"".join(source.file.data[b.start : b.stop] for b in meta.unknown if b.kind not in _REMADE_BOXES),
        **boxes,
        lost=tuple(notes),
    )


def surviving_extras(file: GainMapFile, notes: list[str]) -> HeifExtras | None:
    """What may still be written beside the record: not what describes pixels that were replaced.

    Args:
        file: What is to be written.
        notes: Gets a line for each loss.
    """
    extras = heif_extras(file.extras)
    if extras is None:
        return None
    notes += extras.lost
    if file.gain_map != extras.gain_map:
        extras = without_gain_maps(extras)
    if file.base.data != extras.base.data:
        pictures = _of_base(extras, all_pictures=file.base.codec != extras.base.codec)
        if pictures:
            count = f"{len(pictures)} item{'s' if len(pictures) > 1 else ''}"
            notes.append(
                f"the base was replaced: its thumbnail, alpha, depth or other pictures ({count}) are not written"
            )
        extras = without_items(extras, pictures, set())
    if file.orientation != extras.orientation:
        extras = _turned(extras, file.orientation)
    return extras


def other_parts(extras: ContainerExtras | None) -> list[str]:
    """What the extras hold of the picture, a line for each sort; not the XMP that is a gain map's numbers.

    Such as ``["transparency", "other items: 3 (thumbnail, XMP)", "other boxes: 1 (uuid)"]``.
    """
    found = heif_extras(extras)
    if found is None:
        return []
    alpha = _with_inputs(found, alpha_items(found))
    thumbnails = {r.source for r in found.references if r.kind == b"thmb"}
    known = alpha | _xmp_of_maps(found)
    items = [_name_of(item, thumbnails) for item, _ in found.items if item.id not in known]
    boxes = BoxFile(found.first_boxes + found.meta_boxes + found.last_boxes, _TRUSTED).top_level()
    kinds = [box.kind.decode("latin-1") for box in boxes if box.kind not in _EMPTY_BOXES]
    sorts = {"other items": items, "other boxes": kinds}
    lines = [f"{sort}: {len(names)} ({_listed(names)})" for sort, names in sorts.items() if names]
    return [*(["transparency"] if alpha else []), *lines]


def _xmp_of_maps(extras: HeifExtras) -> set[int]:
    """Ids of the XMP items that describe gain maps and nothing else."""
    maps = {MAP_ID, TMAP_ID} | _of_gain_maps(extras)
    packets = {item.id for item, _ in extras.items if item.content_type == XMP_TYPE}
    described = [r for r in extras.references if r.kind == b"cdsc" and r.source in packets]
    others = {r.source for r in described if not maps.issuperset(r.targets)}
    return {r.source for r in described} - others


def _name_of(item: Item, thumbnails: set[int]) -> str:
    """What people call an item."""
    if item.id in thumbnails:
        return "thumbnail"
    if auxiliary_kind(item) in _DEPTH:
        return "depth map"
    if item.content_type == XMP_TYPE:
        return "XMP"
    told = item.content_type[:_LONGEST_NAME] if item.kind == b"mime" else ""
    return told or item.kind.decode("latin-1").strip()


def _with_inputs(extras: HeifExtras, ids: set[int]) -> set[int]:
    """Items, and those that they are made of."""
    return ids | {target for r in extras.references if r.kind in _DERIVED and r.source in ids for target in r.targets}


def has_alpha(extras: ContainerExtras | None) -> bool:
    """Whether an auxiliary image is the base's transparency. Source: ISO/IEC 23008-12 clause 6.9.2, MIAF 7.3.5.2."""
    found = heif_extras(extras)
    return found is not None and bool(alpha_items(found))


def alpha_items(extras: HeifExtras) -> set[int]:
    """Ids of the auxiliary images that are the base's transparency."""
    auxiliaries = {r.source for r in extras.references if r.kind == b"auxl" and BASE_ID in r.targets}
    return {item.id for item, _ in extras.items if item.id in auxiliaries and auxiliary_kind(item) in _ALPHA}


def _listed(names: list[str]) -> str:
    return ", ".join(sorted({printable(name) for name in names}))


def _roles(meta: HeifMeta, known: KnownItems) -> dict[int, int | None]:
    """The id that extras use for each item of the record; None for items that they never refer to."""
    roles: dict[int, int | None] = {number: None for number in known.metadata if number is not None}
    roles |= {tile.id: None for tile in known.base.tiles}
    if known.gain_map:
        roles |= dict.fromkeys(meta.tiles(known.gain_map.item))
        roles[known.gain_map.item] = MAP_ID
        if known.gain_map.tmap is not None:
            roles[known.gain_map.tmap] = TMAP_ID
    return roles | {known.base.item.id: BASE_ID}


def _carried_items(
    source: HeifSource, roles: dict[int, int | None], notes: list[str]
) -> tuple[tuple[Item, bytes | None], ...]:
    """Items with their data. Items at one place share their bytes: all data together are no larger than the file."""
    meta, file = source.meta, source.file
    read: dict[Place | None, bytes] = {}
    total = 0
    found: list[tuple[Item, bytes | None]] = []
    for item in meta.items.values():
        if item.id in roles:
            continue
        place = meta.places.get(item.id)
        try:
            if item.kind in _DATALESS:
                found.append((item, None))
                continue
            if place not in read:
                total += 0 if place is None else place.size
                if total > len(file.data):
                    raise FormatError("box iloc", "expected data of its own, got overlapping ones")
                read[place] = item_data(file, meta, item.id)
            found.append((item, read[place]))
        except FormatError as error:
            notes.append(f"item {item.id} ({item.kind.decode('latin-1')}) is not kept: {error}")
        except LimitError as error:
            notes.append(f"item {item.id} and those behind it are not kept: {error}")
            break
    return tuple(found)


def _mapped(roles: dict[int, int | None], ids: set[int], number: int) -> int | None:
    """The id that extras use for an item of the file; None if they do not hold it."""
    found = roles.get(number, number)
    return found if found in ids else None


def _references(meta: HeifMeta, roles: dict[int, int | None], ids: set[int]) -> tuple[Reference, ...]:
    found = []
    for kind, source, targets in meta.references:
        start = _mapped(roles, ids, source)
        ends = tuple(end for end in (_mapped(roles, ids, target) for target in targets) if end is not None)
        derived_again = kind in _DERIVED and start in (BASE_ID, MAP_ID, TMAP_ID)
        if start is not None and ends and not derived_again:
            found.append(Reference(kind, start, ends))
    return tuple(found)


def _groups(meta: HeifMeta, roles: dict[int, int | None], ids: set[int]) -> tuple[Group, ...]:
    found = []
    for group in meta.groups:
        entities = tuple(e for e in (_mapped(roles, ids, number) for number in group.entities) if e is not None)
        if len(entities) == len(group.entities) and set(entities) != {TMAP_ID, BASE_ID}:
            found.append(group._replace(entities=entities))
    return tuple(found)


def _lost_properties(item: Item) -> tuple[Property, ...]:
    return tuple(p for p in item.properties if p.kind in NOT_FOR_DECODERS and p.kind not in _TRANSFORMS)


def _top_boxes(source: HeifSource, notes: list[str]) -> dict[str, bytes]:
    """Whole boxes, by the field of the extras. Boxes that hold file offsets cannot be kept."""
    ours = [index for index, box in enumerate(source.boxes) if box.kind in (b"meta", b"mdat")]
    parts: dict[str, list[bytes]] = {"first_boxes": [], "last_boxes": []}
    for index, box in enumerate(source.boxes):
        if box.kind in _BOXES_OF_OFFSETS:
            notes.append(f"box {box.name} (a sequence of pictures?) is not kept")
        elif box.kind not in _REMADE_BOXES:
            field = "first_boxes" if index < ours[-1] else "last_boxes"
            parts[field].append(source.file.data[box.start : box.stop])
    return {field: b"".join(part) for field, part in parts.items()}


def without_gain_maps(extras: HeifExtras) -> HeifExtras:
    """Without what describes the gain map, and without others, those that cannot be used among them."""
    found = without_items(extras, _of_gain_maps(extras), {MAP_ID, TMAP_ID})
    return replace(found, gain_map=None, map_properties=(), tmap_properties=())


def _of_gain_maps(extras: HeifExtras) -> set[int]:
    """Ids of other gain maps."""
    return {item.id for item, _ in extras.items if item.kind == TMAP or is_auxiliary_map(item)}


def _of_base(extras: HeifExtras, *, all_pictures: bool) -> set[int]:
    """Ids of the pictures that belong to the base; of all pictures where the new file has another codec."""
    linked = {r.source for r in extras.references if BASE_ID in r.targets}
    linked |= {target for r in extras.references if r.source == BASE_ID for target in r.targets}
    pictures = {item.id for item, _ in extras.items if item.kind not in _METADATA}
    return pictures if all_pictures else pictures & linked


def _turning_with_base(extras: HeifExtras) -> set[int]:
    """Ids of the pictures that belong to the base; of one that is derived from the base, its other inputs instead."""
    derivations = [r for r in extras.references if r.kind in _DERIVED and BASE_ID in r.targets]
    inputs = {target for r in derivations for target in r.targets}
    return (_of_base(extras, all_pictures=False) | inputs) - {r.source for r in derivations}


def _turned(extras: HeifExtras, orientation: int) -> HeifExtras:
    """With the pictures of the base turned as the base was since it was read."""
    turn = turned_orientation(inverse_of(extras.orientation), orientation)

    def turned(item: Item) -> Item:
        if item.property(b"ispe") is None:
            return item
        try:
            crop, width, height = crop_of(item, *size_of(item))
        except FormatError:
            return item  # nobody can show it, turned or not
        aperture = item.property(b"clap")
        kept = (p for p in item.properties if p is aperture or p.kind not in _TRANSFORMS)
        cut = (clap_for(crop, width, height) if crop and p is aperture else p for p in kept)
        turns = transforms_for(turned_orientation(orientation_of(item), turn))
        return replace(item, properties=(*cut, *turns))

    belonging = _turning_with_base(extras)
    items = tuple((turned(item) if item.id in belonging else item, data) for item, data in extras.items)
    return replace(extras, items=items)


def without_items(extras: HeifExtras, gone: set[int], gone_roles: set[int]) -> HeifExtras:
    """Without some items, the items that only they are made of, and those that describe nothing else."""
    gone = _all_gone(extras, gone | gone_roles)
    references = []
    for reference in extras.references:
        targets = tuple(target for target in reference.targets if target not in gone)
        if reference.source not in gone and targets:
            references.append(reference._replace(targets=targets))
    return replace(
        extras,
        items=tuple((item, data) for item, data in extras.items if item.id not in gone),
        references=tuple(references),
        groups=tuple(group for group in extras.groups if not gone.intersection(group.entities)),
    )


def _all_gone(extras: HeifExtras, gone: set[int]) -> set[int]:
    """These items and all that depend on nothing else, in one pass over the links, however long their chains are."""
    reasons: dict[tuple[int, bool], set[int]] = defaultdict(set)  # what an item is a part of; what it describes
    for kind, source, targets in extras.references:
        for target in targets:
            if kind in _DERIVED:
                reasons[target, True].add(source)
            elif kind in _DESCRIBING:
                reasons[source, False].add(target)
    hanging: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    for key, others in reasons.items():
        for other in others:
            hanging[other].append(key)
    ids = {item.id for item, _ in extras.items}
    left, all_gone = list(gone), set(gone)
    while left:
        number = left.pop()
        for key in hanging[number]:
            reasons[key].discard(number)
            if not reasons[key] and key[0] in ids and key[0] not in all_gone:
                all_gone.add(key[0])
                left.append(key[0])
    return all_gone
