"""Fits of published networks: what they fill, what rounding costs, where they start."""

from __future__ import annotations

from dataclasses import replace

import torch

from gainmap_codec.files.payload.inputs import layer_shapes
from gainmap_codec.files.payload.weights import MAX_WEIGHT
from gainmap_codec.neural.published.config import PUBLISHED, PublishedConfig
from gainmap_codec.neural.published.fit import (
    blank_network,
    fit_published,
    step_exponent,
)
from gainmap_codec.neural.published.initial import initial_weights, random_tensors
from gainmap_codec.neural.published.network import LARGEST
from support.small_pair import SCENE


def short_config(steps: int) -> PublishedConfig:
    return replace(PUBLISHED["paper-gamma"], steps=steps, batch=4096)


def test_a_published_fit_fills_only_layers_and_ranges() -> None:
    config = short_config(2)
    blank = replace(blank_network("paper-gamma", config), alternate_hdr_headroom=1.5, base_offset=1 / 16)
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


def test_a_fit_starts_from_the_weights_it_is_given() -> None:
    config = short_config(20)
    blank = blank_network("paper-gamma", config)
    shapes = layer_shapes("published", config.octaves, config.octaves, config.neurons, 3)
    shipped, other = initial_weights("paper-gamma", shapes, seed=0), random_tensors(shapes, seed=5)
    default, same, different = (
        fit_published(blank, config, SCENE, start=start).network.layers for start in (None, shipped, other)
    )
    assert default == same
    assert default != different
    assert torch.equal(other[0], random_tensors(shapes, seed=5)[0]), "the caller's weights stay as they are"
