"""Envelopes of series, and Bjøntegaard's difference against a published implementation."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from gainmap_bench.methods.curves import Curve, bd_rate
from gainmap_bench.methods.points import Point, mean_of_seeds


def point(size: float, psnr: float, series: str = "s", seed: int = 0) -> Point:
    return Point("m", series, f"{size}", size, size, psnr, 1.0, 0.1, seed)


def curve(*pairs: tuple[float, float], series: str = "s") -> Curve:
    return Curve(point(size, psnr, series) for size, psnr in pairs)


ANCHOR = curve((9487.76, 40.037), (4593.60, 38.615), (2486.44, 36.845), (1358.24, 34.851))
TEST = curve((9787.80, 40.121), (4469.00, 38.651), (2451.52, 36.970), (1356.24, 34.987))


def test_bd_rate_against_another_implementation() -> None:
    """The package bjontegaard 1.3.0 gives −4.417485 % for these two by PCHIP."""
    rate, span = bd_rate(ANCHOR, TEST)
    assert rate == pytest.approx(-0.04417485, abs=1e-7)
    assert span == pytest.approx(40.037 - 34.987)


def test_bd_rate_of_a_scaled_curve_is_the_scale() -> None:
    half = curve((50, 30), (100, 35), (200, 38))
    whole = curve((100, 30), (200, 35), (400, 38))
    assert bd_rate(whole, half)[0] == pytest.approx(-0.5)
    assert bd_rate(whole, half, 36, 50) == pytest.approx((-0.5, 2))
    assert bd_rate(half, half)[0] == 0


def test_no_overlap_shows_in_the_span() -> None:
    assert bd_rate(curve((1, 10), (2, 20)), curve((1, 30), (2, 40)))[1] == -10


def test_points_beaten_within_their_series_do_not_count() -> None:
    found = curve((100, 30), (150, 29), (200, 35)).bytes_at(np.array([29.0, 30.0, 35.0]))
    assert found == pytest.approx([100, 100, 200])


def test_envelope_names_the_series_that_needs_least() -> None:
    coarse = [point(50, 20, "coarse"), point(100, 30, "coarse")]
    both = Curve([*coarse, point(80, 25, "fine"), point(300, 40, "fine")])
    assert (both.low, both.high, both.is_swept) == (20, 40, True)
    assert both.need(20).bytes == pytest.approx(50) and both.need(20).series == "coarse"
    assert both.need(40).bytes == pytest.approx(300) and both.need(40).series == "fine"
    assert both.need(40.1).bytes == inf
    assert both.need(10).bytes == pytest.approx(50) and both.need(10).series == "coarse"


def test_series_are_not_joined_by_chords() -> None:
    """Half-way between two single points the better one is needed, not a mixture that nobody can write."""
    two = Curve([point(100, 30, "a"), point(400, 40, "b")])
    assert two.need(35) == (400, "b")
    assert not two.is_swept


def test_mean_over_seeds() -> None:
    first, second = point(100, 30, seed=0), point(100, 32, seed=1)
    (mean,) = mean_of_seeds([first, second])
    assert (mean.psnr, mean.bytes) == (31, 100)
