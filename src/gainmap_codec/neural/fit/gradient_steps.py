"""Gradient steps: weights and latents together, with noise for rounding; and weights alone, rounded as they go.

What is minimised is the error in dB and, where bits count, bytes / `bytes_per_db`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad, softplus

from gainmap_codec.files.payload.format import MAX_WEIGHT
from gainmap_codec.neural.fit.model import Model, of_each, weight_bits
from gainmap_codec.neural.fit.perceptron import squared_error
from gainmap_codec.neural.fit.points import Batches, Points
from gainmap_codec.neural.fit.rates import laplace_bits, neighbour_table

Progress = Callable[[float], None]

BATCH = 1 << 12
"""Points of a step, about."""

_RATE = 2e-2  # Adam's learning rate
_REFINE_RATE = 3e-3
_SPREADS_RATE = 0.3 * _REFINE_RATE
_DECAY = (0.9, 0.99)
_SMALLEST_SIZE = 1e-8  # of a slope
_LAYERS = 3
_WHITENED_POINTS = 1 << 16
_WHITENING_FLOOR = 1.0  # of the mean variance: what a picture hardly has would take large weights, and many bits
_SMALLEST_VARIANCE = 1e-3
_LAST_RATE = 0.01  # part of a rate that it falls to
_LAST = 20  # steps whose mean cost tells how far a fit has come


class Learner:
    """Weights and latents together; the latents are real numbers."""

    def __init__(self, model: Model, points: Points, batches: Batches, random: torch.Generator) -> None:
        """A model to be fitted to points, of which it sees batches."""
        self._model, self._random, self._floor = model, random, points.floor
        self._batches = batches.endless(random)
        alone, among_others = -1.0, 0.5  # logarithms
        self._spreads = model.latent_steps.new_tensor([[alone, among_others]] * len(model.latents))
        self._neighbours = neighbour_table([(len(each), each.shape[1]) for each in model.latents], points.device)
        self._whitening = _whitening(points, len(model.weights[0]))
        model.weights[0] = self._whitening @ model.weights[0]

    def run(self, steps: int, bytes_per_db: float, *, noise_from: float, progress: Progress | None = None) -> float:
        """Steps from where the model is; returns the mean cost of the last ones.

        After the part `noise_from` of the steps, noise stands for rounding, and bits count.
        """
        model, mixing = self._model, self._whitening
        first, *others = _solved(mixing, model.weights[0]), *model.weights[1:]
        learned = _Rated([first, *others, *model.latents, model.latent_steps], _RATE)
        priced = _Rated([model.weight_steps, model.weight_spreads, self._spreads], _RATE)  # once bits count
        nothing, costs = mixing.new_zeros(()), deque[Tensor](maxlen=_LAST)
        with _adam(learned, priced) as descend:
            for step in range(steps):
                weights, latents, bits = [mixing @ first, *others], model.latents, nothing
                if is_priced := step >= noise_from * steps:
                    weights, latents, bits = self._noisy(weights)
                scaled = [values * size for values, size in zip(latents, model.latent_steps.exp(), strict=True)]
                error = squared_error(next(self._batches), weights, scaled)
                cost = _cost(error + self._floor, bits, bytes_per_db)
                descend(cost, _falling(step / steps), 1 + is_priced)
                costs.append(cost.detach())
                if progress and step % 10 == 0:
                    progress(step / steps)
        model.weights[0] = mixing @ first
        return float(np.mean(torch.stack([*costs]).tolist()))

    def _noisy(self, weights: list[Tensor]) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """Weights and latents with the noise that rounding will be, and their bits."""
        model = self._model
        steps = model.weight_steps.exp()
        scaled = [weight / step for weight, step in zip(weights, steps, strict=True)]
        shapes = [each.shape for each in [*scaled, *model.latents]]
        flat = torch.cat([each.flatten() for each in [*scaled, *model.latents]])
        flat = flat + (torch.rand(len(flat), generator=self._random, device=flat.device) - 0.5)
        noisy = [
            part.reshape(shape)
            for part, shape in zip(torch.split(flat, [*map(math.prod, shapes)]), shapes, strict=True)
        ]
        weights, latents = noisy[:_LAYERS], noisy[_LAYERS:]
        spreads = of_each(weights, model.weight_spreads.exp() / steps)
        bits = laplace_bits(flat, torch.cat([spreads, self._around(latents, flat[len(spreads) :].detach())])).sum()
        return [each * step for each, step in zip(weights, steps, strict=True)], latents, bits

    def _around(self, latents: list[Tensor], flat: Tensor) -> Tensor:
        """Spreads of all latents, one after the other: those among large neighbours spread wider."""
        if not latents:
            return flat
        alone, among_others = self._spreads.unbind(1)
        near = pad(flat.abs(), (1, 0))[self._neighbours].sum(0)
        return of_each(latents, alone.exp()) + of_each(latents, softplus(among_others)) * near / 8


def _whitening(points: Points, size: int) -> Tensor:
    """What makes first-layer weights of those for features without correlation, float32 (size, size).

    Neighbouring scales of a picture are much alike: along what differs between them, plain weights hardly move.
    """
    features = points.features.flatten(0, 1)[:: max(1, len(points) // _WHITENED_POINTS)]
    mean = features.mean(0).cpu()
    variances, vectors = torch.linalg.eigh(torch.cov(features.T, correction=0).cpu())
    variances = variances.clamp(min=0) + (_WHITENING_FLOOR * variances.mean()).clamp(min=_SMALLEST_VARIANCE)
    whitening = torch.eye(size)
    inside = slice(len(mean))
    whitening[inside, inside] = vectors * variances.rsqrt() @ vectors.T
    whitening[-1, inside] = -mean @ whitening[inside, inside]
    return whitening.to(points.device)


def _solved(matrix: Tensor, values: Tensor) -> Tensor:
    """What `matrix` makes `values` of; small as they are, a device would take longer to load its library."""
    solved: Tensor = torch.linalg.solve(matrix.cpu(), values.cpu())
    return solved.to(values.device)


def refine(model: Model, points: Points, random: torch.Generator, bytes_per_db: float, steps: int) -> None:
    """The weights alone, rounded in every forward pass."""
    taken = Batches(model.seen(points), BATCH).endless(random)
    with _adam(_Rated(model.weights, _REFINE_RATE), _Rated([model.weight_spreads], _SPREADS_RATE)) as descend:
        for step in range(steps):
            weights, bits = _rounded_weights(model)
            error = squared_error(next(taken), weights) + points.floor
            descend(_cost(error, bits, bytes_per_db), _falling(step / steps), 2)


def _rounded_weights(model: Model) -> tuple[list[Tensor], Tensor]:
    """Weights as the payload will hold them, with slopes as if they were not rounded, and their bits."""
    steps = model.weight_sizes()
    whole = []
    for weight, step in zip(model.weights, steps, strict=True):
        values = weight / step
        whole.append(values + (values.detach().round().clamp(-MAX_WEIGHT, MAX_WEIGHT) - values.detach()))
    bits = weight_bits(whole, model.weight_spreads.exp() / steps)
    return [values * step for values, step in zip(whole, steps, strict=True)], bits


def _cost(error: Tensor, bits: Tensor, bytes_per_db: float) -> Tensor:
    return 10 / math.log(10) * torch.log(error) + bits / 8 / bytes_per_db


def _falling(done: float) -> float:
    """Part of the learning rate: half a cosine."""
    return _LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * done)) / 2


class _Rated(NamedTuple):
    """Tensors that are learned at a rate."""

    tensors: list[Tensor]
    rate: float


class _Adam:
    """Steps against slopes by their running means and those of their squares (Adam: Kingma and Ba, 2015, algorithm 1).

    `torch.optim` loads torch's compiler, which takes as long as a tenth of a fit.
    """

    def __init__(self, tensors: list[Tensor], rate: float) -> None:
        self._tensors, self._rate = tensors, rate
        sizes = [tensor.numel() for tensor in tensors]
        self._values = torch.cat([tensor.flatten() for tensor in tensors])
        self._slopes, self._means, self._squares = self._values.new_zeros(3, sum(sizes))
        self._taken = 0
        parts = zip(tensors, torch.split(self._values, sizes), torch.split(self._slopes, sizes), strict=True)
        for tensor, values, slopes in parts:  # parts of one vector: a step is the same few calls for all of them
            tensor.data = values.view(tensor.shape)
            tensor.requires_grad_(True)
            tensor.grad = slopes.view(tensor.shape)

    @torch.no_grad()
    def step(self, part: float) -> None:
        """Against the slopes, at a part of the rate; nothing before there are any."""
        if not self._taken and not bool(self._slopes.any()):
            return
        self._taken += 1
        unbiased = [1 - decay**self._taken for decay in _DECAY]
        self._means.lerp_(self._slopes, 1 - _DECAY[0])
        self._squares.mul_(_DECAY[1]).addcmul_(self._slopes, self._slopes, value=1 - _DECAY[1])
        sizes = self._squares.sqrt().div_(math.sqrt(unbiased[1])).add_(_SMALLEST_SIZE)
        self._values.addcdiv_(self._means, sizes, value=-self._rate * part / unbiased[0])
        self._slopes.zero_()

    def end(self) -> None:
        """Let the tensors be what they were."""
        for each in self._tensors:
            each.requires_grad_(False)
            each.grad = None


@contextmanager
def _adam(*groups: _Rated) -> Iterator[Callable[[Tensor, float, int], None]]:
    """What takes one step against the slopes of a cost, at a part of the learning rates, with the first few groups."""
    steppers = [_Adam(*group) for group in groups]

    def descend(cost: Tensor, part: float, count: int) -> None:
        cost.backward()  # type: ignore[no-untyped-call]
        for each in steppers[:count]:
            each.step(part)

    try:
        yield descend
    finally:
        for each in steppers:
            each.end()
