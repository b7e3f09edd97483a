"""What a fit minimises, formula by formula in float64, to compare compiled loops with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.neural.fit.points import Points
from gainmap_codec.neural.fit.rates import laplace_bits, neighbourhood
from gainmap_codec.pixels.maps.residual import EPSILON
from support.fit_models import matrix

Vector = NDArray[np.float64]

LEAK = 0.01
"""Slope of an output beyond −1…1."""


def outputs(weights: Sequence[Vector], features: Vector, added: Vector | float = 0.0) -> Vector:
    """Of a network, (C, N), for features (F, N)."""
    values = features
    for index, weight in enumerate(weights):
        values = weight[:-1].T @ (values if index == 0 else np.maximum(values, 0)) + weight[-1][:, np.newaxis]
    return np.asarray(values + added)


def enlarged(values: NDArray[Any], points: Points, level: int) -> Vector:
    """A level's cells at all points, (N,)."""
    down, across = points.sides[level]
    return np.asarray(matrix(down, values.shape[0]) @ values @ matrix(across, values.shape[1]).T).ravel()


def mean_error(points: Points, output: Vector, leak: float = LEAK) -> float:
    """Mean squared PQ error."""
    count = len(points)
    clipped = np.clip(output, -1, 1)
    output = clipped + leak * (output - clipped)
    wanted, base = points.wanted[:, :count].astype(float), points.base[:, :count].astype(float)
    residual = output * points.scale + points.shift
    if points.domain == "log2_gain":
        return float((((wanted - output) * base) ** 2).sum() / count)
    if points.domain == "pq_gamma":
        predicted = np.exp(residual * base) - EPSILON
    else:
        predicted = base + residual if points.domain == "pq_difference" else base * residual - EPSILON
    return float(((wanted - np.clip(predicted, 0, 1)) ** 2).sum() / 3 / count)


def decibels(error: float) -> float:
    return 10 * math.log10(error + 1e-10)


def latent_rate(noisy: Vector, among: Vector, spreads: Vector) -> float:
    """Bits of a grid whose neighbourhoods have the magnitudes `among`."""
    wide = np.exp(spreads[0]) + np.log1p(np.exp(spreads[1])) * neighbourhood(np.abs(among)) / 8
    return float(laplace_bits(noisy, wide).sum())


def noise(key: int, places: range) -> Vector:
    """Of a step: see native/fit_steps.c."""
    found = []
    for place in places:
        x = (place * 0x9E3779B9 & 0xFFFFFFFF) ^ key
        x ^= x >> 16
        x = x * 0x21F0AAAD & 0xFFFFFFFF
        x ^= x >> 15
        x = x * 0x735A2D97 & 0xFFFFFFFF
        x ^= x >> 15
        found.append((x >> 8) / 2**24 - 0.5)
    return np.array(found)
