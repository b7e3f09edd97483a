"""Containers told apart, by bytes and by names; the digest of a base that is not in a file yet."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits
from gainmap_codec.files.container import (
    check_name,
    digest_of,
    may_have_gain_map,
    named_for,
    naming,
    parse_file,
    sampling_of,
    serialize_file,
    sniff,
)
from gainmap_codec.files.jpeg.segments import EOI, SOI, make_segment
from gainmap_codec.files.records import CodedImage, GainMapFile
from support.paths import FIXTURES

FILES = sorted(path for folder in ("jpeg", "heif", "jxl", "flat") for path in (FIXTURES / folder).iterdir())
PICTURES = [path for path in FILES if path.suffix in (".jpg", ".heic", ".avif", ".jxl")]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"\xff\xd8\0", None),
        (b"\0\0\0\x20ftypheic", "heif"),
        (b"\xff\x0a\xf8", "jxl"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "jxl"),
        (b"\0\0\0\x0cJXL \n\n\n\n", None),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"", None),
    ],
)
def test_first_bytes_tell_the_kind(data: bytes, kind: str | None) -> None:
    assert sniff(data) == kind
    assert may_have_gain_map(data) == (kind is not None)


def test_other_files_are_named_in_the_message() -> None:
    expected = r"photo.png: expected a JPEG, HEIC, AVIF or JPEG XL file, got a picture in PNG, which has no gain map"
    with pytest.raises(FormatError, match=expected):
        parse_file(b"\x89PNG\r\n\x1a\n", "photo.png", Limits())


@pytest.mark.parametrize(
    ("data", "kind"), [(b"II\xbc\x01", "JPEG XR"), (b"v/1\x01", "OpenEXR"), (b"#?RADIANCE", "Radiance")]
)
def test_hdr_pictures_are_named_with_what_reads_them(data: bytes, kind: str) -> None:
    told = f"got an HDR picture in {kind}: `encode` makes a photo of it; in Python, HdrImage.open reads it"
    with pytest.raises(FormatError, match=told):
        parse_file(data, "shot", Limits())


def test_a_name_that_is_told_already_is_not_told_again() -> None:
    for error in (
        FormatError("a.jxr", "broken"),
        FormatError("a.jxr", "broken", offset=3),
        LimitError("a.jxr: pixels"),
    ):
        with pytest.raises(type(error)) as caught, naming("a.jxr"):
            raise error
        assert caught.value is error


def test_messages_name_the_file_and_the_place_in_it() -> None:
    with pytest.raises(FormatError, match=r"photo\.jpg: JPEG at byte 2: ") as caught:
        parse_file(b"\xff\xd8\xff", "photo.jpg", Limits())
    assert caught.value.offset == 2


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_base_has_the_digest_of_the_files_that_hold_it(path: Path) -> None:
    try:
        file = parse_file(path.read_bytes(), path.name, Limits())
    except GainMapError:
        pytest.skip("a base that is not read")
    assert digest_of(file.base) == file.base_digest
    alone = GainMapFile(file.container, replace(file.base), b"")
    assert parse_file(serialize_file(alone, []), "alone", Limits()).base_digest == file.base_digest


def test_losses_in_writing_become_notes() -> None:
    file = parse_file((FIXTURES / "jpeg/standard.jpg").read_bytes(), "a photo", Limits())
    notes: list[str] = []
    assert serialize_file(replace(file, xmp=b"<broken"), notes)
    assert len(notes) == 1 and notes[0].startswith("the XMP packet given is left out: ")


def test_names_follow_the_container() -> None:
    assert named_for("a/photo.png", "avif") == "a/photo.avif"
    assert named_for("photo.JPEG", "jpeg") == "photo.JPEG"
    assert named_for("photo.png", None) == "photo.png"
    check_name("photo.HEIF", "heic")
    with pytest.raises(ValueError, match=r"photo.jpg: expected a name ending in \.heic, .* or \.heifs for a HEIC"):
        check_name("photo.jpg", "heic")
    with pytest.raises(ValueError, match=r"^x.tif: expected a name ending in \.jxl for a JPEG XL, got \.tif$"):
        check_name("x.tif", "jxl")


SAMPLINGS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_how_chroma_is_stored(sampling: str) -> None:
    """As Pillow (libjpeg-turbo), libavif and libheif were told to store it."""
    picture = Image.fromarray(np.indices((64, 64, 3)).sum(0).astype(np.uint8))
    jpeg, avif, heic = io.BytesIO(), io.BytesIO(), io.BytesIO()
    picture.save(jpeg, "JPEG", subsampling=SAMPLINGS[sampling])
    picture.save(avif, "AVIF", subsampling=sampling)
    pillow_heif.from_pillow(picture).save(heic, chroma=sampling.replace(":", ""))
    for stream in (jpeg, avif, heic):
        assert sampling_of(parse_file(stream.getvalue(), "", Limits()).base) == sampling


@pytest.mark.parametrize(
    ("factors", "sampling"),
    [
        (b"\x41\x11\x11", "other"),
        (b"\x22\x11\x21", "other"),
        (b"\x12\x11\x11", "other"),
        (b"\x22\x22\x22", "4:4:4"),
    ],
)
def test_sampling_factors_of_jpegs(factors: bytes, sampling: str) -> None:
    body = bytes((8, 0, 16, 0, 16, 3)) + b"".join(bytes((number, each, 0)) for number, each in enumerate(factors, 1))
    frame = make_segment(0xC0, body, "frame")
    scan = make_segment(0xDA, b"\3\1\0\2\0\3\0\0\x3f\0", "scan")
    assert sampling_of(CodedImage(SOI + frame + scan + EOI, 16, 16, 3)) == sampling
