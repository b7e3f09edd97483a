"""Apple's formula: base · (1 + (h − 1) · curve(map))."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gainmap_codec.files.records import AppleMetadata
from gainmap_codec.pixels.color.light import AnyCodes, Array
from gainmap_codec.pixels.maps.apple_gain_map import AppleMap, apple_gain_map_between, apple_gain_map_for
from gainmap_codec.pixels.rendition import Light
from support.gains import apply_ready


def apply_apple(base: Array, gain_map: AnyCodes, metadata: AppleMetadata, **options: Any) -> None:
    apply_ready(apple_gain_map_for(base.shape[:2], gain_map, metadata, **options), base)


def test_the_formula() -> None:
    """base · (1 + (h − 1) · curve(map)): sRGB code 188 is 0.5029 of light."""
    base = np.full((2, 2, 3), 0.25, np.float32)
    gain_map = np.array([[0, 255], [188, 188]], np.uint8)
    apply_apple(base, gain_map, AppleMetadata(5.0, None, "xmp"), headroom=9)
    np.testing.assert_allclose(base[..., 0], [[0.25, 1.25], [0.7529, 0.7529]], rtol=1e-4)


@pytest.mark.parametrize(("stops", "most"), [(2, 0.11), (3, 0.17)])
def test_how_far_chromium_is_from_the_srgb_curve(stops: int, most: float) -> None:
    """It takes a power of 1.961 (docs/quirks.md, tests/readers/test_chromium.py)."""
    codes, headroom = np.arange(256, dtype=np.uint8)[np.newaxis], 2.0**stops
    base = np.ones((1, 256, 3), np.float32)
    apply_apple(base, codes, AppleMetadata(headroom, None, "xmp"), headroom=float(stops))
    above = np.log2(1 + (headroom - 1) * (codes[0] / 255) ** 1.961) - np.log2(base[0, :, 0])
    assert (above.max(), above[0], above[-1]) == pytest.approx((most, 0, 0), abs=0.005)
    assert above.min() > -0.015 and 0.4 < int(above.argmax()) / 255 < 0.6


@pytest.mark.parametrize(("headroom", "factor"), [(0.0, 1), (1.0, 2), (2.0, 4), (3.0, 5), (float("inf"), 5)])
def test_a_display_takes_what_it_can_show(headroom: float, factor: int) -> None:
    base = np.ones((1, 1, 3), np.float32)
    apply_apple(base, np.full((1, 1), 1023, np.uint16), AppleMetadata(5, None, "xmp"), headroom=headroom, bits=10)
    np.testing.assert_allclose(base, factor, rtol=1e-6)


def test_three_channels_serve_their_own() -> None:
    base = np.ones((1, 1, 3), np.float32)
    apply_apple(base, np.array([[[0, 255, 0]]], np.uint8), AppleMetadata(3, None, "xmp"), headroom=9)
    np.testing.assert_allclose(base[0, 0], [1, 3, 1])


LUMINANCE = np.array([0.25, 0.5, 0.25], np.float32)


def between(base: Array, hdr: Array, luminance: Array, **options: Any) -> AppleMap:
    return apple_gain_map_between(Light.of(base), Light.of(hdr), luminance, **options)


def test_a_map_is_the_ratio_of_mean_luminances() -> None:
    """Of two pixels, the left one gets twice as bright, where white and black lie side by side."""
    base = np.zeros((2, 4, 3), np.float32)
    base[:, 0], base[:, 2:] = 1, 0.5
    hdr = base.copy()
    hdr[:, 0] = 2
    found = between(base, hdr, LUMINANCE, headroom=2, scale=2)
    assert found.codes.tolist() == [[round(255 * srgb_of(1 / 3)), 0]]
    assert found.metadata == AppleMetadata(4.0, 131072, "xmp") and found.darker == 0


def srgb_of(linear: float) -> float:
    return float(1.055 * linear ** (1 / 2.4) - 0.055)


def test_a_map_made_is_a_map_applied() -> None:
    rng = np.random.default_rng(1)
    base = rng.uniform(0.05, 1, (40, 60, 3)).astype(np.float32)
    hdr = base * rng.uniform(1, 8, (40, 60, 1)).astype(np.float32)
    found = between(base, hdr, LUMINANCE, headroom=3, scale=1)
    apply_apple(base, found.codes, found.metadata, headroom=3)
    np.testing.assert_allclose(base, hdr, rtol=0.012)


def test_what_gets_darker_stays_and_is_counted() -> None:
    base, hdr = np.ones((10, 10, 3), np.float32), np.full((10, 10, 3), 2, np.float32)
    hdr[:3] = 0.5
    base[9], hdr[9] = 1e-4, 0
    found = between(base, hdr, LUMINANCE, headroom=1, scale=1)
    assert found.darker == 0.3, "nobody sees that the last row gets darker"
    assert (found.codes[:3] == 0).all() and (found.codes[3:9] == 255).all() and (found.codes[9] == 0).all()


def test_black_and_a_headroom_of_nothing() -> None:
    black = np.zeros((3, 3, 3), np.float32)
    found = between(black, black, LUMINANCE, headroom=0, scale=2)
    assert found.codes.shape == (2, 2) and not found.codes.any() and found.metadata.headroom == 1
