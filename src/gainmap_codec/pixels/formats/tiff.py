"""What a TIFF says of its first picture, told before anything is decoded, and the code values of one of 16 bits.

libtiff takes whatever the tags say: a depth of ten million, a tile of a gigabyte for sixteen pixels. And of a tag that
stands there twice, one program believes the first and another the last. So the tags are looked at here.
Source: TIFF 6.0 sections 2, 8, 15 (tiles) and 19 (sample format); BigTIFF of libtiff 4; libtiff's tiff.h (depths).
"""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import NamedTuple

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from gainmap_codec.errors import FormatError, Limits, UnsupportedError
from gainmap_codec.files.cursor import Reader, open_tiff
from gainmap_codec.files.tags.exif import IfdEntry, ifd_entries
from gainmap_codec.files.tags.exif_layout import exif_of_picture
from gainmap_codec.pixels.formats.decoding import decoding
from gainmap_codec.pixels.picture_metadata import PictureMetadata
from gainmap_codec.pixels.raster.geometry import to_upright

_MINISWHITE, _GREY, _RGB = 0, 1, 2
_COMPRESSIONS = {1: "none", 5: "LZW", 8: "Deflate", 32773: "PackBits", 32946: "Deflate", 50000: "Zstandard"}
_XMP, _ICC_PROFILE, _BYTE, _UNDEFINED, _INLINE = 700, 34675, 1, 7, 4
_SEPARATE_PLANES, _UNSIGNED = 2, 1
_NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}  # TIFF's types of whole numbers


class TiffHeader(NamedTuple):
    """The tags that tell how large a picture is and what its numbers mean, with TIFF's own defaults."""

    width: int = 0
    height: int = 0
    bits: int = 1
    compression: int = 1
    photometric: int = _MINISWHITE
    orientation: int = 1
    samples: int = 1
    planes: int = 1
    tile_width: int = 0
    tile_height: int = 0
    sample_format: int = _UNSIGNED
    depth: int = 1
    tile_depth: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array that libtiff fills."""
        picture = (self.height, self.width)
        if self.samples == 1:
            return picture
        return (self.samples, *picture) if self.planes == _SEPARATE_PLANES else (*picture, self.samples)


_TAGS = dict(
    zip((256, 257, 258, 259, 262, 274, 277, 284, 322, 323, 339, 32997, 32998), TiffHeader._fields, strict=True)
)


def tiff_header(data: bytes, name: str, limits: Limits) -> TiffHeader:
    """The first picture's header, checked against the limits.

    Raises:
        FormatError: It is broken, or says a thing twice.
        UnsupportedError: A picture with a depth.
        LimitError: More pixels than `limits` allow, in the picture or in one of its tiles; up to four samples are one.
    """
    with decoding(name, "TIFF"):
        found: dict[str, int] = {}
        for tag, value in _entries(data):
            if _TAGS[tag] in found:
                raise FormatError(name, f"broken TIFF file: expected each tag once, got tag {tag} twice")
            found[_TAGS[tag]] = value
        header = TiffHeader(**found)
        if min(header.width, header.height, header.samples) < 1:
            size = f"{header.width} x {header.height} of {header.samples}"
            raise FormatError(name, f"broken TIFF file: expected a size above 0, got {size} samples")
        if max(header.depth, header.tile_depth) > 1:
            depth = max(header.depth, header.tile_depth)
            raise UnsupportedError(f"{name}: expected a flat TIFF, got one with a depth of {depth}")
        for pixels in (header.width * header.height, header.tile_width * header.tile_height):
            limits.check("pixels", pixels * -(-header.samples // 4))
        return header


def tiff_codes(data: bytes, name: str, limits: Limits) -> NDArray[np.uint16]:
    """Code values of the first picture, one of 16 bits, upright: (H, W), or (H, W, C) of two channels or more.

    Raises:
        FormatError, LimitError: As `tiff_header`; or the pixels are broken.
        UnsupportedError: Not 16-bit integers, neither grey nor RGB, or packed in a rare way.
    """
    header = tiff_header(data, name, limits)
    if (header.bits, header.sample_format) != (16, _UNSIGNED):
        kind = {1: "uint", 2: "int", 3: "float"}.get(header.sample_format, "unknown ")
        raise UnsupportedError(f"{name}: expected a TIFF of 16-bit integers, got {kind}{header.bits}")
    if header.photometric not in (_GREY, _RGB):
        raise UnsupportedError(f"{name}: expected a TIFF of grey (1) or RGB (2), got colours {header.photometric}")
    if header.compression not in _COMPRESSIONS:
        known = ", ".join(dict.fromkeys(_COMPRESSIONS.values()))
        raise UnsupportedError(f"{name}: expected TIFF compression {known}, got number {header.compression}")
    codes = np.zeros(header.shape, np.uint16)
    with decoding(name, "TIFF"):
        imagecodecs.tiff_decode(data, out=codes)  # which refuses an array of another shape
    if header.samples > 1 and header.planes == _SEPARATE_PLANES:
        codes = np.moveaxis(codes, 0, 2)
    return to_upright(codes, header.orientation if header.orientation in range(1, 9) else 1)


def tiff_metadata(data: bytes) -> PictureMetadata:
    """EXIF, whose tags stand among those of the pixels, and XMP of the first picture; not of a BigTIFF."""
    exif, lost = None, list[str]()
    with suppress(FormatError):
        exif = exif_of_picture(data, lost)
    return PictureMetadata(exif, _value_of(data, _XMP), tuple(lost))


def tiff_profile(data: bytes) -> bytes | None:
    """ICC profile of the first picture, or None."""
    return _value_of(data, _ICC_PROFILE)


def _value_of(data: bytes, tag: int) -> bytes | None:
    """The bytes of a tag of the first picture, or None."""
    with suppress(FormatError):
        reader = open_tiff(data, "TIFF")
        for entry in ifd_entries(reader):
            if entry.tag == tag and entry.kind in (_BYTE, _UNDEFINED) and entry.values > _INLINE:
                return _bytes_of(reader, entry)
    return None


def _bytes_of(reader: Reader, entry: IfdEntry) -> bytes:
    reader.position = entry.position
    reader.position = reader.u32()
    return reader.take(entry.values)


def _entries(data: bytes) -> list[tuple[int, int]]:
    """The tags of `_TAGS` in the first directory, each with its first value."""
    order = "<" if data[:2] == b"II" else ">"
    (magic,) = struct.unpack_from(order + "H", data, 2)
    offset, count, entry, room = {42: ("I", "H", "HHI", 4), 43: ("Q", "Q", "HHQ", 8)}[magic]
    (place,) = struct.unpack_from(order + offset, data, 4 if magic == 42 else 8)
    (entries,) = struct.unpack_from(order + count, data, place)
    start = place + struct.calcsize(order + count)
    table = struct.Struct(f"{order}{entry}{room}s")
    found = []
    for tag, kind, values, raw in table.iter_unpack(data[start : start + entries * table.size]):
        if tag in _TAGS:
            number = struct.Struct(order + _NUMBERS[kind])
            is_inside = values * number.size <= room
            place = 0 if is_inside else struct.unpack(order + offset, raw)[0]
            found.append((tag, number.unpack_from(raw if is_inside else data, place)[0]))
    return found
