"""JPEG images cut into segments: sizes, digests, damage, and no picture that is cut twice."""

from __future__ import annotations

import contextlib
import hashlib
import io
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits, UnsupportedError
from gainmap_codec.files.container import digest_of, parse_file, serialize_file
from gainmap_codec.files.jpeg import segments
from gainmap_codec.files.jpeg.edit import carry_segments, has_c2pa, other_segments
from gainmap_codec.files.jpeg.metadata import EXIF_ID, XMP_ID
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.segments import Segment, image_header, make_segment, parse_segments, segments_of
from gainmap_codec.pixels.formats.images import decode_jpeg
from support.jpeg_records import EXIF, LIMITS, coded, digest_of_jpeg, full_record, record, tiny


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (tiny(), (24, 16, 3)),
        (tiny("L"), (24, 16, 1)),
        (tiny(progressive=True), (24, 16, 3)),
        (tiny(restart_marker_blocks=1), (24, 16, 3)),
    ],
)
def test_header_and_digest_of_all_kinds_of_scans(data: bytes, size: tuple[int, int, int]) -> None:
    image = parse_segments(data, LIMITS)
    assert image.complete
    assert image.end == len(data)
    assert image_header(image, LIMITS)[:3] == size
    parts = [image.raw(segment) for segment in (*image.header, *image.tail) if not segment.is_metadata]
    without_metadata = b"".join(parts) + b"\xff\xd9"
    assert digest_of_jpeg(data) == hashlib.sha256(without_metadata).digest()[:4]
    assert data.endswith(without_metadata[-200:])
    assert Image.open(io.BytesIO(b"\xff\xd8" + without_metadata)).tobytes() == Image.open(io.BytesIO(data)).tobytes()


def test_metadata_fill_bytes_and_a_missing_eoi_leave_the_digest() -> None:
    data = tiny()
    filled = data[:2] + make_segment(0xFE, b"x", "COM") + b"\xff\xff\xff" + data[2:]
    assert digest_of_jpeg(filled) == digest_of_jpeg(data)
    assert digest_of_jpeg(data[:-2] + b"\xff\xff\xd9") == digest_of_jpeg(data)
    assert digest_of_jpeg(data[:-2]) == digest_of_jpeg(data[:-2] + b"\xff") == digest_of_jpeg(data)
    assert digest_of_jpeg(data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]) != digest_of_jpeg(data)


@pytest.mark.parametrize("between", [b"\0\0", b"text", b"\xff\0", b"\xff\xff", b"\0\xff\xff"])
def test_bytes_between_segments_are_passed_over(between: bytes) -> None:
    data = tiny()
    image = parse_segments(data, LIMITS)
    parts = [image.raw(segment) for segment in image.header]
    odd = data[:2] + between + between.join(parts) + between + data[image.tail[0].start :]
    assert digest_of_jpeg(odd) == digest_of_jpeg(data)
    assert np.array_equal(decode_jpeg(odd), decode_jpeg(data))
    file = parse_jpeg(serialize_file(replace(record(), base=parse_jpeg(odd, LIMITS).base), []), LIMITS)
    assert (file.base_digest, file.warnings) == (digest_of_jpeg(data), ())


def test_a_height_said_again_behind_the_scan_is_no_damage() -> None:
    file = parse_jpeg(tiny()[:-2] + b"\xff\xdc\0\4\0\x10\xff\xd9", LIMITS)
    assert file.warnings == ()
    assert np.array_equal(decode_jpeg(file.base.data), decode_jpeg(tiny()))


def test_pictures_inside_segments_are_not_found() -> None:
    thumbnail = make_segment(0xE1, EXIF_ID + EXIF + tiny("L", (8, 8)), "EXIF")
    data = tiny()
    file = parse_jpeg(data[:2] + thumbnail + data[2:], LIMITS)
    assert (file.base.width, file.base.height, file.base.channels) == (24, 16, 3)
    assert file.base_digest == digest_of_jpeg(data)
    assert (file.gain_map, file.others, file.orientation) == (None, (), 6)


def patched_frame(offset: int, replacement: bytes, marker: bytes = b"") -> bytes:
    data = tiny()
    frame = data.index(b"\xff\xc0\0\x11")
    data = data[: frame + 4 + offset] + replacement + data[frame + 4 + offset + len(replacement) :]
    return data[:frame] + (marker or data[frame : frame + 2]) + data[frame + 2 :]


@pytest.mark.parametrize(
    ("data", "error", "problem"),
    [
        (b"", FormatError, r"expected a JPEG image \(FF D8\), got the end"),
        (b"\x89PNG\r\n", FormatError, r"expected a JPEG image \(FF D8\), got 89 50"),
        (b"\xff\xd8", FormatError, "cut off before its pixels begin: expected a scan"),
        (b"\xff\xd8\xff\xd9", FormatError, "expected a scan .*, got the image's end"),
        (b"\xff\xd8\xff\xe0\0\1", FormatError, "length 1"),
        (b"\xff\xd8rubbish", FormatError, "expected a marker"),
        (tiny()[:100], FormatError, "cut off before its pixels begin: expected a scan"),
        (tiny("CMYK"), UnsupportedError, "got 4 of 8 bits: CMYK, as for printing"),
        (patched_frame(0, b"\x0c"), UnsupportedError, "got 3 of 12 bits"),
        (patched_frame(0, b"\x08\0\0"), UnsupportedError, "DNL"),
        (patched_frame(3, b"\0\0"), FormatError, "width above 0"),
        (patched_frame(5, b"\x01"), FormatError, "expected 9 bytes, got 15"),
        (patched_frame(5, b"\xff"), FormatError, "expected 3 bytes, got 0"),
        (patched_frame(0, b"", b"\xff\xc3"), UnsupportedError, "SOF3"),
        (patched_frame(0, b"", b"\xff\xc8"), FormatError, "frame header"),
        (patched_frame(1, b"\xff\xff\xff\xff"), LimitError, "pixels"),
    ],
)
def test_broken_bases(data: bytes, error: type[GainMapError], problem: str) -> None:
    with pytest.raises(error, match=problem):
        parse_jpeg(data, LIMITS)


def test_budgets_of_a_base() -> None:
    data = tiny(progressive=True)
    for limits in (Limits(scans=3), Limits(segments=5), Limits(file_bytes=100), Limits(pixels=383)):
        with pytest.raises(LimitError):
            parse_jpeg(data, limits)


def test_scan_data_with_embedded_markers_stay_one_scan() -> None:
    data = tiny()
    damaged = data[:-10] + b"\xff\x5c" + data[-8:]
    assert parse_segments(damaged, LIMITS).complete
    with pytest.raises(GainMapError):
        parse_segments(zlib.compress(data), LIMITS)


@pytest.fixture
def cuts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where each image began that was cut into segments."""
    starts: list[int] = []
    cut = segments._segments

    def counted(data: bytes, position: int, stop: int, *, strict: bool = False) -> Iterator[Segment]:
        starts.append(position - 2)
        return cut(data, position, stop, strict=strict)

    monkeypatch.setattr(segments, "_segments", counted)
    return starts


def test_each_picture_of_a_file_is_cut_once(cuts: list[int]) -> None:
    data = serialize_file(full_record(), [])
    cuts.clear()
    file = parse_file(data, "a photo", LIMITS)
    assert len(cuts) == 2  # base and gain map
    assert serialize_file(file, []) == data
    assert digest_of(file.base) == file.base_digest
    assert len(list(other_segments(file.base))) == 2 and not has_c2pa(file.base)
    without_profile = replace(file, base=replace(file.base, icc_profile=None))
    assert parse_jpeg(serialize_file(without_profile, []), LIMITS).base.icc_profile is None
    assert len(cuts) == 4  # the last line read another file


def test_a_map_that_no_index_names_is_cut_once_behind_a_look_at_its_header(cuts: list[int]) -> None:
    data = serialize_file(replace(record(), xmp=None), [])
    bare = parse_segments(data, LIMITS)
    mpf, xmp = bare.header[-1], next(each for each in bare.header if bare.body(each).startswith(XMP_ID))
    data = data.replace(bare.raw(mpf), b"").replace(bare.raw(xmp), b"", 1)
    cuts.clear()
    assert parse_file(data, "a photo", LIMITS).gain_map is not None
    assert len(cuts) == 3


def test_a_new_picture_is_cut_when_somebody_asks_and_then_no_more(cuts: list[int]) -> None:
    old, new = full_record().base, coded(tiny(quality=30))
    cuts.clear()
    carried = carry_segments(old, new)
    assert segments_of(carried).data == carried.data
    assert segments_of(replace(carried, icc_profile=b"x")) is segments_of(carried)
    assert len(cuts) == 3


def test_other_data_are_cut_anew() -> None:
    picture = coded(tiny())
    assert segments_of(picture).end == len(picture.data)
    other = tiny(quality=30)
    assert segments_of(replace(picture, data=other)).data is other


@pytest.mark.parametrize("cut", [0, 2, 40])
def test_an_image_alone_is_what_its_own_bytes_are_cut_to(cut: int) -> None:
    data = tiny()
    image = parse_segments(b"before" + data[: len(data) - cut] + b"\xff\xff", LIMITS, start=6)
    alone = image.alone()
    assert alone == parse_segments(alone.data, LIMITS)
    assert alone.alone() is alone


@pytest.mark.parametrize("filling", [b"\xff", b"\xff\0", b"\xff\xff\0", b"\xff\xd0\xff\x5c", b"\xff\xda\0\2"])
@pytest.mark.parametrize("start", [b"\xff\xd8", tiny()[:-2], tiny(restart_marker_blocks=1)[:-2]])
def test_a_megabyte_of_bytes_that_mean_nothing_is_walked_at_once(start: bytes, filling: bytes) -> None:
    begun = time.process_time()
    with contextlib.suppress(GainMapError):
        parse_jpeg(start + filling * (1_000_000 // len(filling)), LIMITS)
    assert time.process_time() - begun < 1
