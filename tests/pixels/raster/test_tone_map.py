"""The tone mapper's curve and what it does to real pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gainmap_codec.pixels.color.light import pq_decode, pq_encode
from gainmap_codec.pixels.formats.hdr_files import read_hdr
from gainmap_codec.pixels.raster.tone_map import clip_highlights, encode_base, tone_map

EXR_NAMES = ["StillLife", "Desk", "Tree", "CandleGlass", "MtTamWest", "GoldenGate"]


def greys(values: np.ndarray) -> np.ndarray:
    return np.repeat(values.astype(np.float32)[np.newaxis, :, np.newaxis], 3, axis=2)


@pytest.mark.parametrize("headroom", [0.0, 0.25, 1.0, 2.3, 4.0, 5.62])
def test_monotone_from_black_to_white(headroom: float) -> None:
    ramp = tone_map(greys(np.geomspace(1e-5, 100, 4000)), headroom=headroom)[0, :, 0]
    assert (np.diff(ramp) >= -1e-6).all()
    assert ramp.min() >= 0
    assert ramp.max() == pytest.approx(1, abs=1e-5)
    assert tone_map(greys(np.array([2.0**headroom])), headroom=headroom)[0, 0, 0] == pytest.approx(1, abs=1e-4)


def test_shadows_and_mid_greys_stay() -> None:
    below = np.array([0, 0.01, 0.18, 0.32])
    np.testing.assert_allclose(tone_map(greys(below), headroom=3.0)[0, :, 0], below, rtol=1e-4)
    white = tone_map(greys(np.array([1.0])), headroom=2.3)[0, 0, 0]
    assert 0.75 < white < 0.82, "SDR white leaves room for highlights, but stays white"


def test_the_curve_is_that_of_bt2390() -> None:
    """One point of the report's formulas, worked out in double precision here: 4 times SDR white of 8."""
    peak, white, light = (float(pq_encode(np.array(v, np.float32))) for v in (8, 1, 4))
    e1, max_lum = light / peak, white / peak
    ks = 1.5 * max_lum - 0.5
    t = (e1 - ks) / (1 - ks)
    e2 = (2 * t**3 - 3 * t**2 + 1) * ks + (t**3 - 2 * t**2 + t) * (1 - ks) + (-2 * t**3 + 3 * t**2) * max_lum
    expected = float(pq_decode(np.array(e2 * peak, np.float32)))
    assert tone_map(greys(np.array([4.0])), headroom=3.0)[0, 0, 0] == pytest.approx(expected, rel=1e-4)


def test_hue_is_kept_even_beyond_the_headroom() -> None:
    colours = np.array([[[0.4, 0.2, 0.1], [4, 2, 1], [400, 200, 100]]], np.float32)
    mapped = tone_map(colours, headroom=3.0)
    np.testing.assert_allclose(
        mapped / mapped.max(axis=2, keepdims=True), np.tile([1, 0.5, 0.25], (1, 3, 1)), rtol=1e-5
    )


def test_highlights_are_clipped_in_their_hue_and_all_else_stays() -> None:
    colours = np.array([[[0, 0.2, 1], [-0.2, 0.1, 0.3], [4, 2, 1], [400, 200, 100]]], np.float32)
    expected = [[[0, 0.2, 1], [0, 0.1, 0.3], [1, 0.5, 0.25], [1, 0.5, 0.25]]]
    np.testing.assert_array_equal(clip_highlights(colours), np.array(expected, np.float32))


def test_no_headroom_changes_nothing_below_white() -> None:
    values = np.linspace(0, 1, 50)
    np.testing.assert_allclose(tone_map(greys(values), headroom=0.0)[0, :, 0], values, atol=1e-6)


def test_negative_channels_are_clipped() -> None:
    np.testing.assert_allclose(
        tone_map(np.array([[[-0.2, 0.1, 0.3]]], np.float32), headroom=2.0), [[[0, 0.1, 0.3]]], atol=1e-6
    )


@pytest.mark.parametrize("headroom", [-1.0, float("nan"), float("inf")])
def test_bad_headroom_is_refused(headroom: float) -> None:
    with pytest.raises(ValueError, match="headroom"):
        tone_map(greys(np.ones(1)), headroom=headroom)


def test_encode_base_rounds_and_clips() -> None:
    codes = encode_base(np.array([[[-1, 0, 0.2158605], [1, 5, 0.0015]]], np.float32))
    assert codes.dtype == np.uint8
    np.testing.assert_array_equal(codes, [[[0, 0, 128], [255, 255, 5]]])


@pytest.mark.parametrize("name", EXR_NAMES)
def test_real_pictures_keep_their_highlights(data_dir: Path, name: str) -> None:
    image = read_hdr(data_dir / f"pairs/openexr-images/{name}.exr").convert("srgb")
    pixels, headroom = np.maximum(image.pixels, 0), image.measured_headroom()
    mapped = tone_map(pixels, headroom=headroom).max(axis=2)
    flattened = np.mean((mapped >= 1) & (pixels.max(axis=2) > 2.0**headroom * 1.01))
    allowed = 0.001 if headroom < 5.62 else 0.06  # Desk goes beyond 10 000 nits, which PQ cannot hold either
    assert flattened <= allowed
    dark = (pixels.max(axis=2) < 0.1) & (pixels.max(axis=2) > 0)
    np.testing.assert_allclose(mapped[dark], pixels.max(axis=2)[dark], rtol=1e-3)
