"""The working grid under crops, flips, turns and sizes, and the averages and enlargements that it is made of."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gainmap_codec.pixels import strips
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.maps.working_grid import WorkingGrid, axis_over, window_means
from gainmap_codec.pixels.raster.resampling import taps_at
from support.gains import enlarged_rows

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


# Resampling


def brute_mean(values: Array, start: float, stop: float) -> float:
    """Mean of a row of values between two edges, each value by the part that lies inside."""
    parts = [max(0.0, min(stop, n + 1) - max(start, n)) for n in range(len(values))]
    return sum(part * float(value) for part, value in zip(parts, values, strict=True)) / sum(parts)


@given(st.integers(1, 12), st.lists(st.floats(0, 1), min_size=2, max_size=8), st.booleans(), st.booleans())
def test_window_means_are_those_of_what_lies_between_edges(
    size: int, parts: list[float], whole: bool, turned: bool
) -> None:
    edges = np.sort(np.array(parts) * size)
    edges = np.rint(edges) if whole else edges
    values, alone = noise(size, 2, 3), np.array([0.0, 1.0, 2.0])
    if turned:
        found = np.swapaxes(window_means(np.swapaxes(values, 0, 1), alone, edges), 0, 1)
    else:
        found = window_means(values, edges, alone)
    assert found.dtype == np.float32 and found.shape == (len(edges) - 1, 2, 3)
    for n, (start, stop) in enumerate(pairwise(edges)):
        for row, channel in np.ndindex(2, 3):
            line = values[:, row, channel]
            if stop - start > 1e-6:
                expected = brute_mean(line, float(start), float(stop))
            else:
                expected = float(line[min(int(start), size - 1)])
            assert found[n, row, channel] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_window_means_of_every_type_and_of_views(dtype: type) -> None:
    values: NDArray[Any] = np.random.default_rng(2).integers(0, 256, (37, 41, 4)).astype(dtype)[::-1, 1:, :3]
    edges = np.array([0.0, 2.0, 4.5, 36.0]), np.array([1.0, 1.5, 40.0])
    found = window_means(values, *edges)
    for row, column, channel in np.ndindex(3, 2, 3):
        lines = np.array([brute_mean(line, *edges[1][column : column + 2]) for line in values[..., channel]])
        expected = brute_mean(lines, *edges[0][row : row + 2])
        assert found[row, column, channel] == pytest.approx(expected, rel=1e-5)


def test_means_of_a_small_picture_start_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = noise(64, 48, 3), noise(512, 640, 3)
    edges = np.arange(0.0, 49.0, 4)
    expected = window_means(large, edges, edges)
    started = list[int]()

    def counted(threads: int) -> ThreadPoolExecutor:
        started.append(threads)
        return ThreadPoolExecutor(threads)

    monkeypatch.setattr(strips, "THREADS", 2)
    monkeypatch.setattr(strips, "ThreadPoolExecutor", counted)
    np.testing.assert_array_equal(window_means(large, edges, edges), expected)
    assert len(started) == 1
    window_means(small, edges, edges)
    assert len(started) == 1


def test_taps_are_clamped_to_the_outermost_cells() -> None:
    taps = taps_at(np.array([-3.0, 0.0, 0.25, 1.75, 2.0, 900.0]), 3)
    found = taps.interpolate(np.array([[10.0], [20.0], [40.0]], np.float32), axis=0)
    np.testing.assert_allclose(found[:, 0], [10, 10, 12.5, 35, 40, 40])


# Axes


def test_an_axis_covers_the_cells_that_its_raster_touches() -> None:
    whole, half = axis_over(40, 10, 1, 0), axis_over(20, 10, 0.5, -0.5)
    assert (whole.count, half.count) == (10, 5)
    np.testing.assert_allclose(half.centers, whole.centers[:5])
    np.testing.assert_allclose(half.edges(), whole.edges()[:6])
    cut = axis_over(20, 10, 0.5, -0.45)  # from a quarter of the first cell to a quarter of the sixth
    assert cut.count == 6
    np.testing.assert_allclose(cut.edges(), [0, 3, 7, 11, 15, 19, 20])


def test_a_smaller_raster_is_evaluated_at_its_own_pixels() -> None:
    axis = axis_over(3, 10, 1, 0)
    assert axis.count == 3
    np.testing.assert_allclose(axis.centers, [-2 / 3, 0, 2 / 3])
    taps = axis.raster_taps()
    np.testing.assert_array_equal(taps.first, [0, 1, 2])
    np.testing.assert_allclose(taps.fraction, 0, atol=1e-6)


def test_cells_of_a_level_divide_the_picture_equally() -> None:
    axis = axis_over(10, 10, 1, 0)
    np.testing.assert_allclose(axis.level_edges(2), [0, 10 / 3, 20 / 3, 10])
    np.testing.assert_allclose(axis.level_edges(0), range(11), atol=1e-12)


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.one_of(st.floats(2**-24, 1024), st.floats(-1024, -(2**-24))),
    st.floats(-1024, 1024),
    st.integers(0, 6),
)
def test_any_axis_stays_inside(size: int, count: int, scale: float, shift: float, level: int) -> None:
    """Coordinates may lie far outside: the nearest cells then serve."""
    axis = axis_over(size, count, scale, shift)
    assert 1 <= axis.count <= min(size, count)
    for edges, last in ((axis.edges(), size), (axis.level_edges(level), axis.count)):
        assert (np.diff(edges) >= 0).all() and edges[0] >= 0 and edges[-1] <= last
    for taps, cells in ((axis.raster_taps(), axis.count), (axis.level_taps(level), -(-count >> level))):
        assert taps.first.min() >= 0 and taps.second.max() < cells
        assert ((taps.fraction >= 0) & (taps.fraction <= 1)).all()


# The grid


def test_average_is_the_mean_of_a_cell() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (200, 90, 3), dtype=np.uint8)  # in several strips
    grid = WorkingGrid.over((100, 30), 200, 90, IDENTITY)
    expected = pixels.reshape(100, 2, 30, 3, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(grid.average(pixels), expected, rtol=1e-6)


def test_average_of_cells_that_cut_pixels() -> None:
    pixels = noise(7, 5, 1)
    found = WorkingGrid.over((3, 2), 7, 5, IDENTITY).average(pixels)
    for row, column in np.ndindex(3, 2):
        lines = np.array([brute_mean(pixels[y, :, 0], 2.5 * column, 2.5 * column + 2.5) for y in range(7)])
        assert found[row, column, 0] == pytest.approx(brute_mean(lines, 7 / 3 * row, 7 / 3 * (row + 1)), abs=1e-6)


def test_a_turned_raster_lies_over_the_same_cells() -> None:
    pixels = noise(12, 20, 3)
    whole = WorkingGrid.over((6, 5), 12, 20, IDENTITY).average(pixels)
    for turns, coordinates in ((1, (0, -1, 0, 1, 0, 0)), (2, (-1, 0, 0, 0, -1, 0)), (3, (0, 1, 0, -1, 0, 0))):
        turned = np.rot90(pixels, turns)
        over = WorkingGrid.over((6, 5), turned.shape[0], turned.shape[1], coordinates)
        np.testing.assert_array_equal(over.average(turned), whole)


def test_level_averages_and_enlarges_again() -> None:
    values = np.zeros((4, 8, 1), np.float32)
    values[:, 4:] = 8
    grid = WorkingGrid.over((4, 8), 4, 8, IDENTITY)

    def level(number: int) -> Array:
        return enlarged_rows(grid.enlarge(grid.reduce(values, number), number))

    np.testing.assert_allclose(level(2)[0, :, 0], [0, 0, 1, 3, 5, 7, 8, 8], atol=1e-6)
    np.testing.assert_allclose(level(0), values)
    np.testing.assert_allclose(level(9), np.full_like(values, 4))


@pytest.mark.parametrize("shape", [(1, 50_000), (50_000, 1), (200, 250), (1, 1)])
def test_a_huge_grid_costs_no_more_than_the_raster(shape: tuple[int, int]) -> None:
    pixels = noise(*shape, 3)
    tracemalloc.start()
    grid = WorkingGrid.over((65535, 65535), *shape, IDENTITY)
    means = grid.average(pixels)
    levels = [enlarged_rows(grid.enlarge(grid.reduce(means, level), level)) for level in (8, 10, 12)]
    enlarged = enlarged_rows(grid.enlarge(noise(512, 512, 1), 7))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert means.shape == levels[0].shape == (*shape, 3)
    assert enlarged.shape == (*shape, 1)
    assert peak < 16 * pixels.nbytes + (32 << 20)
