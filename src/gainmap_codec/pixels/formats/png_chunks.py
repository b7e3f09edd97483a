"""The chunks of a PNG file. Source: PNG third edition (W3C, 2025), clauses 5.3 (layout) and 11.3.2.6 (cICP)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator


def make_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_chunk(data: bytes, kind: bytes) -> bytes | None:
    """Data of the first chunk of this kind before the pixels, or None."""
    for found, body in chunks(data):
        if found in (kind, b"IDAT"):
            return body if found == kind else None
    return None


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks that are whole: their kinds and data."""
    position = 8
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        position += 12 + length
        if position <= len(data):
            yield kind, data[position - 4 - length : position - 4]
