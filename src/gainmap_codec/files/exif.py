"""Bounded reading of EXIF: the orientation, and nothing else is trusted or touched."""

from __future__ import annotations

from gainmap_codec.errors import FormatError
from gainmap_codec.files.cursor import Reader, open_tiff

_ORIENTATION = 0x0112
_SHORT = 3


def orientation(exif: bytes) -> int:
    """EXIF orientation, 1…8; 1 where it is absent, out of range or unreadable.

    Only the first IFD is read: the second describes the thumbnail.

    Args:
        exif: TIFF structure, without the ``Exif`` prefix of its JPEG segment; either byte order.
    Source: TIFF 6.0 section 2; EXIF 2.32 section 4.6.4.
    """
    try:
        value = _first_ifd_short(open_tiff(exif, "EXIF"), _ORIENTATION)
    except FormatError:
        return 1
    return value if value is not None and 1 <= value <= 8 else 1


def _first_ifd_short(reader: Reader, wanted: int) -> int | None:
    for _ in range(reader.u16()):
        tag, kind, count = reader.u16(), reader.u16(), reader.u32()
        value = reader.u16()
        reader.u16()  # a SHORT fills the first half of its value field in either byte order
        if (tag, kind, count) == (wanted, _SHORT, 1):
            return value
    return None
