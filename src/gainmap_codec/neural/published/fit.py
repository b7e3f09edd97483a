"""Fitting the published networks (Gain-MLP) to one picture, their weights quantised in the loop.

The fit sees the decoded base, so it corrects what coding did to it. The first part of the steps runs in float32; then
each layer's weights are rounded in the forward pass (the gradient passes straight through) to the integers that the
payload will hold.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainmap_codec.files.payload.inputs import layer_shapes
from gainmap_codec.files.payload.layout import residual_range
from gainmap_codec.files.payload.records import NeuralGainMap, Preset, QuantizedLayer
from gainmap_codec.neural.blank import empty_record
from gainmap_codec.neural.pair import PairLike
from gainmap_codec.neural.published.config import PublishedConfig
from gainmap_codec.neural.published.initial import initial_weights
from gainmap_codec.neural.published.network import LARGEST, FeatureTables, forward, hdr_pq, straight_through
from gainmap_codec.neural.published.one_thread import one_thread
from gainmap_codec.pixels.color.light import Array, pq_encode
from gainmap_codec.pixels.maps.neural_map import base_bt2020
from gainmap_codec.pixels.maps.residual import residual

log = logging.getLogger(__name__)

_OUTLIERS = 0.001  # of the residual's values at either end: one wild pixel must not cost the rest their precision
_SMALLEST_SCALE = 1e-3  # in residual units: an HDR rendition equal to its base still needs a scale to divide by
_FINER = 3  # quarter octaves: the few largest weights are clipped, and the step is finer for all others


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


def fit_published(
    blank: NeuralGainMap,
    config: PublishedConfig,
    pair: PairLike,
    *,
    device: str = "cpu",
    seed: int = 0,
    pool: int = 1 << 18,
    start: list[Tensor] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Fit:
    """Fit a published network to a pair.

    Args:
        blank: The record to fill: layers, residual range and colour range are set, all else is kept.
        config: Shape and schedule.
        device: A torch device.
        seed: Decides which pixels are drawn, and when.
        pool: How many pixels the steps draw from, spread evenly over the picture.
        start: Weights to start from, float32 matrices on the CPU; None takes the initial weights of the preset.
        progress: Called with the part done, 0…1.
    """
    where = torch.device(device)
    network, samples = prepare(blank, pair, np.random.default_rng(seed), pool, where)
    shapes = layer_shapes("published", config.octaves, config.octaves, config.neurons, 3)
    start = start or initial_weights(network.preset, shapes, seed)
    weights = [weight.to(where, copy=True).requires_grad_(True) for weight in start]
    with one_thread():
        exponents = _train(network, config, samples, weights, progress)
        return _finished(network, weights, exponents, samples)


def blank_network(preset: Preset, config: PublishedConfig) -> NeuralGainMap:
    """A record with a preset's choices and nothing of a picture: no layers, no range, no headroom, no binding."""
    return replace(
        empty_record(preset, "published"),
        domain=config.domain,
        position_octaves=config.octaves,
        color_octaves=config.octaves,
    )


def prepare(
    blank: NeuralGainMap, pair: PairLike, rng: np.random.Generator, pool: int, device: torch.device
) -> tuple[NeuralGainMap, Samples]:
    """The record with this pair's ranges, and pixels to learn from; arguments as for `fit_published`."""
    height, width = pair.codes.shape[:2]
    rows, columns = _spread(rng, height, width, pool)
    base = pq_encode(base_bt2020(pair.codes[rows, columns], pair.color))
    target = pq_encode(pair.hdr[rows, columns])
    network = _with_ranges(blank, base, target)
    y, x, pq, wanted = (torch.from_numpy(array).to(device) for array in (rows, columns, base, target))
    features = FeatureTables(network, height, width, device).at(y, x, pq)
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
    middle, half = float(values.mean()), max((high - low) / 2, _SMALLEST_SCALE)
    shift, scale = residual_range(middle - half, middle + half)
    span = max(float(base.max() - base.min()), _SMALLEST_SCALE)
    return replace(
        blank,
        residual_shift=shift,
        residual_scale=scale,
        color_shift=float(np.float16(base.mean())),
        color_scale=float(np.float16(min(2 / span, 1000))),
    )


def _train(
    network: NeuralGainMap,
    config: PublishedConfig,
    samples: Samples,
    weights: list[Tensor],
    progress: Callable[[float], None] | None,
) -> list[int]:
    """Adam on `weights`, in place; returns the step exponent of each layer."""
    optimizer = torch.optim.Adam(weights, lr=config.learning_rate)
    exponents: list[int] = []
    count = len(samples.target)
    for step in range(config.steps):
        if step == int(config.steps * config.quantize_from):
            exponents = [step_exponent(weight) - _FINER for weight in weights]
        start = step * config.batch % count  # the pixels are in random order: a run of them is a random draw
        chosen = Samples(*(part[start : start + config.batch] for part in samples))
        loss = _loss(network, _rounded(weights, exponents) if exponents else weights, chosen)
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


def _loss(network: NeuralGainMap, weights: list[Tensor], samples: Samples) -> Tensor:
    wanted = residual(network.domain, samples.target, samples.base, torch)
    wanted = torch.clamp((wanted - network.residual_shift) / network.residual_scale, -2, 2)
    return torch.mean((forward(weights, samples.features) - wanted) ** 2)


def step_exponent(weight: Tensor) -> int:
    """The smallest step that keeps the largest weight within 127 of them, in quarter octaves."""
    largest = max(weight.detach().abs().max().item(), 1e-6)
    return math.ceil(4 * math.log2(largest / LARGEST))


@torch.no_grad()
def _keep_representable(weights: list[Tensor], exponents: list[int]) -> None:
    """Hold each weight within 127 steps: beyond, rounding would hide from it where it stands, and it would drift."""
    for weight, exponent in zip(weights, exponents, strict=False):
        largest = LARGEST * 2.0 ** (exponent / 4)
        weight.clamp_(-largest, largest)


def _rounded(weights: list[Tensor], exponents: list[int]) -> list[Tensor]:
    return [straight_through(w, 2.0 ** (e / 4)) for w, e in zip(weights, exponents, strict=True)]


@torch.no_grad()
def _finished(network: NeuralGainMap, weights: list[Tensor], exponents: list[int], samples: Samples) -> Fit:
    layers = []
    for weight, exponent in zip(weights, exponents, strict=True):
        integers = torch.clamp(torch.round(weight / 2.0 ** (exponent / 4)), -LARGEST, LARGEST)
        flat = tuple(int(value) for value in integers.flatten().tolist())
        layers.append(QuantizedLayer(weight.shape[0], weight.shape[1], flat, exponent))
    errors = [
        torch.mean((hdr_pq(network, each, samples.features, samples.base) - samples.target) ** 2).item()
        for each in (_rounded(weights, exponents), weights)
    ]
    loss = 10 * math.log10(max(errors[0], 1e-12) / max(errors[1], 1e-12))
    return Fit(replace(network, layers=tuple(layers)), loss, tuple(weight.detach() for weight in weights))
