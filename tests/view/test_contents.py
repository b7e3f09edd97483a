"""What the page is told of files, good and bad."""

from __future__ import annotations

import base64
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.codec.opening import open_file
from gainmap_codec.pixels.scene import render_scene
from gainmap_codec.view.contents import LONGEST_SIDE, shown_file
from gainmap_codec.view.page import assemble_page
from support import pipeline_files as files
from support.paths import FIXTURES


def picture(shown: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(shown["picture"])))


def test_tells_what_fell_back() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # all is in the page, nothing is warned besides
        damaged = shown_file(FIXTURES / "invalid/payload-bad-crc.jpg", gm.Limits())
        foreign = shown_file(FIXTURES / "invalid/payload-foreign-base.jpg", gm.Limits())
        plain = shown_file(FIXTURES / "jpeg/base-16x16.jpg", gm.Limits())
        broken = shown_file(FIXTURES / "invalid/tmap-broken-map-apple-spare.heic", gm.Limits())
    assert damaged["neural"] is None and any("checksum" in note for note in damaged["notes"])
    assert foreign["neural"] is None and any("another base" in note for note in foreign["notes"])
    assert (plain["neural"], plain["standard"]) == (None, None)
    assert any("as SDR" in note for note in plain["notes"])
    assert broken["standard"]["carrier"] == "apple"
    assert any("cannot be used" in note for note in broken["notes"])


def test_bad_input_ends_in_a_page_or_an_error() -> None:
    shown = 0
    for path in sorted((FIXTURES / "invalid").iterdir()):
        try:
            shown += len(assemble_page([shown_file(path, gm.Limits())])) > 50_000
        except gm.GainMapError as error:
            assert str(error)
    assert shown > 40


def test_a_jpeg_that_fits_is_kept_without_its_metadata() -> None:
    source = FIXTURES / "jpeg/exif-thumbnail.jpg"
    shown = shown_file(source, gm.Limits())
    data = base64.b64decode(shown["picture"])
    assert b"Exif" not in data and b"http://ns.adobe.com" not in data
    assert np.array_equal(np.asarray(picture(shown)), np.asarray(Image.open(source)))


def test_large_pictures_are_shown_smaller(tmp_path: Path) -> None:
    scene = gm.HdrImage(np.tile(render_scene(64, 40), (2, 40, 1)))
    source = tmp_path / "wide.jpg"
    source.write_bytes(gm.encode(scene, carry="standard", map_scale=1))
    shown = shown_file(source, gm.Limits(), longest_side=LONGEST_SIDE)
    assert picture(shown).size == (LONGEST_SIDE, 64) == (shown["width"], shown["height"])
    assert any("2048 × 64" in note and "2560 × 80" in note for note in shown["notes"])


def test_one_picture_is_shown_in_full() -> None:
    """Base and map bit for bit, without the metadata in them."""
    source = FIXTURES / "jpeg/both.jpg"
    shown = shown_file(source, gm.Limits())
    for name, coded in (("base", shown["picture"]), ("map", shown["standard"]["picture"])):
        data = base64.b64decode(coded)
        assert data.startswith(b"\xff\xd8") and data.endswith(b"\xff\xd9"), name
        assert data[-40:] in source.read_bytes() and b"hdrgm" not in data and b"iso:ts:21496" not in data


def test_pictures_stand_upright() -> None:
    shown = shown_file(FIXTURES / "heif/tmap-turned.avif", gm.Limits())
    upright = gm.decode(FIXTURES / "heif/tmap-turned.avif").pixels
    assert (shown["height"], shown["width"]) == upright.shape[:2]
    assert any("AV1" in note for note in shown["notes"])


@pytest.mark.parametrize(
    ("name", "way"),
    [("heif/tmap-hdr-base.avif", "its gain map makes"), ("heif/base-10-bit.avif", "made for this page")],
)
def test_hdr_bases_get_an_sdr_side(name: str, way: str) -> None:
    shown = shown_file(FIXTURES / name, gm.Limits())
    assert way in shown["notes"][0]
    assert shown["standard"]["metadata"]["baseHeadroom"] == 0
    assert picture(shown).mode == "RGB"


def test_an_hdr_picture_without_gain_maps(tmp_path: Path) -> None:
    source = tmp_path / "scene.exr"
    gm.HdrImage(render_scene(96, 64)).save(source)
    shown = shown_file(source, gm.Limits())
    assert shown["prefer"] == "standard" and shown["parts"] == []
    assert shown["description"].startswith("OpenEXR, 96 × 64, ") and "\nBrightest: " in shown["description"]
    assert shown["notes"][0].startswith("The picture is HDR by itself")


def test_light_beyond_what_made_maps_allow_for_is_told(tmp_path: Path) -> None:
    source = tmp_path / "sun.exr"
    pixels = render_scene(96, 64)
    pixels[:4, :4] = 2.0**12
    gm.HdrImage(pixels).save(source)
    shown = shown_file(source, gm.Limits())
    assert shown["brightest"] == pytest.approx(12, abs=0.01)
    assert any("up to 10,000 nits; the picture is brighter" in note for note in shown["notes"])


def test_a_file_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def count(data: bytes, name: str, limits: gm.Limits) -> Any:
        opened.append(name)
        return open_file(data, name, limits)

    monkeypatch.setattr("gainmap_codec.view.contents.open_file", count)
    shown_file(FIXTURES / "jpeg/both.jpg", gm.Limits())
    assert opened == [str(FIXTURES / "jpeg/both.jpg")]


def test_the_callers_limits_hold(tmp_path: Path) -> None:
    data = files.made(standard=True)
    source = tmp_path / "many-segments.jpg"
    source.write_bytes(data[:2] + b"\xff\xfe\0\3x" * 5000 + data[2:])
    with pytest.raises(gm.LimitError, match=r"raise Limits\.segments"):
        shown_file(source, gm.Limits())
    assert shown_file(source, gm.Limits(segments=10_000))["prefer"] == "standard"
    with pytest.raises(gm.LimitError, match=r"raise Limits\.pixels"):
        shown_file(FIXTURES / "heif/tmap-hdr-base.avif", gm.Limits(pixels=200))


@pytest.mark.parametrize("name", ["invalid/icc-count-lies.jpg", "invalid/exif-loop.jpg"])
def test_oddities_are_notes(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notes = shown_file(FIXTURES / name, gm.Limits())["notes"]
    assert notes and len(set(notes)) == len(notes)
