"""What the presets of published networks stand for; torch is not needed to know that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gainmap_codec.files.payload.records import Domain, Preset


@dataclass(frozen=True)
class PublishedConfig:
    """How to fit a network as published.

    Attributes:
        domain: See `NeuralGainMap.domain`.
        octaves: Of each position and of each colour input.
        neurons: Width of both hidden layers.
        steps: Adam's steps.
        batch: Pixels a step.
        learning_rate: Adam's, constant.
        quantize_from: Part of the steps after which weights are rounded; 1 never rounds, for comparison.
    """

    domain: Domain
    octaves: int = 12
    neurons: int = 16
    steps: int = 1000
    batch: int = 1 << 16
    learning_rate: float = 1e-2
    quantize_from: float = 0.7


PUBLISHED: Mapping[Preset, PublishedConfig] = MappingProxyType(
    {"paper-gain": PublishedConfig("pq_gain"), "paper-gamma": PublishedConfig("pq_gamma")}
)
"""What the presets of published networks stand for."""
