"""Our payload's APP11 JUMBF segment, and finding it again after other tools have been at the file.

ImageMagick and GraphicsMagick join all APP11 bodies into one and cut it anew; the payload stays contiguous as
long as it is a single segment. Larger ones, which hold a picture, take several packets.
Source: ISO/IEC 18477-3 (APP11 packets).
"""

from __future__ import annotations

from gainmap_codec.files.cursor import Writer
from gainmap_codec.files.jumbf import (
    MAX_PAYLOAD_BYTES,
    PAYLOAD,
    PAYLOAD_UUID,
    check_payload_size,
    parse_superbox,
    serialize_superbox,
)
from gainmap_codec.files.payload.format import is_payload

_BOX_HEADER_BYTES = 8
_PACKET_BYTES = 65_060  # of what the superbox holds: with a payload of 65 000 bytes
_WHERE = "APP11 JUMBF"
_ID = b"JP"
_INSTANCE = 0x474E  # "GN"; C2PA tools use 0211 and take an equal instance for a continuation of theirs


def serialize_payload_bodies(payload: bytes) -> list[bytes]:
    """Bodies of the APP11 segments that carry `payload`: one, where it has at most 65 000 bytes.

    Raises:
        ValueError: More bytes than any reader takes.
    """
    check_payload_size(payload)
    box = serialize_superbox(PAYLOAD, payload)
    header, content = box[:_BOX_HEADER_BYTES], box[_BOX_HEADER_BYTES:]
    starts = range(0, len(content), _PACKET_BYTES)
    return [_packet(number, header + content[at : at + _PACKET_BYTES]) for number, at in enumerate(starts, 1)]


def _packet(number: int, part: bytes) -> bytes:
    """A part of the superbox, behind the header that each part repeats."""
    writer = Writer(_WHERE)
    writer.raw(_ID)
    writer.u16(_INSTANCE)
    writer.u32(number)
    writer.raw(part)
    return writer.getvalue()


def find_payload(bodies: list[bytes]) -> bytes | None:
    """The payload in the APP11 bodies of an image, or None; of its inside, its first bytes are checked.

    Box structure comes first; where tools have joined or cut segments, our identifier is searched in all
    bodies. No more is given than can be written again.
    """
    for packets in _by_instance(bodies).values():
        payload = parse_superbox(b"".join(packets), PAYLOAD)
        if payload is not None and is_payload(payload):
            return payload[:MAX_PAYLOAD_BYTES]
    joined = b"".join(bodies)
    position = joined.find(PAYLOAD_UUID)
    payload = b"" if position < 0 else _behind(joined, position + len(PAYLOAD_UUID))
    return payload[:MAX_PAYLOAD_BYTES] if is_payload(payload) else None


def _behind(joined: bytes, start: int) -> bytes:
    """What follows our identifier, as far as its box goes, where that stands in front of it."""
    box = start - len(PAYLOAD_UUID) - 8
    if box >= 0 and joined[box + 4 : box + 8] == b"uuid":
        return joined[start : box + int.from_bytes(joined[box : box + 4], "big")]
    return joined[start:]


def _by_instance(bodies: list[bytes]) -> dict[bytes, list[bytes]]:
    """Box instance → its contents by packet number; all but the first lose their repeated box header."""
    numbered: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for body in bodies:
        if body.startswith(_ID) and len(body) >= 16:
            numbered.setdefault(body[2:4], []).append((body[4:8], body[8:]))
    result = {}
    for instance, packets in numbered.items():
        packets.sort(key=lambda packet: packet[0])
        result[instance] = [packets[0][1], *(content[_BOX_HEADER_BYTES:] for _, content in packets[1:])]
    return result
