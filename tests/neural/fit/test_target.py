"""What a network is fitted to: domain, channels, grid, range, and what an error costs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from gainmap_codec.neural.fit import target as module
from gainmap_codec.neural.fit.target import Residual, Target, _normalised, make_targets, three_residuals
from gainmap_codec.pixels import loops
from gainmap_codec.pixels.color.base_color import BaseColor, base_color_of_icc
from gainmap_codec.pixels.color.light import Array, convert, pq_decode, pq_encode, pq_psnr
from gainmap_codec.pixels.maps.neural_map import base_bt2020
from gainmap_codec.pixels.maps.one_gain import Offsets, OneGain
from gainmap_codec.pixels.maps.residual import apply_log2_gain, inverse_residual
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene

PQ_DOMAINS = ("pq_gamma", "pq_difference")
SRGB = base_color_of_icc(None)


class Pair(NamedTuple):
    """See `PairLike`."""

    codes: NDArray[np.uint8]
    color: BaseColor
    hdr: Array
    gain: OneGain | None = None
    offsets: Offsets | None = None


def scene(width: int = 96, height: int = 64) -> Pair:
    hdr = render_scene(width, height)
    return Pair(encode_base(tone_map(convert(hdr, "bt2020", "srgb"), headroom=3.2)), SRGB, hdr)


def with_one_gain(width: int = 96, height: int = 64, offset: float = 0.0) -> Pair:
    """A smooth gain for all three channels: brighter to the right."""
    codes = scene(width, height).codes
    gain = np.linspace(0, 3, width, dtype=np.float32)[None, :, None]
    base = base_bt2020(codes, SRGB)
    return Pair(codes, SRGB, np.maximum((base + np.float32(offset)) * 2**gain - np.float32(offset), 0))


def hdr_by(target: Target, pair: Pair, wanted: Array) -> Array:
    """PQ codes of the HDR rendition by a normalised residual at the raster's size."""
    residual = wanted * np.float32(target.scale) + np.float32(target.shift)
    base = np.maximum(base_bt2020(pair.codes, SRGB), 0)
    if target.domain == "log2_gain":
        apply_log2_gain(residual, base, *map(np.float32, target.offsets))
        return pq_encode(base)
    found: Array = np.clip(inverse_residual(target.domain, residual, pq_encode(base), np), 0, 1)
    return found


def test_one_gain_is_one_output() -> None:
    (target,) = make_targets(with_one_gain())
    assert (target.domain, target.offsets) == ("log2_gain", (0.0, 0.0))
    assert target.wanted.shape == target.weights.shape == (64, 96, 1)
    assert -0.25 <= target.shift - target.scale <= 0.01 and 2.99 <= target.shift + target.scale <= 3.25


def test_one_gain_with_offsets_is_one_output() -> None:
    (target,) = make_targets(with_one_gain(offset=1 / 64))
    assert (target.domain, target.offsets) == ("log2_gain", (1 / 64, 1 / 64))
    assert target.wanted.shape == (64, 96, 1)


def test_one_gain_for_three_channels_is_their_mean_by_what_they_cost() -> None:
    rng = np.random.default_rng(0)
    base = rng.uniform(0.01, 1, (70, 3)).astype(np.float32)
    base[:3] = 0
    hdr = (base * 2 ** rng.uniform(0, 3, (70, 3))).astype(np.float32)
    gains, weights = np.empty((2, 70), np.float32)
    left = loops.single_gains(hdr, base, 0.0, 0.0, gains, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.log2(hdr.astype(np.float64) / base)
    slopes = (pq_encode(hdr).astype(np.float64) - pq_encode(hdr * np.float32(0.99))) / -np.log2(0.99)
    costs = slopes[3:] ** 2 / 3
    mean = (own[3:] * costs).sum(1) / costs.sum(1)
    assert np.allclose(gains[3:], mean, atol=2e-3)
    assert np.allclose(weights[3:], costs.sum(1), rtol=0.02)
    assert left == pytest.approx((costs * (own[3:] - mean[:, None]) ** 2).sum(), rel=0.02)
    assert not weights[:3].any()  # black stays black, by any gain


def coded_anew(pair: Pair, gain: OneGain) -> Pair:
    """The pair whose base has lost what coding loses, six codes here and there, where the gain is known."""
    noise = np.random.default_rng(0).integers(-6, 7, pair.codes.shape)
    codes = np.clip(pair.codes + noise, 0, 255).astype(np.uint8)
    return pair._replace(codes=codes, gain=gain)


@pytest.mark.parametrize(("offset", "stored"), [(0.0, 0.0), (1e-5, 0.0), (1 / 64, 1 / 64), (1 / 512, 1 / 512)], ids=str)
def test_a_known_gain_is_what_is_fitted_whatever_coding_did_to_the_base(offset: float, stored: float) -> None:
    """As in photos of iPhones and of Lightroom that are moved to another container."""
    clean = with_one_gain(offset=offset)
    gain = OneGain(np.linspace(0, 3, 96, dtype=np.float32)[None, :, None], offset, offset)
    noisy = coded_anew(clean, gain)
    assert make_targets(noisy._replace(gain=None))[0].wanted.shape[2] == 3  # so much coding hides the one gain
    (target,) = make_targets(noisy)
    assert (target.domain, target.offsets, target.wanted.shape) == ("log2_gain", (stored, stored), (64, 96, 1))
    seen = clean.codes.max(axis=2) > 8
    found = (target.wanted[..., 0] * target.scale + target.shift)[seen]
    assert np.abs(found - np.broadcast_to(gain.values[..., 0], (64, 96))[seen]).max() < 0.02


@pytest.mark.parametrize("offsets", [(1e-5, 1 / 64), (1 / 64, 1 / 128), (1 / 512, 1 / 64), (1 / 64, 0)], ids=str)
def test_a_known_gain_keeps_both_its_offsets(offsets: tuple[float, float]) -> None:
    """One offset for both sides says these gains to 39, 59, 43 and 53 dB."""
    codes, gain = scene().codes, np.linspace(0, 3, 96, dtype=np.float32)[None, :, None]
    known = OneGain(gain, *offsets)
    base = np.maximum(base_bt2020(codes, SRGB), 0)
    pair = Pair(codes, SRGB, known.hdr_of(base, gain), known)
    (target,) = make_targets(pair)
    assert target.offsets == tuple(float(np.float16(each)) for each in offsets)
    assert pq_psnr(pq_decode(hdr_by(target, pair, target.wanted)), pair.hdr) > 65


def test_the_floor_is_what_the_coding_of_the_base_costs() -> None:
    pair = with_one_gain()
    gain = OneGain(np.linspace(0, 3, 96, dtype=np.float32)[None, :, None], 0.0, 0.0)
    (kept,) = make_targets(pair._replace(gain=gain))
    assert kept.floor < 1e-9
    noisy = coded_anew(pair, gain)
    (target,) = make_targets(noisy)
    error = hdr_by(target, noisy, target.wanted) - pq_encode(noisy.hdr)
    assert target.floor == pytest.approx(np.mean(error**2), rel=0.02)


def test_a_tone_mapped_scene_takes_three_outputs_in_pq() -> None:
    targets = make_targets(scene())
    assert tuple(target.domain for target in targets) == PQ_DOMAINS
    assert all(target.wanted.shape == (64, 96, 3) for target in targets)


@pytest.mark.parametrize("pair", [scene(), with_one_gain()], ids=["scene", "one gain"])
def test_the_wanted_residual_gives_the_rendition_back(pair: Pair) -> None:
    for target in make_targets(pair):
        assert np.abs(target.wanted).max() <= 1
        error = hdr_by(target, pair, target.wanted) - pq_encode(pair.hdr)
        assert np.sqrt(np.mean(error**2)) < 0.003, target.domain


@pytest.mark.parametrize("number", range(2), ids=PQ_DOMAINS)
def test_weights_are_what_a_small_error_costs(number: int) -> None:
    """Mean squared PQ error of a rendition by residuals that are slightly off."""
    pair = scene()
    target = make_targets(pair)[number]
    inside = (np.abs(target.wanted) < 0.9).all(axis=2) & (pair.codes.min(axis=2) > 8) & (pair.hdr.min(axis=2) > 0.01)
    off = np.random.default_rng(0).normal(0, 0.003, target.wanted.shape).astype(np.float32)
    error = hdr_by(target, pair, target.wanted + off) - hdr_by(target, pair, target.wanted)
    expected = (error**2).mean(axis=2)[inside].mean()
    assert (target.weights * off**2).sum(axis=2)[inside].mean() == pytest.approx(expected, rel=0.1)


def test_black_costs_nothing_where_there_is_no_offset() -> None:
    pair = with_one_gain()
    pair.codes[:20] = 0
    pair = pair._replace(hdr=np.where(pair.codes.any(axis=2, keepdims=True), pair.hdr, 0))
    (target,) = make_targets(pair)
    assert target.offsets == (0, 0)
    assert not target.weights[:20].any() and target.weights[20:].all()


def test_a_smooth_gain_takes_a_coarse_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FEWEST_CELLS", 100)
    (target,) = make_targets(with_one_gain(160, 96))
    assert target.grid == target.wanted.shape[:2] == (12, 20)


def test_a_coarse_grid_is_made_of_samples_where_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell of 8 × 8 pixels says the gain of its middle, 3.5 pixels from its first, which was sampled."""
    monkeypatch.setattr(module, "_FEWEST_CELLS", 100)
    (target,) = make_targets(with_one_gain(160, 96))
    gain = target.wanted[6, 2:-2, 0] * target.scale + target.shift
    assert gain == pytest.approx(3 * (8 * np.arange(2, 18) + 3.5) / 159, abs=0.003)


def test_fine_detail_takes_a_fine_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FEWEST_CELLS", 100)
    pair = with_one_gain(160, 96)
    grain = np.random.default_rng(0).uniform(1, 2, (96, 160, 1)).astype(np.float32)
    (target,) = make_targets(pair._replace(hdr=pair.hdr * grain))
    assert target.grid == (96, 160)


def gains_in_srgb(pair: Pair, offsets: Offsets) -> Pair:
    """The pair brightened by another gain in each of the base's own channels."""
    gains = np.linspace(0, 2, pair.codes.shape[1], dtype=np.float32)[None, :, None] * np.array(
        [0.5, 1, 1.5], np.float32
    )
    linear = (SRGB.linearize(pair.codes) + np.float32(offsets[0])) * 2**gains - np.float32(offsets[1])
    return pair._replace(hdr=SRGB.convert_to_bt2020(np.maximum(linear, 0)), offsets=offsets)


def test_three_gains_give_the_rendition_back() -> None:
    offsets = 1 / 64, 1 / 32
    pair = gains_in_srgb(scene(), offsets)
    found = three_residuals(pair, "log2_gain", offsets)
    base = base_bt2020(pair.codes, SRGB)
    apply_log2_gain(found.values, base, *map(np.float32, offsets))
    assert found.values.shape == found.weights.shape == (64, 96, 3)
    assert pq_psnr(base, pair.hdr) > 90


def test_three_gains_cost_what_a_small_error_does() -> None:
    pair = gains_in_srgb(scene(), (1 / 64, 1 / 64))
    found, offset = three_residuals(pair, "log2_gain", (1 / 64, 1 / 64)), np.float32(1 / 64)
    renditions = base_bt2020(pair.codes, SRGB), base_bt2020(pair.codes, SRGB)
    off = np.random.default_rng(0).normal(0, 0.003, found.values.shape).astype(np.float32)
    for gains, rendition in zip((found.values, found.values + off), renditions, strict=True):
        apply_log2_gain(gains, rendition, offset, offset)
    inside = pair.hdr.min(axis=2) > 0.01
    expected = ((pq_encode(renditions[1]) - pq_encode(renditions[0])) ** 2).mean(axis=2)[inside].mean()
    assert (found.weights * off**2).sum(axis=2)[inside].mean() == pytest.approx(expected, rel=0.05)


def test_three_quotients_give_the_rendition_back() -> None:
    pair = scene()
    base, found = pq_encode(base_bt2020(pair.codes, SRGB)), three_residuals(pair, "pq_gain")
    error = inverse_residual("pq_gain", found.values, base, np) - pq_encode(pair.hdr)
    assert np.abs(error[base > 0.01]).max() < 1e-4 and np.sqrt(np.mean(error**2)) < 0.001


def test_three_gains_that_do_not_show_do_not_stretch_the_range() -> None:
    pair = gains_in_srgb(scene(), (0.0, 0.0))
    pair.codes[:4], pair.hdr[:2], pair.hdr[2:4] = 0, 0, 1e-5
    found = three_residuals(pair, "log2_gain").values
    assert found.min() > -0.1 and found.max() < 3.2  # by itself: 3.4 stops, from black as dark as gains are measured


def test_residuals_of_a_large_picture_lie_on_a_coarser_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_CELLS", 1000)
    assert three_residuals(scene(), "pq_gain").values.shape == (22, 32, 3)


def test_a_small_picture_has_a_cell_a_pixel() -> None:
    assert make_targets(with_one_gain(50, 30))[0].grid == (30, 50)


def test_nothing_to_learn() -> None:
    codes = np.full((8, 9, 3), 128, np.uint8)
    (target,) = make_targets(Pair(codes, SRGB, base_bt2020(codes, SRGB)))
    assert target.scale > 0 and np.isfinite(target.wanted).all()
    assert target.shift == pytest.approx(0, abs=1e-3)


def test_black_pixels_do_not_set_the_range() -> None:
    """With an offset, the slope of PQ has no bound near black: there gains are of no use to anybody."""
    values = np.full((100, 100, 1), 2.0, np.float32)
    values[:50] = 0.5
    weights = np.full((100, 100, 1), 0.004, np.float32)
    values[:1], weights[:1] = 0.0, 12.0
    target = _normalised(Residual(values, weights), "log2_gain", (6, 6), (100, 100))
    assert target.shift + target.scale == pytest.approx(2.0, abs=0.01)
