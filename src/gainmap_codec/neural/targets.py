"""Fits that have to meet a size or a quality: the width of the hidden layers is what gives."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from gainmap_codec.errors import GainMapWarning
from gainmap_codec.files.payload import (
    BINDING_BYTES,
    HEADER_BYTES,
    layer_shapes,
    parse_payload,
    serialize_payload,
)
from gainmap_codec.files.records import NeuralGainMap
from gainmap_codec.neural.fit import FitConfig, fit
from gainmap_codec.pixels.base_color import BaseColor
from gainmap_codec.pixels.color import Array, pq_psnr
from gainmap_codec.pixels.neural_map import Codes, render_neural_map

_TRIES = 4
_WIDEST = 64  # neurons; 10 KB: wider networks cost more than an ordinary gain map
_CLOSE = 0.95  # of the bytes asked for: near enough to stop


class PairLike(Protocol):
    """The pair that is fitted; see `gainmap_codec.encoding.Pair`."""

    @property
    def codes(self) -> Codes: ...
    @property
    def color(self) -> BaseColor: ...
    @property
    def hdr(self) -> Array: ...


@dataclass(frozen=True)
class FittedNetwork:
    """A network as its readers get it, its payload's size, its PQ-PSNR in dB, and what quantisation cost of that."""

    network: NeuralGainMap
    size: int
    psnr: float
    quantization_loss: float


def fit_to_target(
    blank: NeuralGainMap,
    config: FitConfig,
    pair: PairLike,
    *,
    target_bytes: int | None,
    target_psnr: float | None,
    device: str,
    seed: int,
    progress: Callable[[float], None] | None,
) -> FittedNetwork:
    """One fit where no target is given; else up to four of different widths, and the best of them.

    Warns:
        GainMapWarning: The target was not met, and by how much.
    """

    def attempt(neurons: int) -> FittedNetwork:
        chosen = replace(config, neurons=neurons)
        result = fit(blank, chosen, pair.codes, pair.color, pair.hdr, device=device, seed=seed, progress=progress)
        payload = serialize_payload(result.network)
        network = parse_payload(payload)
        rendition = render_neural_map(network, pair.codes, pair.color, headroom=network.alternate_hdr_headroom)
        return FittedNetwork(network, len(payload), pq_psnr(rendition, pair.hdr), result.quantization_loss)

    if target_bytes is not None:
        return _within_bytes(attempt, config, target_bytes)
    if target_psnr is not None:
        return _reaching(attempt, config.neurons, target_psnr)
    return attempt(config.neurons)


def _within_bytes(attempt: Callable[[int], FittedNetwork], config: FitConfig, target: int) -> FittedNetwork:
    """The widest network whose payload keeps within `target` bytes."""
    bytes_per_weight = 0.9
    tried: dict[int, FittedNetwork] = {}
    for _ in range(_TRIES):
        neurons = _widest_within(config, target, bytes_per_weight)
        if neurons in tried:
            break
        tried[neurons] = found = attempt(neurons)
        if _CLOSE * target <= found.size <= target:
            break
        bytes_per_weight *= (found.size - _fixed_bytes()) / max(_weights(config, neurons) * bytes_per_weight, 1)
    within = [found for found in tried.values() if found.size <= target]
    if within:
        return max(within, key=lambda found: found.psnr)
    smallest = min(tried.values(), key=lambda found: found.size)
    _warn(f"target_bytes: {target} wanted, the smallest payload takes {smallest.size}")
    return smallest


def _reaching(attempt: Callable[[int], FittedNetwork], neurons: int, target: float) -> FittedNetwork:
    """The smallest network found that reaches `target` dB: doubling or halving, then the middle."""
    low, high = 0, _WIDEST + 1  # widths known to fail, to reach
    best: FittedNetwork | None = None
    nearest: FittedNetwork | None = None
    for _ in range(_TRIES):
        found = attempt(neurons)
        if found.psnr >= target:
            best, high = found, neurons
        else:
            low = neurons
            nearest = found if nearest is None or found.psnr > nearest.psnr else nearest
        if high - low <= 1:
            break
        neurons = min(2 * low, _WIDEST) if best is None else max((low + high) // 2, 1)
    if best is not None:
        return best
    assert nearest is not None
    _warn(f"target_psnr: {target:.2f} dB wanted, {nearest.psnr:.2f} dB reached")
    return nearest


def _warn(message: str) -> None:
    warnings.warn(message, GainMapWarning, stacklevel=2)


def _fixed_bytes() -> int:
    return HEADER_BYTES + BINDING_BYTES + 3


def _weights(config: FitConfig, neurons: int) -> int:
    shapes = layer_shapes(config.family, config.position_octaves, config.color_octaves, neurons, 3)
    return sum(inputs * outputs for inputs, outputs in shapes)


def _widest_within(config: FitConfig, target: int, bytes_per_weight: float) -> int:
    """The largest width whose payload is estimated within `target` bytes, at least 1."""
    room = (target - _fixed_bytes()) / bytes_per_weight
    return max((n for n in range(1, _WIDEST + 1) if _weights(config, n) <= room), default=1)
