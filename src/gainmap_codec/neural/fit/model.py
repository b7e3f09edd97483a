"""A "multiscale" network while it is fitted: its numbers, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.integers import STEPS
from gainmap_codec.files.payload.records import LatentGrid, NeuralGainMap, QuantizedLayer
from gainmap_codec.files.payload.weights import MAX_WEIGHT
from gainmap_codec.neural.fit.points import Points, Seen
from gainmap_codec.neural.fit.rates import laplace_bits, latent_bits, rounded
from gainmap_codec.pixels.color.light import Array


@dataclass
class Model:
    """A network in the making. Steps and spreads are natural logarithms.

    Attributes:
        weights: Three matrices, real numbers, float32; the last row of each holds the biases.
        weight_steps: Of each layer, float32 (3,).
        weight_spreads: Mean magnitude of each layer's weights as the rate model has it, float32 (3,).
        latents: In steps, float32 (rows, columns) each; integers once they are rounded.
        latent_steps: float32 (L,).
        details: Integers, float32 (rows, columns) each.
        detail_exponent: Their step is 2^(exponent / 4).
    """

    weights: list[Array]
    weight_steps: Array
    weight_spreads: Array
    latents: list[Array]
    latent_steps: Array
    details: list[Array]
    detail_exponent: int = 0

    def copy(self) -> Model:
        """Another one that changes on its own."""
        return deepcopy(self)

    def take(self, other: Model) -> None:
        """Become another one."""
        vars(self).update(vars(other.copy()))

    # Weights

    def weight_exponents(self) -> list[int]:
        """Steps in quarter octaves, none so fine that the largest weight takes more than 4095 of them."""
        wanted = np.rint(4 * self.weight_steps.astype(np.float64) / math.log(2))
        largest = np.maximum([float(np.abs(weight).max()) for weight in self.weights], 1e-6)
        return [_in_range(each) for each in np.maximum(wanted, np.ceil(4 * np.log2(largest / MAX_WEIGHT)))]

    def weight_integers(self, exponents: list[int]) -> list[Array]:
        """Weights in steps, rounded."""
        scaled = (weight / np.float32(2.0 ** (each / 4)) for weight, each in zip(self.weights, exponents, strict=True))
        return [np.clip(np.rint(each), -MAX_WEIGHT, MAX_WEIGHT) for each in scaled]

    def rounded_weights(self) -> list[Array]:
        """Weights as the payload will hold them."""
        exponents = self.weight_exponents()
        pairs = zip(self.weight_integers(exponents), exponents, strict=True)
        return [whole * np.float32(2.0 ** (exponent / 4)) for whole, exponent in pairs]

    # Latents and details

    def round_latents(self) -> None:
        """Make the latents integers, and their steps whole quarter octaves."""
        self.latents = [rounded(each) for each in self.latents]
        exponents = [_exponent(float(step)) for step in self.latent_steps]
        self.latent_steps = np.array([exponent * math.log(2) / 4 for exponent in exponents], np.float32)

    def scaled_latent(self, index: int) -> Array:
        """A grid of latents as the network sees it."""
        return self.latents[index] * np.float32(math.exp(self.latent_steps[index]))

    def scaled_details(self) -> list[Array]:
        """Details as they are added."""
        return [values * np.float32(2.0 ** (self.detail_exponent / 4)) for values in self.details]

    def seen(self, points: Points) -> Seen:
        """What latents and details say of points."""
        fields = np.zeros((len(self.latents), points.stride), np.float32)
        for index, field in enumerate(fields):
            points.enlarged(self.scaled_latent(index), points.sides[index], field)
        return Seen(fields, self.added(points))

    def added(self, points: Points) -> Array:
        """What details add to the output, float32 (stride,); (0,) where all are 0."""
        used = [each for each in enumerate(self.scaled_details(), len(self.latents)) if each[1].any()]
        total = np.zeros(points.stride if used else 0, np.float32)
        for index, values in used:
            points.enlarged(values, points.sides[index], total, adds=True)
        return total

    # Bits

    def weight_bits(self) -> float:
        """Estimated size of the weights, bits."""
        exponents = self.weight_exponents()
        spreads = np.exp(self.weight_spreads.astype(np.float64)) / 2.0 ** (np.array(exponents) / 4)
        layers = self.weight_integers(exponents)
        return float(laplace_bits(flattened(layers), of_each(layers, spreads)).sum())

    def bits(self) -> float:
        """Estimated size of the weights, latents and details."""
        return self.weight_bits() + sum(latent_bits(grid).total for grid in self.latents + self.details)

    # The record

    def network(self, blank: NeuralGainMap) -> NeuralGainMap:
        """`blank` with the layers, latents and details as they stand."""
        exponents = self.weight_exponents()
        layers = [
            QuantizedLayer(whole.shape[0], whole.shape[1], _integers(whole), exponent)
            for whole, exponent in zip(self.weight_integers(exponents), exponents, strict=True)
        ]
        used = max((index + 1 for index, each in enumerate(self.details) if each.any()), default=0)
        steps = (_exponent(float(step)) for step in self.latent_steps)
        return replace(
            blank,
            layers=tuple(layers),
            latents=tuple(map(_latent_grid, self.latents, steps)),
            details=tuple(_latent_grid(each, self.detail_exponent) for each in self.details[:used]),
        )


def flattened(parts: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    """All elements of all parts, float64 (P,)."""
    return np.concatenate([np.asarray(each, np.float64).ravel() for each in parts])


def of_each(parts: Sequence[NDArray[Any]], values: NDArray[Any]) -> NDArray[Any]:
    """A number of each part for each of its elements, (P,)."""
    return np.repeat(values, [each.size for each in parts])


def _exponent(step: float) -> int:
    return _in_range(4 * step / math.log(2))


def _in_range(exponent: float) -> int:
    """As a payload can tell it; where there is nothing to say, as of a black picture, steps widen without end."""
    return min(max(round(exponent), STEPS[0]), STEPS[-1])


def _integers(values: Array) -> tuple[int, ...]:
    return tuple(values.astype(int).ravel().tolist())


def _latent_grid(values: Array, exponent: int) -> LatentGrid:
    return LatentGrid(values.shape[0], values.shape[1], _integers(values), exponent)
