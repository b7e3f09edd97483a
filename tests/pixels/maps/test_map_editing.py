"""Gain maps of other sizes, and of Apple's kind: gains are what is averaged and interpolated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gainmap_codec.files.map_metadata.iso21496 import fraction_of
from gainmap_codec.files.records import AppleMetadata, Fraction, GainMapChannel, GainMapMetadata
from gainmap_codec.pixels.color.light import AnyCodes, Array, srgb_decode, srgb_encode
from gainmap_codec.pixels.maps.apple_gain_map import apple_gain_map_for
from gainmap_codec.pixels.maps.gain_map import apply_gain_map
from gainmap_codec.pixels.maps.map_editing import (
    apple_of_iso,
    crop_gain_map,
    highlight_gain,
    iso_of_apple,
    resize_gain_map,
)
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


def half_a_code(factors: Array, headroom: float) -> Array:
    """How far light may be off where one of Apple's codes is rounded: to half of what the next codes differ by."""
    codes = np.rint(srgb_encode((factors - 1) / np.float32(headroom - 1)) * 255)
    ends = (np.clip(codes + np.float32(step), 0, 255) / np.float32(255) for step in (-0.5, 0.5))
    low, high = (srgb_decode(each) * (headroom - 1) for each in ends)
    return np.asarray(high - low, np.float32)


@pytest.mark.parametrize(("bits", "gamma"), [(8, 1), (8, 2.2), (10, 1)])
@pytest.mark.parametrize("stops", [0.5, 2.0, 3.25, 5.6])
def test_an_iso_map_becomes_apples_within_half_a_code(bits: int, gamma: float, stops: float) -> None:
    numbers = GainMapChannel(Fraction(0, 1), fraction_of(stops), fraction_of(gamma), Fraction(0, 1), Fraction(0, 1))
    metadata = GainMapMetadata(Fraction(0, 1), fraction_of(stops), (numbers,))
    codes: AnyCodes = np.arange(1 << bits, dtype=np.uint16).reshape(-1, 16)
    codes = codes.astype(np.uint8) if bits == 8 else codes
    found = apple_of_iso(codes, metadata, bits)
    assert found is not None and found.codes.dtype == np.uint8 and found.darker == 0
    headroom = found.metadata.headroom
    assert headroom == round(2**stops, 6)
    wanted = (2 ** (stops * (codes / ((1 << bits) - 1)) ** (1 / gamma))).astype(np.float32)
    made = 1 + (headroom - 1) * srgb_decode((found.codes / 255).astype(np.float32))
    assert (np.abs(made - wanted) <= half_a_code(wanted, headroom) * 1.001 + 1e-5).all()


def test_a_gain_above_the_headroom_makes_that_the_headroom_and_one_below_1_is_lost() -> None:
    numbers = GainMapChannel(Fraction(-1, 1), Fraction(3, 1), Fraction(1, 1), Fraction(0, 1), Fraction(0, 1))
    metadata = GainMapMetadata(Fraction(0, 1), Fraction(2, 1), (numbers,))
    found = apple_of_iso(np.array([[0, 32], [64, 255]], np.uint8), metadata, 8)
    assert found is not None and (found.metadata.headroom, found.darker) == (8, 0.5)
    assert found.codes.tolist() == [[0, 0], [1, 255]]


def test_what_apples_maps_cannot_say_is_not_converted() -> None:
    codes = np.zeros((2, 2), np.uint8)
    offsets = replace(ONE_CHANNEL, channels=(replace(ONE_CHANNEL.channels[0], base_offset=Fraction(1, 64)),))
    assert apple_of_iso(codes, offsets, 8) is None
    bare = replace(ONE_CHANNEL.channels[0], base_offset=Fraction(0, 1), alternate_offset=Fraction(0, 1))
    plain = replace(ONE_CHANNEL, channels=(bare,))
    assert apple_of_iso(codes, plain, 8) is not None
    assert apple_of_iso(np.array([[[0, 0, 1]]], np.uint8), plain, 8) is None
    assert apple_of_iso(np.array([[[7, 7, 7]]], np.uint8), plain, 8) is not None, "three that are equal are one"
    down = replace(plain, base_hdr_headroom=plain.alternate_hdr_headroom, alternate_hdr_headroom=Fraction(0, 1))
    assert apple_of_iso(codes, down, 8) is None


def test_apples_codes_are_what_is_averaged() -> None:
    codes = np.array([[0, 200], [100, 100]], np.uint8)
    metadata = AppleMetadata(8.0, 131072, "xmp")
    assert resize_gain_map(codes, metadata, 8, (1, 1)).tolist() == [[100]]
    assert crop_gain_map(codes, metadata, 8, Box(2, 0, 4, 2), (4, 4)).tolist() == [[200]]


def test_highlights_are_what_more_than_a_thousandth_of_the_pixels_reach() -> None:
    """Of the channel that brightens most, by its own range and gamma."""
    codes = np.full((50, 40, 3), 51, np.uint8)
    codes[0, :2, 0] = 255
    red = GainMapChannel(Fraction(0, 1), Fraction(4, 1), Fraction(1, 1), Fraction(0, 1), Fraction(0, 1))
    blue = replace(red, gain_map_min=Fraction(-1, 1), gain_map_max=Fraction(3, 1), gamma=Fraction(1, 2))
    metadata = replace(ONE_CHANNEL, channels=(red, red, blue))
    assert highlight_gain(codes, metadata, 8) == pytest.approx(0.8)
    codes[0, 2, 0] = 255
    assert highlight_gain(codes, metadata, 8) == pytest.approx(4)
    assert highlight_gain(codes[..., 0], AppleMetadata(4.0, 131072, "xmp"), 8) == pytest.approx(2)


def test_highlights_by_gamma() -> None:
    channel = GainMapChannel(Fraction(-1, 1), Fraction(3, 1), Fraction(1, 2), Fraction(0, 1), Fraction(0, 1))
    codes = np.full((4, 4), 512, np.uint16)
    assert highlight_gain(codes, replace(ONE_CHANNEL, channels=(channel,)), 10) == pytest.approx(
        4 * (512 / 1023) ** 2 - 1
    )
