"""How bright a picture is: the numbers of its pixels as `decode` gives them, within bounds on work and memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.codec import brightness
from gainmap_codec.codec.brightness import brightness_of, measure, most_measured
from gainmap_codec.codec.opening import OpenedFile, open_source
from gainmap_codec.errors import Limits
from gainmap_codec.pixels.scene import render_scene
from support.paths import FIXTURES


@pytest.fixture(scope="module")
def photo() -> bytes:
    return gm.encode(gm.HdrImage(render_scene(width=150, height=100)), carry="standard", map_scale=2)


def open_bytes(data: bytes | Path) -> OpenedFile:
    return open_source(data, Limits())


def stops(light: float) -> float:
    return float(np.log2(light))


@pytest.mark.parametrize("band", [1 << 24, 150 * 7])
def test_the_numbers_are_those_of_the_decoded_pixels(photo: bytes, band: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brightness, "_BAND_PIXELS", band)
    found = measure(open_bytes(photo)).brightness
    brightest = gm.decode(photo).pixels.max(axis=2)
    assert found is not None
    assert found.peak_stops == pytest.approx(stops(brightest.max()), abs=1e-4)
    assert found.percentile_stops == pytest.approx(stops(np.percentile(brightest, 99.9)), abs=1e-4)
    assert found.peak_nits == pytest.approx(203 * brightest.max(), rel=1e-4)
    assert found.percentile_nits == pytest.approx(203 * np.percentile(brightest, 99.9), rel=1e-4)


def test_a_claim_is_not_a_measurement() -> None:
    """A map of one value, a quarter of what its file claims."""
    dim = gm.HdrImage(np.full((32, 32, 3), 1.5, np.float32), headroom=4.0)
    info = gm.inspect(gm.encode(dim, carry="standard"), brightness=True)
    assert info.brightness is not None
    assert info.brightness.peak_stops == pytest.approx(stops(1.5), abs=0.1)


def test_dark_and_black_pictures() -> None:
    black = brightness_of(gm.HdrImage(np.zeros((2, 2, 3), np.float32)))
    assert (black.peak_stops, black.peak_nits) == (-12.0, 0.0)
    dark = brightness_of(gm.HdrImage(np.full((2, 2, 3), 0.25, np.float32)))
    assert (dark.peak_stops, dark.percentile_stops, dark.peak_nits) == pytest.approx((-2.0, -2.0, 50.75), abs=1e-5)


def test_channels_are_those_of_bt2020() -> None:
    red = gm.HdrImage(np.full((2, 2, 3), [4.0, 0, 0], np.float32), "srgb")
    assert brightness_of(red).peak_nits == pytest.approx(203 * 4 * 0.6274, rel=1e-3)  # BT.2087, 4.3


@pytest.mark.parametrize("file", ["heif/payload.avif", "heif/tmap-hdr-base.avif", "heif/base-10-bit.avif"])
def test_neural_maps_and_hdr_bases_are_measured(file: str) -> None:
    found = measure(open_bytes(FIXTURES / file)).brightness
    brightest = gm.decode(FIXTURES / file).pixels.max()
    assert found is not None and found.peak_stops == pytest.approx(max(stops(brightest), -12), abs=1e-3)


def test_a_broken_map_is_told_and_the_spare_one_measured() -> None:
    info = gm.inspect(FIXTURES / "invalid/tmap-broken-map-apple-spare.heic", brightness=True)
    assert info.gain_map is not None and info.gain_map.carrier == "apple"
    assert any("the standard gain map cannot be used" in line for line in info.warnings)
    assert info.brightness is not None


def test_a_broken_base_is_told(photo: bytes) -> None:
    opened = open_bytes(photo)
    found = measure(replace(opened, file=replace(opened.file, base=replace(opened.file.base, data=b"no picture"))))
    assert found.brightness is None
    assert "the picture cannot be decoded: " in found.notes[0]


def test_small_files_cannot_ask_for_much_work(photo: bytes) -> None:
    assert most_measured(3_250) == 1 << 24 and most_measured(1 << 20) == 1 << 26
    opened = open_bytes(photo)
    huge = replace(opened.file.base, width=1 << 14, height=1 << 14)
    found = measure(replace(opened, file=replace(opened.file, base=huge)))
    assert found.brightness is None and "not measured: 268,435,456 pixels" in found.notes[0]
    assert opened.file.gain_map is not None
    stored = replace(opened.file.gain_map, image=replace(opened.file.gain_map.image, width=1 << 14, height=1 << 14))
    assert measure(replace(opened, file=replace(opened.file, gain_map=stored))).brightness is None


def test_nothing_is_decoded_unless_asked_for(photo: bytes) -> None:
    assert gm.inspect(photo).brightness is None
