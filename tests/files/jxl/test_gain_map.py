"""The box jhgm: bytes by hand, those of libjxl's own test, and what is broken."""

from __future__ import annotations

import imagecodecs
import pytest

from gainmap_codec.errors import FormatError, UnsupportedError
from gainmap_codec.files.jxl.gain_map import Bundle, parse_bundle, parse_map_jpeg, serialize_bundle, serialize_map_jpeg
from gainmap_codec.files.jxl.header import ColorEncoding
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from support.cases import ISO_CASES, ONE_CHANNEL

LINEAR_SRGB = bytes.fromhex("50B400")
"""As lib/extras/gain_map_test.cc of libjxl has it."""
PROFILE = b"a profile" * 50
STREAM = b"\xff\x0athe map"


def test_bytes_by_hand() -> None:
    metadata = ISO_CASES["one-channel"][1]
    data = bytes.fromhex("00 003D") + metadata + b"\3" + LINEAR_SRGB + bytes(4) + STREAM
    bundle = Bundle(metadata, ColorEncoding(transfer=8), None, STREAM)
    assert serialize_bundle(bundle) == data
    assert parse_bundle(data) == bundle


def test_a_profile_is_compressed() -> None:
    packed = imagecodecs.brotli_encode(PROFILE)
    head = bytes.fromhex("00 0004") + b"blob" + b"\0"
    data = head + len(packed).to_bytes(4, "big") + packed + STREAM
    assert parse_bundle(data) == Bundle(b"blob", None, PROFILE, STREAM)
    assert parse_bundle(serialize_bundle(parse_bundle(data))) == parse_bundle(data)


def test_every_way_to_be_cut_off() -> None:
    data = serialize_bundle(Bundle(serialize_iso21496(ONE_CHANNEL), ColorEncoding(primaries=9), PROFILE, b""))
    for end in range(len(data)):
        with pytest.raises(FormatError, match="box jhgm"):
            parse_bundle(data[:end])


def test_what_is_not_read() -> None:
    with pytest.raises(UnsupportedError, match="box jhgm: expected version 0, got 1"):
        parse_bundle(b"\1" + bytes(20))
    bomb = imagecodecs.brotli_encode(bytes(1 << 24))
    with pytest.raises(FormatError, match="expected Brotli data of at most 1048576 bytes"):
        parse_bundle(bytes(4) + len(bomb).to_bytes(4, "big") + bomb)
    with pytest.raises(FormatError, match="box jhgm, colour"):
        parse_bundle(bytes.fromhex("00 0000 01 00 00000000"))


def test_the_boxes_of_a_jpeg_belong_to_one_codestream() -> None:
    content = serialize_map_jpeg(b"boxes", STREAM)
    assert parse_map_jpeg(content, STREAM) == b"boxes"
    with pytest.raises(FormatError, match="the gain map's JPEG"):
        parse_map_jpeg(content, STREAM + b"!")
