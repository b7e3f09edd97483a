"""EXIF without the places that it names; every other byte of it stays where it was.

Source: TIFF 6.0 section 2; EXIF 2.32 sections 4.6.3 (pointers), 4.6.5 (thumbnail) and 4.6.6 (GPS);
GeoTIFF 1.1 (OGC 19-008r4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gainmap_codec.errors import FormatError
from gainmap_codec.files.cursor import open_tiff
from gainmap_codec.files.geotags.maker_note import note_has_geotag
from gainmap_codec.files.geotags.words import mentions_geotag
from gainmap_codec.files.tags.exif import (
    EXIF_IFD,
    GPS_IFD,
    INTEROPERABILITY_IFD,
    LONG,
    MAKER_NOTE,
    SHORT,
    SUB_IFDS,
    IfdEntry,
    ifd_entries,
)
from gainmap_codec.files.tags.exif_edit import VALUE_BYTES, Tiff

_POINTERS = (EXIF_IFD, INTEROPERABILITY_IFD, SUB_IFDS)
_GEO_TIFF = (0x830E, 0x8482, 0x85D8, 0x87AF, 0x87B0, 0x87B1)
_OTHER_FORMATS = {0x02BC: "XMP", 0x83BB: "IPTC data", 0x8649: "Photoshop data"}
_PICTURES = ((0x0201, 0x0202), (0x0111, 0x0117))  # where a thumbnail is, and its size: as a JPEG, or in strips
_RATIONAL = 5
_COORDINATES = (2, 4, 20, 22)  # latitude and longitude, of the camera and of where it pointed to
_OFFSETS = (SHORT, LONG, 8, 9, 13)  # the same with a sign, and the type IFD
_MOST_TARGETS = 16
_ENTRY_BYTES = 12

CleanJpeg = Callable[[bytes], bytes]
"""Gives a JPEG picture without places."""


def without_geotags(exif: bytes, clean_jpeg: CleanJpeg, notes: list[str]) -> bytes:
    """The structure without its GPS directories, whose bytes become zeros, and without what else names a place.

    XMP, IPTC and Photoshop data inside EXIF go, for they say again what has segments and items of its own; a maker
    note that names a place goes too, and metadata of the thumbnail.

    Args:
        clean_jpeg: What is done to the thumbnail.
        notes: Gets a line for each thing that goes as a whole.
    Returns:
        As many bytes as before; the same where no place is named.
    Raises:
        FormatError: A directory is damaged, so that the place may still be in it.
    """
    return _Search(exif, clean_jpeg, notes).cleaned()


class _Search:
    """Directories are all found first; then bytes are erased; directories that stay are written last."""

    def __init__(self, exif: bytes, clean_jpeg: CleanJpeg, notes: list[str]) -> None:
        self.tiff = Tiff(exif)
        self.exif, self.clean_jpeg, self.notes = exif, clean_jpeg, notes
        self.coordinates: set[bytes] = set()
        self.value_bytes = 2 * len(exif)  # overlapping values and directories of a hostile file would take for ever
        self.directory_bytes = 4 * len(exif)

    def cleaned(self) -> bytes:
        found = self.directories()
        gone = {start: [entry for entry in entries if self.goes(entry)] for start, entries in found.items()}
        for start, entries in found.items():
            for entry in gone[start]:
                self.erase(entry)
            self.clean_pictures(entries)
        for start, entries in found.items():
            self.write(start, entries, gone[start])
        notes = [self.place(entry) for entries in found.values() for entry in entries if entry.tag == MAKER_NOTE]
        for entry in self.orphans(notes):
            self.erase_coordinates(entry)
        data = bytes(self.tiff.data)
        for copy in self.coordinates:
            data = data.replace(copy, bytes(len(copy)))
        return data

    def directories(self) -> dict[int, tuple[IfdEntry, ...]]:
        """All directories but those of GPS, by their offsets."""
        waiting, found = [self.tiff.first], dict[int, tuple[IfdEntry, ...]]()
        while waiting:
            start = waiting.pop()
            if not start or start in found:
                continue
            entries = found[start] = self.entries(start)
            waiting += [target for entry in entries if entry.tag in _POINTERS for target in self.targets(entry)]
            link = start + 2 + _ENTRY_BYTES * len(entries)
            waiting.append(self.tiff.number(link, 4) if link + 4 <= len(self.exif) else 0)
        return found

    def entries(self, start: int) -> tuple[IfdEntry, ...]:
        reader = open_tiff(self.exif, "EXIF")
        reader.position = start
        entries = tuple(ifd_entries(reader))
        self.directory_bytes -= 2 + _ENTRY_BYTES * len(entries)
        if self.directory_bytes < 0:
            raise FormatError("EXIF", "expected directories of their own, got overlapping ones")
        return entries

    def raw(self, entry: IfdEntry) -> bytes:
        return self.exif[entry.position - 8 : entry.position + 4]

    def goes(self, entry: IfdEntry) -> bool:
        if entry.tag == MAKER_NOTE:
            return note_has_geotag(self.exif, self.value(entry))
        if entry.tag == GPS_IFD or entry.tag in _OTHER_FORMATS or entry.tag in _GEO_TIFF:
            return True
        return mentions_geotag(self.value(entry))

    def place(self, entry: IfdEntry) -> tuple[int, int]:
        """Where an entry's values are, and their size."""
        size = VALUE_BYTES.get(entry.kind, 1) * entry.values
        return (entry.position if size <= 4 else self.tiff.number(entry.position, 4)), size

    def value(self, entry: IfdEntry) -> bytes:
        start, size = self.place(entry)
        self.value_bytes -= min(size, len(self.exif))
        if self.value_bytes < 0:
            raise FormatError("EXIF", "expected values of its own for each entry, got overlapping ones")
        return self.exif[start : start + size]

    def targets(self, entry: IfdEntry) -> list[int]:
        """The offsets that a pointer gives: one, or those of several directories."""
        width = VALUE_BYTES[entry.kind] if entry.kind in _OFFSETS else 4
        count = min(max(entry.values, 1), _MOST_TARGETS) if entry.kind in _OFFSETS else 1
        start = entry.position if width * count <= 4 else self.tiff.number(entry.position, 4)
        return [self.tiff.number(start + width * index, width) for index in range(count)]

    def erase(self, entry: IfdEntry) -> None:
        if entry.tag == GPS_IFD:
            for start in self.targets(entry):
                self.erase_gps(start)
            return
        name = "the maker note" if entry.tag == MAKER_NOTE else _OTHER_FORMATS.get(entry.tag, f"tag {entry.tag}")
        self.notes.append(f"EXIF: {name}, which may name the place, is left out")
        self.tiff.erase(*self.place(entry))

    def erase_gps(self, start: int) -> None:
        """Zeros over a directory and the values that it keeps elsewhere."""
        entries = self.entries(start)
        for entry in entries:
            if entry.tag in _COORDINATES:
                self.erase_coordinates(entry)
            self.tiff.erase(*self.place(entry))
        self.tiff.erase(start, 2 + _ENTRY_BYTES * len(entries) + 4)

    def orphans(self, kept: list[tuple[int, int]]) -> Iterator[IfdEntry]:
        """Coordinates of directories that programs have cut off and left in the structure; not in what is kept."""
        data = bytes(self.tiff.data)
        for tag in _COORDINATES:
            parts = ((tag, 2), (_RATIONAL, 2), (3, 4))
            mark = b"".join(value.to_bytes(size, self.tiff.order) for value, size in parts)
            position = data.find(mark)
            while position >= 0:
                if not any(start <= position < start + size for start, size in kept):
                    yield IfdEntry(tag, _RATIONAL, 3, position + len(mark))
                position = data.find(mark, position + len(mark))

    def erase_coordinates(self, entry: IfdEntry) -> None:
        """Zeros over coordinates; copies of them elsewhere go at the end."""
        value = self.value(entry)
        if len(value) >= 16 and any(value):
            self.coordinates.add(value)
        self.tiff.erase(*self.place(entry))

    def clean_pictures(self, entries: tuple[IfdEntry, ...]) -> None:
        """Small pictures without metadata of their own, each at its place, with zeros behind it."""
        by_tag = {entry.tag: entry for entry in entries}
        for where, how_long in _PICTURES:
            if where not in by_tag or how_long not in by_tag or by_tag[where].values != 1:
                continue
            start, size = self.targets(by_tag[where])[0], self.targets(by_tag[how_long])[0]
            picture = self.exif[start : start + size]
            if not picture.startswith(b"\xff\xd8"):
                continue
            new = self.clean_jpeg(picture)
            if new != picture:
                self.tiff.data[start : start + len(picture)] = new.ljust(len(picture), b"\0")

    def write(self, start: int, entries: tuple[IfdEntry, ...], gone: list[IfdEntry]) -> None:
        """A directory in its old place; what it has lost becomes zeros behind its end."""
        end = start + 2 + _ENTRY_BYTES * len(entries)
        link = self.exif[end : end + 4]
        body = b"".join(self.raw(entry) for entry in entries if entry not in gone) + link
        self.tiff.put(start, len(entries) - len(gone), 2)
        self.tiff.data[start + 2 : end + len(link)] = body.ljust(_ENTRY_BYTES * len(entries) + len(link), b"\0")
