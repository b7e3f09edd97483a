"""The one gain that a stored map tells, and what it makes of a base."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.records import AppleMetadata, Fraction, GainMapMetadata
from gainmap_codec.pixels.maps.one_gain import OneGain, gain_map_of, offsets_of, one_gain_of
from gainmap_codec.pixels.raster.geometry import Box
from support.cases import EXTREME, ONE_CHANNEL, THREE_CHANNELS

CODES = np.array([[0, 128, 255]], np.uint8)
ADOBE = replace(
    ONE_CHANNEL,
    channels=(replace(ONE_CHANNEL.channels[0], gain_map_min=Fraction(-1, 1), gamma=Fraction(1, 2)),),
)
APPLE = AppleMetadata(4.5, 131072, "xmp")


def found(codes: np.ndarray, metadata: GainMapMetadata | AppleMetadata, bits: int = 8) -> OneGain:
    gain = one_gain_of(codes, metadata, bits)
    assert gain is not None and gain.values.dtype == np.float32
    return gain


@pytest.mark.parametrize(
    ("metadata", "expected", "offset"),
    [
        (ONE_CHANNEL, [0, 2 * 128 / 255, 2], 1 / 64),
        (ADOBE, [-1, 3 * (128 / 255) ** 2 - 1, 2], 1 / 64),  # 1 / gamma is 2
        (APPLE, [0, np.log2(1 + 3.5 * ((128 / 255 + 0.055) / 1.055) ** 2.4), np.log2(4.5)], 0),
    ],
    ids=["ISO", "ISO with a gamma", "Apple"],
)
def test_gains_of_code_values(metadata: GainMapMetadata | AppleMetadata, expected: list[float], offset: float) -> None:
    gain = found(CODES, metadata)
    assert np.allclose(gain.values[0, :, 0], expected, atol=1e-6)
    assert (gain.base_offset, gain.alternate_offset) == (offset, offset)


def test_ten_bits() -> None:
    assert found(np.array([[1023, 0]], np.uint16), ONE_CHANNEL, 10).values.ravel().tolist() == [2, 0]


def test_three_channels_that_are_alike_are_one() -> None:
    grey = np.repeat(CODES[..., np.newaxis], 3, axis=2)
    gain = found(grey, replace(ONE_CHANNEL, channels=ONE_CHANNEL.channels * 3))
    assert np.allclose(gain.values[..., 0], [[0, 2 * 128 / 255, 2]])
    coloured = grey + np.array([0, 1, 0], np.uint8) * (grey < 255)
    assert one_gain_of(coloured, ONE_CHANNEL, 8) is None


def test_numbers_that_differ_are_three_gains() -> None:
    other = replace(THREE_CHANNELS.channels[1], gain_map_max=Fraction(2, 1))
    metadata = replace(THREE_CHANNELS, channels=(*THREE_CHANNELS.channels[:2], other))
    assert one_gain_of(CODES, metadata, 8) is None


def test_offsets_are_those_of_the_first_channel() -> None:
    first = replace(ONE_CHANNEL.channels[0], base_offset=Fraction(1, 8), alternate_offset=Fraction(1, 4))
    metadata = replace(THREE_CHANNELS, channels=(first, *THREE_CHANNELS.channels[1:]))
    assert offsets_of(metadata) == (0.125, 0.25)
    assert offsets_of(APPLE) == (0.0, 0.0)


def test_an_hdr_base_is_its_own_brightest_rendition() -> None:
    assert one_gain_of(CODES, EXTREME, 8) is None


def test_the_base_comes_back_from_what_was_made_of_it() -> None:
    base = np.random.default_rng(0).uniform(0, 1, (4, 5, 3)).astype(np.float32)
    gain = OneGain(np.full((2, 2, 1), 1.5, np.float32), 1e-5, 1 / 64)
    at = gain.at(slice(None), slice(None), 4, 5)
    hdr = gain.hdr_of(base, at)
    assert np.allclose(hdr, np.maximum((base + 1e-5) * 2**1.5 - 1 / 64, 0), rtol=1e-5)
    assert np.allclose(gain.base_of(hdr, at)[hdr > 0], base[hdr > 0], atol=1e-5)


def test_a_gain_lies_over_its_raster_with_centres_aligned() -> None:
    gain = OneGain(np.array([[[0], [2]]], np.float32), 0, 0)  # cells of two pixels in a row of four
    across = gain.at(slice(None), slice(None), 1, 4)[0, :, 0]
    assert across.tolist() == [0, 0.5, 1.5, 2]
    assert gain.at(slice(None), slice(None, None, 2), 1, 4)[0, :, 0].tolist() == [0, 1.5]
    assert gain.part(Box(1, 0, 3, 1), 4, 1).values[0, :, 0].tolist() == [0.5, 1.5]
    assert gain.turned(3).values[0, :, 0].tolist() == [2, 0]


@pytest.mark.parametrize("bits", [8, 10])
def test_a_gain_becomes_a_map_that_says_the_same(bits: int) -> None:
    values = np.random.default_rng(0).uniform(-1, 2.5, (6, 4, 1)).astype(np.float32)
    codes, metadata = gain_map_of(OneGain(values, 0.125, 1 / 64), (0.5, 3.0), bits)
    assert codes.dtype == (np.uint8 if bits == 8 else np.uint16) and codes.shape == (6, 4)
    again = found(codes, metadata, bits)
    assert np.abs(again.values - values).max() <= 0.51 * np.ptp(values) / ((1 << bits) - 1), "half a step of its range"
    assert (again.base_offset, again.alternate_offset) == (0.125, 1 / 64)
    assert (float(metadata.base_hdr_headroom), float(metadata.alternate_hdr_headroom)) == (0.5, 3.0)


def test_gains_that_no_file_can_tell_are_cut_off() -> None:
    values = np.array([[[np.nan], [np.inf], [-1e9], [1]]], np.float32)
    codes, metadata = gain_map_of(OneGain(values, 0, 0), (0, 1), 10)
    serialize_iso21496(metadata)
    assert np.allclose(found(codes, metadata, 10).values.ravel(), [0, 32, -32, 1], atol=0.04)


def test_one_gain_everywhere_has_no_range() -> None:
    codes, metadata = gain_map_of(OneGain(np.full((2, 3, 1), 1.5, np.float32), 0, 0), (0, 1), 8)
    assert not codes.any() and np.allclose(found(codes, metadata).values, 1.5)
