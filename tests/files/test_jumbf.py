"""Superboxes of ours."""

from __future__ import annotations

import pytest

from gainmap_codec.files.jumbf import PAYLOAD, Superbox, check_payload, parse_superbox, serialize_superbox

OTHER = Superbox(b"another", bytes(range(16)))


def test_bytes_by_hand() -> None:
    data = serialize_superbox(OTHER, b"content")
    description = (
        bytes.fromhex("00000021") + b"jumd" + bytes.fromhex("7575696400110010800000AA00389B71 03") + b"another\0"
    )
    content = bytes.fromhex("0000001F") + b"uuid" + OTHER.uuid + b"content"
    assert data == bytes.fromhex("00000048") + b"jumb" + description + content
    assert parse_superbox(data, OTHER) == b"content"
    assert parse_superbox(data, PAYLOAD) is None


def test_what_is_no_superbox() -> None:
    data = serialize_superbox(OTHER, b"content")
    for end in range(len(data)):
        assert parse_superbox(data[:end], OTHER) is None
    assert parse_superbox(data + b"!", OTHER) is None
    assert parse_superbox(data.replace(b"jumb", b"jumc", 1), OTHER) is None
    assert parse_superbox(bytes(64), OTHER) is None


def test_payloads_are_told_by_their_first_bytes() -> None:
    check_payload(b"\xf6A" + bytes(20))
    with pytest.raises(ValueError, match="payload: expected a neural payload, got bytes that start 00 00"):
        check_payload(bytes(20))
    with pytest.raises(ValueError, match="payload: expected at most 4194304 bytes, got 4194305"):
        check_payload(bytes((1 << 22) + 1))
