"""Means and linear interpolation along an axis."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_codec.pixels.raster.resampling import bilinear_taps, box_average, taps_at, windows_between


@pytest.mark.parametrize(("size", "cells"), [(12, 4), (12, 5), (7, 7), (9, 1)])
def test_box_averages_keep_the_sum(size: int, cells: int) -> None:
    values = np.random.default_rng(3).random((2, size)).astype(np.float32)
    means = box_average(values, cells)
    assert means.shape == (2, cells)
    np.testing.assert_allclose(means.mean(axis=1), values.mean(axis=1), rtol=1e-6)


def test_box_averages_cut_pixels() -> None:
    np.testing.assert_allclose(box_average(np.array([[0, 3, 6]], np.float32), 2), [[1, 5]])


def test_bilinear_taps_align_pixel_centres() -> None:
    """Twice as many pixels lie a quarter of a cell before and behind each cell's centre; the outermost are clamped."""
    taps = bilinear_taps(4, 2)
    np.testing.assert_allclose(taps.interpolate(np.array([[0, 1]], np.float32), axis=1), [[0, 0.25, 0.75, 1]])
    np.testing.assert_allclose(
        taps.interpolate(np.array([[0], [1]], np.float32), axis=0), [[0.0], [0.25], [0.75], [1.0]]
    )
    assert np.array_equal(bilinear_taps(3, 3).interpolate(np.array([[5, 6, 7]], np.float32), axis=1), [[5, 6, 7]])


def test_parts_and_shifts_of_taps() -> None:
    taps = bilinear_taps(8, 4)
    values = np.array([[1, 4, 9, 16]], np.float32)
    whole = taps.interpolate(values, axis=1)
    assert np.array_equal(taps.part(slice(2, 6)).interpolate(values, axis=1), whole[:, 2:6])
    assert np.array_equal(taps.shifted(1).interpolate(np.array([[0, 1, 4, 9, 16]], np.float32), axis=1), whole)
    assert taps_at(np.array([-3.0, 9.0]), 4).first.tolist() == [0, 3]


def test_windows_name_their_pixels_and_shares() -> None:
    places, shares = windows_between(np.array([0.5, 2.0, 2.0]), 4)
    np.testing.assert_allclose((shares * places).sum(axis=0), [0.5 / 1.5 * 0 + 1 / 1.5 * 1, 2])
    np.testing.assert_allclose(shares.sum(axis=0), 1)
