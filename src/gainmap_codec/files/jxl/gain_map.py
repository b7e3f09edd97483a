"""Gain maps in JPEG XL files: the box ``jhgm``, and beside it what makes the JPEG again that a map was.

Source: libjxl lib/include/jxl/gain_map.h and lib/extras/gain_map.cc; ISO 21496-1:2025 annex C.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from gainmap_codec.errors import FormatError, UnsupportedError
from gainmap_codec.files.cursor import Reader, Writer
from gainmap_codec.files.jumbf import Superbox
from gainmap_codec.files.jxl.bits import BitReader, in_bytes
from gainmap_codec.files.jxl.brotli import compressed, decompressed
from gainmap_codec.files.jxl.header import ColorEncoding, parse_color, serialize_color

JHGM = b"jhgm"
MAP_JPEG = Superbox(b"gainmap-jpeg", bytes.fromhex("2f5df6ed2fe94162b8c7a1ea604046ac"))
"""What stands beside the codestream of a gain map that was a JPEG."""

_WHERE = "box jhgm"
_MOST_PROFILE = 1 << 20


class Bundle(NamedTuple):
    """What the box holds.

    Attributes:
        metadata: As ISO 21496-1 has it, not parsed.
        color: Of the alternate, or None.
        icc_profile: Of the alternate, or None.
        codestream: The gain map.
    """

    metadata: bytes
    color: ColorEncoding | None
    icc_profile: bytes | None
    codestream: bytes


def parse_bundle(data: bytes) -> Bundle:
    """What stands behind the header of a box ``jhgm``.

    Raises:
        FormatError: It is broken.
        UnsupportedError: Another version than 0.
    """
    reader = Reader(data, _WHERE)
    version = reader.u8()
    if version:
        raise UnsupportedError(f"{_WHERE}: expected version 0, got {version}")
    metadata = reader.take(reader.u16())
    color = reader.take(reader.u8())
    profile = reader.take(reader.u32())
    return Bundle(
        metadata,
        parse_color(BitReader(color, f"{_WHERE}, colour")) if color else None,
        decompressed(profile, _MOST_PROFILE, f"{_WHERE}, ICC profile") if profile else None,
        reader.take(reader.remaining),
    )


def serialize_bundle(bundle: Bundle) -> bytes:
    """The same bytes again."""
    color = in_bytes(serialize_color(bundle.color)) if bundle.color else b""
    profile = compressed(bundle.icc_profile) if bundle.icc_profile else b""
    writer = Writer(_WHERE)
    writer.u8(0)
    writer.u16(len(bundle.metadata))
    writer.raw(bundle.metadata)
    writer.u8(len(color))
    writer.raw(color)
    writer.u32(len(profile))
    writer.raw(profile)
    writer.raw(bundle.codestream)
    return writer.getvalue()


def parse_map_jpeg(content: bytes, codestream: bytes) -> bytes:
    """The boxes beside the packed JPEG that a gain map is.

    Raises:
        FormatError: They belong to another codestream.
    """
    digest = _digest(codestream)
    if content[: len(digest)] != digest:
        raise FormatError("the gain map's JPEG", "expected the codestream of the box jhgm, got another")
    return content[len(digest) :]


def serialize_map_jpeg(boxes: bytes, codestream: bytes) -> bytes:
    """As `parse_map_jpeg` reads it."""
    return _digest(codestream) + boxes


def _digest(codestream: bytes) -> bytes:
    return hashlib.sha256(codestream).digest()[:4]
