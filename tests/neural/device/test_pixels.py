"""Where the pixels of a result lie in the stored raster."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_codec.neural.device.pixels import Places
from gainmap_codec.pixels.raster.geometry import Window, turned


@pytest.mark.parametrize("orientation", range(1, 9))
def test_places_of_a_window_of_a_turned_raster(orientation: int) -> None:
    raster = np.arange(6 * 9).reshape(6, 9)
    expected = turned(raster, orientation)[1:5, 2:6]
    places = Places.of((6, 9), orientation, Window(1, 2, 4, 4))
    rows, columns = places.down_and_across(places.y * 9, places.x)
    np.testing.assert_array_equal(rows[:, None] + columns, expected)
