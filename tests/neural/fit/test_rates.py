"""What integers are said to cost."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gainmap_codec.files.payload.integers import Integers, encode_integers
from gainmap_codec.files.payload.latents import CLASSES
from gainmap_codec.files.payload.records import LatentGrid
from gainmap_codec.neural.fit.rates import LARGEST_SEARCHED, laplace_bits, latent_bits, neighbourhood
from gainmap_codec.pixels.color.light import Array


@pytest.mark.parametrize("spread", [0.1, 0.7, 3.0, 20.0])
def test_laplace_shares_of_all_integers_make_1(spread: float) -> None:
    shares = 2.0 ** -laplace_bits(np.arange(-400.0, 401.0), np.full(801, spread))
    assert shares.sum().item() == pytest.approx(1, abs=2e-4)


@pytest.mark.parametrize(("value", "spread"), [(0.0, 1.0), (2.0, 1.0), (-3.0, 2.0), (0.3, 0.5), (0.5, 1.0)])
def test_laplace_bits_are_an_integral(value: float, spread: float) -> None:
    """Of the density over the integer's own interval, by a sum of thin slices."""
    places = (value - 0.5 + (n + 0.5) / 10_000 for n in range(10_000))
    share = sum(math.exp(-abs(x) / spread) / (2 * spread) for x in places) / 10_000
    found = float(laplace_bits(np.array(value), np.array(spread)))
    assert found == pytest.approx(-math.log2(share), abs=1e-3)


def test_a_neighbourhood_is_what_the_coder_has_coded_before() -> None:
    magnitudes = np.zeros((5, 6))
    magnitudes[2, 3] = 1
    expected = np.zeros((5, 6))
    expected[2, 4], expected[3, 3] = 3, 2
    expected[2, 5] = expected[4, 3] = expected[3, 2] = expected[3, 4] = 1
    assert np.array_equal(neighbourhood(magnitudes), expected)


def some_latents(rows: int = 40, columns: int = 56) -> Array:
    noise = np.random.default_rng(0).normal(size=(rows + 4, columns + 4))
    spots = np.lib.stride_tricks.sliding_window_view(noise, (5, 5)).mean((2, 3))
    return np.asarray(np.rint(spots * 12 * (np.abs(spots) > 0.15)), np.float32)


def test_latent_bits_tell_each_class_its_prices() -> None:
    bits, classes, _ = latent_bits(some_latents())
    assert bits.shape == (CLASSES, LARGEST_SEARCHED + 1)
    shares = 2.0**-bits
    shares[:, 1:] *= 2  # a sign is a bit
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)
    assert classes.min() == 0 and classes.max() <= CLASSES - 1
    assert bits[0, 0] < 0.5 < 3 < bits[0, 1], "among zeros a zero is cheap"


def test_latent_bits_are_near_what_the_coder_writes() -> None:
    values = some_latents()
    bits, classes, total = latent_bits(values)
    assert total == pytest.approx(bits[classes, np.abs(values).astype(int)].sum(), rel=1e-5)
    grid = LatentGrid(len(values), values.shape[1], tuple(map(int, values.ravel())), -6)
    written = len(encode_integers(Integers((), (grid,), ())))
    assert 0.75 * total / 8 < written < 1.25 * total / 8
