"""What integers cost, in bits: smooth models to learn by, and the coder's classes to decide by."""

from __future__ import annotations

import torch
from torch import Tensor

from gainmap_codec.files.latents import CLASS_LEVELS, CLASSES

LARGEST_SEARCHED = 31
"""Magnitude of a latent that the search considers."""

_PRIOR = 1.5  # observations that a class starts with
_EDGES = torch.tensor(CLASS_LEVELS) + 0.5


def laplace_bits(values: Tensor, spread: Tensor) -> Tensor:
    """Bits of integers, or of integers with noise, under a Laplace distribution of mean 0, in their shape."""
    spread = spread.clamp(min=0.02)
    distance = values.abs()
    upper, lower = (distance + 0.5) / spread, (distance - 0.5) / spread
    below = torch.where(lower > 0, torch.exp(-lower.clamp(min=0)) / 2, 1 - torch.exp(lower.clamp(max=0)) / 2)
    return -torch.log2((below - torch.exp(-upper) / 2).clamp(min=1e-7))


def neighbourhood(magnitudes: Tensor) -> Tensor:
    """Weighted sum of each cell's coded neighbours, float32 (rows, columns): as the coder has it."""
    padded = torch.nn.functional.pad(magnitudes, (2, 1, 2, 0))
    left, far_left = padded[2:, 1:-2], padded[2:, :-3]
    up, far_up = padded[1:-1, 2:-1], padded[:-2, 2:-1]
    return 2 * (left + up) + padded[1:-1, 1:-2] + padded[1:-1, 3:] + far_left + far_up


def latent_bits(values: Tensor) -> tuple[Tensor, Tensor]:
    """What a magnitude costs in each class, sign included, float32 (classes, magnitudes), and each cell's class.

    Measured on the values themselves, as adaptive models would.
    """
    magnitudes = values.abs().clamp(max=LARGEST_SEARCHED)
    classes = torch.bucketize(neighbourhood(magnitudes), _EDGES)
    size = LARGEST_SEARCHED + 1
    counts = torch.bincount((classes * size + magnitudes.long()).flatten(), minlength=CLASSES * size)
    prior = 2.0 ** -torch.arange(1.0, size + 1)
    shares = counts.reshape(CLASSES, size) + _PRIOR * prior
    bits = -torch.log2(shares / shares.sum(1, keepdim=True))
    bits[:, 1:] += 1
    return bits, classes
