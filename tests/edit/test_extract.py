"""Gain-map files taken apart: what each part is, judged by other programs."""

from __future__ import annotations

import io

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.edit.extract import extract_parts
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.jpeg.segments import coded_digest, parse_segments
from support import pipeline_files as files
from support.paths import FIXTURES


def parts_of(data: bytes) -> gm.Parts:
    return extract_parts(data, Limits())


def test_the_base_of_a_jpeg_is_the_photo_without_its_gain_map() -> None:
    data = files.both()
    parts = parts_of(data)
    assert parts.container == "jpeg"
    for mark in (b"MPF\0", b"urn:iso:std:iso:ts:21496", b"hdr-gain-map", b"photos/1.0/container", b"gainmap-nn"):
        assert mark not in parts.base
    with Image.open(io.BytesIO(data)) as photo, Image.open(io.BytesIO(parts.base)) as base:
        assert photo.tobytes() == base.tobytes()
        assert base.info["icc_profile"] == parts.icc_profile == photo.info["icc_profile"]
        assert base.getexif().tobytes() == photo.getexif().tobytes()
    assert np.array_equal(parts.base_codes, imagecodecs.jpeg8_decode(parts.base))
    assert parts.xmp is not None and b'dc:rights="mine"' in parts.xmp
    assert parts.exif is not None and b"Exif\0\0" + parts.exif in parts.base


def test_the_gain_map_of_a_jpeg_is_a_picture_of_its_own() -> None:
    data = files.both()
    parts, stored = parts_of(data), parse_file(data, "a", Limits()).gain_map
    assert stored is not None and parts.gain_map is not None
    assert parts.gain_map in data, "byte by byte"
    assert parts.metadata == stored.metadata
    assert parts.gain_map_codes is not None
    with Image.open(io.BytesIO(parts.gain_map)) as opened:
        assert np.array_equal(np.asarray(opened), parts.gain_map_codes)
    assert parts.payload is not None and parts.payload in data


@pytest.mark.parametrize("name", ["heif/tmap.heic", "heif/grid.heic", "heif/tmap-apple-turned.heic"])
def test_libheif_opens_the_pictures_of_a_heic(name: str) -> None:
    data = (FIXTURES / name).read_bytes()
    parts = parts_of(data)
    assert parts.gain_map is not None
    for part in (parts.base, parts.gain_map):
        assert b"tmap" not in part
    whole, base = (pillow_heif.open_heif(io.BytesIO(each)) for each in (data, parts.base))
    assert np.array_equal(np.asarray(whole), np.asarray(base)), "turned and cut as in the photo"
    assert pillow_heif.open_heif(io.BytesIO(parts.gain_map)).size[0] > 0


@pytest.mark.parametrize("name", ["heif/tmap.avif", "heif/tmap-turned.avif", "heif/tmap-hdr-base.avif"])
def test_libavif_opens_the_pictures_of_an_avif(name: str) -> None:
    parts = parts_of((FIXTURES / name).read_bytes())
    assert parts.gain_map is not None and parts.gain_map_codes is not None
    base, gain_map = (np.squeeze(imagecodecs.avif_decode(each)) for each in (parts.base, parts.gain_map))
    assert base.shape[:2] == parts.base_codes.shape[:2]
    assert gain_map.shape[:2] == parts.gain_map_codes.shape[:2]


def test_what_no_part_holds_is_told() -> None:
    data = (FIXTURES / "invalid/tmap-broken-map-apple-spare.heic").read_bytes()
    assert "the second gain map (apple) is not kept" in parts_of(data).warnings
    with pytest.warns(gm.GainMapWarning, match=r"the second gain map \(apple\) is not kept"):
        gm.extract(data)


def test_a_photo_without_a_gain_map_has_a_base_alone() -> None:
    data = files.plain()
    parts = parts_of(data)
    assert (parts.gain_map, parts.metadata, parts.payload, parts.gain_map_codes) == (None, None, None, None)
    assert coded_digest(parse_segments(parts.base, Limits())) == coded_digest(parse_segments(data, Limits()))


def test_what_stands_beside_the_pictures_stays_with_the_base() -> None:
    data = (FIXTURES / "jpeg/motion-photo.jpg").read_bytes()
    video = next(part.data for part in parse_file(data, "a", Limits()).others if part.kind == "video")
    assert parts_of(data).base.endswith(video)


@pytest.mark.parametrize(
    "name", ["tmap-no-group.avif", "auxiliary-without-xmp.avif", "apple-headroom-below-1.jpg", "iso-gamma-zero.jpg"]
)
def test_a_gain_map_that_cannot_be_used_is_not_in_the_base(name: str) -> None:
    data = (FIXTURES / "invalid" / name).read_bytes()
    parts = parts_of(data)
    assert "the gain map that cannot be used is not kept" in parts.warnings
    again = parse_file(parts.base, "base", Limits())
    assert (again.refused, again.warnings, parts.gain_map) == ((), (), None)
    assert len(parts.base) < len(data)


def test_limits_hold() -> None:
    with pytest.raises(gm.LimitError):
        gm.extract(files.both(), limits=gm.Limits(pixels=10))


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    with pytest.raises(gm.GainMapError, match="expected"):
        gm.extract(data)
