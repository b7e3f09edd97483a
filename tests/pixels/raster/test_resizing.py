"""Bases of other sizes."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_codec.pixels.color.light import AnyCodes
from gainmap_codec.pixels.raster.resizing import resize_codes


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_smaller_base_has_the_mean_light(dtype: type[np.uint8] | type[np.uint16]) -> None:
    largest = 255 if dtype == np.uint8 else 1023
    curve = (np.arange(largest + 1, dtype=np.float32) / np.float32(largest)) ** np.float32(2.2)
    codes: AnyCodes = np.zeros((2, 2, 3), np.uint8) if dtype == np.uint8 else np.zeros((2, 2, 3), np.uint16)
    codes[0] = largest
    small = resize_codes(codes, 1, 1, np.stack([curve] * 3))
    assert small.dtype == dtype
    assert small[0, 0].tolist() == [round(largest * 0.5 ** (1 / 2.2))] * 3
    assert resize_codes(codes[..., 0], 5, 1, np.stack([curve] * 3)).shape == (1, 5)
    assert resize_codes(codes, 4, 4, np.stack([curve] * 3)).max() == largest
