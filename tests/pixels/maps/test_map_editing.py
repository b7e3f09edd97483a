"""Gain maps of other sizes, and of Apple's kind: gains are what is averaged and interpolated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gainmap_codec.files.records import AppleMetadata, Fraction
from gainmap_codec.pixels.maps.apple_gain_map import apple_gain_map_for
from gainmap_codec.pixels.maps.gain_map import apply_gain_map
from gainmap_codec.pixels.maps.map_editing import crop_gain_map, iso_of_apple, resize_gain_map
from gainmap_codec.pixels.raster.geometry import Box
from support.cases import ONE_CHANNEL
from support.gains import apply_ready


def test_a_crop_along_the_pixels_of_the_map_copies_them() -> None:
    codes = np.arange(16, dtype=np.uint8).reshape(4, 4)
    part = crop_gain_map(codes, ONE_CHANNEL, 8, Box(4, 8, 12, 16), (16, 16))
    assert np.array_equal(part, codes[2:4, 1:3])


def test_a_crop_between_the_pixels_of_the_map_interpolates_them() -> None:
    """At twice their density, along both sides: a ramp stays the same ramp, and the proportions stay the base's."""
    codes = np.repeat(np.arange(0, 240, 20, dtype=np.uint8)[np.newaxis], 4, axis=0)
    part = crop_gain_map(codes, ONE_CHANNEL, 8, Box(10, 0, 38, 16), (48, 16))
    assert part.shape == (8, 14)
    places = 2.5 + (np.arange(14) + 0.5) / 2 - 0.5
    assert np.abs(part - 20 * places).max() <= 0.51


def test_means_are_of_gains_and_not_of_codes() -> None:
    metadata = replace(ONE_CHANNEL, channels=(replace(ONE_CHANNEL.channels[0], gamma=Fraction(1, 2)),))
    codes = np.array([[0, 255]], np.uint8)
    assert resize_gain_map(codes, metadata, 8, (1, 1))[0, 0] == round(255 * 0.5**0.5)
    assert resize_gain_map(codes, ONE_CHANNEL, 8, (1, 1))[0, 0] == 128
    three = np.stack([codes.astype(np.uint16) * 4] * 3, axis=2)
    assert resize_gain_map(three, ONE_CHANNEL, 10, (1, 1)).shape == (1, 1, 3)


@pytest.mark.parametrize("linear", [1.0, 4.53, 8.0])
def test_apples_map_means_the_same_as_one_of_iso(linear: float) -> None:
    metadata = AppleMetadata(linear, None, "xmp")
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16)
    apple = np.full((16, 16, 3), 0.5, np.float32)
    iso = apply_gain_map(apple, *iso_of_apple(codes, metadata, 8), headroom=9)
    apply_ready(apple_gain_map_for((16, 16), codes, metadata, headroom=9), apple)
    assert np.abs(np.log2(iso / apple)).max() <= 0.51 * np.log2(linear) / 255 + 1e-5
