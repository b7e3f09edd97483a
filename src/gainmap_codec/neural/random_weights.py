"""Random weights that a fit starts from."""

from __future__ import annotations

import math

import numpy as np

from gainmap_codec.pixels.color.light import Array

Shapes = tuple[tuple[int, int], ...]
"""Inputs and outputs of each layer."""


def random_weights(shapes: Shapes, seed: int) -> list[Array]:
    """Float32 matrices of normal random weights that keep the variance of what goes through (He et al., 2015).

    Biases, in the last row of a layer that has one input more than there are neurons before it, start at 0.
    """
    rng = np.random.default_rng(seed)
    neurons = shapes[0][1]
    biases = shapes[1][0] > neurons
    weights = []
    for inputs, outputs in shapes:
        gain = 1 if (inputs, outputs) == shapes[-1] else 2  # no activation follows the last layer
        weight = rng.normal(0, math.sqrt(gain / inputs), (inputs, outputs)).astype(np.float32)
        if biases:
            weight[-1] = 0
        weights.append(weight)
    return weights
