"""Fits: repeatable, small, and sane on pictures that have next to nothing to learn."""

from __future__ import annotations

import hashlib
import json
import warnings
from base64 import b64decode
from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gainmap_codec.errors import GainMapWarning
from gainmap_codec.files.payload.format import MAX_WEIGHT, layer_shapes, parse_payload, serialize_payload
from gainmap_codec.files.records import NeuralGainMap, Preset
from gainmap_codec.neural.fit.presets import MULTISCALE, FittedNetwork, fit_pair
from gainmap_codec.neural.fit.rates import LARGEST_SEARCHED
from gainmap_codec.neural.published.fit import (
    PUBLISHED,
    PublishedConfig,
    blank_network,
    fit_published,
    step_exponent,
)
from gainmap_codec.neural.published.initial import INITIAL_WEIGHTS_ID, initial_weights, random_weights
from gainmap_codec.neural.published.network import LARGEST, straight_through
from gainmap_codec.pixels.color.light import Array, pq_psnr
from gainmap_codec.pixels.maps.neural_map import base_bt2020, render_neural_map
from support.small_pair import CODES, FIELDS, HDR, SCENE, SRGB, Pair

INITIAL_SHA256 = "e027e78fa863214fd8b173b57d0fb38fd7686378aa0987b378a803ae7ac86332"
"""Of the integers and exponents of the shipped initial weights. They are never edited: a better set gets a new id."""


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits of seconds."""
    monkeypatch.setattr("gainmap_codec.neural.fit.presets._PROBE_STEPS", 40)
    for preset, config in MULTISCALE.items():
        monkeypatch.setitem(MULTISCALE, preset, replace(config, steps=400, rounds=2, refine_steps=100))
    for preset, published in PUBLISHED.items():
        monkeypatch.setitem(PUBLISHED, preset, replace(published, steps=100, batch=4096))


def fitted(pair: Pair, preset: Preset = "balanced", **options: Any) -> FittedNetwork:
    return fit_pair(preset, pair, FIELDS, **options)


def render(network: NeuralGainMap, codes: NDArray[np.uint8]) -> Array:
    return render_neural_map(network, codes, SRGB, headroom=float("inf"))


@pytest.mark.usefixtures("short")
def test_same_seed_same_payload() -> None:
    payloads = [serialize_payload(fitted(SCENE, "tiny", seed=seed).network) for seed in (7, 7, 8)]
    assert payloads[0] == payloads[1]
    assert payloads[0] != payloads[2]


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("preset", "most", "least"),
    [("paper-gain", 3500, 0), ("paper-gamma", 3500, 0), ("tiny", 1100, 48), ("balanced", 2000, 48), ("best", 2600, 48)],
)
def test_payload_bytes_and_what_they_buy(preset: Preset, most: int, least: float) -> None:
    found = fitted(SCENE, preset)
    payload = serialize_payload(found.network)
    assert found.size == len(payload) <= most
    assert found.psnr == pytest.approx(pq_psnr(render(parse_payload(payload), CODES), HDR), abs=0.01)
    base = pq_psnr(base_bt2020(CODES, SRGB), HDR)
    assert found.psnr > max(base + 0.5, least)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("preset", ["tiny", "paper-gamma"])
def test_what_is_known_without_a_fit_is_kept(preset: Preset) -> None:
    network = fitted(SCENE, preset).network
    assert network.preset == preset
    assert {name: getattr(network, name) for name in FIELDS} == FIELDS
    assert (network.base_hdr_headroom, network.coordinates) == (0.0, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0))


@pytest.mark.usefixtures("short")
def test_integers_stay_in_their_ranges() -> None:
    network = fitted(SCENE, "best").network
    for layer in network.layers:
        assert 0 < max(map(abs, layer.weights)) <= MAX_WEIGHT
    for grid in network.latents + network.details:
        assert max(map(abs, grid.values)) <= LARGEST_SEARCHED
    assert any(any(grid.values) for grid in network.latents), "latents are of use"
    assert not network.details or any(network.details[-1].values), "details that say nothing are left out"


@pytest.mark.usefixtures("short")
def test_a_higher_price_takes_fewer_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for price in (10, 100, 1000):
        monkeypatch.setitem(MULTISCALE, "tiny", replace(MULTISCALE["tiny"], bytes_per_db=price, most_bytes=None))
        found.append(fitted(SCENE, "tiny"))
    assert found[0].size < found[1].size < found[2].size
    assert found[0].psnr < found[2].psnr


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("preset", ["tiny", "paper-gain"])
def test_progress_is_told_in_order(preset: Preset) -> None:
    told: list[float] = []
    fitted(SCENE, preset, progress=told.append)
    assert told == sorted(told) and len(told) >= 10
    assert told[0] < 0.1 and told[-1] == 1


# Targets


@pytest.mark.usefixtures("short")
def test_target_bytes() -> None:
    free, small = fitted(SCENE), fitted(SCENE, target_bytes=600)
    assert 300 < small.size == len(serialize_payload(small.network)) <= 600 < free.size
    assert small.psnr > 44


@pytest.mark.usefixtures("short")
def test_target_bytes_that_nothing_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MULTISCALE, "tiny", replace(MULTISCALE["tiny"], neurons=4))
    with pytest.warns(GainMapWarning, match="target_bytes: 110 wanted, the smallest payload takes") as caught:
        found = fitted(SCENE, "tiny", target_bytes=110)
    assert str(found.size) in str(caught[0].message)
    assert 110 < found.size < 350


@pytest.mark.usefixtures("short")
def test_target_psnr() -> None:
    free, enough = fitted(SCENE), fitted(SCENE, target_psnr=50.0)
    assert enough.psnr >= 50
    assert enough.size < free.size


@pytest.mark.usefixtures("short")
def test_target_psnr_out_of_reach() -> None:
    with pytest.warns(GainMapWarning, match=r"target_psnr: 99\.00 dB wanted, \d\d\.\d\d dB reached") as caught:
        found = fitted(SCENE, "tiny", target_psnr=99.0)
    assert f"{found.psnr:.2f} dB reached" in str(caught[0].message)


@pytest.mark.parametrize("target", [{"target_bytes": 1000}, {"target_psnr": 45.0}])
def test_published_networks_meet_no_target(target: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="preset paper-gain: its networks have one size"):
        fitted(SCENE, "paper-gain", **target)


# Published networks


def short_config(steps: int) -> PublishedConfig:
    return replace(PUBLISHED["paper-gamma"], steps=steps, batch=4096)


def test_a_published_fit_fills_only_layers_and_ranges() -> None:
    config = short_config(2)
    blank = replace(blank_network("paper-gamma", config), alternate_hdr_headroom=1.5, base_offset_exponent=4)
    network = fit_published(blank, config, SCENE).network
    names = ("layers", "residual_shift", "residual_scale", "color_shift", "color_scale")
    assert replace(network, **{name: getattr(blank, name) for name in names}) == blank
    shapes = layer_shapes("published", config.octaves, config.octaves, config.neurons, 3)
    assert tuple((layer.inputs, layer.outputs) for layer in network.layers) == shapes
    for layer in network.layers:
        assert max(map(abs, layer.weights)) <= MAX_WEIGHT


def test_rounding_costs_a_published_network_little() -> None:
    config = short_config(300)
    assert fit_published(blank_network("paper-gamma", config), config, SCENE).quantization_loss < 0.5


def test_step_exponent_is_the_smallest_that_holds_the_largest_weight() -> None:
    for largest in (0.001, 0.3, 1.0, 127.0, 5000.0):
        weight = torch.tensor([[0.0, -largest]])
        step = 2.0 ** (step_exponent(weight) / 4)
        assert largest <= LARGEST * step * (1 + 1e-6)
        assert largest > LARGEST * step / 2**0.25 * (1 - 1e-6)
    assert -128 <= step_exponent(torch.zeros(2, 2)) < 0


def test_straight_through_rounds_forward_and_passes_backward() -> None:
    weight = torch.tensor([0.24, -0.26, 1000.0], requires_grad=True)
    rounded = straight_through(weight, 0.5)
    assert rounded.tolist() == pytest.approx([0.0, -0.5, 63.5])
    rounded.sum().backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None and weight.grad.tolist() == [1, 1, 1]


# Initial weights


def test_a_fit_starts_from_the_weights_it_is_given() -> None:
    config = short_config(20)
    blank = blank_network("paper-gamma", config)
    shapes = layer_shapes("published", config.octaves, config.octaves, config.neurons, 3)
    shipped, other = initial_weights("paper-gamma", shapes, seed=0), random_weights(shapes, seed=5)
    default, same, different = (
        fit_published(blank, config, SCENE, start=start).network.layers for start in (None, shipped, other)
    )
    assert default == same
    assert default != different
    assert torch.equal(other[0], random_weights(shapes, seed=5)[0]), "the caller's weights stay as they are"


def test_shipped_initial_weights_never_change() -> None:
    text = files("gainmap_codec.neural.published").joinpath(f"{INITIAL_WEIGHTS_ID}.json").read_text("ascii")
    shipped = json.loads(text)
    assert shipped["id"] == INITIAL_WEIGHTS_ID
    assert set(shipped["networks"]) == set(PUBLISHED)
    digest = hashlib.sha256()
    for preset in sorted(shipped["networks"]):
        for layer in shipped["networks"][preset]:
            integers = b64decode(layer["weights"])
            assert len(integers) == layer["shape"][0] * layer["shape"][1]
            digest.update(integers + layer["step_exponent"].to_bytes(1, "big", signed=True))
    assert digest.hexdigest() == INITIAL_SHA256


@pytest.mark.parametrize("preset", PUBLISHED)
def test_initial_weights_have_the_shapes_of_their_preset(preset: Preset) -> None:
    config = PUBLISHED[preset]
    shapes = layer_shapes("published", config.octaves, config.octaves, config.neurons, 3)
    shipped, other = initial_weights(preset, shapes, seed=0), initial_weights(preset, shapes, seed=1)
    assert [tuple(weight.shape) for weight in shipped] == list(shapes)
    assert all(torch.equal(a, b) for a, b in zip(shipped, other, strict=True)), "shipped ones know no seed"


def test_other_shapes_start_from_random_weights() -> None:
    shapes = layer_shapes("published", 12, 12, 5, 3)
    start = initial_weights("paper-gamma", shapes, seed=3)
    assert [tuple(weight.shape) for weight in start] == list(shapes)
    assert all(torch.equal(a, b) for a, b in zip(start, random_weights(shapes, 3), strict=True))
    assert not torch.equal(start[0], random_weights(shapes, 4)[0])
    assert torch.isfinite(torch.cat([weight.flatten() for weight in start])).all()


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
        "flat": flat(30, 20, 200, 3.0),
        "all clipped": flat(16, 16, 255, 49.0),
        "hdr equals sdr": (noise, base_bt2020(noise, SRGB)),
    }


@pytest.mark.usefixtures("short")
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
