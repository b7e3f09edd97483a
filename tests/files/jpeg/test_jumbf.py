"""The payload's APP11 segment, and finding it after other tools have been at the file."""

from __future__ import annotations

import pytest

from gainmap_codec.files.jpeg.jumbf import PAYLOAD_UUID, find_payload, serialize_payload_body
from support.jpeg_records import PAYLOAD


def test_payload_body_layout() -> None:
    body = serialize_payload_body(b"payload")
    assert body[:8] == b"JPGN\0\0\0\1"
    assert int.from_bytes(body[8:12], "big") == len(body) - 8
    assert body[12:16] == b"jumb"
    jumd = bytes.fromhex("00000024") + b"jumd" + bytes.fromhex("7575696400110010800000AA00389B71 03") + b"gainmap-nn\0"
    assert body[16:52] == jumd
    assert body[52:] == bytes.fromhex("0000001F") + b"uuid" + PAYLOAD_UUID + b"payload"
    with pytest.raises(ValueError, match="expected at most 65000 bytes, got 65001"):
        serialize_payload_body(bytes(65_001))


C2PA = b"JP\x02\x11\0\0\0\1" + bytes.fromhex("00000020") + b"jumb" + bytes(24)


@pytest.mark.parametrize(
    "bodies",
    [
        [serialize_payload_body(PAYLOAD)],
        [C2PA, serialize_payload_body(PAYLOAD)],
        [C2PA + serialize_payload_body(PAYLOAD)],  # ImageMagick joins segments
        [serialize_payload_body(PAYLOAD) + C2PA],
        [serialize_payload_body(PAYLOAD) + bytes(9)],
        [serialize_payload_body(PAYLOAD)[:60], serialize_payload_body(PAYLOAD)[60:]],
        # A box in two packets, the second first.
        [b"JPGN\0\0\0\2" + serialize_payload_body(PAYLOAD)[8:16] + serialize_payload_body(PAYLOAD)[90:],
         serialize_payload_body(PAYLOAD)[:90]],
    ],
)  # fmt: skip
def test_payload_is_found_whatever_tools_did(bodies: list[bytes]) -> None:
    assert find_payload(bodies) == PAYLOAD


def test_no_payload_and_implausible_payloads() -> None:
    assert find_payload([]) is None
    assert find_payload([C2PA, b"JP", b"", bytes(40)]) is None
    assert find_payload([serialize_payload_body(b"damaged")]) == b"damaged"


def test_a_broken_payload_is_no_longer_than_one_that_can_be_written() -> None:
    body = PAYLOAD_UUID + bytes(65_000)
    found = find_payload([body, body])
    assert found == bytes(65_000)
    assert serialize_payload_body(found).endswith(found)
