"""A network of three layers, forwards and backwards; the last row of each matrix holds the biases.

Written out: recording and replaying each operation, as autograd does, takes thrice as long as these small products.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gainmap_codec.neural.fit.points import Points

_LEAK = 0.01  # slope of an output beyond the clip, so that it can come back


_through_relu = torch.ops.aten.threshold_backward


class Activations(NamedTuple):
    """What a forward pass leaves, float32: (N, F), (N, n), (N, n), (N, C)."""

    inputs: Tensor
    first: Tensor
    second: Tensor
    output: Tensor


class Slopes(NamedTuple):
    """Slopes of a cost by what each layer's product gave, float32: (N, n), (N, n), (N, C)."""

    first: Tensor
    second: Tensor
    output: Tensor


def forward(weights: Sequence[Tensor], inputs: Tensor) -> Activations:
    """Activations of inputs, float32 (N, F)."""
    first = torch.addmm(weights[0][-1], inputs, weights[0][:-1]).relu_()
    second = torch.addmm(weights[1][-1], first, weights[1][:-1]).relu_()
    return Activations(inputs, first, second, torch.addmm(weights[2][-1], second, weights[2][:-1]))


def backward(weights: Sequence[Tensor], found: Activations, output: Tensor) -> Slopes:
    """Slopes at every layer where `output` has those at the last."""
    second = _through_relu(output @ weights[2][:-1].T, found.second, 0)
    first = _through_relu(second @ weights[1][:-1].T, found.first, 0)
    return Slopes(first, second, output)


def activations_of(weights: Sequence[Tensor], points: Points) -> tuple[Activations, Tensor]:
    """What the network makes of points, and its output, details included, float32 (h, w, C), not clipped."""
    found = forward(weights, points.features.flatten(0, 1))
    output = found.output.reshape(*points.shape, -1)
    return found, output if points.added is None else output + points.added


def output_of(weights: Sequence[Tensor], points: Points) -> Tensor:
    """The second of `activations_of`."""
    return activations_of(weights, points)[1]


class _SquaredError(torch.autograd.Function):
    """See `squared_error`."""

    @staticmethod
    def forward(context: Any, points: Points, *tensors: Tensor) -> Tensor:
        weights, latents = tensors[:3], tensors[3:]
        seen = points.with_latents(latents) if latents else points
        found, output = activations_of(weights, seen)
        clipped = output.clamp(-1, 1)
        leaky = torch.lerp(clipped, output, _LEAK)
        left = points.left(leaky)
        by_output = left * points.slope(leaky) * (-2 / len(points))
        by_output = torch.where(clipped == output, by_output, by_output * _LEAK)
        slopes = backward(weights, found, by_output.flatten(0, 1))
        before = found.inputs, found.first, found.second
        by_weight = [torch.cat([have.T @ by, by.sum(0, keepdim=True)]) for have, by in zip(before, slopes, strict=True)]
        by_field = (slopes.first @ weights[0][points.features.shape[2] : -1].T).reshape(*points.shape, -1)
        matrices = points.enlarge[: len(latents)]
        by_latent = [down.T @ by_field[..., index] @ across for index, (down, across) in enumerate(matrices)]
        context.save_for_backward(*by_weight, *by_latent)
        return left.square().sum() / len(points)

    @staticmethod
    def backward(context: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        return None, *(slope * each for each in context.saved_tensors)


def squared_error(points: Points, weights: Sequence[Tensor], latents: Sequence[Tensor] = ()) -> Tensor:
    """Mean squared PQ error at points, a scalar with slopes by the weights, and by latents that are no features yet."""
    return _SquaredError.apply(points, *weights, *latents)  # type: ignore[no-any-return, no-untyped-call]
