"""Bounded reading of EXIF: the orientation and the camera maker's note; nothing else is trusted or touched.

Source: TIFF 6.0 section 2; EXIF 2.32 section 4.6.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Iterator
from typing import NamedTuple

from gainmap_codec.errors import FormatError
from gainmap_codec.files.cursor import Reader, open_tiff

_WHERE = "EXIF"
ENTRY_BYTES, MOST_ENTRIES = 12, 65_535  # of a directory
ORIENTATION, MAKER_NOTE = 0x0112, 0x927C
EXIF_IFD, GPS_IFD, INTEROPERABILITY_IFD, SUB_IFDS = 0x8769, 0x8825, 0xA005, 0x014A
"""Tags whose values are the offsets of directories."""
_ASCII, SHORT, LONG, _UNDEFINED = 2, 3, 4, 7
_LONGEST_TEXT = 4096


class IfdEntry(NamedTuple):
    """An entry of a TIFF directory. At `position` are its values, or where these do not fit, their offset."""

    tag: int
    kind: int
    values: int
    position: int


def tiff_of_item(data: bytes) -> bytes | None:
    """The TIFF structure in an EXIF item of HEIF or an EXIF box of JPEG XL, which tells where it begins.

    Returns:
        None for an empty one, which is what exiftool leaves where it takes EXIF out.
    Raises:
        FormatError: No TIFF header.
    Source: ISO/IEC 23008-12 annex A.2.1; ISO/IEC 18181-2:2024 (box Exif).
    """
    reader = Reader(data, "EXIF item")
    if not data:
        return None
    reader.take(reader.u32())
    exif = reader.take(reader.remaining)
    open_tiff(exif, _WHERE)
    return exif


def ifd_entries(reader: Reader) -> Iterator[IfdEntry]:
    """The entries of the directory at the reader's position: at most 65 535, whatever their counts say.

    Raises:
        FormatError: The directory is cut off.
    """
    layout = struct.Struct("<HHI4x" if reader.byte_order == "little" else ">HHI4x")
    for _ in range(reader.u16()):
        tag, kind, values = layout.unpack(reader.take(layout.size))
        following = reader.position
        yield IfdEntry(tag, kind, values, following - 4)
        reader.position = following


def orientation(exif: bytes) -> int:
    """EXIF orientation, 1…8; 1 where it is absent, out of range or unreadable.

    Only the first IFD is read: the second describes the thumbnail.

    Args:
        exif: TIFF structure, without the ``Exif`` prefix of its JPEG segment; either byte order.
    """
    try:
        reader = open_tiff(exif, _WHERE)
        entry = orientation_entry(reader)
        if entry is None or entry.values != 1:
            return 1
        reader.position = entry.position
        value = reader.u16()  # a SHORT fills the first half of its value field in either byte order
    except FormatError:
        return 1
    return value if 1 <= value <= 8 else 1


def orientation_entry(reader: Reader) -> IfdEntry | None:
    """The orientation's entry in the directory at the reader's position, which is read no further than that.

    Raises:
        FormatError: The directory is cut off.
    """
    return _find(reader, ORIENTATION, SHORT)


def maker_note(exif: bytes) -> bytes | None:
    """The maker note of the EXIF directory, or None if there is none within the structure.

    Args:
        exif: As for `orientation`.
    """
    try:
        reader = open_tiff(exif, _WHERE)
        pointer = _find(reader, EXIF_IFD, LONG)
        if pointer is None:
            return None
        reader.position = pointer.position
        reader.position = reader.u32()
        entry = _find(reader, MAKER_NOTE, _UNDEFINED)
        if entry is None or entry.values <= 4:
            return None
        reader.position = entry.position
        reader.position = reader.u32()
        return reader.take(entry.values)
    except FormatError:
        return None


def exif_texts(exif: bytes, tags: Container[int]) -> dict[int, str]:
    """Texts of the first and the EXIF directory by their tags, as far as they can be read, and 4096 bytes of each.

    Args:
        exif: As for `orientation`.
        tags: Those that are wanted.
    """
    found: dict[int, str] = {}
    try:
        reader = open_tiff(exif, _WHERE)
        pointer = _find(open_tiff(exif, _WHERE), EXIF_IFD, LONG)
        _read_texts(reader, tags, found)
        if pointer is not None:
            reader.position = pointer.position
            reader.position = reader.u32()
            _read_texts(reader, tags, found)
    except FormatError:
        pass
    return found


def _read_texts(reader: Reader, tags: Container[int], found: dict[int, str]) -> None:
    for entry in ifd_entries(reader):
        if entry.kind == _ASCII and entry.tag in tags:
            reader.position = entry.position
            if entry.values > 4:
                reader.position = reader.u32()
            text = reader.take(min(entry.values, _LONGEST_TEXT)).split(b"\0")[0].decode("utf-8", "replace").strip()
            if text:
                found[entry.tag] = text


def _find(reader: Reader, tag: int, kind: int) -> IfdEntry | None:
    return next((entry for entry in ifd_entries(reader) if (entry.tag, entry.kind) == (tag, kind)), None)
