"""Gradient steps: weights and latents together, with noise for rounding; and weights alone, rounded as they go.

What is minimised is the error in dB and, where bits count, bytes / `bytes_per_db`. The steps themselves are compiled
(native/fit_steps.c); here is what they begin with, which batch each takes, at which rate, and what it minimises.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.weights import MAX_WEIGHT
from gainmap_codec.neural.fit.model import Model
from gainmap_codec.neural.fit.points import Batches, Points
from gainmap_codec.pixels import loops
from gainmap_codec.pixels.color.light import Array

Progress = Callable[[float], None]

BATCH = 1 << 10
"""Points of a step, about: many steps of few points learn more in the same time."""

_RATE = 2e-2  # Adam's learning rate
_REFINE_RATE = 3e-3
_SPREADS_RATE = 0.3 * _REFINE_RATE
_PLAIN, _NOISY, _ROUNDED = range(3)  # what weights are taken for: native/fit_steps.h
_PIECE = 50  # steps between two looks at what else there is to do
_WHITENED_POINTS = 1 << 16
_WHITENING_FLOOR = 1.0  # of the mean variance: what a picture hardly has would take large weights, and many bits
_SMALLEST_VARIANCE = 1e-3
_LAST_RATE = 0.01  # part of a rate that it falls to
_LAST = 80  # steps whose mean cost tells how far a fit has come
_ALONE, _AMONG_OTHERS = -1.0, 0.5  # logarithms of what spreads of latents begin with


class Learner:
    """Weights and latents together; the latents are real numbers."""

    def __init__(self, model: Model, batches: Batches, random: np.random.Generator) -> None:
        """A model to be fitted to points, of which it sees batches."""
        self._model, self._batches, self._random = model, batches, random
        self._spreads = np.array([[_ALONE, _AMONG_OTHERS]] * len(model.latents), np.float32)
        self._order = _endless(len(batches.numbers), random)
        self._whitening = _whitening(batches.points, len(model.weights[0]))
        model.weights[0] = self._whitening @ model.weights[0]

    def run(self, steps: int, bytes_per_db: float, *, noise_from: float, progress: Progress | None = None) -> float:
        """Steps from where the model is; returns the mean cost of the last ones.

        After the part `noise_from` of the steps, noise stands for rounding, and bits count.
        """
        model = self._model
        first = np.linalg.solve(self._whitening, model.weights[0]).astype(np.float32)
        learned = [first, *model.weights[1:], *model.latents, model.latent_steps]
        priced = [model.weight_steps, model.weight_spreads, self._spreads]
        vector = _Vector([*learned, *priced], [_RATE] * (len(learned) + len(priced)))
        descent = _Descent(self._batches, model, vector, self._whitening, bytes_per_db)
        begin = math.ceil(noise_from * steps)
        modes = np.where(np.arange(steps) < begin, _PLAIN, _NOISY)
        costs = descent.run(modes, self._order, self._random, progress)
        first, *others = vector.parts()
        model.weights = [self._whitening @ first, *others[:2]]
        model.latents, others = others[2 : 2 + len(model.latents)], others[2 + len(model.latents) :]
        model.latent_steps, model.weight_steps, model.weight_spreads, self._spreads = others
        return float(np.mean(costs[-_LAST:]))


def refine(model: Model, batches: Batches, random: np.random.Generator, bytes_per_db: float, steps: int) -> None:
    """The weights alone, rounded in every forward pass."""
    spreads = np.zeros((len(model.latents), 2), np.float32)
    fixed = [*model.latents, model.latent_steps, model.weight_steps]
    parts = [*model.weights, *fixed, model.weight_spreads, spreads]
    vector = _Vector(parts, [_REFINE_RATE] * 3 + [0.0] * len(fixed) + [_SPREADS_RATE, 0.0])
    mixing = np.eye(len(model.weights[0]), dtype=np.float32)
    descent = _Descent(batches, model, vector, mixing, bytes_per_db)
    descent.run(np.full(steps, _ROUNDED), _endless(len(batches.numbers), random), random, None)
    found = vector.parts()
    model.weights, model.weight_spreads = found[:3], found[-2]


class _Vector:
    """What is learned, one part behind the other (native/fit_steps.c), with Adam's means."""

    def __init__(self, parts: list[Array], rates: list[float]) -> None:
        self._shapes = [each.shape for each in parts]
        self.values = np.concatenate([each.ravel() for each in parts]).astype(np.float32)
        self.rates = np.repeat(np.array(rates, np.float32), [each.size for each in parts])
        self.means, self.squares = np.zeros_like(self.values), np.zeros_like(self.values)

    def parts(self) -> list[Array]:
        """The parts as they are now."""
        ends = np.cumsum([math.prod(shape) for shape in self._shapes])[:-1]
        pairs = zip(np.split(self.values, ends), self._shapes, strict=True)
        return [part.reshape(shape).copy() for part, shape in pairs]


class _Descent:
    """Steps of a vector against the slopes of its cost."""

    def __init__(self, batches: Batches, model: Model, vector: _Vector, mixing: Array, bytes_per_db: float) -> None:
        self._batches, self._vector = batches, vector
        details = model.scaled_details() if any(each.any() for each in model.details) else []
        grids = np.array([each.shape for each in [*model.latents, *details]], np.int64).reshape(-1, 2)
        flat = np.concatenate([np.zeros(0, np.float32), *[each.ravel() for each in details]])
        self._fixed = mixing.astype(np.float32), flat, vector.rates, grids
        points = batches.points
        self._sizes = (
            *(len(points.features), len(model.latents), model.weights[0].shape[1], len(points.wanted)),
            *(batches.planes[0].shape[2], batches.rows * batches.columns),
            *(batches.rows, batches.columns, batches.down, batches.across),
        )
        self._numbers = *points.numbers, 1 / 8 / bytes_per_db, float(MAX_WEIGHT), points.floor

    def run(
        self, modes: NDArray[np.intp], order: Iterator[int], random: np.random.Generator, progress: Progress | None
    ) -> NDArray[np.float64]:
        """A step of each mode; returns what each cost."""
        count = len(modes)
        steps, parts, costs = np.empty((count, 7), np.int64), _falling(np.arange(count) / count), np.empty(count)
        steps[:, 0] = [next(order) for _ in range(count)]
        steps[:, 1], steps[:, 2] = np.divmod(self._batches.numbers[steps[:, 0]], self._batches.across)
        steps[:, 3], steps[:, 4] = modes, random.integers(0, 1 << 32, count)
        steps[:, 5], steps[:, 6] = np.arange(1, count + 1), np.cumsum(modes != _PLAIN)
        for start in range(0, count, _PIECE):
            if progress:
                progress(start / count)
            piece = slice(start, start + _PIECE)
            self._take(steps[piece], parts[piece], costs[piece])
        return costs

    def _take(self, steps: NDArray[np.int64], parts: Array, costs: NDArray[np.float64]) -> None:
        rows, columns = self._batches.sides
        vector = self._vector
        loops.fit_steps(
            *(*self._batches.planes, *rows, *columns),
            *(*self._fixed, steps, parts, vector.values, vector.means, vector.squares, costs),
            *(*self._sizes, *self._numbers),
        )


def _endless(count: int, random: np.random.Generator) -> Iterator[int]:
    """Numbers below `count` for ever, each once before any again."""
    while True:
        yield from random.permutation(count).tolist()


def _whitening(points: Points, size: int) -> Array:
    """What makes first-layer weights of those for features without correlation, float32 (size, size).

    Neighbouring scales of a picture are much alike: along what differs between them, plain weights hardly move.
    """
    some = points.at_most(_WHITENED_POINTS)
    count = len(some.features)
    sums, products = np.empty(count), np.empty((count, count))
    loops.fit_moments(some.features, sums, products, count, some.stride)
    mean = sums / len(some)
    variances, vectors = np.linalg.eigh(products / len(some) - np.outer(mean, mean))
    variances = np.maximum(variances, 0)
    variances += max(_WHITENING_FLOOR * variances.mean(), _SMALLEST_VARIANCE)
    whitening = np.eye(size)
    inside = slice(count)
    whitening[inside, inside] = vectors / np.sqrt(variances) @ vectors.T
    whitening[-1, inside] = -mean @ whitening[inside, inside]
    return whitening.astype(np.float32)


def _falling(done: NDArray[np.float64]) -> Array:
    """Part of the learning rate: half a cosine."""
    return (_LAST_RATE + (1 - _LAST_RATE) * (1 + np.cos(np.pi * done)) / 2).astype(np.float32)
