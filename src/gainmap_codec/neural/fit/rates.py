"""What integers cost, in bits: smooth models to learn by, and the coder's classes to decide by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gainmap_codec.files.payload.latents import CLASS_LEVELS, CLASSES

LARGEST_SEARCHED = 31
"""Magnitude of a latent that the search considers."""

_SMALLEST_SPREAD = 0.02
_PRIOR = 1.5  # observations that a class starts with
_EDGES = torch.tensor(CLASS_LEVELS) + 0.5


class _LaplaceBits(torch.autograd.Function):
    """Bits, and their slopes in closed form: a fifth of what recording the formula takes."""

    @staticmethod
    def forward(context: Any, values: Tensor, spread: Tensor) -> Tensor:
        spread = spread.clamp(min=_SMALLEST_SPREAD)
        distance = values.abs()
        over = (distance - 0.5) / spread
        is_far = over >= 0
        whole = torch.exp(-1 / spread)
        near, far = torch.exp(-over.abs()), torch.exp(-(distance + 0.5) / spread)
        twice = 2 - near - far  # the share of an interval around 0, two times: 1 less both tails
        to_bits = 1 / (math.log(2) * spread)
        by_distance = torch.where(is_far, 1.0, (near - far) / twice)
        by_spread = torch.where(
            is_far,
            whole / (1 - whole) / spread - over,
            (far * (distance + 0.5) / spread - near * over) / twice,
        )
        context.save_for_backward(by_distance * to_bits * values.sign(), by_spread * to_bits)
        bits = torch.where(is_far, over - torch.log((1 - whole) / 2), -torch.log(twice / 2))
        return bits / math.log(2)

    @staticmethod
    def backward(context: Any, slope: Tensor) -> tuple[Tensor, Tensor]:
        by_value, by_spread = context.saved_tensors
        return slope * by_value, slope * by_spread


def laplace_bits(values: Tensor, spread: Tensor) -> Tensor:
    """Bits of integers, or of integers with noise, under Laplace distributions of mean 0; all float32 of one shape.

    A value's share is the integral of the density over its own interval: where that is u from 0, and 0 is outside,
    exp(−(u − 0.5) / spread) · (1 − exp(−1 / spread)) / 2.
    """
    return _LaplaceBits.apply(values, spread)  # type: ignore[no-any-return, no-untyped-call]


def rounded(latents: Tensor) -> Tensor:
    """Latents or details as integers that the search considers."""
    return latents.round().clamp(-LARGEST_SEARCHED, LARGEST_SEARCHED)


def neighbourhood(magnitudes: Tensor) -> Tensor:
    """Weighted sum of each cell's coded neighbours, float32 (rows, columns): as the coder has it."""
    left, up, *others = _coded_neighbours(magnitudes)
    return 2 * (left + up) + sum(others)


def neighbour_table(shapes: Sequence[tuple[int, int]], device: torch.device) -> Tensor:
    """Where `neighbourhood`'s terms are in a 0 and all grids' cells behind it, int64 (8, cells): to sum up at once."""
    parts, first = [torch.empty(8, 0, dtype=torch.int64, device=device)], 1
    for rows, columns in shapes:
        numbers = torch.arange(first, first + rows * columns, device=device).reshape(rows, columns)
        left, up, *others = _coded_neighbours(numbers)
        parts.append(torch.stack([left, left, up, up, *others]).flatten(1))
        first += rows * columns
    return torch.cat(parts, dim=1)


def _coded_neighbours(values: Tensor) -> list[Tensor]:
    """Of each cell left, above; above left, above right, second to the left, second above; 0 outside."""
    padded = torch.nn.functional.pad(values, (2, 1, 2, 0))
    left, far_left = padded[2:, 1:-2], padded[2:, :-3]
    up, far_up = padded[1:-1, 2:-1], padded[:-2, 2:-1]
    return [left, up, padded[1:-1, 1:-2], padded[1:-1, 3:], far_left, far_up]


def latent_bits(values: Tensor) -> tuple[Tensor, Tensor]:
    """What a magnitude costs in each class, sign included, float32 (classes, magnitudes), and each cell's class.

    Measured on the values themselves, as adaptive models would.
    """
    magnitudes = values.abs().clamp(max=LARGEST_SEARCHED)
    classes = torch.bucketize(neighbourhood(magnitudes), _EDGES.to(values.device))
    size = LARGEST_SEARCHED + 1
    counts = torch.bincount((classes * size + magnitudes.long()).flatten(), minlength=CLASSES * size)
    prior = 2.0 ** -torch.arange(1.0, size + 1, device=values.device)
    shares = counts.reshape(CLASSES, size) + _PRIOR * prior
    bits = -torch.log2(shares / shares.sum(1, keepdim=True))
    bits[:, 1:] += 1
    return bits, classes
