"""Fuzzing of what `encode` reads: HDR pictures of every format, and SDR pictures by Pillow; pictures or errors of ours.

Checksums of PNG are made true, else none of its fields would be read.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import atheris
from common import LIMITS, check_line, check_lines, fuzz

with atheris.instrument_imports(include=["gainmap_codec"]):
    from gainmap_codec.errors import GainMapError
    from gainmap_codec.pixels.formats.hdr_files import read_hdr
    from gainmap_codec.pixels.formats.images import read_base

import imagecodecs
import numpy as np
from PIL import Image

from support import hdr_files, jxl_files
from support.paths import FIXTURES

PNG = b"\x89PNG\r\n\x1a\n"


def with_true_checksums(data: bytes) -> bytes:
    """A PNG as it is but for the CRCs of its chunks."""
    parts, position = [data[:8]], 8
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        stop = min(position + 8 + length, len(data) - 4)
        parts += [data[position:stop], struct.pack(">I", zlib.crc32(data[position + 4 : stop]))]
        position = stop + 4
    return b"".join((*parts, data[position:]))


def target(data: bytes) -> None:
    if data.startswith(PNG):
        data = with_true_checksums(data)
    try:
        image = read_hdr(data, limits=LIMITS)
        assert np.isfinite(image.pixels).all()
        check_lines(image.warnings)
    except GainMapError as error:
        check_line(error)
    try:
        check_lines(read_base(data, limits=LIMITS).notes)
    except (GainMapError, ValueError) as error:  # ValueError: a picture of another kind than `encode` takes
        check_line(error)


def animations() -> Iterator[bytes]:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue")]
    for kind in ("AVIF", "WEBP", "PNG", "TIFF", "GIF"):
        stream = io.BytesIO()
        frames[0].save(stream, kind, save_all=True, append_images=frames[1:])
        yield stream.getvalue()


def stills() -> Iterator[bytes]:
    for kind in ("PNG", "TIFF", "WEBP", "JPEG2000", "BMP", "TGA", "PPM", "ICNS", "ICO"):
        stream = io.BytesIO()
        Image.new("RGB", (16, 16), "green").save(stream, kind)
        yield stream.getvalue()


def screenshots() -> Iterator[bytes]:
    yield from (path.read_bytes() for path in sorted((FIXTURES / "jxr").iterdir()))
    for dtype in (np.float16, np.float32):
        yield bytes(imagecodecs.jpegxr_encode(hdr_files.picture().astype(dtype)))


def jpeg_xl() -> Iterator[bytes]:
    yield from (jxl_files.picture(bits=16), jxl_files.layered(3), jxl_files.animation(3))
    yield bytes(imagecodecs.jpegxl_encode(hdr_files.picture(), lossless=True))


def seeds() -> Iterator[bytes]:
    yield from hdr_files.samples().values()
    yield from animations()
    yield from stills()
    yield from screenshots()
    yield from jpeg_xl()


if __name__ == "__main__":
    fuzz(target, seeds())
