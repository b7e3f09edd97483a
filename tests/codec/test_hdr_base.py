"""Bases in HDR: what is in the file, that others show the same, and what `decode` makes of it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import imagecodecs
import numpy as np
import pillow_heif
import pytest

import gainmap_codec as gm
from gainmap_codec.codec.options import Base
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.records import Container, Fraction, GainMapFile, GainMapMetadata
from gainmap_codec.files.tags.exif import orientation
from gainmap_codec.pixels.color.hlg import HLG_PEAK
from gainmap_codec.pixels.color.light import PQ_PEAK, pq_decode, pq_psnr
from gainmap_codec.pixels.exif_tags import exif_bytes
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.raster.geometry import to_stored, to_upright
from gainmap_codec.pixels.raster.tone_map import tone_map
from gainmap_codec.pixels.scene import render_scene
from support import pipeline_files as files

SCENE = gm.HdrImage(np.minimum(render_scene(96, 64), np.float32(HLG_PEAK / 2)))
SDR = np.asarray(SCENE.to_sdr(method="clip"))
GOOD: dict[str, Any] = {"quality": 98, "map_scale": 1, "map_channels": 3, "map_quality": 95}
CONTAINERS: tuple[Container, ...] = ("avif", "heic")
KINDS = [(container, base) for container in CONTAINERS for base in ("hdr", "hlg")]


def made(hdr: Any = SCENE, sdr: Any = SDR, container: Container = "avif", base: Base = "hdr", **options: Any) -> bytes:
    return gm.encode(hdr, sdr, container=container, base=base, **{**GOOD, **options})


def parsed(data: bytes) -> GainMapFile:
    return parse_file(data, "it", gm.Limits())


def numbers(data: bytes) -> GainMapMetadata:
    stored = parsed(data).gain_map
    assert stored is not None and isinstance(stored.metadata, GainMapMetadata)
    return stored.metadata


@pytest.mark.parametrize(("container", "base"), KINDS)
def test_what_the_file_says(container: Container, base: Base) -> None:
    data = made(container=container, base=base)
    file, told = parsed(data), gm.inspect(data)
    assert (file.base.nclx, file.base.bits) == ((9, 16 if base == "hdr" else 18, 9, True), 10)
    assert file.gain_map is not None and file.gain_map.image.nclx is not None
    assert file.gain_map.image.nclx[:2] == (1, 13)  # of the alternate: sRGB
    assert float(numbers(data).base_hdr_headroom) == pytest.approx(SCENE.measured_headroom(), abs=1e-4)
    assert numbers(data).alternate_hdr_headroom == Fraction(0, 1)
    assert numbers(data).use_base_colour_space
    assert told.base_is_hdr and told.payload is None and told.warnings == ()
    assert {each.reader: each.shows for each in told.shown_by}["iPhone"] == "yes"


@pytest.mark.parametrize(("container", "base"), KINDS)
def test_decode_gives_both_pictures(container: Container, base: Base) -> None:
    data = made(container=container, base=base)
    hdr, sdr, alone = (gm.decode(data, **how) for how in ({}, {"headroom": 0.0}, {"prefer": "base"}))
    assert pq_psnr(hdr.pixels, SCENE.pixels) > 46
    np.testing.assert_array_equal(hdr.pixels, alone.pixels)
    wanted = gm.decode(gm.encode(SCENE, SDR, carry="standard", quality=100), prefer="base").pixels
    assert pq_psnr(sdr.pixels, wanted) > 44


def test_the_base_is_the_hdr_picture_by_other_decoders() -> None:
    heif = pillow_heif.open_heif(io.BytesIO(made(container="heic")), convert_hdr_to_8bit=False, hdr_to_16bit=False)
    assert (heif.info["nclx_profile"]["transfer_characteristics"], heif.info["bit_depth"]) == (16, 10)
    for codes in (np.asarray(heif), imagecodecs.avif_decode(made())):
        assert pq_psnr(pq_decode((codes / 1023).astype(np.float32)), SCENE.pixels) > 46


@pytest.mark.parametrize("channels", [1, 3])
def test_maps_of_one_channel_and_three(channels: int) -> None:
    report = gm.encode_with_report(SCENE, container="heic", base="hdr", **{**GOOD, "map_channels": channels})
    assert report.file.gain_map is not None and report.file.gain_map.image.channels == channels
    assert report.standard_psnr is not None and report.standard_psnr > 42
    mapped = tone_map(SCENE.convert("srgb").pixels, headroom=SCENE.target_headroom())
    wanted = gm.HdrImage(mapped, "srgb").convert("bt2020").pixels
    assert pq_psnr(gm.decode(report.data, headroom=0).pixels, wanted) == pytest.approx(report.standard_psnr, abs=0.05)


def test_a_tone_mapped_picture_has_the_colour_space_asked_for() -> None:
    stored = parsed(made(sdr=None, base_color_space="display-p3")).gain_map
    assert stored is not None and stored.image.nclx is not None and stored.image.nclx[:2] == (12, 13)
    with pytest.warns(gm.GainMapWarning, match="base_color_space changes nothing"):
        made(base_color_space="display-p3")


@pytest.mark.parametrize(("container", "base"), KINDS)
def test_an_hdr_file_of_the_container_stays_bit_for_bit(container: Container, base: Base, tmp_path: Path) -> None:
    path = tmp_path / f"hdr.{container}"
    SCENE.save(path, transfer="hlg" if base == "hlg" else "pq")
    own = parsed(path.read_bytes())
    assert parsed(made(path, container=container, base=base, quality=None)).base_digest == own.base_digest
    for other in ({"quality": 90}, {"base_chroma": "4:2:0"}, {"base": "hlg" if base == "hdr" else "hdr"}):
        options: dict[str, Any] = {"container": container, "base": base, "quality": None, **other}
        assert parsed(made(path, **options)).base_digest != own.base_digest, other


@pytest.mark.parametrize("turn", [3, 6, 7])
def test_an_hdr_file_that_is_turned(turn: int, tmp_path: Path) -> None:
    """Its base stays, turned as it says, and the SDR picture lies over it."""
    path = tmp_path / "hdr.avif"
    SCENE.save(path)
    file = replace(parsed(path.read_bytes()), orientation=turn)
    path.write_bytes(serialize_file(file, []))
    upright = np.ascontiguousarray(to_upright(SDR, turn))
    data = made(path, upright, quality=None, exif={"Artist": "me"})
    new = parsed(data)
    assert (new.base_digest, new.orientation, orientation(new.exif or b"")) == (file.base_digest, turn, turn)
    straight = gm.decode(made(), headroom=0).pixels
    assert pq_psnr(gm.decode(data, headroom=0).pixels, np.ascontiguousarray(to_upright(straight, turn))) > 40


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_photo_brings_its_own_sdr_picture(container: Container) -> None:
    photo = gm.encode(SCENE, SDR, carry="standard", quality=98, map_scale=1)
    data = made(photo, None, container)
    for headroom in (0.0, None):
        shown, wanted = (gm.decode(each, headroom=headroom).pixels for each in (data, photo))
        assert pq_psnr(shown, wanted) > 42
    again = made(data, None, container, "hlg")  # now it is the map's that counts
    assert pq_psnr(gm.decode(again, headroom=0).pixels, gm.decode(data, headroom=0).pixels) > 40
    assert float(numbers(again).base_hdr_headroom) == pytest.approx(float(numbers(data).base_hdr_headroom), abs=1e-4)


def test_a_turned_sdr_picture_is_turned_upright() -> None:
    exif = exif_bytes({"Orientation": 6, "Artist": "me"})
    stored = gm.encode(SCENE, np.ascontiguousarray(to_stored(SDR, 6)), carry="standard", exif=exif, quality=100)
    assert gm.inspect(stored).orientation == 6
    data = made(sdr=stored)
    file = parsed(data)
    assert (file.orientation, orientation(file.exif or b"")) == (1, 1) and b"me" in (file.exif or b"")
    assert pq_psnr(gm.decode(data, headroom=0).pixels, gm.decode(made(), headroom=0).pixels) > 40
    given = made(sdr=np.ascontiguousarray(to_stored(SDR, 6)), exif=exif)  # the caller's EXIF says how it is stored
    assert parsed(given).orientation == 1
    assert pq_psnr(gm.decode(given, headroom=0).pixels, gm.decode(made(), headroom=0).pixels) > 40


def test_metadata_come_from_the_sdr_picture_else_from_the_hdr_one(tmp_path: Path) -> None:
    SCENE.save(tmp_path / "bare.avif")
    hdr = gm.encode(SCENE, container="avif", base="hdr", exif={"Artist": "hdr"})
    sdr = gm.encode(SCENE, SDR, carry="standard", exif={"Artist": "sdr"})
    assert b"hdr" in (parsed(made(hdr)).exif or b"")
    assert b"sdr" in (parsed(made(hdr, sdr)).exif or b"")
    assert b"own" in (parsed(made(hdr, sdr, exif={"Artist": "own"})).exif or b"")
    assert parsed(made(hdr, sdr, strip="all")).exif is None


def test_light_beyond_the_curve_is_told() -> None:
    bright = gm.HdrImage(np.full((32, 32, 3), 1.1 * PQ_PEAK, np.float32))
    with pytest.warns(gm.GainMapWarning, match="brighter than 10,000 nits is clipped"):
        gm.encode(bright, container="avif", base="hdr")
    with pytest.warns(gm.GainMapWarning, match="brighter than HLG can say"):
        data = gm.encode(bright, container="avif", base="hlg")
    assert float(numbers(data).base_hdr_headroom) == pytest.approx(np.log2(1000 / 203), abs=1e-4)


def test_a_picture_that_is_not_brighter_than_sdr_white() -> None:
    with pytest.warns(gm.GainMapWarning, match="not brighter than SDR white"):
        data = gm.encode(gm.HdrImage(np.full((32, 32, 3), 0.5, np.float32)), container="avif", base="hdr")
    with pytest.warns(gm.GainMapWarning, match="the gain map changes nothing"):
        np.testing.assert_allclose(gm.decode(data, headroom=0).pixels, 0.5, rtol=0.02)


def test_a_picture_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="sdr: expected 96 x 64, the size of hdr, got 64 x 64"):
        made(sdr=np.ascontiguousarray(SDR[:, :64]))


def test_an_sdr_picture_that_is_hdr_is_refused() -> None:
    with pytest.raises(gm.UnsupportedError, match="sdr: expected an SDR picture, got one in PQ or HLG"):
        made(sdr=made())


def test_without_hdr_there_is_none() -> None:
    with pytest.raises(gm.NoGainMapError, match="expected an HDR picture, got a JPEG without a usable gain map"):
        made(files.plain(), None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"container": "jpeg"}, "base: expected sdr in JPEG, whose 8 bits are too few for HDR, got hdr"),
        ({"carry": "both"}, "base: expected sdr beside a neural gain map, which leads up from it, got hdr"),
        ({"carry": "neural"}, "base: expected sdr beside a neural gain map"),
        ({"preset": "best"}, "base: expected sdr beside a neural gain map"),
        ({"target_bytes": 500}, "base: expected sdr beside a neural gain map"),
        ({"base_bits": 8}, "base_bits: expected 10 beside an HDR base, got 8"),
        ({"icc_profile": b"a profile"}, "icc_profile: expected none beside an HDR base"),
        ({"base": "pq"}, "base: expected one of sdr, hdr, hlg, got 'pq'"),
    ],
)
def test_what_does_not_go_with_an_hdr_base(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(**options)


@pytest.mark.parametrize("preset", ["web", "archive"])
def test_presets_for_photos_hold(preset: str) -> None:
    own = {"quality": None, "map_scale": "auto", "map_quality": "auto", "preset": preset}
    report = gm.encode_with_report(SCENE, container="avif", base="hdr", **cast(dict[str, Any], {**own}))
    other = gm.encode_with_report(SCENE, container="avif", base="hdr")
    assert (report.base_bytes < other.base_bytes) == (preset == "web")
    assert decode_coded_image(report.file.base).shape == SCENE.pixels.shape
