"""The `iprp` box: which properties each item has. Source: ISO/IEC 23008-12 clause 9.3."""

from __future__ import annotations

from collections.abc import Iterator

from gainmap_codec.errors import FormatError
from gainmap_codec.files.boxes import Box, BoxFile, LinkBudget, make_box, make_full_box, read_version
from gainmap_codec.files.cursor import Writer
from gainmap_codec.files.heif.items import Item, Property


def parse_properties(file: BoxFile, box: Box, items: dict[int, Item], budget: LinkBudget) -> dict[int, Item]:
    """The items that `ipma` boxes name, with their properties. Source: ISO/IEC 23008-12 clause 9.3."""
    children = file.children(box)
    stores = [child for child in children if child.kind == b"ipco"]
    if len(stores) != 1:
        raise FormatError("box iprp", f"expected one box ipco, got {len(stores)}")
    store = [Property(child.kind, file.data[child.body : child.stop]) for child in file.children(stores[0])]
    result: dict[int, Item] = {}
    for child in children:
        if child.kind != b"ipma":
            continue
        for number, associations in _parse_associations(file, child, budget):
            if number in result:
                raise FormatError("box ipma", f"expected each item once, got item {number} twice")
            if number in items:
                found = tuple(_associated(store, *association) for association in associations)
                result[number] = Item(**{**vars(items[number]), "properties": tuple(p for p in found if p)})
    return result


def _associated(store: list[Property], index: int, essential: bool) -> Property | None:
    if index > len(store):
        raise FormatError("box ipma", f"expected a property of 1 to {len(store)}, got {index}")
    return store[index - 1]._replace(essential=essential) if index else None


def _parse_associations(file: BoxFile, box: Box, budget: LinkBudget) -> Iterator[tuple[int, list[tuple[int, bool]]]]:
    """Each item with its (1-based property index, essential)."""
    reader = file.reader(box)
    version, flags = read_version(reader, 0, 1)
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


def serialize_properties(items: tuple[Item, ...]) -> bytes:
    store: dict[tuple[bytes, bytes], int] = {}
    for item in items:
        for p in item.properties:
            store.setdefault((p.kind, p.body), len(store) + 1)
    ipma = Writer("box ipma")
    ipma.u32(len(items))
    for item in items:
        ipma.u16(item.id)
        ipma.u8(len(item.properties))
        for p in item.properties:
            ipma.u16(store[p.kind, p.body] | (0x8000 if p.essential else 0))
    boxes = make_box(b"ipco", *(make_box(kind, body) for kind, body in store))
    return make_box(b"iprp", boxes, make_full_box(b"ipma", 0, 1, ipma.getvalue()))
