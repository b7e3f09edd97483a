"""Fits: repeatable, small, and sane on pictures that have next to nothing to learn."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gainmap_codec.files.payload import MAX_WEIGHT, layer_shapes, parse_payload, serialize_payload
from gainmap_codec.files.records import NeuralGainMap, Preset
from gainmap_codec.neural.fit import CONFIGS, FitConfig, blank_network, fit, step_exponent
from gainmap_codec.neural.initial import INITIAL_WEIGHTS_ID, initial_weights, random_weights
from gainmap_codec.neural.network import straight_through
from gainmap_codec.pixels.base_color import base_color_of_icc
from gainmap_codec.pixels.color import Array, convert, pq_psnr
from gainmap_codec.pixels.neural_map import base_bt2020, render_neural_map
from gainmap_codec.pixels.scene import render_scene
from gainmap_codec.pixels.tone_map import encode_base, tone_map

SRGB = base_color_of_icc(None)
HDR = render_scene(64, 48)
CODES = encode_base(tone_map(convert(HDR, "bt2020", "srgb"), headroom=3.2))

INITIAL_SHA256 = "566c61e38fc38f6bba2f90955c2e64796670175b010edde5b76024cc9c734603"
"""Of the integers and exponents of the shipped initial weights. They are never edited: a better set gets a new id."""


def short(preset: Preset, steps: int = 100) -> FitConfig:
    return replace(CONFIGS[preset], steps=steps, batch=4096)


def fitted(
    codes: NDArray[np.uint8], hdr: Array, *, preset: Preset = "balanced", steps: int = 100, seed: int = 0
) -> NeuralGainMap:
    """A network after a short fit, as its readers get it."""
    config = short(preset, steps)
    blank = replace(blank_network(preset, config), alternate_hdr_headroom=3.0)
    network = fit(blank, config, codes, SRGB, hdr, seed=seed).network
    return parse_payload(serialize_payload(network))


def render(network: NeuralGainMap, codes: NDArray[np.uint8]) -> Array:
    return render_neural_map(network, codes, SRGB, headroom=float("inf"))


def test_same_seed_same_payload() -> None:
    payloads = [serialize_payload(fitted(CODES, HDR, steps=30, seed=seed)) for seed in (7, 7, 8)]
    assert payloads[0] == payloads[1]
    assert payloads[0] != payloads[2]


@pytest.mark.parametrize(("preset", "most"), [("paper-gain", 3500), ("paper-gamma", 3500), ("balanced", 2500)])
def test_payload_bytes_and_what_they_buy(preset: Preset, most: int) -> None:
    network = fitted(CODES, HDR, preset=preset)
    assert len(serialize_payload(network)) <= most
    base = pq_psnr(base_bt2020(CODES, SRGB), HDR)
    assert pq_psnr(render(network, CODES), HDR) > base + 0.5


def test_a_fit_fills_only_layers_and_ranges() -> None:
    config = short("balanced", 2)
    blank = replace(blank_network("balanced", config), alternate_hdr_headroom=1.5, base_offset_exponent=4)
    network = fit(blank, config, CODES, SRGB, HDR).network
    ranges = {name: getattr(blank, name) for name in ("layers", "residual_shift", "residual_scale")}
    assert replace(network, **ranges) == blank
    neurons = config.neurons
    shapes = layer_shapes("table", config.position_octaves, config.color_octaves, neurons, 3)
    assert tuple((layer.inputs, layer.outputs) for layer in network.layers) == shapes
    for layer in network.layers:
        assert max(map(abs, layer.weights)) <= MAX_WEIGHT


def test_progress_is_told_in_order() -> None:
    told: list[float] = []
    config = short("balanced", 30)
    fit(blank_network("balanced", config), config, CODES, SRGB, HDR, progress=told.append)
    assert told == [0, 1 / 3, 2 / 3, 1]


def test_step_exponent_is_the_smallest_that_holds_the_largest_weight() -> None:
    for largest in (0.001, 0.3, 1.0, 127.0, 5000.0):
        weight = torch.tensor([[0.0, -largest]])
        step = 2.0 ** (step_exponent(weight) / 4)
        assert largest <= MAX_WEIGHT * step * (1 + 1e-6)
        assert largest > MAX_WEIGHT * step / 2**0.25 * (1 - 1e-6)
    assert -128 <= step_exponent(torch.zeros(2, 2)) < 0


def test_straight_through_rounds_forward_and_passes_backward() -> None:
    weight = torch.tensor([0.24, -0.26, 1000.0], requires_grad=True)
    rounded = straight_through(weight, 0.5)
    assert rounded.tolist() == pytest.approx([0.0, -0.5, 63.5])
    rounded.sum().backward()
    assert weight.grad is not None and weight.grad.tolist() == [1, 1, 1]


# Initial weights


def test_a_fit_starts_from_the_weights_it_is_given() -> None:
    config = short("balanced", 20)
    blank = blank_network("balanced", config)
    shapes = layer_shapes("table", config.position_octaves, config.color_octaves, config.neurons, 3)
    shipped, other = initial_weights("balanced", shapes, seed=0), random_weights(shapes, seed=5)
    default, same, different = (
        fit(blank, config, CODES, SRGB, HDR, start=start).network.layers for start in (None, shipped, other)
    )
    assert default == same
    assert default != different
    assert torch.equal(other[0], random_weights(shapes, seed=5)[0]), "the caller's weights stay as they are"


def test_shipped_initial_weights_never_change() -> None:
    text = files("gainmap_codec.neural").joinpath(f"{INITIAL_WEIGHTS_ID}.json").read_text("ascii")
    shipped = json.loads(text)
    assert shipped["id"] == INITIAL_WEIGHTS_ID
    assert set(shipped["networks"]) == set(CONFIGS)
    digest = hashlib.sha256()
    for preset in sorted(shipped["networks"]):
        for layer in shipped["networks"][preset]:
            integers = b64decode(layer["weights"])
            assert len(integers) == layer["shape"][0] * layer["shape"][1]
            digest.update(integers + layer["step_exponent"].to_bytes(1, "big", signed=True))
    assert digest.hexdigest() == INITIAL_SHA256


@pytest.mark.parametrize("preset", CONFIGS)
def test_initial_weights_have_the_shapes_of_their_preset(preset: Preset) -> None:
    config = CONFIGS[preset]
    shapes = layer_shapes(config.family, config.position_octaves, config.color_octaves, config.neurons, 3)
    shipped, other = initial_weights(preset, shapes, seed=0), initial_weights(preset, shapes, seed=1)
    assert [tuple(weight.shape) for weight in shipped] == list(shapes)
    assert all(torch.equal(a, b) for a, b in zip(shipped, other, strict=True)), "shipped ones know no seed"


def test_other_shapes_start_from_random_weights() -> None:
    shapes = layer_shapes("table", 8, 4, 5, 3)
    start = initial_weights("balanced", shapes, seed=3)
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


@pytest.mark.parametrize("name", edge_pictures())
@pytest.mark.parametrize("preset", CONFIGS)
def test_edge_pictures(name: str, preset: Preset) -> None:
    codes, hdr = edge_pictures()[name]
    network = fitted(codes, hdr, preset=preset)
    assert len(serialize_payload(network)) <= 3500
    rendition = render(network, codes)
    assert np.isfinite(rendition).all()
    assert pq_psnr(rendition, hdr) > 50
