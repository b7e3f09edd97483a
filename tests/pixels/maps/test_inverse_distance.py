"""libultrahdr's enlargement against a slow model of it; tests/readers compares with the library itself."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gainmap_codec.pixels.maps.inverse_distance import enlarged_by_inverse_distance


def model(codes: NDArray[np.uint8], scale: int, row: int, column: int) -> float:
    """One pixel, as libultrahdr's sampleMap computes it."""
    y, x = row / scale, column / scale
    top, left = int(y), int(x)
    total = weights = 0.0
    for down in (top, top + 1):
        for right in (left, left + 1):
            value = codes[min(down, codes.shape[0] - 1), min(right, codes.shape[1] - 1)] / 255
            distance = np.hypot(y - down, x - right)
            if distance == 0:
                return float(value)
            total += value / distance
            weights += 1 / distance
    return float(total / weights)


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
def test_each_pixel_is_that_of_the_library(scale: int) -> None:
    codes = np.random.default_rng(1).integers(0, 256, (4, 5), np.uint8)
    height, width = 4 * scale - (scale > 1), 5 * scale - (scale > 1)
    expected = [[model(codes, scale, row, column) for column in range(width)] for row in range(height)]
    found = enlarged_by_inverse_distance(codes, scale, height, width)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_channels_and_depths() -> None:
    codes = np.random.default_rng(1).integers(0, 1024, (3, 4, 3), np.uint16)
    found = enlarged_by_inverse_distance(codes, 4, 12, 16, bits=10)
    assert found.shape == (12, 16, 3)
    np.testing.assert_allclose(found[::4, ::4], codes / 1023, atol=1e-6)
