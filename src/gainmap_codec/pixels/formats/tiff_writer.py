"""16-bit PQ TIFF out. A TIFF file with EXIF is an EXIF structure with pixels behind it, and tags that lead to them.

So the structure goes first, every byte of it where it was: nothing in it has to be moved, the camera's notes neither.
Source: TIFF 6.0 sections 2, 8 and 14; its supplement 2 (Deflate); XMP specification part 3 (Adobe, 2020), 1.1.4 (TIFF).
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.errors import GainMapError
from gainmap_codec.files.cursor import ByteOrder, open_tiff
from gainmap_codec.files.tags.exif import LONG, SHORT, IfdEntry, ifd_entries
from gainmap_codec.files.tags.exif_edit import VALUE_BYTES
from gainmap_codec.pixels.picture_metadata import PictureMetadata

_BYTE, _UNDEFINED = 1, 7
_SIZES = {_BYTE: 1, SHORT: 2, LONG: 4, _UNDEFINED: 1}
_DEFLATE, _HORIZONTAL, _RGB = 8, 2, 2
_STRIP_BYTES = 1 << 18
_XMP, _ICC_PROFILE = 700, 34675
_TEXTS = frozenset((269, 270, 271, 272, 274, 282, 283, 285, 296, 305, 306, 315, 316))
"""Of the lower tags, those that say something of the photo, its orientation too; the others lay out pixels."""
_FIRST_OTHER, _FIRST_OF_DNG = 0x1000, 0xC612

_Tags = dict[int, bytes]  # a tag's number and the twelve bytes of its entry


def encode_tiff(codes: NDArray[np.uint16], icc_profile: bytes, metadata: PictureMetadata, notes: list[str]) -> bytes:
    """A TIFF of uint16 (H, W, 3), Deflate with prediction, with profile, EXIF and XMP.

    Args:
        notes: Gets a line where EXIF cannot be read and is left out.
    """
    file, tags = _from_exif(metadata.exif, notes)
    height, width = codes.shape[:2]
    rows = max(1, _STRIP_BYTES // (6 * width))
    strips = [_packed(codes[top : top + rows], file.order) for top in range(0, height, rows)]
    places = [file.append(strip) for strip in strips]
    tags |= {
        number: file.entry(number, kind, values)
        for number, kind, values in (
            (256, LONG, (width,)),
            (257, LONG, (height,)),
            (258, SHORT, (16, 16, 16)),
            (259, SHORT, (_DEFLATE,)),
            (262, SHORT, (_RGB,)),
            (273, LONG, places),
            (277, SHORT, (3,)),
            (278, LONG, (rows,)),
            (279, LONG, [len(strip) for strip in strips]),
            (317, SHORT, (_HORIZONTAL,)),
            (_XMP, _BYTE, metadata.xmp or b""),
            (_ICC_PROFILE, _UNDEFINED, icc_profile),
        )
        if len(values)
    }
    return file.finished(tags)


class _File(NamedTuple):
    """A file that grows."""

    data: bytearray
    order: ByteOrder

    def append(self, part: bytes) -> int:
        """The place of a part, on an even offset, as the format asks for."""
        self.data.extend(bytes(len(self.data) % 2))
        place = len(self.data)
        self.data.extend(part)
        return place

    def entry(self, tag: int, kind: int, values: bytes | list[int] | tuple[int, ...]) -> bytes:
        """An entry of a directory; values of more than four bytes stand elsewhere."""
        body = b"".join(self.number(value, _SIZES[kind]) for value in values)
        value = body.ljust(4, b"\0") if len(body) <= 4 else self.number(self.append(body), 4)
        return self.number(tag, 2) + self.number(kind, 2) + self.number(len(values), 4) + value

    def number(self, value: int, size: int) -> bytes:
        return value.to_bytes(size, self.order)

    def finished(self, tags: _Tags) -> bytes:
        directory = b"".join(tags[number] for number in sorted(tags))
        self.data[4:8] = self.number(self.append(self.number(len(tags), 2) + directory + bytes(4)), 4)
        return bytes(self.data)


def _from_exif(exif: bytes | None, notes: list[str]) -> tuple[_File, _Tags]:
    """The beginning of the file, and the tags of the photo that are in it."""
    if exif is not None:
        try:
            reader = open_tiff(exif, "EXIF")
            entries = list(ifd_entries(reader))
        except GainMapError as error:
            notes.append(f"EXIF is left out, it cannot be read: {error}")
        else:
            found = [entry for entry in entries if _tells_of_the_photo(entry.tag)]
            whole = [entry for entry in found if _is_whole(entry, exif, reader.byte_order)]
            if len(whole) < len(found):
                notes.append(f"damaged tags of EXIF are left out: {len(found) - len(whole)}")
            tags = {entry.tag: exif[entry.position - 8 : entry.position + 4] for entry in whole}
            return _File(bytearray(exif), reader.byte_order), tags
    return _File(bytearray(b"II*\0" + bytes(4)), "little"), {}


def _tells_of_the_photo(tag: int) -> bool:
    return tag in _TEXTS or (_FIRST_OTHER <= tag < _FIRST_OF_DNG and tag != _ICC_PROFILE)


def _is_whole(entry: IfdEntry, exif: bytes, order: ByteOrder) -> bool:
    """Whether an entry's values are of a known kind, and in the structure: readers refuse files for less."""
    size = VALUE_BYTES.get(entry.kind, 0) * entry.values
    place = int.from_bytes(exif[entry.position : entry.position + 4], order) if size > 4 else entry.position
    return size > 0 and place + size <= len(exif)


def _packed(codes: NDArray[np.uint16], order: ByteOrder) -> bytes:
    """A strip, each value as its difference from the pixel to the left, compressed."""
    differences = codes.copy()
    differences[:, 1:] -= codes[:, :-1]
    return zlib.compress(differences.astype("<u2" if order == "little" else ">u2").tobytes())
