"""A "multiscale" network while it is fitted: its numbers as tensors, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gainmap_codec.files.payload.format import MAX_WEIGHT
from gainmap_codec.files.payload.records import LatentGrid, NeuralGainMap, QuantizedLayer
from gainmap_codec.neural.fit.points import Matrices, Points, enlarged
from gainmap_codec.neural.fit.rates import laplace_bits, latent_bits, rounded


@dataclass
class Model:
    """A network in the making. Steps and spreads are natural logarithms.

    Attributes:
        weights: Three matrices, real numbers; the last row of each holds the biases.
        weight_steps: Of each layer, float32 (3,).
        weight_spreads: Mean magnitude of each layer's weights as the rate model has it, float32 (3,).
        latents: In steps, float32 (rows, columns) each; integers once they are rounded.
        latent_steps: float32 (L,).
        details: Integers, float32 (rows, columns) each.
        detail_exponent: Their step is 2^(exponent / 4).
    """

    weights: list[Tensor]
    weight_steps: Tensor
    weight_spreads: Tensor
    latents: list[Tensor]
    latent_steps: Tensor
    details: list[Tensor]
    detail_exponent: int = 0

    def copy(self) -> Model:
        """Another one that changes on its own."""
        return self._changed(Tensor.clone)

    def to(self, device: torch.device) -> Model:
        """The same on a device."""
        return self._changed(lambda values: values.to(device))

    def _changed(self, change: Callable[[Tensor], Tensor]) -> Model:
        return replace(
            self,
            weights=[*map(change, self.weights)],
            weight_steps=change(self.weight_steps),
            weight_spreads=change(self.weight_spreads),
            latents=[*map(change, self.latents)],
            latent_steps=change(self.latent_steps),
            details=[*map(change, self.details)],
        )

    def take(self, other: Model) -> None:
        """Become another one."""
        vars(self).update(vars(other.copy()))

    # Weights

    def weight_exponents(self) -> list[int]:
        """Steps in quarter octaves, none so fine that the largest weight takes more than 4095 of them."""
        return [int(exponent) for exponent in self._weight_exponents().tolist()]

    def weight_sizes(self) -> Tensor:
        """The steps of `weight_exponents`, float32 (3,); nothing waits for the device."""
        return torch.exp2(self._weight_exponents() / 4).float()

    @torch.no_grad()
    def _weight_exponents(self) -> Tensor:
        wanted = (4 * self.weight_steps.double() / math.log(2)).round()
        largest = torch.stack([weight.abs().max() for weight in self.weights]).double().clamp(min=1e-6)
        return torch.maximum(wanted, (4 * torch.log2(largest / MAX_WEIGHT)).ceil())

    def weight_integers(self, exponents: list[int]) -> list[Tensor]:
        """Weights in steps, rounded."""
        scaled = [weight / 2.0 ** (exponent / 4) for weight, exponent in zip(self.weights, exponents, strict=True)]
        return [each.round_().clamp_(-MAX_WEIGHT, MAX_WEIGHT) for each in scaled]

    def rounded_weights(self) -> list[Tensor]:
        """Weights as the payload will hold them."""
        exponents = self.weight_exponents()
        return [whole * 2.0 ** (e / 4) for whole, e in zip(self.weight_integers(exponents), exponents, strict=True)]

    # Latents and details

    def round_latents(self) -> None:
        """Make the latents integers, and their steps whole quarter octaves."""
        self.latents = [rounded(each) for each in self.latents]
        exponents = [_exponent(step) for step in self.latent_steps.tolist()]
        self.latent_steps = self.latent_steps.new_tensor([exponent * math.log(2) / 4 for exponent in exponents])

    def scaled_latents(self) -> list[Tensor]:
        """Latents as the network sees them."""
        return [values * step.exp() for values, step in zip(self.latents, self.latent_steps, strict=True)]

    def scaled_details(self) -> list[Tensor]:
        """Details as they are added."""
        return [values * 2.0 ** (self.detail_exponent / 4) for values in self.details]

    def seen(self, points: Points) -> Points:
        """Points with what latents and details say of them; nothing is left to enlarge."""
        seen = points.with_latents(self.scaled_latents())
        pairs = zip(self.scaled_details(), seen.enlarge, strict=False)
        fields = [enlarged(values, matrices)[..., None] for values, matrices in pairs if bool(values.any())]
        return replace(seen, added=torch.stack(fields).sum(0) if fields else None, enlarge=())

    def features_before(self, seen: Points) -> int:
        """Number of features that come before the latents."""
        return seen.features.shape[2] - len(self.latents)

    def show_latent(self, index: int, seen: Points, matrices: Matrices) -> None:
        """Put a grid of latents as it is now into points as of `seen`."""
        scaled = self.latents[index] * self.latent_steps[index].exp()
        seen.features[..., self.features_before(seen) + index] = enlarged(scaled, matrices)

    # Bits

    def bits(self) -> float:
        """Estimated size of the weights, latents and details."""
        exponents = self.weight_exponents()
        units = self.weight_spreads.exp() / 2.0 ** (self.weight_spreads.new_tensor(exponents) / 4)
        total = float(weight_bits(self.weight_integers(exponents), units))
        for grid in self.latents + self.details:
            table, classes = latent_bits(grid)
            total += float(table[classes, grid.abs().long()].sum())
        return total

    # The record

    def network(self, blank: NeuralGainMap) -> NeuralGainMap:
        """`blank` with the layers, latents and details as they stand."""
        exponents = self.weight_exponents()
        layers = [
            QuantizedLayer(whole.shape[0], whole.shape[1], _integers(whole), exponent)
            for whole, exponent in zip(self.weight_integers(exponents), exponents, strict=True)
        ]
        used = max((index + 1 for index, each in enumerate(self.details) if bool(each.any())), default=0)
        steps = map(_exponent, self.latent_steps.tolist())
        return replace(
            blank,
            layers=tuple(layers),
            latents=tuple(map(_latent_grid, self.latents, steps)),
            details=tuple(_latent_grid(each, self.detail_exponent) for each in self.details[:used]),
        )


def weight_bits(layers: Sequence[Tensor], spreads: Tensor) -> Tensor:
    """Bits of all layers' integers, each layer with its spread, in one go: small calls cost more than sums."""
    return laplace_bits(torch.cat([each.flatten() for each in layers]), of_each(layers, spreads)).sum()


def of_each(parts: Sequence[Tensor], values: Tensor) -> Tensor:
    """A number of each part for each of its elements, float32 (P,)."""
    sizes = [each.numel() for each in parts]
    if values.device.type != "cpu":  # sizes would have to be sent there, and slopes be summed in no fixed order
        return torch.cat([value.expand(size) for value, size in zip(values, sizes, strict=True)])
    return values.repeat_interleave(torch.tensor(sizes), output_size=sum(sizes))


def _exponent(step: float) -> int:
    return round(4 * step / math.log(2))


def _integers(values: Tensor) -> tuple[int, ...]:
    return tuple(int(value) for value in values.flatten().tolist())


def _latent_grid(values: Tensor, exponent: int) -> LatentGrid:
    return LatentGrid(values.shape[0], values.shape[1], _integers(values), exponent)
