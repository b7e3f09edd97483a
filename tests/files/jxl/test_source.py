"""Boxes of JPEG XL files, and the codestream in them: whole, in parts, cut off."""

from __future__ import annotations

import struct

import imagecodecs
import pytest

from gainmap_codec.errors import FormatError, LimitError, Limits
from gainmap_codec.files.jumbf import PAYLOAD, serialize_superbox
from gainmap_codec.files.jxl.source import START, is_jxl, open_jxl
from support import jxl_files
from support.jxl_files import CODESTREAM, box, boxed, picture

LIMITS = Limits()
STREAM = CODESTREAM + bytes(range(100))


def part(number: int, data: bytes, *, is_last: bool = False) -> bytes:
    return box(b"jxlp", struct.pack(">I", number | is_last << 31) + data)


def test_the_first_boxes_are_those_of_the_standard() -> None:
    assert START == jxl_files.START
    assert is_jxl(START) and is_jxl(STREAM) and not is_jxl(START[:11]) and not is_jxl(b"\xff\xd8\xff")


@pytest.mark.parametrize(
    "file",
    [
        STREAM,
        boxed(STREAM),
        boxed(STREAM, box(b"abcd", b"behind"), front=box(b"jxll", b"\5")),
        START + struct.pack(">I4sQ", 1, b"jxlc", 16 + len(STREAM)) + STREAM + box(b"abcd", b""),
        START + struct.pack(">I4s", 0, b"jxlc") + STREAM,
        START + part(0, STREAM[:10]) + box(b"abcd", b"") + part(1, STREAM[10:60]) + part(2, STREAM[60:], is_last=True),
        START + part(1, STREAM[10:], is_last=True) + part(0, STREAM[:10]),  # as version 1 of ftyp allows
        START + part(0, STREAM, is_last=True) + part(0, b"twice"),
        boxed(STREAM) + boxed(b"a second file"),
    ],
    ids=["naked", "one", "surrounded", "64-bit", "to-the-end", "parts", "parts-in-disorder", "part-twice", "two-files"],
)
def test_the_codestream_is_found(file: bytes) -> None:
    source = open_jxl(file, LIMITS)
    assert (source.codestream, source.missing) == (STREAM, ())


def test_compressed_boxes_are_what_they_hold() -> None:
    exif = box(b"brob", b"Exif" + imagecodecs.brotli_encode(b"metadata"))
    source = open_jxl(boxed(STREAM, exif, box(b"brob", b"xml nonsense")), LIMITS)
    good, bad = source.boxes[-2:]
    assert source.kind(good) == b"Exif" and source.content(good, 8) == b"metadata"
    assert source.kind(bad) == b"xml "
    with pytest.raises(FormatError, match="box brob: expected Brotli data of at most 8 bytes"):
        source.content(bad, 8)
    with pytest.raises(FormatError, match="box brob: expected Brotli data of at most 7 bytes"):
        source.content(good, 7)


def test_decompressing_is_work() -> None:
    source = open_jxl(boxed(STREAM, box(b"brob", b"xml ")), Limits(work=1000).of_one_file())
    with pytest.raises(LimitError, match="work: expected at most 1000"):
        source.content(source.boxes[-1], 1 << 20)


@pytest.mark.parametrize(
    ("file", "found", "missing"),
    [
        (boxed(STREAM)[:-5], STREAM[:-5], "the last 5 bytes of its picture are missing"),
        (boxed(STREAM)[:-1], STREAM[:-1], "the last byte of its picture is missing"),
        (boxed(STREAM, box(b"jumb", b"12345678"))[:-2], STREAM, "the last 2 bytes of its other data are missing"),
        (boxed(STREAM, box(b"jhgm", b"12345678"))[:-2], STREAM, "the last 2 bytes of its gain map are missing"),
        (boxed(STREAM, box(b"brob", b"xml 12345"))[:-2], STREAM, "the last 2 bytes of its XMP are missing"),
        (
            boxed(STREAM, serialize_superbox(PAYLOAD, b"12345678"))[:-2],
            STREAM,
            "the last 2 bytes of its neural gain map are missing, and it is ignored",
        ),
        (START + part(0, STREAM[:10]), STREAM[:10], "the picture is cut off: its part 2 is missing"),
        (START + part(0, STREAM[:10]) + part(2, STREAM[60:], is_last=True), STREAM[:10], "its part 2 is missing"),
    ],
)
def test_what_is_missing_is_told(file: bytes, found: bytes, missing: str) -> None:
    source = open_jxl(file, LIMITS)
    assert source.codestream == found
    assert missing in source.missing[0]


@pytest.mark.parametrize(
    "file", [START, START + part(1, STREAM), START + box(b"jxlp", b"123"), START + box(b"abcd", b"")]
)
def test_a_file_without_a_codestream_is_refused(file: bytes) -> None:
    with pytest.raises(FormatError, match=r"expected a picture \(a box jxlc or jxlp\), got none: is .* cut off\?"):
        open_jxl(file, LIMITS)


def test_sizes_are_checked() -> None:
    with pytest.raises(LimitError, match="file_bytes"):
        open_jxl(picture(), Limits(file_bytes=10))
    with pytest.raises(LimitError, match="boxes"):
        open_jxl(boxed(STREAM, *[box(b"abcd", b"")] * 100), Limits(boxes=50))
    with pytest.raises(FormatError, match="expected a box of 8 bytes or more, got 7"):
        open_jxl(START + struct.pack(">I4s", 7, b"jxlc") + STREAM, LIMITS)
