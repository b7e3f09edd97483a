"""EXIF laid out anew: short enough for a JPEG, or taken out of a picture's own tags.

Source: TIFF 6.0 sections 2 and 8; EXIF 2.32 sections 4.6.4 and 4.6.5; ITU-T T.832 (2019) annex A (tags).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gainmap_codec.errors import FormatError
from gainmap_codec.files.cursor import open_tiff
from gainmap_codec.files.tags.exif import (
    EXIF_IFD,
    GPS_IFD,
    INTEROPERABILITY_IFD,
    LONG,
    MAKER_NOTE,
    SUB_IFDS,
    IfdEntry,
    ifd_entries,
    orientation,
)
from gainmap_codec.files.tags.exif_edit import (
    VALUE_BYTES,
    Tiff,
    only_orientation,
    without_thumbnail,
)

_POINTERS = (EXIF_IFD, GPS_IFD, INTEROPERABILITY_IFD)
_OF_TIFF = (0x010D, 0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298)
_OF_WINDOWS = (0x4746, 0x4749, *range(0x9C9B, 0x9CA0))  # stars, and title, comment, author, keywords, subject
_DESCRIBING = frozenset((*_OF_TIFF, *_OF_WINDOWS, *_POINTERS))
_DEPTH = 3  # of directories that point to others
_MOVABLE_NOTE = b"Apple iOS\0"  # its offsets count from its own beginning; others' from the structure's
_LONG = 4096  # bytes: more than a name, a date, a copyright or a caption has
_WHERE = "EXIF"


def fitted_exif(exif: bytes, most: int, notes: list[str]) -> bytes:
    """The structure in at most so many bytes; the same one where it fits.

    Args:
        exif: TIFF structure without an ``Exif`` prefix.
        notes: Gets a line for what is left out.
    """
    if len(exif) <= most:
        return exif
    steps: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
        ("without its thumbnail", _ends_with_its_values),
        ("without thumbnail and maker note", _laid_out_anew),
        ("without thumbnail, maker note and long values", lambda whole: _laid_out_anew(whole, _LONG)),
    )
    for how, shorten in steps:
        try:
            shorter = shorten(exif)
        except FormatError:
            continue
        if len(shorter) <= most:
            notes.append(f"EXIF of {len(exif)} bytes does not fit a JPEG: it is written {how}")
            return shorter
    notes.append(f"EXIF of {len(exif)} bytes does not fit a JPEG: only its orientation is written")
    return only_orientation(orientation(exif))


def exif_of_picture(tiff: bytes, notes: list[str]) -> bytes | None:
    """EXIF that stands among a picture's own tags, as in TIFF and JPEG XR, as a structure of its own.

    What tells how the pixels are stored is left out, the orientation too.

    Args:
        tiff: The whole file, which begins like a TIFF.
        notes: Gets a line for a maker note that is left out.
    Returns:
        None where nothing describes the picture.
    Raises:
        FormatError: A directory is cut off.
    """
    whole, most = Tiff(tiff), len(tiff)
    described = (entry for entry in _entries(whole, whole.first) if entry.tag in _DESCRIBING)
    kept = [entry for entry in described if _is_kept(whole, entry, most)]
    if not kept:
        return None
    exif = _laid_out(whole, kept, most)
    if _has_maker_note(whole) and not _has_maker_note(Tiff(exif)):
        notes.append("the maker note in EXIF is not kept: its offsets count from the beginning of the old file")
    return exif


def _has_maker_note(tiff: Tiff) -> bool:
    return any(entry.tag == MAKER_NOTE for place in _places(tiff, tiff.first) for entry in _entries(tiff, place))


def _ends_with_its_values(exif: bytes) -> bytes:
    """Without the thumbnail, and what stands behind all values: nothing moves, so that maker notes stay true."""
    tiff = Tiff(without_thumbnail(exif))
    ends = (end for place in _places(tiff, tiff.first) for end in _ends(tiff, place))
    return bytes(tiff.data[: max(ends)])


def _ends(tiff: Tiff, place: int) -> Iterator[int]:
    """Where a directory ends, and each value that it keeps elsewhere."""
    entries = _entries(tiff, place)
    yield place + 2 + 12 * len(entries) + 4
    yield from (_start(tiff, entry) + _size(entry) for entry in entries if _size(entry) > 4)


def _places(tiff: Tiff, start: int, depth: int = _DEPTH) -> Iterator[int]:
    """Where a directory begins, and those that its entries point to."""
    yield start
    for entry in _entries(tiff, start) if depth else ():
        if entry.tag in _POINTERS and entry.kind == LONG:
            yield from _places(tiff, tiff.number(entry.position, 4), depth - 1)


def _entries(tiff: Tiff, start: int) -> tuple[IfdEntry, ...]:
    """Of the directory at an offset, the first of each tag; the link behind it may be missing."""
    reader = open_tiff(bytes(tiff.data), _WHERE)
    reader.position = start
    found: dict[int, IfdEntry] = {}
    for entry in ifd_entries(reader):
        found.setdefault(entry.tag, entry)
    return tuple(found.values())


def _laid_out_anew(exif: bytes, most: int | None = None) -> bytes:
    """Without thumbnail, maker note, and values of more bytes than `most` or that lie outside the structure."""
    tiff = Tiff(exif)
    return _laid_out(tiff, _entries(tiff, tiff.first), len(exif) if most is None else most)


def _laid_out(tiff: Tiff, entries: Iterable[IfdEntry], most: int) -> bytes:
    """A structure of these entries of the first directory, as `_laid_out_anew`."""
    head = bytes(tiff.data[:4]) + (8).to_bytes(4, tiff.order)
    return head + _directory(tiff, entries, len(head), most)


def _directory(tiff: Tiff, entries: Iterable[IfdEntry], place: int, most: int, depth: int = _DEPTH) -> bytes:
    """A directory that will stand at `place`, its values and the directories that it points to right behind it."""
    kept = [entry for entry in entries if _is_kept(tiff, entry, most, depth)]
    table = len(kept).to_bytes(2, tiff.order)
    behind = place + 2 + 12 * len(kept) + 4
    values = b""
    for entry in kept:
        size, position = _size(entry), behind + len(values)
        if entry.tag in _POINTERS:
            inner = _entries(tiff, tiff.number(entry.position, 4))
            values += _directory(tiff, inner, position, most, depth - 1)
        elif size > 4:
            start = _start(tiff, entry)
            values += tiff.data[start : start + size] + bytes(size % 2)
        if len(values) > len(tiff.data):
            raise FormatError(_WHERE, "expected values of their own, got overlapping ones")
        raw = bytes(tiff.data[entry.position - 8 : entry.position + 4])
        table += raw[:8] + position.to_bytes(4, tiff.order) if entry.tag in _POINTERS or size > 4 else raw
    return table + bytes(4) + values


def _is_kept(tiff: Tiff, entry: IfdEntry, most: int, depth: int = _DEPTH) -> bool:
    if entry.tag in _POINTERS:
        return depth > 0 and entry.kind == LONG
    start, size = _start(tiff, entry), _size(entry)
    if entry.tag == MAKER_NOTE:
        return size <= most and tiff.data.startswith(_MOVABLE_NOTE, start)
    return entry.tag != SUB_IFDS and 0 < size <= min(most, len(tiff.data) - start)


def _start(tiff: Tiff, entry: IfdEntry) -> int:
    return tiff.number(entry.position, 4) if _size(entry) > 4 else entry.position


def _size(entry: IfdEntry) -> int:
    return VALUE_BYTES.get(entry.kind, 0) * entry.values
