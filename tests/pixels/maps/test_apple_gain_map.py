"""Apple's formula: base · (1 + (h − 1) · curve(map))."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gainmap_codec.files.records import AppleMetadata
from gainmap_codec.pixels.color.light import AnyCodes, Array
from gainmap_codec.pixels.maps.apple_gain_map import apple_gain_map_for
from support.gains import apply_ready


def apply_apple(base: Array, gain_map: AnyCodes, metadata: AppleMetadata, **options: Any) -> None:
    apply_ready(apple_gain_map_for(base.shape[:2], gain_map, metadata, **options), base)


def test_the_formula() -> None:
    """base · (1 + (h − 1) · curve(map)): sRGB code 188 is 0.5029 of light."""
    base = np.full((2, 2, 3), 0.25, np.float32)
    gain_map = np.array([[0, 255], [188, 188]], np.uint8)
    apply_apple(base, gain_map, AppleMetadata(5.0, None, "xmp"), headroom=9)
    np.testing.assert_allclose(base[..., 0], [[0.25, 1.25], [0.7529, 0.7529]], rtol=1e-4)


@pytest.mark.parametrize(("headroom", "factor"), [(0.0, 1), (1.0, 2), (2.0, 4), (3.0, 5), (float("inf"), 5)])
def test_a_display_takes_what_it_can_show(headroom: float, factor: int) -> None:
    base = np.ones((1, 1, 3), np.float32)
    apply_apple(base, np.full((1, 1), 1023, np.uint16), AppleMetadata(5, None, "xmp"), headroom=headroom, bits=10)
    np.testing.assert_allclose(base, factor, rtol=1e-6)


def test_three_channels_serve_their_own() -> None:
    base = np.ones((1, 1, 3), np.float32)
    apply_apple(base, np.array([[[0, 255, 0]]], np.uint8), AppleMetadata(3, None, "xmp"), headroom=9)
    np.testing.assert_allclose(base[0, 0], [1, 3, 1])
