"""JPEG XL files for tests, taken apart and put together in another way than the package does."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import imagecodecs
import numpy as np

CODESTREAM = b"\xff\x0a"


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
