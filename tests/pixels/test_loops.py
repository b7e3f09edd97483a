"""Compiled loops by themselves, against float64."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gainmap_codec.pixels import loops
from gainmap_codec.pixels.color.light import PQ_PEAK
from support.reference_decoder import pq_codes, pq_curve

TWO_TO, LOG2, SIN_PI, COS_PI, PQ_OF_LIGHT, LIGHT_OF_PQ = range(6)
QUARTER_CODE = 0.25 / 4095  # of 12-bit PQ


def elementary(function: int, values: NDArray[np.floating]) -> NDArray[np.float64]:
    out = np.empty(len(values), np.float32)
    loops.elementary(function, values.astype(np.float32), out)
    return out.astype(np.float64)


def exact(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """What float32 makes of them."""
    return values.astype(np.float32).astype(np.float64)


def test_two_to() -> None:
    x = exact(np.linspace(-126, 127, 1_000_001))
    assert np.abs(elementary(TWO_TO, x) / 2**x - 1).max() < 2e-7
    np.testing.assert_array_equal(elementary(TWO_TO, np.arange(-126.0, 128)), 2.0 ** np.arange(-126, 128))
    edges = elementary(TWO_TO, np.array([-np.inf, -1e30, np.nan, 1e30, np.inf]))
    np.testing.assert_array_equal(edges, 2.0 ** np.array([-126, -126, -126, 127, 127]))


def test_log2() -> None:
    x = exact(2 ** np.linspace(-126, 127, 1_000_001))
    found, wanted = elementary(LOG2, x), np.log2(x)
    assert (np.abs(found - wanted) <= 1e-7 + 1.5e-7 * np.abs(wanted)).all()
    near_one = exact(np.linspace(0.75, 1.4, 100_001))
    assert (np.abs(elementary(LOG2, near_one) - np.log2(near_one)) <= 3e-7 * np.abs(np.log2(near_one)) + 1e-12).all()
    np.testing.assert_array_equal(elementary(LOG2, np.array([0.0, -1, np.nan, -np.inf])), -126)


@pytest.mark.parametrize("largest", [1, 2**14])
def test_waves(largest: int) -> None:
    x = exact(np.linspace(-largest, largest, 1_000_001))
    whole = x - 2 * np.rint(x / 2)
    assert np.abs(elementary(SIN_PI, x) - np.sin(np.pi * whole)).max() < 2.5e-7
    assert np.abs(elementary(COS_PI, x) - np.cos(np.pi * whole)).max() < 2.5e-7


def test_pq_of_all_light() -> None:
    linear = exact(np.concatenate([np.linspace(0, PQ_PEAK, 500_001), 2 ** np.linspace(-40, 6, 500_001)]))
    wanted = pq_codes(np.minimum(linear, PQ_PEAK)) / 1023
    assert np.abs(elementary(PQ_OF_LIGHT, linear) - wanted).max() < QUARTER_CODE / 20


def test_light_of_all_pq_codes() -> None:
    codes = exact(np.linspace(0, 1, 1_000_001))
    back = pq_codes(elementary(LIGHT_OF_PQ, codes)) / 1023
    assert np.abs(back - codes)[codes > 1e-6].max() < QUARTER_CODE / 20
    bright = codes > 0.1
    np.testing.assert_allclose(elementary(LIGHT_OF_PQ, codes[bright]), pq_curve(codes[bright]), rtol=3e-5)
    assert elementary(LIGHT_OF_PQ, np.zeros(1))[0] == 0


@pytest.mark.parametrize("count", [1, 32, 70])
def test_ratios_of_light_by_channel_and_of_the_largest(count: int) -> None:
    rng = np.random.default_rng(count)
    bright, dark = (rng.uniform(-0.5, 9, (count, 3)).astype(np.float32) for _ in range(2))
    offset, most = np.float32(1 / 64), np.float32(8)
    raised = [np.clip(each, 0, most) + offset for each in (bright, dark)]
    largest = [each.max(axis=1, keepdims=True) for each in raised]
    for channel in range(4):
        above, below = (each[:, 0] for each in largest) if channel == 3 else (each[:, channel] for each in raised)
        out = np.empty(count, np.float32)
        loops.light_ratios(bright, dark, channel, float(offset), float(most), out)
        np.testing.assert_array_equal(out, above / below)
