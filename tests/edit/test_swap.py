"""HDR and SDR change places: what the new file says, and that it shows the same as the old one."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.codec.opening import open_file
from gainmap_codec.codec.options import SwapOptions, TranscodeOptions
from gainmap_codec.codec.rendering import STORED, render
from gainmap_codec.edit.extract import extract_parts
from gainmap_codec.edit.report import Notes, TranscodeReport
from gainmap_codec.edit.swap import swap_with_report, with_sdr_base
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.errors import Limits, UnsupportedError
from gainmap_codec.files.code_points import Primaries, Transfer
from gainmap_codec.files.container import serialize_file
from gainmap_codec.files.records import Container, Fraction, GainMapChannel, GainMapMetadata
from gainmap_codec.pixels.color.code_points import color_of_code_points, is_hdr
from gainmap_codec.pixels.color.icc_profile import icc_profile_of_primaries
from gainmap_codec.pixels.color.light import pq_decode, pq_psnr
from gainmap_codec.pixels.scene import render_scene
from support import pipeline_files as files
from support.paths import FIXTURES

SCENE = gm.HdrImage(render_scene(96, 64))
BASE = files.pictures()[0]
_NUMBERS = GainMapChannel(Fraction(-1, 2), Fraction(3, 1), Fraction(3, 4), Fraction(1, 64), Fraction(1, 32))
UNEVEN = GainMapMetadata(Fraction(0, 1), Fraction(3, 1), (_NUMBERS,))


def test_the_maps_headrooms_change_places() -> None:
    opened = open_file((FIXTURES / "heif/tmap-hdr-base.avif").read_bytes(), "a", Limits())
    notes = Notes()
    new = with_sdr_base(opened, SwapOptions(container="jpeg"), notes)
    old_map, new_map = opened.file.gain_map, new.file.gain_map
    assert old_map is not None and new_map is not None
    assert isinstance(old_map.metadata, GainMapMetadata) and isinstance(new_map.metadata, GainMapMetadata)
    assert is_hdr(opened.file.base) and not is_hdr(new.file.base)
    assert new_map.metadata.base_hdr_headroom == old_map.metadata.alternate_hdr_headroom
    assert new_map.metadata.alternate_hdr_headroom == old_map.metadata.base_hdr_headroom
    assert any("changed places" in line or "exchanged" in line for line in notes.done)


def test_the_new_base_is_the_old_alternate() -> None:
    opened = open_file((FIXTURES / "heif/tmap-hdr-base.avif").read_bytes(), "a", Limits())
    new = with_sdr_base(opened, SwapOptions(container="jpeg", quality=100), Notes())
    stored = opened.file.gain_map
    assert stored is not None and isinstance(stored.metadata, GainMapMetadata)
    sdr = render(opened, "standard", replace(STORED, headroom=float(stored.metadata.alternate_hdr_headroom)))
    base = render(new, "base", STORED)
    assert np.abs(base - np.clip(sdr, 0, 1)).mean() < 0.02


def test_without_a_map_down_to_sdr_there_is_none() -> None:
    opened = open_file((FIXTURES / "heif/tmap.avif").read_bytes(), "a", Limits())
    with pytest.raises(UnsupportedError, match="expected an SDR base"):
        with_sdr_base(opened, SwapOptions(container="jpeg"), Notes())


def swapped(data: bytes, container: Container | None = None, **options: Any) -> TranscodeReport:
    return swap_with_report(data, SwapOptions(container=container, **options))


def shown(data: bytes, headroom: float) -> NDArray[np.float32]:
    return render(open_file(data, "a", Limits()), "standard", replace(STORED, headroom=headroom))


def numbers(data: bytes) -> GainMapMetadata:
    found = extract_parts(data, Limits()).metadata
    assert isinstance(found, GainMapMetadata)
    return found


def photo(container: Container, **options: Any) -> bytes:
    return gm.encode(SCENE, container=container, carry="standard", map_scale=1, quality=98, **options)


@pytest.mark.parametrize("container", ["avif", "heic"])
def test_an_sdr_base_becomes_an_hdr_one_that_shows_the_same(container: Container) -> None:
    data = photo(container)
    report = swapped(data, quality=98)
    full = float(numbers(data).alternate_hdr_headroom)
    file = open_file(report.data, "a", Limits()).file
    assert is_hdr(file.base) and file.base.bits == 10
    for headroom in (0.0, full / 2, full):
        assert pq_psnr(shown(report.data, headroom), shown(data, headroom)) > 44, headroom
    assert report.container == container


@pytest.mark.parametrize("container", ["avif", "heic"])
def test_the_new_base_is_the_hdr_picture_by_other_decoders(container: Container) -> None:
    data = swapped(photo(container), quality=98).data
    if container == "heic":
        heif = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
        assert (heif.info["nclx_profile"]["transfer_characteristics"], heif.info["bit_depth"]) == (16, 10)
        codes = np.asarray(heif).astype(np.float32) / 65472  # 10 bits on top of 16
    else:
        codes = imagecodecs.avif_decode(data).astype(np.float32) / 1023
    light = gm.HdrImage(pq_decode(np.asarray(codes, np.float32)), "srgb").convert("bt2020").pixels
    assert pq_psnr(light, SCENE.convert("bt2020").pixels) > 38


def test_back_again_it_is_the_same_photo() -> None:
    data = photo("avif")
    twice = swapped(swapped(data, quality=98).data, quality=98).data
    assert numbers(twice) == numbers(data)
    assert not is_hdr(open_file(twice, "a", Limits()).file.base)
    full = float(numbers(data).alternate_hdr_headroom)
    for headroom in (0.0, full):
        assert pq_psnr(shown(twice, headroom), shown(data, headroom)) > 42


def test_headrooms_and_offsets_exchange_their_roles() -> None:
    data = gm.assemble(BASE, np.zeros((8, 8), np.uint8), UNEVEN, container="heic")
    new = numbers(swapped(data).data)
    assert (new.base_hdr_headroom, new.alternate_hdr_headroom) == (Fraction(3, 1), Fraction(0, 1))
    (old,), (channel,) = UNEVEN.channels, new.channels
    assert channel == replace(old, base_offset=old.alternate_offset, alternate_offset=old.base_offset)


def test_the_maps_coded_bytes_stay_where_they_can() -> None:
    data = photo("heic")
    assert extract_parts(swapped(data).data, Limits()).gain_map == extract_parts(data, Limits()).gain_map
    report = swapped(data, map_quality=30)
    assert any(line.startswith("standard gain map: coded again") for line in report.notes)


def test_a_map_in_avif_is_as_deep_as_its_hdr_base() -> None:
    stored = open_file(swapped(photo("avif")).data, "a", Limits()).file.gain_map
    assert stored is not None and stored.image.bits == 10


def test_a_jpeg_holds_sdr_bases_only() -> None:
    data = photo("jpeg")
    with pytest.raises(UnsupportedError, match="expected AVIF, HEIC or JPEG XL to write an HDR base, got JPEG"):
        swapped(data)
    hdr = swapped(data, "avif", quality=98)
    assert is_hdr(open_file(hdr.data, "a", Limits()).file.base)
    back = gm.swap(hdr.data, container="jpeg", quality=98)
    assert numbers(back) == numbers(data)
    for headroom in (0.0, 10.0):
        assert pq_psnr(shown(back, headroom), shown(data, headroom)) > 40


def test_colours_that_only_a_profile_tells_stay() -> None:
    picture = Image.fromarray(BASE)
    picture.info["icc_profile"] = icc_profile_of_primaries(color_of_code_points(Primaries.BT601_625, Transfer.SRGB, 8))
    data = gm.assemble(picture, np.full((8, 8), 128, np.uint8), UNEVEN, container="jpeg", quality=98)
    new = swapped(data, "avif", quality=98).data
    assert numbers(new).use_base_colour_space is False
    base = open_file(new, "a", Limits()).file.base
    assert base.nclx is not None and base.nclx[:2] == (Primaries.BT2020, Transfer.PQ)
    for headroom in (0.0, 3.0):
        assert pq_psnr(shown(new, headroom), shown(data, headroom)) > 40


@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
@pytest.mark.parametrize(
    "name", ["heif/apple-auxiliary.heic", "heif/tmap-turned.avif", "heif/grid.heic", "jpeg/both.jpg"]
)
def test_photos_of_every_kind(name: str) -> None:
    data = (FIXTURES / name).read_bytes()
    new = gm.swap(data, container="avif", quality=98)
    old_kind, new_kind = gm.inspect(data), gm.inspect(new)
    old, image = (gm.decode(each, prefer="standard") for each in (data, new))
    assert new_kind.base_is_hdr and new_kind.orientation == old_kind.orientation
    assert pq_psnr(image.pixels, old.pixels) > 40
    sdr = [gm.decode(each, headroom=0, prefer="standard").pixels for each in (data, new)]
    assert pq_psnr(*sdr) > 40


def test_a_neural_map_stays_behind() -> None:
    assert any("neural gain map" in line for line in swapped(files.both(), "avif").warnings)
    with pytest.raises(gm.NoGainMapError, match="transcode --carry standard"):
        swapped(files.made(standard=False, neural=True), "avif")
    with pytest.raises(gm.NoGainMapError, match="expected a photo with a standard gain map, got one without"):
        swapped(files.plain(), "avif")


@pytest.mark.parametrize("container", ["avif", "heic", "jxl"])
def test_a_network_of_one_gain_is_a_standard_map(container: Container) -> None:
    source = files.with_one_gain(residual_scale=0.5)
    found = swapped(source, container, quality=95)
    assert gm.inspect(found.data).base_is_hdr
    assert "standard gain map: the neural map's own gain" in found.notes
    whole, sdr = (gm.decode(found.data, headroom=headroom, prefer="standard").pixels for headroom in (9, 0))
    assert pq_psnr(whole, gm.decode(source).pixels) > 40
    assert pq_psnr(sdr, gm.decode(source, headroom=0).pixels) > 38


def test_a_map_that_changes_nothing_leads_nowhere() -> None:
    data = (FIXTURES / "invalid/iso-equal-headrooms.jpg").read_bytes()
    with pytest.raises(UnsupportedError, match="got one that changes nothing"):
        swapped(data, "avif")


def test_what_pq_cannot_hold_is_told() -> None:
    bright = replace(UNEVEN, channels=(replace(UNEVEN.channels[0], gain_map_max=Fraction(8, 1)),))
    data = gm.assemble(np.full((8, 8, 3), 255, np.uint8), np.full((4, 4), 255, np.uint8), bright, container="avif")
    assert any("10,000 nits" in line for line in swapped(data).warnings)


@pytest.mark.parametrize("container", ["avif", "heic"])
def test_transcode_exchanges_them_where_it_is_asked_for(container: Container) -> None:
    data = photo("jpeg", map_channels=3)
    hdr = transcode_with_report(data, TranscodeOptions(container=container, base="hdr", quality=98))
    assert is_hdr(open_file(hdr.data, "a", Limits()).file.base) and sum("base" in line for line in hdr.notes) == 2
    again = transcode_with_report(hdr.data, TranscodeOptions(base="hdr"))
    assert again.data == hdr.data
    sdr = transcode_with_report(hdr.data, TranscodeOptions(base="sdr", quality=98))
    assert sdr.container == container and not is_hdr(open_file(sdr.data, "a", Limits()).file.base)
    for headroom in (0.0, 10.0):
        for new in (hdr.data, sdr.data):
            assert pq_psnr(shown(new, headroom), shown(data, headroom)) > 40, headroom


def test_a_part_in_a_smaller_size_with_an_hdr_base() -> None:
    data = photo("jpeg")
    options = TranscodeOptions(container="avif", base="hdr", box=(0, 0, 64, 64), size=(32, 32), quality=98)
    new = transcode_with_report(data, options).data
    base = open_file(new, "a", Limits()).file.base
    assert is_hdr(base) and (base.width, base.height) == (32, 32)
    part = gm.crop(data, (0, 0, 64, 64), size=(32, 32), quality=98)
    for headroom in (0.0, 10.0):
        assert pq_psnr(shown(new, headroom), shown(part, headroom)) > 35


def test_an_hdr_base_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="base: expected sdr in JPEG, whose 8 bits are too few for HDR, got hdr"):
        TranscodeOptions(container="jpeg", base="hdr")
    with pytest.raises(ValueError, match="base: expected sdr beside a neural gain map"):
        TranscodeOptions(base="hdr", carry="both")
    with pytest.raises(UnsupportedError, match="expected AVIF, HEIC or JPEG XL to write an HDR base, got JPEG"):
        gm.transcode(photo("jpeg"), base="hdr")
    with pytest.raises(gm.NoGainMapError, match="expected a photo with a standard gain map"):
        gm.transcode(files.plain(), container="avif", base="hdr")
    with pytest.raises(UnsupportedError, match="AVIF: expected an SDR base, got an HDR one without a gain map"):
        gm.transcode(hdr_alone(), base="sdr")


def hdr_alone() -> bytes:
    """An HDR base without a gain map."""
    file = open_file(gm.encode(SCENE, container="avif", base="hdr"), "a", Limits()).file
    return serialize_file(replace(file.without_gain_maps(), extras=None), [])


def test_a_transcode_that_exchanges_them_tells_of_each_picture_once() -> None:
    data = (FIXTURES / "heif/tmap-hdr-base.avif").read_bytes()
    report = transcode_with_report(data, TranscodeOptions(container="jpeg"))
    assert sum("base" in line for line in report.notes) == 2  # what became of it, and its size as written
    assert not any("kept bit for bit" in line for line in report.notes)


@pytest.mark.parametrize(("container", "quality"), [("jpeg", 92), ("heic", 65), ("avif", 85), ("jxl", 95)])
def test_a_new_base_has_the_quality_that_all_others_have(container: Container, quality: int) -> None:
    """An HDR base where the container can hold one, else an SDR one."""
    data = (FIXTURES / "heif/tmap-hdr-base.avif").read_bytes() if container == "jpeg" else files.made(standard=True)
    assert swapped(data, container).data == swapped(data, container, quality=quality).data


def test_an_hlg_base_leads_down_to_the_same_sdr_picture() -> None:
    """And the map up to what it showed, in a JPEG too; an HLG base itself is written by encode alone."""
    how: dict[str, Any] = {"quality": 98, "map_quality": 98, "map_scale": 1, "map_channels": 3}
    hlg = gm.encode(gm.HdrImage(np.minimum(SCENE.pixels, 2)), container="avif", base="hlg", **how)
    sdr, hdr = (gm.decode(hlg, headroom=headroom).pixels for headroom in (0.0, 2.3))
    for container in ("avif", "jpeg"):
        photo = swapped(hlg, container, quality=98).data
        assert pq_psnr(gm.decode(photo, headroom=0).pixels, sdr) > 45
        assert pq_psnr(gm.decode(photo, headroom=2.3).pixels, hdr) > 40
        assert not gm.inspect(photo).base_is_hdr
    with pytest.raises(ValueError, match=r"^base: expected one of sdr, hdr, got 'hlg'$"):
        TranscodeOptions(base="hlg")  # type: ignore[arg-type]
