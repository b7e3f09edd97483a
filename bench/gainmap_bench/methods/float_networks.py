"""Published networks whose weights stay float32: Gain-MLP, Gamma-MLP and Direct-MLP, with their training."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainmap_bench.inputs.evaluation import BenchPair
from gainmap_bench.methods.contenders import Base
from gainmap_codec.files.payload.inputs import layer_shapes
from gainmap_codec.files.payload.records import NeuralGainMap, Preset
from gainmap_codec.neural.pair import PairLike
from gainmap_codec.neural.published.config import PublishedConfig
from gainmap_codec.neural.published.fit import Samples, blank_network, prepare
from gainmap_codec.neural.published.initial import initial_weights, random_tensors
from gainmap_codec.neural.published.network import FeatureTables, forward, hdr_pq
from gainmap_codec.neural.published.one_thread import one_thread
from gainmap_codec.pixels.color.light import Array, pq_decode, pq_encode
from gainmap_codec.pixels.maps.neural_map import base_bt2020
from gainmap_codec.pixels.maps.residual import residual

POOL = 1 << 18
"""Pixels that a fit draws from, spread evenly over the picture."""

Kind = Literal["gain", "gamma", "direct"]

_PRESETS: dict[Kind, Preset] = {"gain": "paper-gain", "gamma": "paper-gamma", "direct": "paper-gamma"}
_RANGES = struct.Struct("<4f")
_CHUNK = 1 << 16  # pixels whose features are held at a time
_CLIP = 2.0  # of the normalised residual: as in `neural.published`
_OUTLIERS = 0.001


@dataclass(frozen=True)
class Schedule:
    """Of a fit: Adam's steps, pixels a step, learning rate."""

    steps: int = 1000
    batch: int = 1 << 16
    rate: float = 1e-2


PUBLISHED_SCHEDULE = Schedule()
"""As published."""


class Lesson(NamedTuple):
    """What a network learns of a pair: inputs, float32 (N, F), and the outputs wanted, float32 (N, 3)."""

    inputs: Tensor
    wanted: Tensor


Forward = Callable[[list[Tensor], Tensor], Tensor]


def training(
    weights: list[Tensor],
    forward: Forward,
    lesson: Lesson,
    schedule: Schedule,
    draw: Callable[[int, list[Tensor]], Tensor | slice] | None = None,
) -> Iterator[int]:
    """Adam on `weights`, in place; yields the number of steps done after each.

    Args:
        weights: float32 matrices.
        forward: The network.
        lesson: In random order.
        schedule: Steps, batch, rate.
        draw: Chooses a step's pixels; without it, runs of the lesson in turn.
    """
    for weight in weights:
        weight.requires_grad_(True)
    optimizer = torch.optim.Adam(weights, lr=schedule.rate)
    for step in range(schedule.steps):
        start = step * schedule.batch % len(lesson.wanted)
        chosen = draw(step, weights) if draw else slice(start, start + schedule.batch)
        loss = torch.mean((forward(weights, lesson.inputs[chosen]) - lesson.wanted[chosen]) ** 2)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        yield step + 1


def weights_to_bytes(weights: list[Tensor]) -> bytes:
    """Little-endian float32, one matrix after the other."""
    return b"".join(weight.detach().numpy().astype("<f4").tobytes() for weight in weights)


def weights_of_bytes(data: bytes, shapes: tuple[tuple[int, int], ...]) -> list[Tensor]:
    """The inverse of `weights_to_bytes`."""
    flat = torch.from_numpy(np.frombuffer(data, "<f4").astype(np.float32))
    parts = torch.split(flat, [inputs * outputs for inputs, outputs in shapes])
    return [part.reshape(shape).clone() for part, shape in zip(parts, shapes, strict=True)]


@dataclass(frozen=True)
class PublishedMlp:
    """A network of Gain-MLP as published: 120 sines and cosines → 16 → 16 → 3, weights of 4 bytes.

    Its bytes are ranges of residual and colour, four float32, and the weights. Gain and gamma start from our initial
    weights where these have the shape. "direct" predicts the HDR rendition itself (Le et al., GamutMLP, CVPR 2023).

    Attributes:
        kind: What it predicts.
        neurons: Of both hidden layers.
        schedule: Of the fit.
    """

    kind: Kind
    neurons: int = 16
    schedule: Schedule = PUBLISHED_SCHEDULE

    @property
    def name(self) -> str:
        """See `Contender`."""
        return f"{self.kind.title()}-MLP"

    @property
    def parameters(self) -> str:
        """See `Contender`."""
        return json.dumps(asdict(self))

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Of the weights."""
        octaves = self._config.octaves
        return layer_shapes("published", octaves, octaves, self.neurons, 3)

    @property
    def _config(self) -> PublishedConfig:
        return PublishedConfig("pq_gain" if self.kind == "gain" else "pq_gamma", neurons=self.neurons)

    def start(self, seed: int) -> list[Tensor]:
        """Weights that a fit starts from."""
        if self.kind == "direct":
            return random_tensors(self.shapes, seed)
        return [weight.clone() for weight in initial_weights(_PRESETS[self.kind], self.shapes, seed)]

    def lesson(self, pair: PairLike, rng: np.random.Generator, pool: int = POOL) -> tuple[NeuralGainMap, Lesson]:
        """The record with the pair's ranges, and what is to be learned."""
        blank = blank_network(_PRESETS[self.kind], self._config)
        network, samples = prepare(blank, pair, rng, pool, torch.device("cpu"))
        if self.kind == "direct":
            network = _with_direct_range(network, samples.target)
        wanted = (self._target(network, samples) - network.residual_shift) / network.residual_scale
        return network, Lesson(samples.features, torch.clamp(wanted, -_CLIP, _CLIP))

    def _target(self, network: NeuralGainMap, samples: Samples) -> Tensor:
        if self.kind == "direct":
            return samples.target
        found: Tensor = residual(network.domain, samples.target, samples.base, torch)
        return found

    def encode(self, pair: BenchPair, seed: int) -> bytes:
        """See `Contender`."""
        network, lesson = self.lesson(pair.pair, np.random.default_rng(seed))
        weights = self.start(seed)
        with one_thread():
            for _ in training(weights, forward, lesson, self.schedule):
                pass
        return self.serialize(network, weights)

    def serialize(self, network: NeuralGainMap, weights: list[Tensor]) -> bytes:
        """The bytes of a fitted network."""
        ranges = network.residual_shift, network.residual_scale, network.color_shift, network.color_scale
        return _RANGES.pack(*ranges) + weights_to_bytes(weights)

    def decode(self, data: bytes, base: Base) -> Array:
        """See `Contender`."""
        height, width = base.codes.shape[:2]
        pq = pq_encode(base_bt2020(base.codes, base.color)).reshape(-1, 3)
        rows, columns = np.divmod(np.arange(height * width), width)
        return pq_decode(self.predict(data, (height, width), rows, columns, pq)).reshape(height, width, 3)

    @torch.no_grad()
    def predict(
        self,
        data: bytes,
        shape: tuple[int, int],
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        base_pq: Array,
    ) -> Array:
        """BT.2020 PQ codes, float32 (N, 3), at some pixels of a raster of `shape`, of the base's there."""
        shift, scale, color_shift, color_scale = _RANGES.unpack_from(data)
        network = replace(
            blank_network(_PRESETS[self.kind], self._config),
            residual_shift=shift,
            residual_scale=scale,
            color_shift=color_shift,
            color_scale=color_scale,
        )
        weights = weights_of_bytes(data[_RANGES.size :], self.shapes)
        tables = FeatureTables(network, *shape, torch.device("cpu"))
        y, x, pq = (torch.from_numpy(each) for each in (rows, columns, base_pq))
        parts = []
        for start in range(0, len(pq), _CHUNK):
            part = slice(start, start + _CHUNK)
            features = tables.at(y[part], x[part], pq[part])
            if self.kind == "direct":
                parts.append(torch.clamp(forward(weights, features) * scale + shift, 0, 1))
            else:
                parts.append(hdr_pq(network, weights, features, pq[part]))
        return np.asarray(torch.cat(parts).numpy())


def _with_direct_range(network: NeuralGainMap, target: Tensor) -> NeuralGainMap:
    low, high = np.quantile(target.numpy(), [_OUTLIERS, 1 - _OUTLIERS])
    return replace(network, residual_shift=float(target.mean()), residual_scale=max(float(high - low) / 2, 1e-3))
