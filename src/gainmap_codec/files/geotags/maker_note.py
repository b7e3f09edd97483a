"""Maker notes that name a place: those of makers who are known to write one, and those with words or pictures in them.

Source: exiftool's Panasonic.pm (tags 0x0067 to 0x0080), Nikon.pm (0x0039), Samsung.pm (0x0030, 0x0031).
"""

from __future__ import annotations

from gainmap_codec.errors import FormatError
from gainmap_codec.files.cursor import Reader, open_tiff
from gainmap_codec.files.geotags.words import mentions_geotag
from gainmap_codec.files.jpeg.metadata import EXIF_ID
from gainmap_codec.files.tags.exif import ifd_entries

_PANASONIC, _PANASONIC_TAGS = b"Panasonic\0\0\0", (0x67, 0x69, 0x6B, 0x6D, 0x6F, 0x70, 0x80)
_NIKON, _NIKON_TAGS = b"Nikon\0\2", (0x39,)
_NIKON_HEADER_BYTES = 10
_SAMSUNG_MARKS, _SAMSUNG_TAGS = (b"\1\0\7\0\4\0\0\0" + b"0100", b"\0\1\0\7\0\0\0\4" + b"0100"), (0x30, 0x31)
_PICTURE = b"\xff\xd8\xff\xe1"
_UNSAID = b"\0 -\xff"


def note_has_geotag(exif: bytes, note: bytes) -> bool:
    """Whether a maker note says where a picture was taken, as far as is known of its maker.

    Args:
        exif: The structure that the note is in: some makers count offsets from its start.
    """
    if mentions_geotag(note) or _PICTURE in note or EXIF_ID in note:
        return True
    try:
        return _is_said_by_maker(exif, note)
    except FormatError:
        return True  # of these makers, and damaged


def _is_said_by_maker(exif: bytes, note: bytes) -> bool:
    order = open_tiff(exif, "EXIF").byte_order
    if note.startswith(_PANASONIC):
        start = exif.find(note) + len(_PANASONIC)
        return _is_said(Reader(exif, "maker note", byte_order=order, position=start), _PANASONIC_TAGS)
    if note.startswith(_NIKON):
        inner = note[_NIKON_HEADER_BYTES:]
        return _is_said(open_tiff(inner, "maker note"), _NIKON_TAGS)
    if note[2:14] in _SAMSUNG_MARKS:
        entries = ifd_entries(Reader(note, "maker note", byte_order=order))
        return any(entry.tag in _SAMSUNG_TAGS for entry in entries)  # nobody knows what their offsets count from
    return False


def _is_said(reader: Reader, tags: tuple[int, ...]) -> bool:
    """Whether one of these tags, bytes or text, has more than blanks."""
    for entry in ifd_entries(reader):
        if entry.tag in tags:
            reader.position = entry.position
            if entry.values > 4:
                reader.position = reader.u32()
            if reader.take(entry.values).strip(_UNSAID):
                return True
    return False
