"""The `meta` box of HEIC and AVIF: items with their properties, references, groups and places ⇄ `HeifMeta`.

Source: ISO/IEC 14496-12 clause 8.11 (meta, iloc, iinf, iref, pitm, idat), ISO/IEC 23008-12 clause 9.3 (iprp) and
6.4 (groups).
"""

from __future__ import annotations

from collections.abc import Iterator

from gainmap_codec.errors import FormatError
from gainmap_codec.files.boxes import Box, BoxFile, LinkBudget, make_box, make_full_box, read_version
from gainmap_codec.files.cursor import Reader
from gainmap_codec.files.heif.items import Group, HeifMeta, Item, Reference
from gainmap_codec.files.heif.places import parse_places, serialize_file_places, serialize_places
from gainmap_codec.files.heif.properties import parse_properties, serialize_properties

_HIDDEN = 1
_KNOWN = (b"hdlr", b"pitm", b"iinf", b"iref", b"iprp", b"iloc", b"idat", b"grpl")


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
            raise FormatError("box meta", f"expected a box {kind.decode()}, got none")
    budget = LinkBudget(file)
    items = {item.id: item for item in _parse_items(file, boxes[b"iinf"])}
    if b"iprp" in boxes:
        items |= parse_properties(file, boxes[b"iprp"], items, budget)
    return HeifMeta(
        primary=_parse_primary(file.reader(boxes[b"pitm"])),
        items=items,
        places=parse_places(file, boxes[b"iloc"], boxes.get(b"idat"), budget),
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
    iloc, idat = serialize_places(items, data)
    return _make_meta(primary, items, references, groups, serialize_properties(items), iloc, idat)


def serialize_meta_and_data(
    primary: int,
    items: tuple[Item, ...],
    references: tuple[Reference, ...],
    groups: tuple[Group, ...],
    data: dict[int, bytes],
    start: int,
    unknown: bytes = b"",
) -> bytes:
    """A `meta` box and the `mdat` box behind it, which holds the data of the items.

    Args:
        items: In the order of their ids.
        data: By the ids of the items that have any, in the order in which they are laid out.
        start: Where in the file the `meta` box will be.
        unknown: Whole boxes to put into it.
    Raises:
        ValueError: More than 65 535 items or references of one item, or data beyond 4 GiB.
    """
    properties = serialize_properties(tuple(item for item in items if item.properties))

    def meta(mdat_start: int) -> bytes:
        iloc = serialize_file_places(data, mdat_start)
        return _make_meta(primary, items, references, groups, properties, iloc, unknown)

    header_bytes = 8
    mdat_start = start + len(meta(0)) + header_bytes
    return meta(mdat_start) + make_box(b"mdat", *dict.fromkeys(data.values()))


def _make_meta(
    primary: int,
    items: tuple[Item, ...],
    references: tuple[Reference, ...],
    groups: tuple[Group, ...],
    properties: bytes,
    iloc: bytes,
    last: bytes,
) -> bytes:
    return make_full_box(
        b"meta",
        0,
        0,
        make_full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
        make_full_box(b"pitm", 0, 0, primary.to_bytes(2, "big")),
        iloc,
        make_full_box(b"iinf", 0, 0, len(items).to_bytes(2, "big"), *map(_serialize_item, items)),
        _serialize_references(references) if references else b"",
        properties,
        _serialize_groups(groups) if groups else b"",
        last,
    )


def _parse_primary(reader: Reader) -> int:
    version, _ = read_version(reader, 0, 1)
    return reader.unsigned(4 if version else 2)


def _parse_items(file: BoxFile, box: Box) -> Iterator[Item]:
    reader = file.reader(box)
    version, _ = read_version(reader, 0, 1)
    file.limits.check("items", reader.unsigned(4 if version else 2))
    for count, child in enumerate(file.children(box, skip=8 if version else 6), 1):
        file.limits.check("items", count)
        if child.kind == b"infe":
            yield _parse_item(file.reader(child))


def _parse_item(reader: Reader) -> Item:
    """Source: ISO/IEC 14496-12 clause 8.11.6."""
    version, flags = read_version(reader, 2, 3)
    number = reader.unsigned(4 if version == 3 else 2)
    reader.u16()  # protection
    kind, name = reader.take(4), reader.text()
    content_type = reader.text() if kind in (b"mime", b"uri ") else ""
    encoding = reader.text() if kind == b"mime" else ""
    return Item(number, kind, name, content_type, encoding, bool(flags & _HIDDEN))


def _serialize_item(item: Item) -> bytes:
    texts = [item.name, *([item.content_type] if item.kind in (b"mime", b"uri ") else [])]
    texts += [item.content_encoding] if item.content_encoding else []
    body = item.id.to_bytes(2, "big") + bytes(2) + item.kind + b"".join(text.encode() + b"\0" for text in texts)
    return make_full_box(b"infe", 2, _HIDDEN if item.hidden else 0, body)


def _parse_references(file: BoxFile, box: Box, budget: LinkBudget) -> tuple[Reference, ...]:
    """Source: ISO/IEC 14496-12 clause 8.11.12."""
    version, _ = read_version(file.reader(box), 0, 1)
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


def _parse_groups(file: BoxFile, box: Box, budget: LinkBudget) -> tuple[Group, ...]:
    """Source: ISO/IEC 14496-12 clause 8.18."""
    found = []
    for child in file.children(box):
        reader = file.reader(child)
        reader.take(4)  # version and flags
        number, count = reader.u32(), reader.u32()
        budget.spend(count)
        entities = tuple(reader.u32() for _ in range(count))
        found.append(Group(child.kind, number, entities, reader.take(reader.remaining)))
    return tuple(found)


def _serialize_groups(groups: tuple[Group, ...]) -> bytes:
    boxes = []
    for group in groups:
        numbers = (group.id, len(group.entities), *group.entities)
        body = b"".join(number.to_bytes(4, "big") for number in numbers)
        boxes.append(make_full_box(group.kind, 0, 0, body, group.extension))
    return make_box(b"grpl", *boxes)
