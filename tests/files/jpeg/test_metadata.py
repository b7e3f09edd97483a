"""Metadata segments of a base: duplicates, broken ones, profiles in chunks."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import LimitError
from gainmap_codec.files.jpeg.metadata import EXIF_ID, ICC_ID, XMP_ID, icc_segments
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.segments import make_segment
from support.jpeg_records import EXIF, LIMITS, USER_XMP, tiny


def test_duplicates_and_broken_metadata_of_the_base() -> None:
    segments = [
        make_segment(0xE1, EXIF_ID + b"broken", "EXIF"),
        make_segment(0xE1, EXIF_ID + EXIF, "EXIF"),
        make_segment(0xE1, EXIF_ID + EXIF, "EXIF"),
        make_segment(0xE1, XMP_ID + b"<broken", "XMP"),
        make_segment(0xE1, XMP_ID + USER_XMP, "XMP"),
        make_segment(0xE2, ICC_ID + b"\1\2half", "ICC"),
    ]
    data = tiny()
    file = parse_jpeg(data[:2] + b"".join(segments) + data[2:], LIMITS)
    assert (file.exif, file.xmp, file.base.icc_profile) == (EXIF, USER_XMP, None)
    assert [warning.split(":")[0] for warning in file.warnings] == [
        "ICC profile ignored", "EXIF ignored", "EXIF", "XMP ignored",
    ]  # fmt: skip


@pytest.mark.parametrize("chunks", [[b"\2\2b", b"\1\2a"], [b"\1\1ab"]])
def test_icc_chunks_are_joined_by_number(chunks: list[bytes]) -> None:
    data = tiny()
    segments = b"".join(make_segment(0xE2, ICC_ID + chunk, "ICC") for chunk in chunks)
    assert parse_jpeg(data[:2] + segments + data[2:], LIMITS).base.icc_profile == b"ab"


def test_profiles_that_need_too_many_chunks_are_refused() -> None:
    data = tiny()
    profile = bytes(range(256)) * 600
    segments = icc_segments(profile)
    assert segments.count(ICC_ID) == 3
    assert parse_jpeg(data[:2] + segments + data[2:], LIMITS).base.icc_profile == profile
    with pytest.raises(LimitError, match="ICC profile: "):
        icc_segments(bytes(255 * 65_519 + 1))
