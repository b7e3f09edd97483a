"""JPEG XL files for tests, taken apart and put together in another way than the package does."""

from __future__ import annotations

import struct
from collections.abc import Iterator

CODESTREAM = b"\xff\x0a"


def boxes(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Types and bodies of a file's boxes, whose sizes have 32 bits."""
    while file:
        size, kind = struct.unpack_from(">I4s", file)
        yield kind, file[8 : size or len(file)]
        file = file[size:] if size else b""


def codestream_of(file: bytes) -> bytes:
    """The codestream in a file, or that it is."""
    if file.startswith(CODESTREAM):
        return file
    return b"".join(body[4 if kind == b"jxlp" else 0 :] for kind, body in boxes(file) if kind in (b"jxlc", b"jxlp"))
