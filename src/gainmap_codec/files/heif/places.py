"""The `iloc` box: where each item's bytes are, in the file or in `idat`. Source: ISO/IEC 14496-12 clause 8.11.3."""

from __future__ import annotations

from gainmap_codec.errors import FormatError
from gainmap_codec.files.boxes import Box, BoxFile, LinkBudget, make_box, make_full_box, read_version
from gainmap_codec.files.cursor import Writer
from gainmap_codec.files.heif.items import Item, Place

_IN_FILE, _IN_IDAT = 0, 1


def parse_places(file: BoxFile, box: Box, idat: Box | None, budget: LinkBudget) -> dict[int, Place]:
    """Source: ISO/IEC 14496-12 clause 8.11.3."""
    reader = file.reader(box)
    version, _ = read_version(reader, 0, 1, 2)
    sizes = reader.u16()
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    if not {offset_size, length_size, base_size} <= {0, 4, 8}:
        raise FormatError(reader.where, f"expected field sizes of 0, 4 or 8 bytes, got {sizes:04X}")
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
            raise FormatError(reader.where, f"expected each item once, got item {number} twice")
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
            return Place((), is_outside=True)
        extents.append((first, last))
    return Place(tuple(extents))


def serialize_places(items: tuple[Item, ...], data: list[bytes]) -> tuple[bytes, bytes]:
    """The boxes `iloc` and `idat` of items and their data; equal data are stored once."""
    writer = Writer("box iloc")
    writer.raw(bytes((0x44, 0x00)))  # offsets and lengths of 4 bytes, no base offsets and indices
    writer.u16(len(items))
    positions = _laid_out(data)
    for item, content in zip(items, data, strict=True):
        for value in (item.id, _IN_IDAT, 0, 1):
            writer.u16(value)
        writer.u32(positions[content])
        writer.u32(len(content))
    return make_full_box(b"iloc", 1, 0, writer.getvalue()), make_box(b"idat", *positions)


def serialize_file_places(data: dict[int, bytes], start: int) -> bytes:
    """The box `iloc` of items whose data, by their ids, lie one behind the other from `start` on; equal ones once.

    Raises:
        ValueError: Data beyond 4 GiB, or an id beyond 16 bits.
    """
    writer = Writer("box iloc")
    writer.raw(bytes((0x44, 0x00)))
    writer.u16(len(data))
    positions = _laid_out(list(data.values()))
    for number in sorted(data):
        for value in (number, 0, 1):  # in this file, one extent
            writer.u16(value)
        writer.u32(start + positions[data[number]])
        writer.u32(len(data[number]))
    return make_full_box(b"iloc", 0, 0, writer.getvalue())


def _laid_out(data: list[bytes]) -> dict[bytes, int]:
    """Offsets of contents one after the other; equal ones share their place."""
    positions: dict[bytes, int] = {}
    end = 0
    for content in data:
        if content not in positions:
            positions[content] = end
            end += len(content)
    return positions
