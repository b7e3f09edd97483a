"""The MPF index segment: where the pictures of a multi-picture JPEG file lie.

Source: CIPA DC-007, as read by Skia src/codec/SkJpegMultiPicture.cpp and exiftool's MPF.pm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gainmap_codec.errors import FormatError, GainMapError, Limits
from gainmap_codec.files.cursor import Reader, Writer, open_tiff

MPF_ID = b"MPF\0"
_WHERE = "MPF index"
_VERSION_TAG, _COUNT_TAG, _ENTRIES_TAG = 0xB000, 0xB001, 0xB002
_LONG, _UNDEFINED = 4, 7
_BASELINE_PRIMARY = 0x030000
_FORMAT_AND_TYPE = 0x07FFFFFF  # without the flags of pictures that depend on each other
_ENTRY_BYTES = 16
_FIXED_BYTES = 58  # marker to the link behind the three tags


class MpfEntry(NamedTuple):
    """One picture: attribute word, size in bytes, offset from the byte-order mark (0 for the first)."""

    attribute: int
    size: int
    offset: int


class MpfPicture(NamedTuple):
    """A picture to be listed: attribute word, size in bytes, distance from the primary's end."""

    attribute: int
    size: int
    distance: int


def parse_mpf(body: bytes, limits: Limits) -> tuple[MpfEntry, ...]:
    """Entries of an index in either byte order.

    Args:
        body: What follows the ``MPF`` identifier; offsets count from its first byte.
    Raises:
        FormatError: No TIFF header, tags not ascending, or an entry table that is missing or cut.
        LimitError: More pictures than `limits` allow.
    """
    reader = open_tiff(body, _WHERE)
    count, reader.position = _entry_table(reader)
    limits.check("mpf_entries", count)
    return tuple(_read_entry(reader) for _ in range(count))


def primary_of(entries: Sequence[MpfEntry]) -> int:
    """Which entry is the file's first picture: the first whose offset is 0. Some writers name it last."""
    return next((index for index, entry in enumerate(entries) if entry.offset == 0), 0)


def _entry_table(reader: Reader) -> tuple[int, int]:
    """How many entries the index at the reader's position has, and where they are."""
    previous = -1
    table: tuple[int, int] | None = None
    for _ in range(reader.u16()):
        tag, _, count, value = reader.u16(), reader.u16(), reader.u32(), reader.u32()
        if tag <= previous:
            raise FormatError(_WHERE, f"expected ascending tags, got {tag:04X} after {previous:04X}")
        previous = tag
        table = (count, value) if tag == _ENTRIES_TAG else table
    if table is None or table[0] % _ENTRY_BYTES:
        raise FormatError(
            _WHERE, f"expected a table of {_ENTRY_BYTES}-byte entries, got {table[0] if table else 0} bytes"
        )
    return table[0] // _ENTRY_BYTES, table[1]


def moved_mpf(body: bytes, grown: int, behind: int, limits: Limits) -> bytes:
    """An index whose primary has grown by `grown` bytes, `behind` of them behind the index itself.

    An index that cannot be read, or that names more pictures than `limits` allow, comes back as it is.

    Args:
        body: As for `parse_mpf`.
    """
    try:
        entries, table = parse_mpf(body, limits), _entry_table(open_tiff(body, _WHERE))[1]
    except GainMapError:
        return body
    order = open_tiff(body, _WHERE).byte_order
    data = bytearray(body)
    primary = primary_of(entries)
    for index, entry in enumerate(entries):
        size = entry.size + (grown if index == primary else 0)
        offset = entry.offset + (behind if entry.offset else 0)
        place = table + index * _ENTRY_BYTES
        if 0 <= size < 1 << 32 and 0 <= offset < 1 << 32:
            data[place + 4 : place + 12] = size.to_bytes(4, order) + offset.to_bytes(4, order)
    return bytes(data)


def mpf_bytes(pictures: int) -> int:
    """Size of the segment that `serialize_mpf` writes for a primary image and so many others."""
    return _FIXED_BYTES + _ENTRY_BYTES * (1 + pictures)


def serialize_mpf(primary_bytes: int, pictures: Sequence[MpfPicture], position: int) -> bytes:
    """The whole segment for a primary image and the pictures behind it.

    Args:
        primary_bytes: Size of the primary from SOI to EOI, this segment included.
        pictures: In file order.
        position: Offset of this segment in the file.
    """
    byte_order_mark = position + 4 + len(MPF_ID)
    count = 1 + len(pictures)
    writer = Writer(_WHERE)
    writer.raw(bytes.fromhex("FFE2") + (mpf_bytes(len(pictures)) - 2).to_bytes(2, "big") + MPF_ID + b"MM\0*")
    writer.u32(8)
    writer.u16(3)
    _write_tag(writer, _VERSION_TAG, _UNDEFINED, 4, int.from_bytes(b"0100", "big"))
    _write_tag(writer, _COUNT_TAG, _LONG, 1, count)
    _write_tag(writer, _ENTRIES_TAG, _UNDEFINED, count * _ENTRY_BYTES, 50)
    writer.u32(0)
    _write_entry(writer, MpfEntry(_BASELINE_PRIMARY, primary_bytes, 0))
    for attribute, size, distance in pictures:
        entry = MpfEntry(attribute & _FORMAT_AND_TYPE, size, primary_bytes + distance - byte_order_mark)
        _write_entry(writer, entry)
    return writer.getvalue()


def _write_tag(writer: Writer, tag: int, kind: int, count: int, value: int) -> None:
    writer.u16(tag)
    writer.u16(kind)
    writer.u32(count)
    writer.u32(value)


def _read_entry(reader: Reader) -> MpfEntry:
    entry = MpfEntry(reader.u32(), reader.u32(), reader.u32())
    reader.take(4)  # dependent images
    return entry


def _write_entry(writer: Writer, entry: MpfEntry) -> None:
    for value in entry:
        writer.u32(value)
    writer.u32(0)
