"""Fits: repeatable, small, and sane on pictures that have next to nothing to learn."""

from __future__ import annotations

import warnings
from dataclasses import FrozenInstanceError, replace
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from gainmap_codec.files.payload.format import parse_payload, serialize_payload
from gainmap_codec.files.payload.layout import read_fields
from gainmap_codec.files.payload.records import NeuralGainMap, Preset
from gainmap_codec.files.payload.weights import MAX_WEIGHT
from gainmap_codec.neural.fit import presets
from gainmap_codec.neural.fit.multiscale import MultiscaleFit
from gainmap_codec.neural.fit.presets import FittedNetwork, Presets, fit_pair, shipped_presets
from gainmap_codec.neural.fit.rates import LARGEST_SEARCHED
from gainmap_codec.neural.pair import PairLike
from gainmap_codec.pixels.color.light import Array, pq_psnr
from gainmap_codec.pixels.maps.neural_map import base_bt2020, render_neural_map
from support.short_fits import shortened
from support.small_pair import CODES, FIELDS, HDR, SCENE, SRGB, Pair

SHORT = shortened({"steps": 100, "batch": 4096}, probe_steps=40, steps=400, rounds=2, refine_steps=100)
"""Fits of seconds."""


def tiny(**changes: Any) -> Presets:
    """As `SHORT`, with changes of one preset."""
    return replace(SHORT, multiscale={"tiny": replace(SHORT.multiscale["tiny"], **changes)})


def fitted(pair: Pair, preset: Preset = "balanced", presets: Presets = SHORT, **options: Any) -> FittedNetwork:
    return fit_pair(preset, pair, FIELDS, presets=presets, **options)


@cache
def fitted_scene(preset: Preset = "balanced", target_psnr: float | None = None) -> FittedNetwork:
    """For all that looks at the same fit."""
    return fitted(SCENE, preset, target_psnr=target_psnr)


def render(network: NeuralGainMap, codes: NDArray[np.uint8]) -> Array:
    return render_neural_map(network, codes, SRGB, headroom=float("inf"))


def test_shipped_presets_cannot_be_changed() -> None:
    shipped = shipped_presets()
    with pytest.raises(TypeError):
        shipped.multiscale["tiny"] = shipped.multiscale["best"]  # type: ignore[index]
    with pytest.raises(TypeError):
        shipped.published["paper-gain"] = shipped.published["paper-gamma"]  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        shipped.multiscale["tiny"].steps = 1  # type: ignore[misc]


def test_every_name_is_one_preset() -> None:
    shipped = shipped_presets()
    assert sorted([*shipped.multiscale, *shipped.published]) == sorted(get_args(Preset))


def test_same_seed_same_payload() -> None:
    payloads = [serialize_payload(fitted(SCENE, "tiny", seed=seed).network) for seed in (7, 7, 8)]
    assert payloads[0] == payloads[1]
    assert payloads[0] != payloads[2]


@pytest.mark.parametrize(
    ("preset", "most", "least"),
    [("paper-gain", 3500, 0), ("paper-gamma", 3500, 0), ("tiny", 1100, 48), ("balanced", 2000, 48), ("best", 9000, 56)],
)
def test_payload_bytes_and_what_they_buy(preset: Preset, most: int, least: float) -> None:
    found = fitted_scene(preset)
    payload = serialize_payload(found.network)
    assert found.size == len(payload) <= most
    assert found.psnr == pytest.approx(pq_psnr(render(parse_payload(payload), CODES), HDR), abs=0.01)
    base = pq_psnr(base_bt2020(CODES, SRGB), HDR)
    assert found.psnr > max(base + 0.5, least)


@pytest.mark.parametrize("preset", ["tiny", "paper-gamma"])
def test_what_is_known_without_a_fit_is_kept(preset: Preset) -> None:
    network = fitted_scene(preset).network
    assert network.preset == preset
    assert {name: getattr(network, name) for name in FIELDS} == FIELDS
    assert (network.base_hdr_headroom, network.coordinates) == (0.0, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0))


def test_integers_stay_in_their_ranges() -> None:
    network = fitted_scene("best").network
    for layer in network.layers:
        assert 0 < max(map(abs, layer.weights)) <= MAX_WEIGHT
    for grid in network.latents + network.details:
        assert max(map(abs, grid.values)) <= LARGEST_SEARCHED
    assert any(any(grid.values) for grid in network.latents), "latents are of use"
    assert not network.details or any(network.details[-1].values), "details that say nothing are left out"


def test_a_higher_price_takes_fewer_bytes() -> None:
    found = [fitted(SCENE, "tiny", tiny(bytes_per_db=price, most_bytes=None)) for price in (10, 100, 1000)]
    assert found[0].size < found[1].size < found[2].size
    assert found[0].psnr < found[2].psnr


@pytest.mark.parametrize("preset", ["tiny", "paper-gain"])
def test_progress_is_told_in_order(preset: Preset) -> None:
    told: list[float] = []
    fitted(SCENE, preset, progress=told.append)
    assert told == sorted(told) and len(told) >= 10
    assert told[0] < 0.1 and told[-1] == 1


# Targets


def test_target_bytes() -> None:
    free, small = fitted_scene(), fitted(SCENE, target_bytes=600)
    assert 300 < small.size == len(serialize_payload(small.network)) <= 600 < free.size
    assert small.psnr > 44
    assert free.notes == small.notes == ()


def test_a_header_takes_as_many_bytes_as_targets_allow_for() -> None:
    """A larger guess leaves room for narrower networks alone, and costs half a decibel at 325 bytes."""
    payload = serialize_payload(fitted_scene("tiny").network)
    assert len(payload) - len(read_fields(payload)[1]) in (presets._HEADER_BYTES, presets._HEADER_BYTES + 1)


def test_target_bytes_that_nothing_fits() -> None:
    found = fitted(SCENE, "tiny", tiny(neurons=4), target_bytes=30)
    assert found.notes == (f"target_bytes: expected at most 30, got {found.size}, the smallest that was found",)
    assert 30 < found.size < 350


def test_target_psnr() -> None:
    free, enough = fitted_scene(), fitted(SCENE, target_psnr=50.0)
    assert enough.psnr >= 50
    assert enough.size < free.size


def test_a_target_far_below_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cheapest fit is enough, of the preset's network and of a narrower one: no price between is tried."""
    prices, improve = list[float](), MultiscaleFit.improve

    def improved(fit: MultiscaleFit, price: float, *rest: Any) -> None:
        prices.append(price)
        improve(fit, price, *rest)

    monkeypatch.setattr(MultiscaleFit, "improve", improved)
    found = fitted(SCENE, target_psnr=20.0)
    assert found.psnr >= 20 and found.notes == ()
    own, lowest = prices[0], presets._LOWEST_PRICE
    assert prices.count(own) == 2 and set(prices) == {own, lowest} and len(prices) < 2 * presets._TRIES


def test_a_narrower_network_is_fitted_to_a_low_target(monkeypatch: pytest.MonkeyPatch) -> None:
    widths, measured = set[int](), presets.measured

    def recorded(network: NeuralGainMap, pair: PairLike) -> FittedNetwork:
        widths.add(network.layers[0].outputs)
        return measured(network, pair)

    monkeypatch.setattr(presets, "measured", recorded)
    wide = tiny(neurons=14, most_weights=None)
    assert fitted(SCENE, "tiny", wide, target_psnr=30.0).psnr >= 30
    assert len(widths - {1}) == 2 and max(widths) == 14 + 4, "1 is that of a network that says nothing"


@pytest.mark.parametrize("target", [99.0, 1e9])
def test_target_psnr_out_of_reach(target: float) -> None:
    found = fitted(SCENE, "tiny", target_psnr=target)
    best = f"target_psnr: expected {target:.2f} dB, got {found.psnr:.2f} dB, the best that was found"
    assert found.notes == (best,)
    assert found.psnr >= fitted_scene("tiny", 50.0).psnr


@pytest.mark.parametrize("target", [{"target_bytes": 1000}, {"target_psnr": 45.0}])
def test_published_networks_meet_no_target(target: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="preset paper-gain: its networks have one size"):
        fitted(SCENE, "paper-gain", **target)


# Pictures with little in them


def flat(height: int, width: int, code: int, hdr: float) -> tuple[NDArray[np.uint8], Array]:
    return np.full((height, width, 3), code, np.uint8), np.full((height, width, 3), hdr, np.float32)


def edge_pictures() -> dict[str, tuple[NDArray[np.uint8], Array]]:
    noise = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    return {
        "one pixel": flat(1, 1, 128, 1.5),
        "one row": (CODES[20:21], HDR[20:21]),
        "one column": (CODES[:, 30:31], HDR[:, 30:31]),
        "all black": flat(20, 30, 0, 0.0),
        "all black, of many cells": flat(64, 64, 0, 0.0),
        "flat": flat(30, 20, 200, 3.0),
        "all clipped": flat(16, 16, 255, 49.0),
        "hdr equals sdr": (noise, base_bt2020(noise, SRGB)),
    }


@pytest.mark.parametrize("name", edge_pictures())
@pytest.mark.parametrize("preset", ["paper-gain", "paper-gamma", "tiny", "balanced"])
def test_edge_pictures(name: str, preset: Preset) -> None:
    codes, hdr = edge_pictures()[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fitted(Pair(codes, SRGB, hdr), preset)
    assert found.size <= 3500
    rendition = render(found.network, codes)
    assert np.isfinite(rendition).all()
    assert pq_psnr(rendition, hdr) > 50
