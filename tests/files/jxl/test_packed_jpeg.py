"""JPEGs packed and unpacked: bit for bit, after other programs changed their boxes, and what is refused."""

from __future__ import annotations

import io
import pickle

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits, UnsupportedError
from gainmap_codec.files.jpeg.segments import COM, coded_digest, make_segment, parse_segments
from gainmap_codec.files.jxl.bits import in_bits, in_bytes
from gainmap_codec.files.jxl.packed_jpeg import (
    EXIF,
    JBRD,
    MOST_BYTES_BEHIND,
    XMP,
    NotPackedError,
    PackedJpeg,
    pack_jpeg,
    parse_boxes,
    serialize_boxes,
    unpack_jpeg,
)
from support.jpeg_records import EXIF as TIFF
from support.jpeg_records import USER_XMP, tiny
from support.jxl_files import codestream_of, picture

LIMITS = Limits()


def jpeg_with_metadata() -> bytes:
    return tiny(exif=b"Exif\0\0" + TIFF, xmp=USER_XMP, comment=b"a comment", icc_profile=None)


@pytest.mark.parametrize(
    "options",
    [{}, {"mode": "L"}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 1}, {"size": (17, 33)}],
    ids=str,
)
def test_jpegs_come_back(options: dict[str, object]) -> None:
    jpeg = tiny(**options)  # type: ignore[arg-type]
    packed = pack_jpeg(jpeg, "base")
    assert set(packed.boxes) == {JBRD}
    assert unpack_jpeg(packed, LIMITS) == jpeg


def test_metadata_stand_in_boxes() -> None:
    jpeg = jpeg_with_metadata() + b"behind its end"
    packed = pack_jpeg(jpeg, "base")
    assert packed.boxes[EXIF] == bytes(4) + TIFF and packed.boxes[XMP] == USER_XMP
    assert unpack_jpeg(packed, LIMITS) == jpeg
    boxes = serialize_boxes(packed.boxes)
    assert [boxes[at + 4 : at + 8] for at in (0, 8 + len(packed.boxes[JBRD]))] == [JBRD, EXIF]
    assert parse_boxes(boxes, LIMITS) == packed.boxes


@pytest.mark.parametrize(
    "change",
    [
        {EXIF: None},
        {XMP: None},
        {EXIF: None, XMP: None},
        {EXIF: bytes(4) + TIFF + b"more", XMP: USER_XMP[:50]},
        {EXIF: b""},
    ],
    ids=["no-exif", "no-xmp", "neither", "other-sizes", "empty"],
)
def test_changed_metadata_cost_the_jpeg_nothing_else(change: dict[bytes, bytes | None]) -> None:
    jpeg = jpeg_with_metadata()
    codestream, boxes = pack_jpeg(jpeg, "base")
    new = {kind: data for kind, data in ({**boxes, **change}).items() if data is not None}
    unpacked = unpack_jpeg(PackedJpeg(codestream, new), LIMITS)
    assert coded_digest(parse_segments(unpacked, LIMITS)) == coded_digest(parse_segments(jpeg, LIMITS))
    assert len(jpeg) - len(unpacked) == sum(
        4 + (6 + len(boxes[kind]) - 4 if kind == EXIF else 29 + len(boxes[kind])) for kind in change
    )
    assert b"a comment" in unpacked


def test_exif_of_the_same_size_goes_into_the_jpeg() -> None:
    codestream, boxes = pack_jpeg(jpeg_with_metadata(), "base")
    other = TIFF[:-5] + b"\3" + TIFF[-4:]
    unpacked = unpack_jpeg(PackedJpeg(codestream, {**boxes, EXIF: bytes(4) + other}), LIMITS)
    assert unpacked == jpeg_with_metadata().replace(TIFF, other)


def test_what_cannot_be_packed() -> None:
    cmyk = io.BytesIO()
    Image.new("CMYK", (8, 8)).save(cmyk, "JPEG")
    for jpeg in (cmyk.getvalue(), tiny()[:200], b"\xff\xd8\xff", tiny() + bytes(MOST_BYTES_BEHIND + 1)):
        with pytest.raises(UnsupportedError, match="base: expected a JPEG that JPEG XL holds without loss"):
            pack_jpeg(jpeg, "base")
    assert unpack_jpeg(pack_jpeg(tiny() + bytes(MOST_BYTES_BEHIND), "base"), LIMITS)[-2:] == bytes(2)


def test_the_error_travels_to_other_processes() -> None:
    error = NotPackedError("gain map", "no reason")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.picture, again.reason) == (str(error), "gain map", "no reason")


def jbrd(*markers: int, sizes: tuple[int, ...] = ()) -> bytes:
    """The begin of a box: one channel, these markers, and segments of an unknown kind."""
    listed = "".join(in_bits(marker - 0xC0, 6) for marker in (*markers, 0xD9))
    return in_bytes("1" + listed + "".join("00" + in_bits(size, 16) for size in sizes)) + bytes(8)


@pytest.mark.parametrize(
    ("box", "message"),
    [
        (jbrd(*[0xE1] * 1000, sizes=(65535,) * 1000), "at most 16777216 bytes of metadata, got 65535000"),
        (jbrd(*[0xFF] * 300), "at most 16777216 bytes of metadata, got 19660800"),
        (jbrd(*[0xE1] * 5000), "segments: expected at most 4096"),
        (jbrd(*[0xDA] * 101), "scans: expected at most 100"),
    ],
    ids=["segments", "between", "many", "scans"],
)
def test_bombs(box: bytes, message: str) -> None:
    with pytest.raises(LimitError, match=message):
        unpack_jpeg(PackedJpeg(picture(), {JBRD: box}), LIMITS)


def test_too_many_pixels() -> None:
    with pytest.raises(LimitError, match="pixels"):
        unpack_jpeg(pack_jpeg(tiny(), "base"), Limits(pixels=100))


def test_nothing_else_happens_to_broken_ones() -> None:
    codestream, boxes = pack_jpeg(jpeg_with_metadata(), "base")
    whole = boxes[JBRD]
    damaged = [whole[:end] for end in range(len(whole))]
    damaged += [whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :] for at in range(len(whole))]
    for box in damaged:
        try:
            unpack_jpeg(PackedJpeg(codestream, {**boxes, JBRD: box}), LIMITS)
        except GainMapError:
            continue
    with pytest.raises(FormatError, match="box jbrd: expected a whole header"):
        unpack_jpeg(PackedJpeg(codestream, {}), LIMITS)
    with pytest.raises(FormatError, match="packed JPEG: expected a whole one"):
        unpack_jpeg(PackedJpeg(picture(), boxes), LIMITS)  # of another picture
    frames = np.zeros((2, 16, 24, 3), np.uint8)
    moving = codestream_of(imagecodecs.jpegxl_encode(frames))
    with pytest.raises(FormatError, match="expected one picture, got an animation"):
        unpack_jpeg(PackedJpeg(moving, boxes), LIMITS)


def test_comments_are_counted() -> None:
    jpeg = tiny()
    jpeg = jpeg[:2] + make_segment(COM, bytes(65_000), "a comment") * 2 + jpeg[2:]
    assert unpack_jpeg(pack_jpeg(jpeg, "base"), LIMITS) == jpeg
