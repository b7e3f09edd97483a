"""Octaves of a number."""

from __future__ import annotations

import math

import numpy as np

from gainmap_codec.pixels.maps.features import octave_features


def test_octaves_are_sine_then_cosine_from_the_lowest() -> None:
    found = octave_features(np.array([0.25]), 2, -1)
    expected = [math.sin(math.pi / 8), math.cos(math.pi / 8), math.sin(math.pi / 4), math.cos(math.pi / 4)]
    np.testing.assert_allclose(found, [expected], atol=1e-7)
    assert found.dtype == np.float32


def test_many_octaves_stay_exact() -> None:
    """Doubling the angle adds up what rounding loses: twelve octaves of it are far from what float32 can tell."""
    values = np.linspace(-1, 1, 101)
    found = octave_features(values, 12, 0).reshape(101, 12, 2)
    angles = values[:, None] * np.pi * 2.0 ** np.arange(12)
    np.testing.assert_allclose(found, np.stack([np.sin(angles), np.cos(angles)], axis=2), atol=1e-7)


def test_no_octaves_are_no_features() -> None:
    assert octave_features(np.zeros((3, 2)), 0, 0).shape == (3, 2, 0)
