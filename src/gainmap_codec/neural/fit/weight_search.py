"""Weights as integers: a Gauss–Newton step that knows what each bit costs.

Linearised, what any change of the weights does to the error is a quadratic form. Where it is least, weights are rounded
one after the other while those that follow make up for it (Babai's nearest plane, which rounds language models under
the name of GPTQ); then single weights are mended, bits and all. The result is taken where the real price falls.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainmap_codec.files.payload.format import MAX_WEIGHT
from gainmap_codec.neural.fit.latent_search import bits_per_error, price
from gainmap_codec.neural.fit.model import Model, of_each
from gainmap_codec.neural.fit.perceptron import Activations, Slopes, activations_of, backward
from gainmap_codec.neural.fit.points import Points
from gainmap_codec.neural.fit.rates import laplace_bits

Vector = NDArray[np.float64]

_BLOCK = 400  # weights that change together; the work grows with their square
_POINTS = 1 << 17  # and the error of a form from few points with their number over that of the points
_CHUNK = 1 << 12
_DAMPING = (0.01, 1.0)  # of each weight's own curvature: where lines lead astray, smaller steps
_STEPS = (0, 2, -2)  # quarter octaves by which the steps of all layers change, where all weights do
_SMALLEST_SPREAD = 0.3  # in steps
_SMALLEST_CURVATURE = 1e-6  # of a picture that is clipped everywhere
_MENDED = 200  # weights, at most


class Quadratic(NamedTuple):
    """Bits that changes d of some weights cost by their error: dᵀ·curvature·d − 2·pull·d."""

    curvature: Vector
    pull: Vector

    def damped(self, part: float) -> Quadratic:
        """The same with more curvature of each weight's own."""
        own = np.diag(self.curvature)
        return Quadratic(self.curvature + np.diag(part * own + 1e-9 * own.sum() + _SMALLEST_CURVATURE), self.pull)


@torch.no_grad()
def search_weights(model: Model, points: Points, bytes_per_db: float, turn: int) -> None:
    """Some of the weights once: of `_BLOCK` to each turn, all come in turn."""
    before, least = model.copy(), price(model, points, bytes_per_db)
    exponents = np.array(model.weight_exponents())
    layers = model.weight_integers([int(each) for each in exponents])
    total = sum(each.numel() for each in layers)
    blocks = -(-total // _BLOCK)
    block = slice(total * (turn % blocks) // blocks, total * (turn % blocks + 1) // blocks)
    layer = of_each(layers, torch.arange(len(layers))).numpy()
    integers = torch.cat([each.flatten() for each in layers]).double().cpu().numpy()
    form = _quadratic(model, points, block, bytes_per_db)
    changes = _STEPS if blocks == 1 else _STEPS[:1]
    for part in _DAMPING:
        damped = form.damped(part)
        tries = [_Rounding(damped, integers, layer, block, exponents, change) for change in changes]
        best = min(tries, key=lambda each: each.cost)
        best.mend()
        _put(model, best, layers)
        if price(model, points, bytes_per_db) < least:
            return
    model.take(before)


class _Rounding:
    """Integers near the minimum of a form.

    Attributes:
        integers: Of all weights.
        spreads: Mean magnitudes of each layer's integers.
        exponents: Of each layer's step.
        cost: Bits, and what the form says.
    """

    def __init__(
        self, form: Quadratic, start: Vector, layer: NDArray[np.int64], block: slice, exponents: Vector, change: int
    ) -> None:
        self.exponents = exponents + change
        self._block = block
        size = 2.0 ** (self.exponents[layer[block]] / 4)
        self._curvature, pull = form.curvature * size * size[:, np.newaxis], form.pull * size
        begun = start[block] / 2.0 ** (change / 4)
        self.integers = start / 2.0 ** (change / 4)
        found = _nearest_plane(self._curvature, begun + np.linalg.solve(self._curvature, pull))
        self.integers[block] = found
        self.spreads = [max(float(np.abs(self.integers[layer == k]).mean()), _SMALLEST_SPREAD) for k in range(3)]
        self._spread = np.array(self.spreads)[layer]
        self._slope = self._curvature @ (found - begun) - pull
        self.cost = (found - begun) @ (self._slope - pull) + _bits(self.integers, self._spread).sum()

    def mend(self) -> None:
        """Single weights that had better be one more, one less, or 0."""
        found, spread = self.integers[self._block], self._spread[self._block]
        own = np.diag(self._curvature)
        bits = _bits(found, spread)
        for _ in range(_MENDED):
            changes = np.stack([np.ones_like(found), -np.ones_like(found), -found])
            costs = own * changes**2 + 2 * changes * self._slope + _bits(found + changes, spread) - bits
            costs[np.abs(found + changes) > MAX_WEIGHT] = 0
            which, where = np.unravel_index(np.argmin(costs), costs.shape)
            if costs[which, where] >= 0:
                break
            found[where] += changes[which, where]
            self._slope += self._curvature[:, where] * changes[which, where]
            bits[where] = _bits(found[where : where + 1], spread[where : where + 1])[0]


def _put(model: Model, found: _Rounding, layers: list[Tensor]) -> None:
    steps = 2.0 ** (found.exponents / 4)
    device = layers[0].device
    integers = torch.from_numpy(found.integers).float().to(device)
    parts = torch.split(integers, [each.numel() for each in layers])
    model.weights = [
        part.reshape(each.shape) * float(step) for part, each, step in zip(parts, layers, steps, strict=True)
    ]
    model.weight_steps = torch.from_numpy(np.log(steps)).float().to(device)
    model.weight_spreads = torch.from_numpy(np.log(found.spreads * steps)).float().to(device)


def _quadratic(model: Model, points: Points, block: slice, bytes_per_db: float) -> Quadratic:
    """The form of some of all weights, in bits."""
    every = math.ceil(math.sqrt(len(points) / _POINTS))
    weights = model.rounded_weights()
    seen = model.seen(points.every((every, every)))
    found, output = activations_of(weights, seen)
    clipped = output.clamp(-1, 1)
    left = seen.left(clipped)
    slope = (seen.slope(clipped) * (output.abs() < 1)).flatten(0, 1)
    size = block.stop - block.start
    curvature, pull = slope.new_zeros(size, size), slope.new_zeros(size)
    for start in range(0, len(seen), _CHUNK):
        part = slice(start, start + _CHUNK)
        some = Activations(*(each[part] for each in found))
        for channel in range(output.shape[2]):
            alone = torch.zeros_like(some.output)
            alone[:, channel] = slope[part, channel]
            rows = _jacobian(some, backward(weights, some, alone), block)
            curvature.addmm_(rows.T, rows)
            pull.addmv_(rows.T, left[..., channel].flatten()[part])
    bits = bits_per_error(seen, left, bytes_per_db)
    return Quadratic(curvature.double().cpu().numpy() * bits, pull.double().cpu().numpy() * bits)


def _jacobian(found: Activations, slopes: Slopes, block: slice) -> Tensor:
    """Slopes of each point's error by some of the weights, float32 (N, weights)."""
    parts, start = [], 0
    for before, slope in zip((found.inputs, found.first, found.second), slopes, strict=True):
        with_biases = torch.nn.functional.pad(before, (0, 1), value=1)
        size = with_biases.shape[1] * slope.shape[1]
        inside = slice(max(block.start - start, 0), max(min(block.stop - start, size), 0))
        if inside.start < inside.stop:
            parts.append((with_biases[:, :, None] * slope[:, None, :]).flatten(1)[:, inside])
        start += size
    return torch.cat(parts, dim=1)


def _nearest_plane(curvature: Vector, wanted: Vector) -> Vector:
    """Integers near `wanted`; each takes what its rounding misses to those after it, the steepest first."""
    order = np.argsort(-np.diag(curvature))
    factor = np.linalg.cholesky(np.linalg.inv(curvature[np.ix_(order, order)])).T
    rest = wanted[order]
    for place in range(len(rest)):
        nearest = np.clip(np.round(rest[place]), -MAX_WEIGHT, MAX_WEIGHT)
        rest[place + 1 :] -= (rest[place] - nearest) / factor[place, place] * factor[place, place + 1 :]
        rest[place] = nearest
    integers = np.empty_like(rest)
    integers[order] = rest
    return integers


def _bits(integers: Vector, spread: Vector) -> Vector:
    flat = torch.from_numpy(np.ascontiguousarray(integers))
    return np.asarray(laplace_bits(flat, torch.from_numpy(spread).expand_as(flat)).numpy())
