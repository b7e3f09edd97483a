"""Neural gain maps with random integers: the same on every platform, and about as lively as fitted ones."""

from __future__ import annotations

from random import Random
from typing import Any

from gainmap_codec.files.payload.format import empty_latents, parse_payload, serialize_payload
from gainmap_codec.files.payload.inputs import layer_shapes
from gainmap_codec.files.payload.records import (
    Binding,
    Domain,
    Family,
    LatentGrid,
    NeuralGainMap,
    Preset,
    QuantizedLayer,
)

DOMAINS: dict[Preset, Domain] = {"paper-gain": "pq_gain", "paper-gamma": "pq_gamma"}
"""All others: log2_gain."""
STEPS: dict[Family, tuple[int, int, int]] = {"published": (-27, -23, -26), "multiscale": (-18, -18, -22)}


def round_to_wire(network: NeuralGainMap) -> NeuralGainMap:
    """The record that a reader gets: its floats in the wire's precision."""
    return parse_payload(serialize_payload(network))


def random_layer(random: Random, inputs: int, outputs: int, step_exponent: int, largest: int = 40) -> QuantizedLayer:
    """Integers within ±`largest`, small ones more often."""
    weights = (random.randint(-largest, largest) * random.randint(0, 8) // 8 for _ in range(inputs * outputs))
    return QuantizedLayer(inputs, outputs, tuple(weights), step_exponent)


def random_latents(random: Random, empty: LatentGrid, step_exponent: int, largest: int = 6) -> LatentGrid:
    """A grid with its values: small integers, most of them 0."""
    values = (random.randint(-largest, largest) * random.randint(0, 1) for _ in range(empty.rows * empty.columns))
    return LatentGrid(empty.rows, empty.columns, tuple(values), step_exponent)


def random_network(
    preset: Preset = "balanced",
    seed: int = 0,
    *,
    neurons: int = 16,
    outputs: int = 3,
    latents: int = 2,
    details: int = 1,
    **fields: Any,
) -> NeuralGainMap:
    """A record whose floats are exact in the payload's precision; `fields` replace any of them.

    The family "multiscale" has a working grid of 64 × 96, `latents` and `details`; "published" has none of them.
    """
    random = Random(seed)
    family: Family = "published" if preset in DOMAINS else "multiscale"
    published = family == "published"
    octaves: tuple[int, int] = (12, 12) if published else (0, fields.pop("color_octaves", 2))
    if published:
        latents = details = 0
    grid: tuple[int, int] = (0, 0) if published else fields.pop("grid", (64, 96))
    inputs, added = empty_latents(*grid, latents, details)
    shapes = layer_shapes(family, *octaves, neurons, outputs, latents)
    domain: Domain = fields.pop("domain", DOMAINS.get(preset, "log2_gain"))
    record: dict[str, Any] = {
        "preset": preset,
        "family": family,
        "domain": domain,
        "position_octaves": octaves[0],
        "color_octaves": octaves[1],
        "layers": tuple(random_layer(random, *shape, step) for shape, step in zip(shapes, STEPS[family], strict=True)),
        "residual_shift": {"pq_gain": 1.125, "pq_gamma": 0.875, "pq_difference": 0.125, "log2_gain": 1.125}[domain],
        "residual_scale": 1.5 if domain == "log2_gain" else 0.125,
        "base_hdr_headroom": 0.0,
        "alternate_hdr_headroom": 3.0,
        "base_offset": 1 / 64,
        "alternate_offset": 1 / 64,
        "binding": Binding(random.randbytes(4), random.randbytes(13)),
        "neural_psnr": 47.25,
        "standard_psnr": 42.5,
        "color_shift": 0.375 if published else 0.0,
        "color_scale": 2.5 if published else 1.0,
        "grid": grid,
        "latents": tuple(random_latents(random, each, -6) for each in inputs),
        "details": tuple(random_latents(random, each, -12) for each in added),
    }
    return NeuralGainMap(**{**record, **fields})
