"""The MPF index: golden bytes both ways, other writers' byte order, damage."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import FormatError, LimitError
from gainmap_codec.files.jpeg.mpf import MpfEntry, MpfPicture, moved_mpf, parse_mpf, serialize_mpf
from support.cases import MPF_GAIN_MAP_BYTES, MPF_POSITION, MPF_PRIMARY_BYTES, MPF_SEGMENT
from support.jpeg_records import LIMITS, little_endian_mpf


def test_mpf_golden_bytes_both_ways() -> None:
    assert serialize_mpf(MPF_PRIMARY_BYTES, [MpfPicture(0, MPF_GAIN_MAP_BYTES, 0)], MPF_POSITION) == MPF_SEGMENT
    entries = (MpfEntry(0x030000, 100_000, 0), MpfEntry(0, 20_000, 94_992))
    assert parse_mpf(MPF_SEGMENT[8:], LIMITS) == entries


def test_mpf_little_endian() -> None:
    assert parse_mpf(little_endian_mpf(5, 99), LIMITS)[1] == MpfEntry(0, 5, 99)


def test_mpf_refuses_disorder_cuts_and_crowds() -> None:
    body = MPF_SEGMENT[8:]
    with pytest.raises(FormatError, match="ascending tags, got B001 after B001"):
        parse_mpf(body.replace(b"\xb0\0", b"\xb0\1", 1), LIMITS)
    for size in range(len(body)):
        with pytest.raises(FormatError):
            parse_mpf(body[:size], LIMITS)
    with pytest.raises(LimitError, match="mpf_entries: expected at most 64, got 65"):
        parse_mpf(little_endian_mpf(0, 0, 65), LIMITS)


def test_an_index_follows_its_pictures() -> None:
    body = MPF_SEGMENT[8:]
    moved = parse_mpf(moved_mpf(body, 100, 30, LIMITS), LIMITS)
    assert [entry.size for entry in moved] == [MPF_PRIMARY_BYTES + 100, MPF_GAIN_MAP_BYTES]
    assert [entry.offset for entry in moved] == [0, MPF_PRIMARY_BYTES - MPF_POSITION - 8 + 30]
    crowd = little_endian_mpf(5, 99, 65)
    assert moved_mpf(crowd, 1, 1, LIMITS) == crowd
    assert moved_mpf(b"nonsense", 1, 1, LIMITS) == b"nonsense"
