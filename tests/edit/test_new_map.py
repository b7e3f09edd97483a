"""What is asked for of the standard gain map is obeyed, in every container; what is not stays as it is coded."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.edit.report import TranscodeReport
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.payload.records import CodedPicture
from gainmap_codec.files.records import AppleMetadata, CodedImage, Container, Fraction, StoredGainMap
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import Array, pq_encode, pq_psnr
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image
from gainmap_codec.pixels.maps.map_editing import resize_gain_map
from support import pipeline_files as files
from support.cases import ONE_CHANNEL
from support.paths import FIXTURES

TWO, DARK = Fraction(2, 1), Fraction(-14, 1)
CONTAINERS: tuple[Container, ...] = ("jpeg", "heic", "avif")


pytestmark = pytest.mark.usefixtures("quiet", "short_fits")


@cache
def photo(container: Container, channels: int = 1) -> bytes:
    """96 x 64, a map of 24 x 16; one of three channels has other gains for each colour."""
    base, hdr = files.pictures()
    tinted = hdr * np.asarray([1, 0.6, 0.3], np.float32) if channels == 3 else hdr
    return gm.encode(tinted, base, container=container, carry="standard", map_scale=4, map_channels=channels)


def edited(source: Any, **options: Any) -> TranscodeReport:
    return transcode_with_report(source, TranscodeOptions(**options))


def map_of(data: bytes) -> StoredGainMap:
    found = parse_file(data, "test", gm.Limits()).gain_map
    assert found is not None
    return found


def shape(data: bytes) -> tuple[int, int, int]:
    image = map_of(data).image
    return image.width, image.height, image.channels


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize(("scale", "size"), [(1, (96, 64)), (2, (48, 32)), (8, (12, 8)), (5, (20, 13))])
def test_a_scale_is_obeyed(container: Container, scale: int, size: tuple[int, int]) -> None:
    found = edited(photo(container), map_scale=scale, map_quality=98)
    assert shape(found.data) == (*size, 1)
    old, new = map_of(photo(container)), map_of(found.data)
    assert new.metadata == old.metadata, "the range stays"
    assert not isinstance(old.metadata, AppleMetadata)
    wanted = resize_gain_map(decode_coded_image(old.image), old.metadata, old.image.bits, size)
    difference = np.abs(decode_coded_image(new.image).astype(int) - wanted)
    assert difference.mean() < 1.5, "gains were averaged, or interpolated"
    assert any("adds no detail" in note for note in found.notes) == (scale < 4)


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_quality_is_obeyed(container: Container) -> None:
    sizes = [len(map_of(edited(photo(container), map_quality=quality).data).image.data) for quality in (20, 60, 100)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[2]
    assert parse_file(edited(photo(container), map_quality=20).data, "new", gm.Limits()).base_digest == (
        parse_file(photo(container), "old", gm.Limits()).base_digest
    )


def test_the_quality_of_a_jpeg_map_is_that_of_libjpegs_tables() -> None:
    image = map_of(edited(photo("jpeg"), map_quality=50).data).image.data
    table = image[image.index(b"\xff\xdb") + 5 :][:3]
    assert table == bytes([16, 11, 12]), "the standard's own table, in zigzag order, is libjpeg's quality 50"


REAL = {"gainmap-audit/apple_hdr_sample.heic": 1134, "libavif/seine_sdr_gainmap_srgb.jpg": 300}
"""Photos, and a width for which the map's codes are made anew: those of a JPEG would be coded in JPEG without loss."""


@pytest.mark.parametrize("name", REAL)
def test_a_map_is_as_good_in_every_container_and_in_no_more_bytes_than_in_jpeg(name: str, data_dir: Path) -> None:
    def image(container: Container, quality: int | None = None) -> CodedImage:
        how: dict[str, Any] = {"carry": "standard", "quality": 50, "map_quality": quality}
        return map_of(edited(data_dir / "files" / name, container=container, size=(REAL[name], None), **how).data).image

    wanted = decode_coded_image(image("jxl", 100)).astype(float)

    def psnr(coded: CodedImage) -> float:
        return 10 * math.log10(255**2 / np.square(decode_coded_image(coded) - wanted).mean())

    jpeg = image("jpeg")
    assert psnr(image("jpeg", 94)) < psnr(jpeg) < psnr(image("jpeg", 96)), "95 by default"
    behind: dict[Container, float] = {"heic": 0.05, "avif": 0.05, "jxl": 0.5}  # dB; at 99, JPEG XL takes more bytes
    for container, most in behind.items():
        coded = image(container)
        assert len(coded.data) <= len(jpeg.data)
        assert psnr(coded) > psnr(jpeg) - most


@pytest.mark.parametrize("container", CONTAINERS)
def test_one_channel_becomes_three_equal_ones(container: Container) -> None:
    found = edited(photo(container), map_channels=3)
    assert shape(found.data) == (24, 16, 3)
    assert pq_psnr(gm.decode(found.data).pixels, gm.decode(photo(container)).pixels) > 40


@pytest.mark.parametrize("container", CONTAINERS)
def test_three_channels_become_one_as_encode_makes_it(container: Container) -> None:
    source = photo(container, 3)
    assert shape(source) == (24, 16, 3)
    found = edited(source, map_channels=1, map_quality=95)
    assert shape(found.data) == (24, 16, 1)
    base = parse_file(source, "base", gm.Limits()).base.data
    wanted = gm.encode(
        gm.decode(source), base, container=container, carry="standard", map_scale=4, map_channels=1, map_quality=95
    )
    assert pq_psnr(gm.decode(found.data).pixels, gm.decode(wanted).pixels) > 50


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("options", [{"map_scale": 4}, {"map_channels": 1}, {"map_scale": 4, "map_channels": 1}])
def test_what_is_as_asked_for_stays_bit_for_bit(container: Container, options: dict[str, Any]) -> None:
    old, new = map_of(photo(container)), map_of(edited(photo(container), **options).data)
    assert np.array_equal(decode_coded_image(new.image), decode_coded_image(old.image))
    assert new.metadata == old.metadata


@pytest.mark.parametrize("options", [{"map_scale": "auto"}, {"map_channels": "auto"}])
def test_what_is_left_to_choose_is_made_of_the_hdr_picture(options: dict[str, Any]) -> None:
    found = edited(photo("jpeg"), **options)
    assert any("made anew" in note for note in found.notes)
    assert pq_psnr(gm.decode(found.data).pixels, gm.decode(photo("jpeg")).pixels) > 35


def test_options_go_with_another_size_and_container() -> None:
    found = edited(photo("jpeg", 3), container="avif", size=(48, None), map_scale=2, map_channels=1)
    assert found.container == "avif"
    assert shape(found.data) == (24, 16, 1)


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_part_has_a_map_of_the_scale(container: Container) -> None:
    found = edited(photo(container), box=(3, 5, 83, 53), map_scale=8)
    assert shape(found.data) == (10, 6, 1)


@pytest.mark.parametrize(("side", "lines"), [(2, ["it brightens them by 0.5 stops instead of 2.0"]), (16, [])])
def test_highlights_that_a_coarser_map_dims_are_told_of(side: int, lines: list[str]) -> None:
    """Two squares of 2 x 2 pixels are each averaged with 12 others by a map four times as coarse; those of 16 stay."""
    codes = np.zeros((64, 96), np.uint8)
    for left in (32, 64):
        codes[16 : 16 + side, left : left + side] = 255
    channel = replace(ONE_CHANNEL.channels[0], gain_map_min=Fraction(0, 1), gain_map_max=TWO, gamma=Fraction(1, 1))
    metadata = replace(ONE_CHANNEL, channels=(channel,))
    file = files.read(files.made(standard=True))
    stored = StoredGainMap(code_picture(codes, "jpeg", quality=100), metadata, "iso21496")
    source = serialize_jpeg(replace(file, gain_map=stored, payload=None))
    for options in ({"map_scale": 4}, {"preset": "web"}):
        told = [line for line in edited(source, **options).notes if "dims" in line]
        assert told == [f"standard gain map: coarser, which dims small highlights: {line}" for line in lines]
    assert not [line for line in edited(source, size=(24, 16)).notes if "dims" in line], "as small as its base"


def test_apples_maps_are_converted_first() -> None:
    apple = (FIXTURES / "heif/apple-auxiliary.heic").read_bytes()
    assert isinstance(map_of(apple).metadata, AppleMetadata)
    new = map_of(edited(apple, map_quality=80).data)
    assert not isinstance(new.metadata, AppleMetadata)
    assert isinstance(map_of(edited(apple).data).metadata, AppleMetadata), "nothing asked, nothing done"


def test_without_a_map_a_line_says_so() -> None:
    line = "map_scale changes nothing: there is no standard gain map"
    assert line in edited(files.plain(), map_scale=2).warnings


def test_an_hdr_base_keeps_the_channels_of_its_map() -> None:
    source = (FIXTURES / "heif/tmap-hdr-base.avif").read_bytes()
    found = edited(source, map_channels="auto")
    assert any("HDR base" in line for line in found.warnings)
    assert map_of(found.data).image.channels == map_of(source).image.channels


def test_what_the_source_lacks_is_made_for_a_part_of_it() -> None:
    """A standard map of the network's rendition, in the part's own raster."""
    source = files.made(neural=True)
    found = edited(source, carry="both", box=(10, 6, 80, 60), size=(35, 27), quality=98, map_scale=1, map_channels=3)
    new = gm.decode(found.data, prefer="standard").pixels
    whole = gm.decode(source).pixels[6:60, 10:80]
    wanted = whole.reshape(27, 2, 35, 2, 3).mean(axis=(1, 3)).astype(np.float32)
    assert shape(found.data) == (35, 27, 3)
    assert pq_psnr(new, wanted) > 30


def codes_between(one: bytes, other: bytes) -> Array:
    """Steps of 10-bit PQ between what two files show in full, the largest of the channels."""
    first, second = (pq_encode(gm.decode(data).pixels) for data in (one, other))
    steps: Array = np.abs(first - second).max(axis=2) * 1023
    return steps


@pytest.mark.parametrize("container", ["jpeg", "jxl"])
def test_a_networks_own_gain_is_written(container: Container) -> None:
    source = files.with_one_gain()
    found = edited(source, container=container, carry="standard", map_quality=100)
    stored = map_of(found.data)
    assert not isinstance(stored.metadata, AppleMetadata)
    (channel,) = stored.metadata.channels
    assert (float(channel.base_offset), float(channel.alternate_offset)) == (1 / 128, 1 / 256)
    assert shape(found.data) == (48, 32, 1)
    assert "standard gain map: the neural map's own gain at quality 100, 48 x 32" in found.notes
    assert np.mean(codes_between(found.data, source) <= 2) >= 0.99


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_on_a_base_that_is_coded_anew_it_is_the_gain_of_the_old_one(container: Container) -> None:
    source = files.with_one_gain()
    kept = edited(source, carry="standard", map_quality=100).data
    found = edited(source, container=container, carry="standard", map_quality=100)
    before, after = (decode_coded_image(map_of(data).image) for data in (kept, found.data))
    assert map_of(found.data).metadata == map_of(kept).metadata
    assert np.abs(before.astype(int) - after.reshape(after.shape[0], after.shape[1], -1)[..., 0]).max() <= 3


def test_a_part_of_it_at_another_size() -> None:
    source = files.with_one_gain(residual_scale=0.25)
    found = edited(source, carry="standard", box=(10, 6, 80, 60), size=(35, 27), quality=98, map_quality=100)
    part = gm.decode(source).pixels[6:60, 10:80]
    wanted = part.reshape(27, 2, 35, 2, 3).mean(axis=(1, 3)).astype(np.float32)
    assert shape(found.data) == (18, 14, 1), "as many cells of the grid as lay there, for half of the pixels"
    assert pq_psnr(gm.decode(found.data).pixels, wanted) > 35


@pytest.mark.parametrize(("scale", "size"), [(1, (96, 64)), (4, (24, 16))])
def test_its_scale_is_obeyed(scale: int, size: tuple[int, int]) -> None:
    found = edited(files.with_one_gain(), carry="standard", map_scale=scale)
    assert shape(found.data) == (*size, 1)


def test_its_depth_is_that_of_the_base_in_avif_and_else_fits_its_range() -> None:
    deep = gm.encode(photo("avif"), container="avif", base_bits=10, carry="neural", preset="tiny", effort=1)
    assert depth(edited(deep, carry="standard").data) == 10
    source = files.with_one_gain()
    assert depth(edited(source, container="avif", carry="standard").data) == 8
    wide = files.with_one_gain(residual_scale=8.0)
    assert depth(edited(source, container="heic", carry="standard").data) == 8
    expected: dict[Container, int] = {"jpeg": 8, "heic": 10, "jxl": 10}
    assert {each: depth(edited(wide, container=each, carry="standard").data) for each in expected} == expected


def test_beside_the_neural_map_the_payload_tells_what_it_is_worth() -> None:
    source = files.with_one_gain(neural_psnr=40.0)
    found = edited(source, carry="both")
    payload = parse_file(found.data, "both", gm.Limits()).payload
    assert payload is not None
    between = pq_psnr(gm.decode(found.data, prefer="standard").pixels, gm.decode(found.data, prefer="neural").pixels)
    wanted = -10 * math.log10(10 ** (-between / 10) + 10**-4.0)
    assert wanted - 0.25 <= parse_payload(payload, gm.Limits()).standard_psnr <= wanted + 0.01


def test_a_network_whose_picture_is_broken_has_no_gain_of_its_own() -> None:
    broken = CodedPicture(0, 128, -20, 0, b"broken")
    source = files.with_one_gain(picture=broken)
    with pytest.raises(gm.NoGainMapError):
        edited(source, carry="standard")


PHOTOS = [
    "Ultra_HDR_Samples_Originals_01",
    "Ultra_HDR_Samples_Originals_04",
    "desert_sunset",
    "fountain_night",
    "lamps",
]


@pytest.mark.parametrize("name", PHOTOS)
def test_photos_show_what_their_networks_show(name: str, data_dir: Path) -> None:
    (photo,) = data_dir.glob(f"files/*/{name}.jpg")
    middle = gm.crop(photo, (1024, 768, 2048, 1536))
    source = gm.transcode(middle, carry="neural", preset="tiny", effort=1)
    made = gm.transcode(source, carry="standard")
    assert np.mean(codes_between(made, source) <= 2) >= 0.99
    assert pq_psnr(gm.decode(made).pixels, gm.decode(source).pixels) >= 60
    small = gm.transcode(source, carry="both")
    shown = gm.decode(small, prefer="standard").pixels
    assert pq_psnr(shown, gm.decode(source).pixels) >= 50, "as much as `encode` pays bytes for"
    assert 2 * len(map_of(small).image.data) < len(map_of(made).image.data)


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_scale_counts_stored_pixels(orientation: int) -> None:
    found = edited(files.made(standard=True, orientation=orientation), map_scale=3)
    assert shape(found.data)[:2] == (32, 22)


def test_a_map_that_cannot_be_decoded_stops_no_conversion() -> None:
    broken = (FIXTURES / "invalid/truncated-map.jpg").read_bytes()
    found = edited(broken, container="avif")
    assert gm.decode(found.data).pixels.shape == gm.decode(broken).pixels.shape


def test_colours_that_a_new_map_cannot_hold_are_told_of() -> None:
    """The old map is applied in BT.2020 and takes all green and blue away: red that a base in sRGB cannot have."""
    file = files.read(files.made(standard=True))
    red = np.zeros((64, 96, 3), np.uint8) + np.array([254, 0, 0], np.uint8)
    base = code_picture(red, "jpeg", quality=95, icc_profile=icc_profile_for("srgb"))
    profile = icc_profile_for("bt2020")
    image = code_picture(np.full((64, 96, 3), 255, np.uint8), "jpeg", quality=95, icc_profile=profile)
    gains = [replace(ONE_CHANNEL.channels[0], gain_map_min=gain, gain_map_max=gain) for gain in (TWO, DARK, DARK)]
    metadata = replace(ONE_CHANNEL, channels=tuple(gains), use_base_colour_space=False)
    source = serialize_jpeg(replace(file, base=base, gain_map=StoredGainMap(image, metadata, "iso21496"), payload=None))
    assert edited(source).warnings == ()
    (told,) = edited(source, map_scale="auto").warnings
    assert told.startswith("the new standard gain map shows another HDR picture than the source: ")


def depth(data: bytes) -> int:
    return map_of(data).image.bits


def test_a_depth_is_obeyed() -> None:
    deep = edited(photo("avif"), map_bits=10)
    assert depth(photo("avif")) == 8 and depth(deep.data) == 10
    assert depth(edited(deep.data, map_bits=8).data) == 8
    assert depth(edited(photo("jpeg"), container="heic", map_bits=10).data) == 10
    before = decode_coded_image(map_of(photo("avif")).image) / 255
    after = decode_coded_image(map_of(deep.data).image)[..., 0] / 1023  # AVIF has no deep grey of ours
    np.testing.assert_allclose(after, before, atol=0.01)


@pytest.mark.parametrize(("container", "asked", "most"), [("jpeg", 10, 8), ("heic", 12, 10)])
def test_what_a_codec_has_no_bits_for_is_told(container: Container, asked: int, most: int) -> None:
    found = edited(photo("avif"), container=container, map_bits=asked)
    codec = {"jpeg": "JPEG", "heic": "HEVC"}[container]
    assert depth(found.data) == most
    assert f"the gain map has {most} bits instead of {asked}: {codec} holds no more" in found.warnings
    assert not any("bits instead" in line for line in edited(photo("avif"), container=container).warnings)


def test_a_depth_may_be_chosen_anew() -> None:
    deep = edited(photo("avif"), map_bits=12)
    assert depth(edited(deep.data, map_bits="auto").data) in (8, 10)
    assert depth(edited(deep.data, map_scale="auto").data) == 12
    assert depth(edited(deep.data, container="jpeg", map_scale="auto").data) == 8
