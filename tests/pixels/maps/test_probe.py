"""The probe sees all of a small picture, and of a large one the places where maps go wrong."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_codec.pixels.color.light import Array, pq_decode, pq_psnr
from gainmap_codec.pixels.maps.probe import probe_of
from gainmap_codec.pixels.rendition import Light

SAME = np.eye(3)


def textured(height: int, width: int, seed: int = 0) -> Array:
    """Linear RGB in 0.05…0.95, a soft texture of tiles."""
    coarse = np.random.default_rng(seed).random((height // 16 + 1, width // 16 + 1, 3))
    return np.asarray(0.05 + 0.9 * np.kron(coarse, np.ones((16, 16, 1)))[:height, :width], np.float32)


def test_a_small_picture_is_its_own_probe() -> None:
    base = textured(100, 200)
    probe = probe_of(Light.of(base), Light.of(base * 2), SAME)
    assert np.shares_memory(probe.base, base) and probe.base.shape == base.shape
    assert probe.enlargement == 1
    assert probe.psnr(base) == pytest.approx(pq_psnr(base, base * 2), abs=1e-4)
    assert (probe.psnr(base * 2), probe.de_itp(base * 2)) == (float("inf"), 0)


def test_a_large_picture_is_measured_as_the_whole_is() -> None:
    base = textured(1024, 1536)
    rendition = base * np.float32(1.5)
    rendition[200:400, 900:1300] *= 1.2
    probe = probe_of(Light.of(base), Light.of(base * 2), SAME)
    assert probe.base.shape[0] * probe.base.shape[1] <= 1 << 19
    assert probe.weights.sum() == pytest.approx(1)
    shown = probe.base * np.float32(1.5)
    assert probe.psnr(shown) == pytest.approx(pq_psnr(base * np.float32(1.5), base * 2), abs=0.2)


def test_a_coloured_light_is_seen_and_counts_by_its_area() -> None:
    base = textured(2048, 2048)
    alternate = base * 2
    alternate[600:660, 1400:1460] *= np.array([1, 3, 0.4], np.float32)  # a thousandth of the picture
    probe = probe_of(Light.of(base), Light.of(alternate), SAME)
    ratio = probe.alternate / probe.base
    lit = np.abs(ratio[..., 1] - ratio[..., 0]) > 1
    assert lit.any()
    shares = lit.reshape(len(probe.weights), -1).mean(axis=1) @ probe.weights
    assert shares == pytest.approx(60 * 60 / 2048**2, rel=0.6)


def test_the_probe_is_the_same_each_time() -> None:
    base = textured(1024, 1024)
    first, second = (probe_of(Light.of(base), Light.of(base * 2), SAME) for _ in range(2))
    np.testing.assert_array_equal(first.base, second.base)
    np.testing.assert_array_equal(first.weights, second.weights)


def sky(steps: float, height: int = 256, width: int = 256) -> Array:
    """Light that rises by so many steps of 10-bit PQ a pixel, grey."""
    codes = np.linspace(0.4, 0.4 + steps * width / 1023, width, dtype=np.float32)
    return np.broadcast_to(pq_decode(codes)[np.newaxis, :, np.newaxis], (height, width, 3)).copy()


def banded(picture: Array, stops: float = 5 / 510) -> float:
    return probe_of(Light.of(picture), Light.of(picture), SAME).banded(stops)


def test_bands_are_seen_in_what_is_smooth() -> None:
    assert banded(sky(0.5)) == 1
    assert banded(sky(0.5), stops=2 / 510) == 0  # a gain that is off by less moves nothing by half a step
    half = np.concatenate([sky(0.5), textured(256, 256)])
    assert banded(half) == pytest.approx(0.5, abs=0.01)


def test_no_bands_are_seen_in_what_is_flat_steep_or_too_small() -> None:
    assert banded(sky(0)) == banded(sky(3)) == banded(textured(256, 256)) == 0
    assert banded(sky(0.5, 5, 5)) == 0


def test_bands_count_by_their_area() -> None:
    large = np.tile(textured(1024, 256), (1, 8, 1))
    large[:512] = np.tile(sky(0.5, 512, 256), (1, 8, 1))
    assert banded(large) == pytest.approx(0.5, abs=0.2)
