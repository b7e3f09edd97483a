"""Changing a few things of an EXIF structure, every other byte of it where it was.

Cameras' maker notes hold offsets that nobody can update, so nothing is laid out anew: values are overwritten in place,
and a directory that needs one more entry is written again at the end.
Source: TIFF 6.0 section 2; EXIF 2.32 sections 4.6.3 (pointers) and 4.6.5 (thumbnail).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gainmap_codec.errors import FormatError, GainMapError
from gainmap_codec.files.cursor import ByteOrder, open_tiff
from gainmap_codec.files.tags.exif import (
    EXIF_IFD,
    LONG,
    MAKER_NOTE,
    ORIENTATION,
    SHORT,
    IfdEntry,
    ifd_entries,
    orientation_entry,
)

_WHERE = "EXIF"
_WIDTHS, _HEIGHTS = (0x0100, 0xA002), (0x0101, 0xA003)
_THUMBNAIL, _THUMBNAIL_BYTES = 0x0201, 0x0202
VALUE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
"""Of each type of TIFF, and of EXIF 3.0's UTF-8."""
_UNDEFINED, _EXIF_VERSION = 7, 0x9000
_MOST_ENTRIES = 0xFFFF


class _Directory(NamedTuple):
    """An image file directory: where it begins, its entries, and where the offset of the next one stands."""

    start: int
    entries: tuple[IfdEntry, ...]
    link: int


class Tiff:
    """A TIFF structure that can be written to."""

    def __init__(self, exif: bytes) -> None:
        reader = open_tiff(exif, _WHERE)
        self.data = bytearray(exif)
        self.order: ByteOrder = reader.byte_order
        self.first = reader.position

    def directory(self, start: int) -> _Directory:
        """The directory at an offset.

        Raises:
            FormatError: It is cut off.
        """
        reader = open_tiff(bytes(self.data), _WHERE)
        reader.position = start
        entries = tuple(ifd_entries(reader))
        link = reader.position
        reader.take(4)
        return _Directory(start, entries, link)

    def number(self, position: int, size: int) -> int:
        return int.from_bytes(self.data[position : position + size], self.order)

    def put(self, position: int, value: int, size: int) -> None:
        self.data[position : position + size] = value.to_bytes(size, self.order)

    def entry(self, tag: int, kind: int, values: int) -> bytes:
        """The first 8 bytes of an entry, before its values or their offset."""
        return b"".join(value.to_bytes(size, self.order) for value, size in ((tag, 2), (kind, 2), (values, 4)))

    def append(self, data: bytes) -> int:
        """Where the bytes begin, which then stand at the end."""
        self.data += bytes(len(self.data) % 2)
        place = len(self.data)
        self.data += data
        return place

    def erase(self, start: int, size: int) -> None:
        """Zeros over what lies inside the structure, its header left alone."""
        start, stop = max(start, 8), min(start + size, len(self.data))
        if start < stop:
            self.data[start:stop] = bytes(stop - start)


def with_orientation(exif: bytes | None, orientation: int, notes: list[str]) -> bytes:
    """The structure with another orientation; a new one that says nothing else where there is none.

    A structure that cannot be read is replaced as well.

    Args:
        exif: TIFF structure without an ``Exif`` prefix, or None.
        orientation: 1…8.
        notes: Gets a line where a structure is replaced.
    """
    if exif is not None:
        try:
            return _with_orientation(Tiff(exif), orientation)
        except GainMapError as error:
            notes.append(f"EXIF is damaged and is replaced by its orientation: {error}")
    return only_orientation(orientation)


def only_orientation(orientation: int) -> bytes:
    """A structure that says nothing but an orientation, 1…8."""
    return b"MM\0*\0\0\0\x08\0\x01" + _orientation_entry(orientation, "big") + bytes(4)


def with_orientation_1(exif: bytes) -> bytes:
    """The structure with orientation 1 (upright) if it has an orientation, else as it is."""
    try:
        tiff = Tiff(exif)
        entry = orientation_entry(open_tiff(exif, _WHERE))
    except FormatError:
        return exif
    return exif if entry is None else _with_value(tiff, entry, 1)


def _with_orientation(tiff: Tiff, orientation: int) -> bytes:
    directory = tiff.directory(tiff.first)
    found = next((entry for entry in directory.entries if entry.tag == ORIENTATION), None)
    if found is not None:
        return _with_value(tiff, found, orientation)
    return _with_entry(tiff, directory, _orientation_entry(orientation, tiff.order))


def _with_value(tiff: Tiff, entry: IfdEntry, orientation: int) -> bytes:
    start, stop = entry.position - 8, entry.position + 4
    tiff.data[start:stop] = _orientation_entry(orientation, tiff.order)
    return bytes(tiff.data)


def with_size(exif: bytes, width: int, height: int) -> bytes:
    """The structure with another size of the stored raster, where it has one.

    Raises:
        FormatError: The first directory, or the EXIF directory that it names, cannot be read.
    """
    tiff = Tiff(exif)
    for entry in [entry for directory in _main_directories(tiff) for entry in directory.entries]:
        size = {SHORT: 2, LONG: 4}.get(entry.kind)
        value = width if entry.tag in _WIDTHS else height if entry.tag in _HEIGHTS else None
        if value is not None and size is not None and entry.values == 1 and value < 1 << 8 * size:
            tiff.put(entry.position, value, size)
    return bytes(tiff.data)


def without_thumbnail(exif: bytes) -> bytes:
    """The structure without the small picture of its second directory; the same bytes where there is none.

    Raises:
        FormatError: A directory is damaged.
    """
    tiff = Tiff(exif)
    first = tiff.directory(tiff.first)
    start = tiff.number(first.link, 4)
    if not start or start == tiff.first:
        return exif
    own = bytes(tiff.data[first.start : first.link])
    directory = tiff.directory(start)
    places = {entry.tag: tiff.number(entry.position, 4) for entry in directory.entries if entry.kind == LONG}
    tiff.erase(places.get(_THUMBNAIL, 0), places.get(_THUMBNAIL_BYTES, 0))
    _erase_directory(tiff, directory)
    tiff.data[first.start : first.link] = own
    tiff.put(first.link, 0, 4)
    return bytes(tiff.data)


def with_maker_note(exif: bytes, note: bytes) -> bytes:
    """The structure with a maker note where it has none, or with one of the same size in place of its own.

    Nothing moves but the EXIF directory, which gets an entry more, or is new.

    Args:
        note: Of more than 4 bytes.
    Raises:
        FormatError: A directory is damaged, or the note that is there has another size.
    """
    tiff = Tiff(exif)
    first = tiff.directory(tiff.first)
    pointer = next((entry for entry in first.entries if (entry.tag, entry.kind) == (EXIF_IFD, LONG)), None)
    if pointer is None:
        version = tiff.entry(_EXIF_VERSION, _UNDEFINED, 4) + b"0232"
        start = tiff.append((1).to_bytes(2, tiff.order) + version + bytes(4))
        new = tiff.entry(EXIF_IFD, LONG, 1) + start.to_bytes(4, tiff.order)
        return with_maker_note(_with_entry(tiff, first, new), note)
    directory = tiff.directory(tiff.number(pointer.position, 4))
    old = next((entry for entry in directory.entries if entry.tag == MAKER_NOTE), None)
    if old is not None:
        place = tiff.number(old.position, 4)
        if (old.kind, old.values) != (_UNDEFINED, len(note)) or place + len(note) > len(exif):
            raise FormatError(_WHERE, f"expected no maker note, or one of {len(note)} bytes, got another")
        tiff.data[place : place + len(note)] = note
        return bytes(tiff.data)
    new = tiff.entry(MAKER_NOTE, _UNDEFINED, len(note)) + tiff.append(note).to_bytes(4, tiff.order)
    return _with_entry(tiff, directory, new, pointer.position)


def _main_directories(tiff: Tiff) -> Iterator[_Directory]:
    """The first directory and the EXIF directory."""
    first = tiff.directory(tiff.first)
    yield first
    for entry in first.entries:
        if entry.tag == EXIF_IFD:
            yield tiff.directory(tiff.number(entry.position, 4))
            return


def _orientation_entry(orientation: int, order: ByteOrder) -> bytes:
    parts = ((ORIENTATION, 2), (SHORT, 2), (1, 4), (orientation, 2), (0, 2))
    return b"".join(value.to_bytes(size, order) for value, size in parts)


def _with_entry(tiff: Tiff, directory: _Directory, new: bytes, offset: int = 4) -> bytes:
    """The structure with one entry more in a directory, sorted by tag; the directory moves to the end.

    Args:
        offset: Where the directory's offset stands: the first one's in the header.
    """
    raw = [bytes(tiff.data[entry.position - 8 : entry.position + 4]) for entry in directory.entries]
    raw = sorted([*raw, new], key=lambda entry: int.from_bytes(entry[:2], tiff.order))
    link = bytes(tiff.data[directory.link : directory.link + 4])
    if len(raw) > _MOST_ENTRIES:
        raise FormatError(_WHERE, f"expected room for one more entry, got {len(raw) - 1} entries")
    place = tiff.append(len(raw).to_bytes(2, tiff.order) + b"".join(raw) + link)
    tiff.put(offset, place, 4)
    return bytes(tiff.data)


def _erase_directory(tiff: Tiff, directory: _Directory) -> None:
    """Zeros over a directory and the values that it keeps elsewhere."""
    budget = 2 * len(tiff.data)  # overlapping values of a hostile file would take for ever
    for entry in directory.entries:
        size = VALUE_BYTES.get(entry.kind, 0) * entry.values
        if size > 4 and budget > 0:
            budget -= min(size, len(tiff.data))
            tiff.erase(tiff.number(entry.position, 4), size)
    tiff.erase(directory.start, directory.link + 4 - directory.start)
