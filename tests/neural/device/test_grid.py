"""The parts of the grid's residual on a device are those of NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gainmap_codec.neural.device.grid import DeviceTaps, octave_features
from gainmap_codec.pixels.maps import features
from gainmap_codec.pixels.raster.resampling import bilinear_taps


@pytest.mark.parametrize(("octaves", "first"), [(0, 0), (4, -1), (12, 0)])
def test_octaves(octaves: int, first: int) -> None:
    values = np.random.default_rng(0).random((5, 4, 3), np.float32) * 2 - 1
    found = octave_features(torch.from_numpy(values), octaves, first).numpy()
    expected = features.octave_features(values, octaves, first).reshape(5, 4, 6 * octaves)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_taps() -> None:
    values = np.random.default_rng(0).random((6, 9, 3), np.float32)
    taps = bilinear_taps(25, 9)
    there = DeviceTaps.of(taps, torch.device("cpu"))
    found = there.interpolate(torch.from_numpy(values), 1, slice(3, 20)).numpy()
    np.testing.assert_allclose(found, taps.interpolate(values, axis=1)[:, 3:20], rtol=1e-6)
