"""Our own bytes as JUMBF superboxes, which JPEG holds in APP11 segments and JPEG XL as boxes.

Source: ISO/IEC 19566-5 (JUMBF).
"""

from __future__ import annotations

from typing import NamedTuple

from gainmap_codec.errors import FormatError
from gainmap_codec.files.cursor import Reader
from gainmap_codec.files.payload.format import is_payload

MAX_PAYLOAD_BYTES = 1 << 22
"""In any carrier."""
PAYLOAD_UUID = bytes.fromhex("e259d9d6b4464cf8a5d7dfcfbd2cce64")


class Superbox(NamedTuple):
    """A superbox of ours: what is in it, as its label tells people and its UUID programs."""

    label: bytes
    uuid: bytes


PAYLOAD = Superbox(b"gainmap-nn", PAYLOAD_UUID)
"""A neural payload."""

LOST_PAYLOAD = "the neural gain map is damaged and is ignored"
"""What is told of a payload that nothing but its label is left of."""

_WHERE = "JUMBF"
_CONTENT_TYPE = bytes.fromhex("7575696400110010800000AA00389B71")
_REQUESTABLE_WITH_LABEL = 3


def serialize_superbox(kind: Superbox, content: bytes) -> bytes:
    """The box, from its size on."""
    description = _box(b"jumd", _CONTENT_TYPE + bytes((_REQUESTABLE_WITH_LABEL,)) + kind.label + b"\0")
    return _box(b"jumb", description + _box(b"uuid", kind.uuid + content))


def parse_superbox(data: bytes, kind: Superbox) -> bytes | None:
    """The content of a superbox, or None where `data` are not just one of this kind."""
    try:
        outer = Reader(data, _WHERE)
        name, content = _read_box(outer)
        if name != b"jumb" or outer.remaining:
            return None
        reader = Reader(content, _WHERE)
        while reader.remaining:
            name, content = _read_box(reader)
            if name == b"uuid" and content.startswith(kind.uuid):
                return content[len(kind.uuid) :]
    except FormatError:
        pass
    return None


def tells_of_payload(data: bytes) -> bool:
    """Whether a box, or a part of one, has the label of our payload, however damaged it is."""
    return PAYLOAD.label in data


def check_payload_size(payload: bytes) -> None:
    """Raise ValueError for more bytes than any reader takes."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"payload: expected at most {MAX_PAYLOAD_BYTES} bytes, got {len(payload)}")


def check_payload(payload: bytes) -> None:
    """The same for what is no payload at all."""
    check_payload_size(payload)
    if not is_payload(payload):
        raise ValueError(f"payload: expected a neural payload, got bytes that start {payload[:2].hex(' ')}")


def _box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def _read_box(reader: Reader) -> tuple[bytes, bytes]:
    size, kind = reader.u32(), reader.take(4)
    return kind, reader.take(size - 8)
