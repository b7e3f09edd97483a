"""What integers cost, in bits: a smooth model for weights, and the coder's classes for latents."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.latents import CLASS_LEVELS, CLASSES, LEFT, UP
from gainmap_codec.pixels.color.light import Array

LARGEST_SEARCHED = 31
"""Magnitude of a latent that the search considers."""

_SMALLEST_SPREAD = 0.02
_PRIOR = 1.5  # observations that a class starts with
_LARGEST_NEIGHBOURHOOD = (LEFT + UP + 4) * LARGEST_SEARCHED
_CLASS_OF = np.searchsorted(np.array(CLASS_LEVELS) + 0.5, np.arange(_LARGEST_NEIGHBOURHOOD + 1)).astype(np.uint8)


def laplace_bits(values: NDArray[Any], spread: NDArray[Any]) -> NDArray[Any]:
    """Bits of integers, or of integers with noise, under Laplace distributions of mean 0; all of one shape.

    A value's share is the integral of the density over its own interval: where that is u from 0, and 0 is outside,
    exp(−(u − 0.5) / spread) · (1 − exp(−1 / spread)) / 2. Steps have the same by compiled loops (native/fit_steps.c).
    """
    spread = np.maximum(spread, _SMALLEST_SPREAD)
    distance = np.abs(values)
    over = (distance - 0.5) / spread
    tails = np.exp(-np.abs(over)) + np.exp(-(distance + 0.5) / spread)
    far = over - np.log((1 - np.exp(-1 / spread)) / 2)
    return np.asarray(np.where(over >= 0, far, -np.log(1 - tails / 2)) / math.log(2))


def rounded(latents: Array) -> Array:
    """Latents or details as integers that the search considers."""
    return np.clip(np.rint(latents), -LARGEST_SEARCHED, LARGEST_SEARCHED)


def neighbourhood(magnitudes: NDArray[Any]) -> NDArray[Any]:
    """Weighted sum of each cell's coded neighbours, (rows, columns): as the coder has it."""
    rows, columns = magnitudes.shape
    padded = np.zeros((rows + 2, columns + 3), magnitudes.dtype)
    padded[2:, 2:-1] = magnitudes
    left, far_left = padded[2:, 1:-2], padded[2:, :-3]
    up, far_up = padded[1:-1, 2:-1], padded[:-2, 2:-1]
    return np.asarray(LEFT * left + UP * up + padded[1:-1, 1:-2] + padded[1:-1, 3:] + far_left + far_up)


class LatentBits(NamedTuple):
    """What a grid's integers cost.

    Attributes:
        table: Bits of a magnitude in each class, sign included, float32 (classes, magnitudes).
        classes: Each cell's class, uint8 (rows, columns).
        total: Bits of all.
    """

    table: Array
    classes: NDArray[np.uint8]
    total: float


def latent_bits(values: Array) -> LatentBits:
    """Measured on the values themselves, float32 (rows, columns), as adaptive models would."""
    magnitudes = np.abs(values).astype(np.uint16)
    np.minimum(magnitudes, LARGEST_SEARCHED, out=magnitudes)
    classes = _CLASS_OF[neighbourhood(magnitudes)]
    size = LARGEST_SEARCHED + 1
    counts = np.bincount((classes * np.uint16(size) + magnitudes).ravel(), minlength=CLASSES * size)
    shares = counts.reshape(CLASSES, size) + _PRIOR * 2.0 ** -np.arange(1.0, size + 1)
    bits = -np.log2(shares / shares.sum(1, keepdims=True))
    bits[:, 1:] += 1
    return LatentBits(bits.astype(np.float32), classes, float((bits * counts.reshape(CLASSES, size)).sum()))
