"""Neural gain maps with random integer weights: the same on every platform, and about as lively as fitted ones."""

from __future__ import annotations

from random import Random
from typing import Any

from gainmap_codec.files.payload import layer_shapes, parse_payload, serialize_payload
from gainmap_codec.files.records import Binding, Domain, Family, NeuralGainMap, Preset, QuantizedLayer

FAMILIES: dict[Preset, Family] = {"paper-gain": "published", "paper-gamma": "published", "balanced": "table"}
DOMAINS: dict[Preset, Domain] = {"paper-gain": "pq_gain", "paper-gamma": "pq_gamma", "balanced": "pq_gamma"}
OCTAVES: dict[Preset, tuple[int, int]] = {"paper-gain": (12, 12), "paper-gamma": (12, 12), "balanced": (8, 4)}


def round_to_wire(network: NeuralGainMap) -> NeuralGainMap:
    """The record that a reader gets: its floats in the wire's precision."""
    return parse_payload(serialize_payload(network))


def random_layer(random: Random, inputs: int, outputs: int, step_exponent: int, largest: int = 40) -> QuantizedLayer:
    """Integers within ±`largest`, small ones more often."""
    weights = (random.randint(-largest, largest) * random.randint(0, 8) // 8 for _ in range(inputs * outputs))
    return QuantizedLayer(inputs, outputs, tuple(weights), step_exponent)


def random_network(preset: Preset = "balanced", seed: int = 0, *, neurons: int = 16, outputs: int = 3, **fields: Any):
    """A record whose floats are exact in the payload's precision; `fields` replace any of them."""
    random = Random(seed)
    family = FAMILIES[preset]
    position, color = (
        fields.pop("position_octaves", OCTAVES[preset][0]),
        fields.pop("color_octaves", OCTAVES[preset][1]),
    )
    shapes = layer_shapes(family, position, color, neurons, outputs)
    record: dict[str, Any] = {
        "preset": preset,
        "family": family,
        "domain": DOMAINS[preset],
        "position_octaves": position,
        "color_octaves": color,
        "layers": tuple(
            random_layer(random, *shape, step) for shape, step in zip(shapes, (-27, -23, -26), strict=True)
        ),
        "residual_shift": 1.125 if preset == "paper-gain" else 0.875,
        "residual_scale": 0.125,
        "base_hdr_headroom": 0.0,
        "alternate_hdr_headroom": 3.0,
        "base_offset_exponent": 6,
        "alternate_offset_exponent": 6,
        "binding": Binding(random.randbytes(8), random.randbytes(64)),
        "neural_psnr": 47.25,
        "standard_psnr": 42.5,
        "color_shift": 0.375 if family == "published" else 0.0,
        "color_scale": 2.5 if family == "published" else 1.0,
    }
    return NeuralGainMap(**{**record, **fields})
