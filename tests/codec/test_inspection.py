"""What `inspect` tells is what is in the file; it warns of nothing, and decodes no HDR."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.codec.description import describe
from gainmap_codec.codec.inspection import inspect_picture, inspect_source
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import ColorSpace
from gainmap_codec.pixels.formats.exr import encode_exr
from gainmap_codec.pixels.formats.linear_formats import encode_npy, encode_radiance
from support.hdr_files import picture, radiance
from support.paths import FIXTURES
from support.pipeline_files import made


@pytest.mark.parametrize(("orientation", "shown"), [(1, (96, 64)), (3, (96, 64)), (5, (64, 96)), (6, (64, 96))])
def test_sizes_as_stored_and_as_shown(orientation: int, shown: tuple[int, int]) -> None:
    info = inspect_source(made(standard=True, orientation=orientation), Limits()).to_dict()
    assert (info["shown_width"], info["shown_height"]) == shown
    assert {info["width"], info["height"]} == {96, 64}
    pixels = gm.decode(made(standard=True, orientation=orientation)).pixels
    assert pixels.shape[:2] == shown[::-1]


def test_numbers_of_a_file_with_both_maps() -> None:
    path = FIXTURES / "jpeg/both.jpg"
    info = inspect_source(path, Limits())
    assert (info.container, info.file_bytes, info.width, info.height) == ("jpeg", path.stat().st_size, 16, 16)
    assert info.gain_map is not None and (info.gain_map.carrier, info.gain_map.width) == ("iso21496", 4)
    assert info.payload is not None and info.payload.bound_by == "strict"
    plain = json.loads(json.dumps(info.to_dict()))
    assert plain["gain_map"]["stored"]["alternate_hdr_headroom"] != plain["gain_map"]["metadata"]
    assert len(plain["payload"]["binding"]["soft"]) == 2 * 13


def test_the_profile_of_the_alternate_is_counted() -> None:
    file = parse_file((FIXTURES / "heif/tmap.avif").read_bytes(), "a", Limits())
    assert file.gain_map is not None and inspect_source(FIXTURES / "heif/tmap.avif", Limits()).alternate_icc_bytes == 0
    profile = icc_profile_for("display-p3")
    image = replace(file.gain_map.image, icc_profile=profile)
    data = serialize_file(replace(file, gain_map=replace(file.gain_map, image=image), extras=None), [])
    assert inspect_source(data, Limits()).alternate_icc_bytes == len(profile)


def test_oddities_are_told_and_not_warned_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        info = gm.inspect(FIXTURES / "invalid/exif-twice.jpg")
    assert any("more than one" in line for line in info.warnings)


@pytest.mark.parametrize("space", ["srgb", "display-p3", "bt2020"])
def test_the_primaries_are_those_of_the_file(space: ColorSpace) -> None:
    image = gm.HdrImage(np.full((3, 5, 3), 4.0, np.float32), space)
    info = inspect_picture(encode_exr(image, []), "a.exr", Limits())
    assert info["color_space"] == space
    info = inspect_picture(encode_radiance(image), "a.hdr", Limits())
    assert info["color_space"] == "srgb"


def test_primaries_without_a_name() -> None:
    aces = "0.7347 0.2653 0 1 0.0001 -0.077 0.32168 0.33767"
    info = inspect_picture(radiance(picture(), f"PRIMARIES={aces}"), "a.hdr", Limits())
    assert info["color_space"] == "other primaries"


def test_an_hdr_picture_without_a_map() -> None:
    data = encode_npy(gm.HdrImage(np.full((3, 5, 3), 4.0, np.float32), "srgb"))
    info = inspect_picture(data, "a.npy", Limits())
    assert (info["format"], info["width"], info["height"], info["headroom"]) == ("npy", 5, 3, 2.0)
    with pytest.raises(gm.FormatError, match=r"a.txt: expected a picture in .* got one that begins with b'text'"):
        inspect_picture(b"text", "a.txt", Limits())


def test_what_is_missing_of_a_file() -> None:
    whole = (FIXTURES / "jxl/both.jxl").read_bytes()
    assert gm.inspect(whole).damage == ()
    found = gm.inspect(whole[:-20])
    assert found.damage and set(found.damage) <= {*found.warnings}
    assert found.to_dict()["damage"] == list(found.damage)


def test_a_packed_jpeg_is_called_one() -> None:
    told = gm.inspect(FIXTURES / "jxl/standard.jxl").to_dict()
    assert (told["container"], told["base_codec"]) == ("jxl", "jpeg")
    assert describe(told).startswith("JXL, 16 x 16, sRGB, a packed JPEG\n")
