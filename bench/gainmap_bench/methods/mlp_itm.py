"""MLP-ITM: two small networks, one on colour and one on position, joined by a third; pre-trained; hard pixels mined.

Source: Liu et al., MLP Embedded Inverse Tone Mapping, ACM Multimedia 2024, and github.com/pjliu3/MLP_iTM. Ours from
their description: they pre-train on HDRTV4K by meta-learning, we on the pictures of synthetic noise of
`inputs.synthetic` together. Their 200 steps at 1e-4 start from much nearer, so that ours takes more, and larger ones.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gainmap_bench.inputs.evaluation import BenchPair
from gainmap_bench.inputs.synthetic import PICTURES, noise_pair
from gainmap_bench.methods.contenders import Base
from gainmap_bench.methods.float_networks import POOL, Lesson, Schedule, training, weights_of_bytes, weights_to_bytes
from gainmap_codec.neural.pair import PairLike
from gainmap_codec.neural.published.one_thread import one_thread
from gainmap_codec.pixels.color.light import AnyCodes, Array, pq_decode, pq_encode
from gainmap_codec.pixels.formats.outputs import write_atomically

_FREQUENCY = 30.0  # of the sines
_WIDTH = 64
_SHAPES = ((4, _WIDTH), (_WIDTH + 1, _WIDTH // 2), (3, _WIDTH), (_WIDTH + 1, _WIDTH // 2), (65, _WIDTH), (65, 3))
_MINED = 51  # steps between two draws of pixels
_HARD = 0.2  # of the pixels drawn: by their error; the rest evenly
_NOISE_PIXELS = 1 << 13  # of each picture
_CHUNK = 1 << 16


@dataclass(frozen=True)
class MlpItm:
    """8963 weights of 4 bytes, biases in the last row of each matrix: colour 3 → 64 → 32, position 2 → 64 → 32, both
    64 → 64 → 3, with sin 30x between; from code values and position to PQ codes.

    Attributes:
        memory: Folder that exists, where the pre-trained weights are kept.
        pretraining: Of the initial weights.
        schedule: Of the fit.
    """

    memory: Path
    pretraining: Schedule
    schedule: Schedule

    name = "MLP-ITM"

    @property
    def parameters(self) -> str:
        """See `Contender`."""
        return json.dumps([asdict(self.pretraining), asdict(self.schedule)])

    def encode(self, pair: BenchPair, seed: int) -> bytes:
        """See `Contender`."""
        lesson = _lesson(pair.pair, np.random.default_rng(seed), POOL)
        weights = self.pretrained()
        miner = _Miner(lesson, self.schedule.batch, seed)
        with one_thread():
            for _ in training(weights, _forward, lesson, self.schedule, miner.draw):
                pass
        return weights_to_bytes(weights)

    def pretrained(self) -> list[Tensor]:
        """The initial weights, made when they are first asked for."""
        numbers = asdict(self.pretraining).values()
        path = self.memory / f"mlp-itm-{'-'.join(f'{number:g}' for number in numbers)}.weights"
        if not path.exists():
            rng = np.random.default_rng(0)
            inputs, wanted = zip(*(_lesson(noise_pair(rng), rng, _NOISE_PIXELS) for _ in range(PICTURES)), strict=True)
            order = torch.from_numpy(rng.permutation(PICTURES * _NOISE_PIXELS))
            weights = _random_weights(rng)
            lesson = Lesson(torch.cat(inputs)[order], torch.cat(wanted)[order])
            with one_thread():
                for _ in training(weights, _forward, lesson, self.pretraining):
                    pass
            write_atomically(path, weights_to_bytes(weights))
        return weights_of_bytes(path.read_bytes(), _SHAPES)

    @torch.no_grad()
    def decode(self, data: bytes, base: Base) -> Array:
        """See `Contender`."""
        height, width = base.codes.shape[:2]
        weights = weights_of_bytes(data, _SHAPES)
        inputs = _inputs(base.codes, *np.divmod(np.arange(height * width), width))
        parts = [_forward(weights, inputs[start : start + _CHUNK]) for start in range(0, len(inputs), _CHUNK)]
        return pq_decode(torch.cat(parts).numpy()).reshape(height, width, 3)


def _lesson(pair: PairLike, rng: np.random.Generator, pool: int) -> Lesson:
    height, width = pair.codes.shape[:2]
    flat = rng.permutation(height * width)[:pool]
    rows, columns = np.divmod(flat, width)
    return Lesson(_inputs(pair.codes, rows, columns), torch.from_numpy(pq_encode(pair.hdr[rows, columns])))


def _inputs(codes: AnyCodes, rows: Array, columns: Array) -> Tensor:
    """Code values and position, each in 0…1, float32 (N, 5)."""
    height, width = codes.shape[:2]
    largest = np.iinfo(codes.dtype).max
    position = np.stack([columns / max(width - 1, 1), rows / max(height - 1, 1)], axis=1)
    return torch.from_numpy(np.concatenate([codes[rows, columns] / largest, position], axis=1).astype(np.float32))


def _forward(weights: list[Tensor], inputs: Tensor) -> Tensor:
    color = _layer(_layer(inputs[:, :3], weights[0]), weights[1])
    position = _layer(_layer(inputs[:, 3:], weights[2]), weights[3])
    joined = _layer(torch.cat([color, position], dim=1), weights[4])
    return joined @ weights[5][:-1] + weights[5][-1]


def _layer(inputs: Tensor, weight: Tensor) -> Tensor:
    return torch.sin(_FREQUENCY * (inputs @ weight[:-1] + weight[-1]))


def _random_weights(rng: np.random.Generator) -> list[Tensor]:
    """As for sine networks (Sitzmann et al., NeurIPS 2020); biases as torch draws them."""
    weights = []
    for index, (rows, outputs) in enumerate(_SHAPES):
        inputs = rows - 1
        bound = 1 / inputs if index in (0, 2) else np.sqrt(6 / inputs) / _FREQUENCY
        weight = rng.uniform(-bound, bound, (rows, outputs))
        weight[-1] = rng.uniform(-1, 1, outputs) / np.sqrt(inputs)
        weights.append(torch.from_numpy(weight.astype(np.float32)))
    return weights


class _Miner:
    """Draws a fit's pixels: evenly at first, then a part of them where the error is large."""

    def __init__(self, lesson: Lesson, count: int, seed: int) -> None:
        self._lesson, self._count = lesson, min(count, len(lesson.wanted))
        self._random = torch.Generator().manual_seed(seed)
        self._chosen = torch.arange(self._count)

    def draw(self, step: int, weights: list[Tensor]) -> Tensor:
        """Pixels for a step."""
        if step and step % _MINED == 0:
            with torch.no_grad():
                error = (_forward(weights, self._lesson.inputs) - self._lesson.wanted).abs().sum(1)
            hard = round(self._count * _HARD)
            evenly = torch.randint(len(error), (self._count - hard,), generator=self._random)
            self._chosen = torch.cat([evenly, torch.multinomial(error + 1e-9, hard, True, generator=self._random)])
        return self._chosen
