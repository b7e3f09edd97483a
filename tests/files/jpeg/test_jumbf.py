"""The payload's APP11 segment, and finding it after other tools have been at the file."""

from __future__ import annotations

import pytest

from gainmap_codec.files.jpeg.jumbf import find_payload, serialize_payload_bodies
from gainmap_codec.files.jumbf import PAYLOAD_UUID
from support.jpeg_records import PAYLOAD


def test_payload_body_layout() -> None:
    body = serialize_payload_bodies(b"payload")[0]
    assert body[:8] == b"JPGN\0\0\0\1"
    assert int.from_bytes(body[8:12], "big") == len(body) - 8
    assert body[12:16] == b"jumb"
    jumd = bytes.fromhex("00000024") + b"jumd" + bytes.fromhex("7575696400110010800000AA00389B71 03") + b"gainmap-nn\0"
    assert body[16:52] == jumd
    assert body[52:] == bytes.fromhex("0000001F") + b"uuid" + PAYLOAD_UUID + b"payload"
    with pytest.raises(ValueError, match="expected at most 4194304 bytes, got 4194305"):
        serialize_payload_bodies(bytes((1 << 22) + 1))


@pytest.mark.parametrize(("size", "packets"), [(65_000, 1), (65_001, 2), (200_000, 4)])
def test_large_payloads_take_several_packets(size: int, packets: int) -> None:
    """Each goes into a segment and repeats the header of the superbox (ISO/IEC 18477-3)."""
    payload = (PAYLOAD * (size // len(PAYLOAD) + 1))[:size]
    bodies = serialize_payload_bodies(payload)
    assert [body[:8] for body in bodies] == [b"JPGN" + n.to_bytes(4, "big") for n in range(1, packets + 1)]
    assert {body[8:16] for body in bodies} == {(size + 68).to_bytes(4, "big") + b"jumb"}
    assert max(map(len, bodies)) <= 65_533
    assert find_payload([C2PA, *reversed(bodies)]) == payload


C2PA = b"JP\x02\x11\0\0\0\1" + bytes.fromhex("00000020") + b"jumb" + bytes(24)


@pytest.mark.parametrize(
    "bodies",
    [
        [serialize_payload_bodies(PAYLOAD)[0]],
        [C2PA, serialize_payload_bodies(PAYLOAD)[0]],
        [C2PA + serialize_payload_bodies(PAYLOAD)[0]],  # ImageMagick joins segments
        [serialize_payload_bodies(PAYLOAD)[0] + C2PA],
        [serialize_payload_bodies(PAYLOAD)[0] + bytes(9)],
        [serialize_payload_bodies(PAYLOAD)[0][:60], serialize_payload_bodies(PAYLOAD)[0][60:]],
        # A box in two packets, the second first.
        [b"JPGN\0\0\0\2" + serialize_payload_bodies(PAYLOAD)[0][8:16] + serialize_payload_bodies(PAYLOAD)[0][90:],
         serialize_payload_bodies(PAYLOAD)[0][:90]],
    ],
)  # fmt: skip
def test_payload_is_found_whatever_tools_did(bodies: list[bytes]) -> None:
    assert find_payload(bodies) == PAYLOAD


def test_no_payload_and_implausible_payloads() -> None:
    assert find_payload([]) is None
    assert find_payload([C2PA, b"JP", b"", bytes(40)]) is None
    assert find_payload([serialize_payload_bodies(b"damaged")[0]]) is None
    assert find_payload([serialize_payload_bodies(b"\xf6\x41damaged")[0]]) == b"\xf6\x41damaged"


def test_a_broken_payload_is_no_longer_than_one_that_can_be_written() -> None:
    payload = b"\xf6\x41".ljust(1 << 22, b"\0")
    body = PAYLOAD_UUID + payload
    found = find_payload([body, body])
    assert found == payload
    assert sum(map(len, serialize_payload_bodies(found))) > len(found)
