"""EXIF of any length, made by piexif."""

from __future__ import annotations

import io

import piexif
from PIL import Image

GPS = {piexif.GPSIFD.GPSLatitudeRef: b"N", piexif.GPSIFD.GPSLatitude: ((48, 1), (12, 1), (30, 1))}


def exif(note: bytes = b"", thumbnail: int = 0, comment: bytes = b"", turn: int = 6) -> bytes:
    """Big-endian, turned, with values in all directories, and a thumbnail of so many bytes."""
    tags = {
        "0th": {piexif.ImageIFD.Make: b"a camera of some make", piexif.ImageIFD.Orientation: turn},
        "Exif": {piexif.ExifIFD.FNumber: (28, 10), piexif.ExifIFD.MakerNote: note, piexif.ExifIFD.UserComment: comment},
        "GPS": GPS,
        "Interop": {piexif.InteropIFD.InteroperabilityIndex: b"R98"},
    }
    if not thumbnail:
        return piexif.dump(tags)[6:]  # type: ignore[no-any-return]
    stream = io.BytesIO()
    Image.new("RGB", (16, 12)).save(stream, "JPEG")
    small = stream.getvalue()
    data = piexif.dump(tags | {"1st": {piexif.ImageIFD.Compression: 6}, "thumbnail": small})[6:]
    place = data.index(bytes.fromhex("0202 0004 00000001")) + 8
    size = int.from_bytes(data[place : place + 4], "big")
    more = max(0, thumbnail - size)
    return data[:place] + (size + more).to_bytes(4, "big") + data[place + 4 :] + bytes(more)  # type: ignore[no-any-return]
