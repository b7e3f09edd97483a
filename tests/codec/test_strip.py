"""What every verb leaves out of a file when it is asked to."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import imagecodecs
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec import pillow
from gainmap_codec.codec.strip import stripped
from gainmap_codec.errors import Limits
from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.files.tags.exif import orientation
from support import jxl_records
from support import pipeline_files as files

pytestmark = [pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning"), pytest.mark.usefixtures("short_fits")]

MARKS = (files.LATITUDE, files.LATITUDE[::-1], b"48,12.5N", b"16,22E")


def record(data: bytes) -> GainMapFile:
    return parse_file(data, "file", Limits())


def saved(data: bytes, strip: Any, size: int | None = None, format: str = "JPEG") -> bytes:
    stream, image = io.BytesIO(), pillow.open(data)
    pillow.save(image if size is None else pillow.resize(image, (size, None)), stream, format=format, strip=strip)
    return stream.getvalue()


VERBS: dict[str, Callable[[bytes, Any], bytes]] = {
    "transcode": lambda data, strip: gm.transcode(data, strip=strip),
    "transcode, another container": lambda data, strip: gm.transcode(data, container="avif", strip=strip),
    "transcode, coded again": lambda data, strip: gm.transcode(data, quality=80, strip=strip),
    "crop": lambda data, strip: gm.crop(data, (0, 0, 16, 16), strip=strip),
    "crop, nothing to do": lambda data, strip: gm.crop(data, (0, 0, *upright_size(data)), strip=strip),
    "resize": lambda data, strip: gm.resize(data, (32, None), strip=strip),
    "rotate": lambda data, strip: gm.rotate(data, 90, strip=strip),
    "rotate, nothing to do": lambda data, strip: gm.rotate(data, 0, strip=strip),
    "flip": lambda data, strip: gm.flip(data, "vertical", strip=strip),
    "encode": lambda data, strip: gm.encode(data, carry="standard", strip=strip),
    "encode, onto a base": lambda data, strip: gm.encode(gm.decode(data), data, carry="standard", strip=strip),
    "pillow, untouched": saved,
    "pillow, another size": lambda data, strip: saved(data, strip, 32),
    "pillow, without HDR": lambda data, strip: saved(data, strip, format="PNG"),
}


def upright_size(data: bytes) -> tuple[int, int]:
    info = gm.inspect(data)
    return (info.height, info.width) if info.orientation >= 5 else (info.width, info.height)


@pytest.mark.parametrize("strip", ["gps", "all"])
@pytest.mark.parametrize("container", ["jpeg", "avif"])
@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_tells_the_place(verb: str, container: Any, strip: Any) -> None:
    source = gm.transcode(files.both(), container=container)
    assert files.LATITUDE in source and b"48,12.5N" in source
    new = VERBS[verb](source, strip)
    assert not [mark for mark in MARKS if mark in new]


def test_the_rest_stays() -> None:
    source = serialize_file(replace(record(files.both()), exif=files.gps_exif(6), orientation=6), [])
    new = record(gm.transcode(source, strip="gps"))
    assert new.exif is not None and orientation(new.exif) == new.orientation == 6
    assert b'dc:rights="mine"' in (new.xmp or b"")
    assert new.base_digest == record(source).base_digest and new.payload == record(source).payload


def test_all_leaves_what_the_pictures_need() -> None:
    source = serialize_file(replace(record(files.both()), exif=files.gps_exif(6), orientation=6), [])
    old, new = record(source), record(gm.transcode(source, strip="all"))
    assert len(new.exif or b"") == 26 and new.orientation == 6, "the orientation and nothing else"
    assert b"mine" not in (new.xmp or b"")
    assert new.base_digest == old.base_digest and new.payload == old.payload
    assert new.base.icc_profile == old.base.icc_profile
    assert new.gain_map is not None and old.gain_map is not None and new.gain_map.metadata == old.gain_map.metadata


def test_what_holds_no_place_is_the_same_record() -> None:
    file, notes = record(files.APPLE), list[str]()
    assert stripped(file, "gps", notes) is file is stripped(file, None, notes)
    assert not notes


@pytest.mark.parametrize("strip", ["gps", "all"])
@pytest.mark.parametrize("make", [jxl_records.full, jxl_records.full_of_jpegs])
def test_jpeg_xl_without_places(make: Callable[[], GainMapFile], strip: Any) -> None:
    """None is left in EXIF, XMP, a packed JPEG, its map's JPEG or another box; pictures and orientation stay."""
    packet = files.XMP.replace(b'tiff:Orientation="1"', b'tiff:Orientation="6"')
    written = serialize_file(replace(make(), exif=files.gps_exif(6), xmp=packet), [])
    source = record(
        written + make_box(b"Exif", bytes(4) + files.gps_exif(6)) + make_box(b"abcd", b"GPSLatitude 48,12.5N")
    )
    file = stripped(source, strip, [])
    data = serialize_file(file, [])
    assert not any(mark in data for mark in MARKS)
    again = record(data)
    assert (again.base_digest, again.orientation, again.payload) == (source.base_digest, 6, source.payload)
    assert again.gain_map is not None and source.gain_map is not None
    assert again.gain_map.metadata == source.gain_map.metadata
    if make is jxl_records.full_of_jpegs:
        jpeg = bytes(imagecodecs.jpegxl_decode_jpeg(data, numthreads=1))
        assert not any(mark in jpeg for mark in MARKS)


def test_jpeg_xl_that_names_no_place_is_the_same_record() -> None:
    file = record(serialize_file(jxl_records.full(), []))
    assert stripped(file, "gps", []) is file


def test_another_word_is_refused() -> None:
    wrong: Any = "exif"
    for call in VERBS.values():
        with pytest.raises(ValueError, match=r"strip: expected one of gps, all"):
            call(files.both(), wrong)


def test_damaged_exif_goes_as_a_whole() -> None:
    notes: list[str] = []
    file = stripped(replace(record(files.APPLE), exif=b"MM\0*broken"), "gps", notes)
    assert any(line.startswith("EXIF is left out") for line in notes)
    assert b"broken" not in (file.exif or b"")


def test_pillow_writes_no_comment_where_all_is_stripped() -> None:
    image = Image.new("RGB", (8, 8))
    image.info["comment"] = b"48,12.5N"
    stream = io.BytesIO()
    pillow.save(image, stream, format="JPEG", strip="all")
    assert b"48,12.5N" not in stream.getvalue()
