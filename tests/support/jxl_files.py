"""JPEG XL files for tests, taken apart and put together in another way than the package does."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import imagecodecs
import numpy as np

from gainmap_codec.errors import Limits
from gainmap_codec.files.jxl.bits import BitReader
from gainmap_codec.files.jxl.frames import _read_contents, _read_frame
from gainmap_codec.files.jxl.header import ColorEncoding, parse_header

CODESTREAM = b"\xff\x0a"

ADOBE_RGB = ColorEncoding(
    white_point=2,
    white=(312700, 329000),
    primaries=2,
    chromaticities=((640000, 330000), (210000, 710000), (150000, 60000)),
    gamma=4547070,
)


def boxes(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Types and bodies of a file's boxes, whose sizes have 32 bits."""
    while file:
        size, kind = struct.unpack_from(">I4s", file)
        yield kind, file[8 : size or len(file)]
        file = file[size:] if size else b""


def codestream_of(file: bytes | bytearray) -> bytes:
    """The codestream in a file, or that it is."""
    file = bytes(file)
    if file.startswith(CODESTREAM):
        return file
    return b"".join(body[4 if kind == b"jxlp" else 0 :] for kind, body in boxes(file) if kind in (b"jxlc", b"jxlp"))


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


START = bytes.fromhex("0000000C 4A584C20 0D0A870A 00000014 66747970 6A786C20 00000000 6A786C20")
"""The signature, and a box ftyp that says "jxl " twice."""


def boxed(codestream: bytes, *behind: bytes, front: bytes = b"") -> bytes:
    """A file of boxes around a codestream."""
    return START + front + box(b"jxlc", codestream) + b"".join(behind)


def picture(width: int = 24, height: int = 16, channels: int = 3, *, bits: int = 8) -> bytes:
    """A codestream by libjxl: a ramp, without loss."""
    ramp = np.linspace(0, 1, width * height * channels).reshape(height, width, channels)
    codes = (ramp * ((1 << bits) - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    codes = codes[..., 0] if channels == 1 else codes
    coded = imagecodecs.jpegxl_encode(codes, lossless=True, bitspersample=bits, usecontainer=False)
    return codestream_of(bytes(coded))


def layered(count: int, side: int = 64) -> bytes:
    """A codestream of one picture, laid together from so many flat layers: frames of an animation that take no time."""
    header, frame, last = animation_parts(side)
    without_time = frame[:2] + bytes([frame[2] & ~3, frame[3], 0]) + frame[4:]  # one more bit: what is kept of it
    return header + without_time * (count - 1) + last


def animation(count: int, side: int = 64) -> bytes:
    """A codestream of so many flat pictures."""
    header, frame, last = animation_parts(side)
    return header + frame * (count - 1) + last


def animation_parts(side: int) -> tuple[bytes, bytes, bytes]:
    """The header of an animation by libjxl, a flat frame, and the last one."""
    two, three = (
        codestream_of(imagecodecs.jpegxl_encode(np.zeros((count, side, side, 3), np.uint8), lossless=True, effort=1))
        for count in (2, 3)
    )
    size = len(three) - len(two)
    return two[: -2 * size], two[-2 * size : -size], two[-size:]


def walked(codestream: bytes) -> tuple[list[tuple[int, int, bool]], int]:
    """Pixels, sections and whether it ends a picture, of all frames; and where they end."""
    header = parse_header(codestream)
    reader, found = BitReader(codestream, "test", 8 * header.size), []
    while reader.position < 8 * len(codestream):
        frame = _read_frame(reader, header, (header.width, header.height))
        found.append((frame.pixels, frame.sections, frame.is_last))
        reader.position = 8 * _read_contents(reader, frame, Limits()).stop
    return found, reader.position
