"""The `meta` box of HEIC and AVIF: items with their properties, references, groups and places ⇄ `HeifMeta`.

Source: ISO/IEC 14496-12 clause 8.11 (meta, iloc, iinf, iref, pitm, idat), ISO/IEC 23008-12 clause 9.3 (iprp) and
6.4 (groups).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gainmap_codec.errors import FormatError, UnsupportedError
from gainmap_codec.files.cursor import Reader, Writer
from gainmap_codec.files.isobmff import Box, BoxFile, make_box, make_full_box

_IN_FILE, _IN_IDAT = 0, 1
_HIDDEN = 1
_KNOWN = (b"hdlr", b"pitm", b"iinf", b"iref", b"iprp", b"iloc", b"idat", b"grpl")


class Property(NamedTuple):
    """A property of an item: the kind of its box, and what the box holds (version and flags included)."""

    kind: bytes
    body: bytes
    essential: bool = False


class Place(NamedTuple):
    """Where an item's bytes are: (start, stop) pairs in the file, in their order."""

    extents: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        return sum(stop - start for start, stop in self.extents)


@dataclass(frozen=True)
class Item:
    """One item of the file.

    Attributes:
        kind: Four characters: hvc1, av01, grid, tmap, Exif, mime, uri …
        name: For people, often empty.
        content_type: MIME type of a `mime` item, URI of a `uri ` item, else empty.
        hidden: Not a picture to be shown by itself.
        properties: In the order of their association.
    """

    id: int
    kind: bytes
    name: str = ""
    content_type: str = ""
    hidden: bool = False
    properties: tuple[Property, ...] = ()

    def property(self, kind: bytes) -> Property | None:
        """The first property of this kind."""
        return next((p for p in self.properties if p.kind == kind), None)


class Reference(NamedTuple):
    """From one item to others: dimg to inputs, cdsc to the described, auxl to the master image."""

    kind: bytes
    source: int
    targets: tuple[int, ...]


class Group(NamedTuple):
    """Entities that belong together; in `altr` the preferred comes first."""

    kind: bytes
    id: int
    entities: tuple[int, ...]


@dataclass(frozen=True)
class HeifMeta:
    """What the `meta` box says.

    Attributes:
        primary: Id of the item that is the file's picture.
        items: By id.
        places: By id, of the items that have any.
        unknown: Boxes in `meta` that we do not read.
    """

    primary: int
    items: dict[int, Item]
    places: dict[int, Place]
    references: tuple[Reference, ...] = ()
    groups: tuple[Group, ...] = ()
    unknown: tuple[Box, ...] = ()

    def targets(self, kind: bytes, source: int) -> tuple[int, ...]:
        """What the item refers to by the first reference of this kind."""
        return next((r.targets for r in self.references if (r.kind, r.source) == (kind, source)), ())

    def sources(self, kind: bytes, target: int) -> Iterator[Item]:
        """The items that refer to `target` by references of this kind."""
        found = (self.items.get(r.source) for r in self.references if r.kind == kind and target in r.targets)
        return (item for item in found if item is not None)


def parse_meta(file: BoxFile, box: Box) -> HeifMeta:
    """Everything in a `meta` box; places are checked against the file.

    Raises:
        FormatError: A box that is missing, cut or contradicts another.
        UnsupportedError: A box version that is not known, or items in other files.
        LimitError: More boxes, items or links than the file's limits allow.
    """
    boxes = {child.kind: child for child in reversed(file.children(box, skip=4))}
    for kind in (b"pitm", b"iinf", b"iloc"):
        if kind not in boxes:
            raise FormatError("box meta", f"wanted a box {kind.decode()}, found none")
    budget = _Budget(file)
    items = {item.id: item for item in _parse_items(file, boxes[b"iinf"])}
    if b"iprp" in boxes:
        items |= _with_properties(file, boxes[b"iprp"], items, budget)
    return HeifMeta(
        primary=_parse_primary(file.reader(boxes[b"pitm"])),
        items=items,
        places=_parse_places(file, boxes[b"iloc"], boxes.get(b"idat"), budget),
        references=_parse_references(file, boxes[b"iref"], budget) if b"iref" in boxes else (),
        groups=_parse_groups(file, boxes[b"grpl"], budget) if b"grpl" in boxes else (),
        unknown=tuple(child for child in file.children(box, skip=4) if child.kind not in _KNOWN),
    )


def serialize_meta(
    primary: int,
    items: tuple[Item, ...],
    references: tuple[Reference, ...],
    data: list[bytes],
    groups: tuple[Group, ...] = (),
) -> bytes:
    """A `meta` box that holds the data of its items itself, in `idat`.

    Args:
        data: One for each item.
    """
    iloc = Writer("box iloc")
    iloc.raw(bytes((0x44, 0x00)))  # offsets and lengths of 4 bytes, no base offsets and indices
    iloc.u16(len(items))
    positions = _laid_out(data)
    for item, content in zip(items, data, strict=True):
        for value in (item.id, _IN_IDAT, 0, 1):
            iloc.u16(value)
        iloc.u32(positions[content])
        iloc.u32(len(content))
    return make_full_box(
        b"meta",
        0,
        0,
        make_full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
        make_full_box(b"pitm", 0, 0, primary.to_bytes(2, "big")),
        make_full_box(b"iloc", 1, 0, iloc.getvalue()),
        make_full_box(b"iinf", 0, 0, len(items).to_bytes(2, "big"), *map(_serialize_item, items)),
        _serialize_references(references) if references else b"",
        _serialize_properties(items),
        _serialize_groups(groups) if groups else b"",
        make_box(b"idat", *positions),
    )


def item_data(file: BoxFile, meta: HeifMeta, item: int) -> bytes:
    """The bytes of an item.

    Raises:
        FormatError: It has no place, or more bytes than the file.
    """
    place = meta.places.get(item)
    if place is None or not place.extents:
        raise FormatError("box iloc", f"wanted a place for item {item}, found none")
    if place.size > len(file.data):
        raise FormatError("box iloc", f"item {item}: wanted at most {len(file.data)} bytes, found {place.size}")
    return b"".join(file.data[start:stop] for start, stop in place.extents)


def _laid_out(data: list[bytes]) -> dict[bytes, int]:
    """Offsets of contents one after the other; equal ones share their place."""
    positions: dict[bytes, int] = {}
    end = 0
    for content in data:
        if content not in positions:
            positions[content] = end
            end += len(content)
    return positions


class _Budget:
    """Reference targets, group entities, extents and properties of a file's items, all together."""

    def __init__(self, file: BoxFile) -> None:
        self.limits = file.limits
        self.spent = 0

    def spend(self, count: int) -> None:
        self.spent += count
        self.limits.check("links", self.spent)


def _version(reader: Reader, *known: int) -> tuple[int, int]:
    """Version and flags of a full box."""
    version, flags = reader.u8(), reader.unsigned(3)
    if version not in known:
        raise UnsupportedError(f"{reader.where}: version {version} is not read")
    return version, flags


def _parse_primary(reader: Reader) -> int:
    version, _ = _version(reader, 0, 1)
    return reader.unsigned(4 if version else 2)


def _parse_items(file: BoxFile, box: Box) -> Iterator[Item]:
    reader = file.reader(box)
    version, _ = _version(reader, 0, 1)
    file.limits.check("items", reader.unsigned(4 if version else 2))
    for count, child in enumerate(file.children(box, skip=8 if version else 6), 1):
        file.limits.check("items", count)
        if child.kind == b"infe":
            yield _parse_item(file.reader(child))


def _parse_item(reader: Reader) -> Item:
    """Source: ISO/IEC 14496-12 clause 8.11.6."""
    version, flags = _version(reader, 2, 3)
    number = reader.unsigned(4 if version == 3 else 2)
    reader.u16()  # protection
    kind, name = reader.take(4), reader.text()
    content_type = reader.text() if kind in (b"mime", b"uri ") else ""
    return Item(number, kind, name, content_type, bool(flags & _HIDDEN))


def _serialize_item(item: Item) -> bytes:
    texts = [item.name, *([item.content_type] if item.kind in (b"mime", b"uri ") else [])]
    body = item.id.to_bytes(2, "big") + bytes(2) + item.kind + b"".join(text.encode() + b"\0" for text in texts)
    return make_full_box(b"infe", 2, _HIDDEN if item.hidden else 0, body)


def _with_properties(file: BoxFile, box: Box, items: dict[int, Item], budget: _Budget) -> dict[int, Item]:
    """The items that `ipma` boxes name, with their properties. Source: ISO/IEC 23008-12 clause 9.3."""
    children = file.children(box)
    stores = [child for child in children if child.kind == b"ipco"]
    if len(stores) != 1:
        raise FormatError("box iprp", f"wanted one box ipco, found {len(stores)}")
    store = [Property(child.kind, file.data[child.body : child.stop]) for child in file.children(stores[0])]
    result: dict[int, Item] = {}
    for child in children:
        if child.kind != b"ipma":
            continue
        for number, associations in _parse_associations(file, child, budget):
            if number in result:
                raise FormatError("box ipma", f"item {number} comes twice")
            if number in items:
                found = tuple(_associated(store, *association) for association in associations)
                result[number] = Item(**{**vars(items[number]), "properties": tuple(p for p in found if p)})
    return result


def _associated(store: list[Property], index: int, essential: bool) -> Property | None:
    if index > len(store):
        raise FormatError("box ipma", f"wanted a property of 1 to {len(store)}, found {index}")
    return store[index - 1]._replace(essential=essential) if index else None


def _parse_associations(file: BoxFile, box: Box, budget: _Budget) -> Iterator[tuple[int, list[tuple[int, bool]]]]:
    """Each item with its (1-based property index, essential)."""
    reader = file.reader(box)
    version, flags = _version(reader, 0, 1)
    count = reader.u32()
    file.limits.check("items", count)
    wide = flags & 1
    for _ in range(count):
        number = reader.unsigned(4 if version else 2)
        associations = reader.u8()
        budget.spend(associations)
        raw = [reader.u16() if wide else reader.u8() for _ in range(associations)]
        mark = 0x8000 if wide else 0x80
        yield number, [(value & ~mark, bool(value & mark)) for value in raw]


def _serialize_properties(items: tuple[Item, ...]) -> bytes:
    store = list(dict.fromkeys((p.kind, p.body) for item in items for p in item.properties))
    ipma = Writer("box ipma")
    ipma.u32(len(items))
    for item in items:
        ipma.u16(item.id)
        ipma.u8(len(item.properties))
        for p in item.properties:
            ipma.u16(store.index((p.kind, p.body)) + 1 | (0x8000 if p.essential else 0))
    boxes = make_box(b"ipco", *(make_box(kind, body) for kind, body in store))
    return make_box(b"iprp", boxes, make_full_box(b"ipma", 0, 1, ipma.getvalue()))


def _parse_places(file: BoxFile, box: Box, idat: Box | None, budget: _Budget) -> dict[int, Place]:
    """Source: ISO/IEC 14496-12 clause 8.11.3."""
    reader = file.reader(box)
    version, _ = _version(reader, 0, 1, 2)
    sizes = reader.u16()
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    if not {offset_size, length_size, base_size} <= {0, 4, 8}:
        raise FormatError(reader.where, f"wanted field sizes of 0, 4 or 8 bytes, found {sizes:04X}")
    count = reader.unsigned(4 if version == 2 else 2)
    file.limits.check("items", count)
    places: dict[int, Place] = {}
    for _ in range(count):
        number = reader.unsigned(4 if version == 2 else 2)
        method = reader.u16() & 15 if version else _IN_FILE
        reader.u16()  # data reference: always this file where we read on
        base = reader.unsigned(base_size)
        extents = reader.u16()
        budget.spend(extents)
        found = []
        for _ in range(extents):
            reader.take(index_size if version else 0)
            offset, length = base + reader.unsigned(offset_size), reader.unsigned(length_size)
            found.append((offset, length, length_size == 0))
        if number in places:
            raise FormatError(reader.where, f"item {number} comes twice")
        places[number] = _place(file, number, method, idat, found)
    return places


def _place(file: BoxFile, item: int, method: int, idat: Box | None, found: list[tuple[int, int, bool]]) -> Place:
    """Extents in the file; those that leave it are dropped whole, so that other items can still be read."""
    if method == _IN_FILE:
        start, stop = 0, len(file.data)
    elif method == _IN_IDAT and idat is not None:
        start, stop = idat.body, idat.stop
    else:
        return Place(())
    extents = []
    for offset, length, whole in found:
        first = start + offset
        last = stop if whole else first + length
        if not first <= last <= stop:
            return Place(())
        extents.append((first, last))
    return Place(tuple(extents))


def _parse_references(file: BoxFile, box: Box, budget: _Budget) -> tuple[Reference, ...]:
    """Source: ISO/IEC 14496-12 clause 8.11.12."""
    version, _ = _version(file.reader(box), 0, 1)
    size = 4 if version else 2
    found = []
    for child in file.children(box, skip=4):
        reader = file.reader(child)
        source, count = reader.unsigned(size), reader.u16()
        budget.spend(count)
        found.append(Reference(child.kind, source, tuple(reader.unsigned(size) for _ in range(count))))
    return tuple(found)


def _serialize_references(references: tuple[Reference, ...]) -> bytes:
    boxes = []
    for reference in references:
        numbers = (reference.source, len(reference.targets), *reference.targets)
        boxes.append(make_box(reference.kind, b"".join(number.to_bytes(2, "big") for number in numbers)))
    return make_full_box(b"iref", 0, 0, *boxes)


def _parse_groups(file: BoxFile, box: Box, budget: _Budget) -> tuple[Group, ...]:
    """Source: ISO/IEC 14496-12 clause 8.18."""
    found = []
    for child in file.children(box):
        reader = file.reader(child)
        reader.take(4)  # version and flags
        number, count = reader.u32(), reader.u32()
        budget.spend(count)
        found.append(Group(child.kind, number, tuple(reader.u32() for _ in range(count))))
    return tuple(found)


def _serialize_groups(groups: tuple[Group, ...]) -> bytes:
    boxes = []
    for group in groups:
        numbers = (group.id, len(group.entities), *group.entities)
        boxes.append(make_full_box(group.kind, 0, 0, b"".join(number.to_bytes(4, "big") for number in numbers)))
    return make_box(b"grpl", *boxes)
