"""Latents and details as integers: a pass over each grid that knows what each bit costs.

Linearised, what a change of one cell does to error and bits is known exactly; all cells of one parity, which do not
touch, change at once to what is cheapest.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gainmap_codec.neural.fit.model import Model
from gainmap_codec.neural.fit.perceptron import Activations, activations_of, backward, output_of
from gainmap_codec.neural.fit.points import Matrices, Points, enlarged
from gainmap_codec.neural.fit.rates import LARGEST_SEARCHED, latent_bits, rounded

_DETAIL_STEP = 3.0  # of the details, in root mean squared errors
_LARGEST_CHANGES = (2 * LARGEST_SEARCHED, 3, 1)  # of a latent in a pass: where lines lead astray, smaller steps
_HARDLY_CLIPPED = 1.02  # outputs up to here are clipped by so little that a detail may bring them back
_NONZERO_BITS = 1.0  # a cell that is not 0 costs at least so much more than a 0, whatever its neighbours


@torch.no_grad()
def price(model: Model, points: Points, bytes_per_db: float) -> float:
    """Estimated bytes, and decibels of error at points in bytes; everything rounded."""
    return _price_of(model, points, output_of(model.rounded_weights(), model.seen(points)), bytes_per_db)


def _price_of(model: Model, points: Points, output: Tensor, bytes_per_db: float) -> float:
    """The price where the network's output is known."""
    error = float(points.left(output.clamp(-1, 1)).square().sum(2).mean()) + points.floor
    return model.bits() / 8 + bytes_per_db * 10 * math.log10(error)


def bits_per_error(points: Points, left: Tensor, bytes_per_db: float) -> float:
    """What a little more of the sum of squared errors, (h, w, C), is worth in bits."""
    error = float(left.square().sum(2).mean()) + points.floor
    return 8 * bytes_per_db * 10 / math.log(10) / error / left[..., 0].numel()


@torch.no_grad()
def search(model: Model, points: Points, coarse: Points, bytes_per_db: float) -> None:
    """Every grid once: latents on the `coarse` points, from the coarsest level on, then details on all of them."""
    weights, seen = model.rounded_weights(), model.seen(coarse)
    found, output = activations_of(weights, seen)
    least = _price_of(model, seen, output, bytes_per_db)
    for index in reversed(range(len(model.latents))):
        slope = _slope(weights, model, seen, found, output, index)
        before = model.latents[index]
        for largest in _LARGEST_CHANGES:
            problem = _Problem(coarse, output, slope, bytes_per_db)
            model.latents[index] = problem.solve(before, coarse.enlarge[index], largest)
            model.show_latent(index, seen, coarse.enlarge[index])
            tried = activations_of(weights, seen)
            if (now := _price_of(model, seen, tried[1], bytes_per_db)) < least:
                least, (found, output) = now, tried
                break
            model.latents[index] = before
            model.show_latent(index, seen, coarse.enlarge[index])
    if model.details:
        whole = model.copy()
        _search_details(model, points, weights, bytes_per_db)
        if price(model, coarse, bytes_per_db) > least:
            model.take(whole)


def _search_details(model: Model, points: Points, weights: list[Tensor], bytes_per_db: float) -> None:
    without = output_of(weights, points.with_latents(model.scaled_latents()))
    matrices = points.enlarge[len(model.latents) :]

    def with_details() -> Tensor:
        output = without.clone()
        for values, each in zip(model.scaled_details(), matrices, strict=True):
            if bool(values.any()):
                output += enlarged(values, each)[..., None]
        return output

    _choose_detail_step(model, points, with_details())
    output = with_details()
    slope = torch.full_like(output, 2.0 ** (model.detail_exponent / 4)).mul_(output.abs() < _HARDLY_CLIPPED)
    problem = _Problem(points, output, slope, bytes_per_db)
    for index, each in enumerate(matrices):
        model.details[index] = problem.solve(model.details[index], each, 2 * LARGEST_SEARCHED)


def _slope(
    weights: list[Tensor], model: Model, points: Points, found: Activations, output: Tensor, index: int
) -> Tensor:
    """Slope of the output by the integers of a latent's field, float32 (h, w, C); 0 where the output is clipped."""
    row = weights[0][model.features_before(points) + index] * model.latent_steps[index].exp()
    slope = torch.empty_like(output)
    for channel in range(output.shape[2]):
        alone = torch.zeros_like(found.output)
        alone[:, channel] = 1
        slope[..., channel] = (backward(weights, found, alone).first @ row).reshape(points.shape)
    return slope.mul_(output.abs() < 1)


def _choose_detail_step(model: Model, points: Points, output: Tensor) -> None:
    """A step in proportion to the error that is left; details that are there already keep their size."""
    clipped = output.clamp(-1, 1)
    error = float((points.left(clipped) ** 2).sum(2).mean())
    unit = float((points.slope(clipped) ** 2).expand_as(output).sum(2).mean())
    exponent = round(4 * math.log2(max(_DETAIL_STEP * math.sqrt(error / max(unit, 1e-12)), 1e-4)))
    exponent = min(max(exponent, -100), 0)
    ratio = 2.0 ** ((model.detail_exponent - exponent) / 4)
    model.details = [rounded(each * ratio) for each in model.details]
    model.detail_exponent = exponent


class _Problem:
    """Integers on a grid that lower the cost of what is left of the error; `solve` may be called grid by grid."""

    def __init__(self, points: Points, output: Tensor, slope: Tensor, bytes_per_db: float) -> None:
        clipped = output.clamp(-1, 1)
        self._left = points.left(clipped)
        self._slope = points.slope(clipped) * slope
        self._weighted = self._slope * bits_per_error(points, self._left, bytes_per_db)

    def solve(self, values: Tensor, matrices: Matrices, largest: float) -> Tensor:
        """The grid's values after one pass over its four parities, none changed by more than `largest`."""
        down, across = matrices
        curvature = (down**2).T @ (self._weighted * self._slope).sum(2) @ (across**2)
        for parity in range(4):
            pull = down.T @ (self._weighted * self._left).sum(2) @ across
            cheapest = _cheapest(values, pull, curvature, largest)
            change = torch.zeros_like(values)
            cells = slice(parity // 2, None, 2), slice(parity % 2, None, 2)
            change[cells] = (cheapest - values)[cells]
            if bool(change.any()):
                values = values + change
                self._left = self._left - self._slope * enlarged(change, matrices)[..., None]
        return values


def _cheapest(values: Tensor, pull: Tensor, curvature: Tensor, largest: float) -> Tensor:
    """What each cell had best be: around what the error alone wants, nearer to 0, or 0."""
    bits, classes = latent_bits(values)
    bits[:, 0] = torch.minimum(bits[:, 0], bits[:, 1] - _NONZERO_BITS)
    now = bits[classes, values.abs().long()]
    wanted = values + pull / (curvature + 1e-12)
    best, least = values, torch.zeros_like(values)
    for candidate in (wanted.round(), wanted.trunc(), wanted.round() - wanted.sign(), torch.zeros_like(values)):
        candidate = candidate.clamp(-LARGEST_SEARCHED, LARGEST_SEARCHED)
        change = (candidate - values).clamp(-largest, largest)
        candidate = values + change
        cost = change**2 * curvature - 2 * change * pull + bits[classes, candidate.abs().long()] - now
        better = cost < least - 1e-6
        best, least = torch.where(better, candidate, best), torch.where(better, cost, least)
    return best
