"""One picture's fit: a network that turns this base into this HDR rendition, its weights quantised in the loop.

The fit sees the decoded base, so it corrects what coding did to it. The first part of the steps runs in float32; then
each layer's weights are rounded in the forward pass (the gradient passes straight through) to the integers that the
payload will hold.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainmap_codec.files.payload import MAX_WEIGHT, SOFT_BYTES, STRICT_BYTES, layer_shapes
from gainmap_codec.files.records import Binding, Domain, Family, NeuralGainMap, Preset, QuantizedLayer
from gainmap_codec.neural.initial import initial_weights
from gainmap_codec.neural.network import FeatureTables, forward, hdr_pq, straight_through
from gainmap_codec.pixels.base_color import BaseColor
from gainmap_codec.pixels.color import Array, pq_encode
from gainmap_codec.pixels.neural_map import Codes, base_bt2020
from gainmap_codec.pixels.residual import residual

log = logging.getLogger(__name__)

OFFSET_EXPONENT = 6  # offsets of 1/64, as in the standard map

_OUTLIERS = 0.001  # of the residual's values at either end: one wild pixel must not cost the rest their precision
_SMALLEST_SCALE = 1e-3  # in residual units: an HDR rendition equal to its base still needs a scale to divide by
_FINER = 3  # quarter octaves: the few largest weights are clipped, and the step is finer for all others
_FINAL_RATE = 0.02  # learning rate at the last step, of the first


@dataclass(frozen=True)
class FitConfig:
    """How to fit: what a preset stands for.

    Attributes:
        family: See `NeuralGainMap.family`.
        domain: See `NeuralGainMap.domain`.
        position_octaves: Octaves of x and of y.
        color_octaves: Octaves of each colour input.
        neurons: Width of both hidden layers.
        steps: Adam's steps.
        batch: Pixels a step.
        learning_rate: Adam's; falls along a cosine where `loss` is "hdr", constant as published otherwise.
        beta2: Decay of Adam's mean of squared gradients.
        loss: What is minimised: the mean squared error of the normalised "residual" (as published), or of the PQ
            codes of the "hdr" rendition, which is what quality is measured by.
        quantize_from: Part of the steps after which weights are rounded; 1 never rounds, for comparison.
    """

    family: Family
    domain: Domain
    position_octaves: int
    color_octaves: int
    neurons: int = 16
    steps: int = 1000
    batch: int = 1 << 16
    learning_rate: float = 1e-2
    beta2: float = 0.999
    loss: Literal["residual", "hdr"] = "residual"
    quantize_from: float = 0.7


CONFIGS: dict[Preset, FitConfig] = {
    "paper-gain": FitConfig("published", "pq_gain", 12, 12),
    "paper-gamma": FitConfig("published", "pq_gamma", 12, 12),
    "balanced": FitConfig(
        "table", "pq_gamma", 8, 4, neurons=24, steps=2000, batch=1 << 14, learning_rate=2e-2, beta2=0.99, loss="hdr"
    ),
}


@dataclass(frozen=True)
class Fit:
    """A fitted network.

    Attributes:
        network: The record to serialise.
        quantization_loss: PQ-PSNR in dB, on the fitted pixels, that rounding the weights cost.
        weights: What was rounded: float32 matrices (inputs, outputs) on the fit's device.
    """

    network: NeuralGainMap
    quantization_loss: float
    weights: tuple[Tensor, ...]


class Samples(NamedTuple):
    """Pixels to learn from, on the fit's device."""

    features: Tensor  # float32 (N, F)
    base: Tensor  # float32 (N, 3), PQ codes
    target: Tensor  # float32 (N, 3), PQ codes


def fit(
    blank: NeuralGainMap,
    config: FitConfig,
    codes: Codes,
    color: BaseColor,
    hdr: Array,
    *,
    device: str = "cpu",
    seed: int = 0,
    pool: int = 1 << 18,
    start: list[Tensor] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Fit:
    """Fit a network to a pair.

    Args:
        blank: The record to fill: layers, residual range and colour range are set, all else is kept.
        config: Shape and schedule.
        codes: The decoded base, uint8 (H, W, 3).
        color: What its code values mean.
        hdr: The HDR rendition, linear BT.2020, float32 (H, W, 3); 1.0 = SDR white.
        device: A torch device.
        seed: Decides which pixels are drawn, and when.
        pool: How many pixels the steps draw from, spread evenly over the picture.
        start: Weights to start from, float32 matrices on the CPU; None takes the initial weights of the preset.
        progress: Called with the part done, 0…1.
    """
    where = torch.device(device)
    rng = np.random.default_rng(seed)
    network, samples = prepare(blank, codes, color, hdr, rng, pool, where)
    shapes = layer_shapes(config.family, config.position_octaves, config.color_octaves, config.neurons, 3)
    start = start or initial_weights(network.preset, shapes, seed)
    weights = [weight.to(where, copy=True).requires_grad_(True) for weight in start]
    with _one_thread():
        exponents = _train(network, config, samples, weights, progress)
        return _finished(network, weights, exponents, samples)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Matrices this small gain little from a second thread, and lose all of it to waiting on a busy machine.

    The order of additions, and so the bytes, then do not depend on the number of cores either.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def blank_network(preset: Preset, config: FitConfig) -> NeuralGainMap:
    """A record with a preset's choices and nothing of a picture: no layers, no range, no headroom, no binding."""
    return NeuralGainMap(
        preset=preset,
        family=config.family,
        domain=config.domain,
        position_octaves=config.position_octaves,
        color_octaves=config.color_octaves,
        layers=(),
        residual_shift=0.0,
        residual_scale=1.0,
        base_hdr_headroom=0.0,
        alternate_hdr_headroom=0.0,
        base_offset_exponent=OFFSET_EXPONENT,
        alternate_offset_exponent=OFFSET_EXPONENT,
        binding=Binding(bytes(STRICT_BYTES), bytes(SOFT_BYTES)),
    )


def prepare(
    blank: NeuralGainMap,
    codes: Codes,
    color: BaseColor,
    hdr: Array,
    rng: np.random.Generator,
    pool: int,
    device: torch.device,
) -> tuple[NeuralGainMap, Samples]:
    """The record with this pair's ranges, and pixels to learn from; arguments as for `fit`."""
    height, width = codes.shape[:2]
    rows, columns = _spread(rng, height, width, pool)
    sampled = codes[rows, columns]
    base = pq_encode(base_bt2020(sampled, color))
    target = pq_encode(hdr[rows, columns])
    network = _with_ranges(blank, base, target)
    arrays = rows, columns, sampled.astype(np.int64), base, target
    y, x, code, pq, wanted = (torch.from_numpy(array).to(device) for array in arrays)
    features = FeatureTables(network, height, width, device).at(y, x, code, pq)
    return network, Samples(features, pq, wanted)


def _spread(
    rng: np.random.Generator, height: int, width: int, pool: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of at most `pool` pixels, one in each equal part of the raster, shuffled."""
    count = min(pool, height * width)
    flat = ((np.arange(count) + rng.random(count)) * (height * width / count)).astype(np.int64)
    rng.shuffle(flat)
    return flat // width, flat % width


def _with_ranges(blank: NeuralGainMap, base: Array, target: Array) -> NeuralGainMap:
    """The record with residual and colour ranges of these pixels, in the precision of the payload."""
    values = residual(blank.domain, target, base, np)
    low, high = np.quantile(values, [_OUTLIERS, 1 - _OUTLIERS])
    shift = float(values.mean()) if blank.family == "published" else (low + high) / 2
    scale = max((high - low) / 2, _SMALLEST_SCALE)
    ranged = replace(blank, residual_shift=float(np.float16(shift)), residual_scale=float(np.float16(scale)))
    if blank.family != "published":
        return ranged
    span = max(float(base.max() - base.min()), _SMALLEST_SCALE)
    return replace(
        ranged, color_shift=float(np.float16(base.mean())), color_scale=float(np.float16(min(2 / span, 1000)))
    )


def _train(
    network: NeuralGainMap,
    config: FitConfig,
    samples: Samples,
    weights: list[Tensor],
    progress: Callable[[float], None] | None,
) -> list[int]:
    """Adam on `weights`, in place; returns the step exponent of each layer."""
    optimizer = torch.optim.Adam(weights, lr=config.learning_rate, betas=(0.9, config.beta2))
    exponents: list[int] = []
    count = len(samples.target)
    for step in range(config.steps):
        if config.loss == "hdr":
            optimizer.param_groups[0]["lr"] = config.learning_rate * _cosine(step / config.steps)
        if step == int(config.steps * config.quantize_from):
            exponents = [step_exponent(weight) - _FINER for weight in weights]
        start = step * config.batch % count  # the pixels are in random order: a run of them is a random draw
        chosen = Samples(*(part[start : start + config.batch] for part in samples))
        loss = _loss(network, config, _rounded(weights, exponents) if exponents else weights, chosen)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        _keep_representable(weights, exponents)
        if progress and step % 10 == 0:
            progress(step / config.steps)
    log.debug("%s: last loss %.3g", network.preset, loss.item())
    if progress:
        progress(1.0)
    return exponents or [step_exponent(weight) for weight in weights]


def _loss(network: NeuralGainMap, config: FitConfig, weights: list[Tensor], samples: Samples) -> Tensor:
    if config.loss == "hdr":
        return torch.mean((hdr_pq(network, weights, samples.features, samples.base) - samples.target) ** 2)
    wanted = residual(network.domain, samples.target, samples.base, torch)
    wanted = torch.clamp((wanted - network.residual_shift) / network.residual_scale, -2, 2)
    return torch.mean((forward(network.family, weights, samples.features) - wanted) ** 2)


def _cosine(done: float) -> float:
    return _FINAL_RATE + (1 - _FINAL_RATE) * (1 + math.cos(math.pi * done)) / 2


def step_exponent(weight: Tensor) -> int:
    """The smallest step that keeps the largest weight within 127 of them, in quarter octaves."""
    largest = max(weight.detach().abs().max().item(), 1e-6)
    return math.ceil(4 * math.log2(largest / MAX_WEIGHT))


@torch.no_grad()
def _keep_representable(weights: list[Tensor], exponents: list[int]) -> None:
    """Hold each weight within 127 steps: beyond, rounding would hide from it where it stands, and it would drift."""
    for weight, exponent in zip(weights, exponents, strict=False):
        largest = MAX_WEIGHT * 2.0 ** (exponent / 4)
        weight.clamp_(-largest, largest)


def _rounded(weights: list[Tensor], exponents: list[int]) -> list[Tensor]:
    return [straight_through(w, 2.0 ** (e / 4)) for w, e in zip(weights, exponents, strict=True)]


@torch.no_grad()
def _finished(network: NeuralGainMap, weights: list[Tensor], exponents: list[int], samples: Samples) -> Fit:
    layers = []
    for weight, exponent in zip(weights, exponents, strict=True):
        integers = torch.clamp(torch.round(weight / 2.0 ** (exponent / 4)), -MAX_WEIGHT, MAX_WEIGHT)
        flat = tuple(int(value) for value in integers.flatten().tolist())
        layers.append(QuantizedLayer(weight.shape[0], weight.shape[1], flat, exponent))
    errors = [
        torch.mean((hdr_pq(network, each, samples.features, samples.base) - samples.target) ** 2).item()
        for each in (_rounded(weights, exponents), weights)
    ]
    loss = 10 * math.log10(max(errors[0], 1e-12) / max(errors[1], 1e-12))
    return Fit(replace(network, layers=tuple(layers)), loss, tuple(weight.detach() for weight in weights))
