"""Fitting a "multiscale" network to one picture: weights by Adam, latents by a search that knows what each bit costs.

What is minimised is bytes + `bytes_per_db` × decibels of squared PQ error. Three kinds of steps alternate:

1. `_learn`: weights and latents together, latents as real numbers with noise, until the network knows their use.
2. `_search`: latents and details as integers. Linearised, what a change of one cell does to error and bits is known
   exactly; all cells of one parity, which do not touch, change at once to what is cheapest.
3. `_refine`: the weights, rounded in every forward pass, over latents as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from gainmap_codec.files.latents import latent_levels
from gainmap_codec.files.payload import IDENTITY, MAX_WEIGHT, empty_latents, layer_shapes
from gainmap_codec.files.records import LatentGrid, NeuralGainMap, QuantizedLayer
from gainmap_codec.neural.initial import random_weights
from gainmap_codec.neural.pair import PairLike
from gainmap_codec.neural.rates import LARGEST_SEARCHED, laplace_bits, latent_bits, neighbourhood
from gainmap_codec.neural.target import Target
from gainmap_codec.pixels.color import Array
from gainmap_codec.pixels.multiscale import base_features, has_latents_at
from gainmap_codec.pixels.residual import inverse_residual, residual_slope
from gainmap_codec.pixels.working_grid import Axis, WorkingGrid

_BATCH = 1 << 12
_RATE = 2e-2  # Adam's learning rate
_REFINE_RATE = 1e-2
_DECAY = (0.9, 0.99)
_LEAK = 0.01  # gradient of an output beyond the clip, so that it can come back
_MOST_POINTS = 1 << 20  # grid cells that the fit looks at
_COARSE_POINTS = 1 << 18  # of them, for latents, each of which covers hundreds
_THREE_CHANNELS = 3  # times as many bytes per dB: three pictures are told
_DETAIL_STEP = 3.0  # of the details, in root mean squared errors
_WEIGHTS_FOLLOW, _LATENTS_FOLLOW = 0.35, 0.25  # octaves of step for an octave of price
_NONZERO_BITS = 1.0  # a cell that is not 0 costs at least so much more than a 0, whatever its neighbours
_SMALLEST_ERROR = 1e-10  # mean squared PQ error: 100 dB, where nothing is left to gain


@dataclass(frozen=True)
class MultiscaleConfig:
    """How much a payload may cost, and how long fitting may take.

    Attributes:
        neurons: Width of both hidden layers; half as many again where three channels are predicted.
        bytes_per_db: What a decibel of PQ-PSNR is worth; three times as much where three channels are predicted.
        steps: Adam's steps of `_learn`.
        rounds: How often latents and weights are improved in turn.
        refine_steps: Adam's steps of a round.
        color_octaves: Octaves of each colour where three channels are predicted.
        latents: Levels of latents, at most.
        details: Levels of details, at most.
    """

    neurons: int
    bytes_per_db: float
    steps: int = 2500
    rounds: int = 4
    refine_steps: int = 300
    color_octaves: int = 4
    latents: int = 4
    details: int = 3


class Points:
    """Grid cells that the fit looks at: features, what errors cost, and how latents reach them."""

    def __init__(self, features: Tensor, target: Target, over: WorkingGrid, levels: list[int], every: int) -> None:
        self.shape = features[::every, ::every].shape[:2]
        self.features = features[::every, ::every].reshape(-1, features.shape[2]).contiguous()
        self.costs = Costs(target, every)
        self.enlarge = [
            (_matrix(over.rows, level)[::every].contiguous(), _matrix(over.columns, level)[::every].contiguous())
            for level in levels
        ]


class Costs:
    """How far outputs are from what is wanted, in PQ codes: squares sum over channels to mean squared PQ errors."""

    def __init__(self, target: Target, every: int) -> None:
        def points(values: Array) -> Tensor:
            return torch.from_numpy(values[::every, ::every].reshape(-1, values.shape[2]).copy())

        self._domain, self._shift, self._scale = target.domain, target.shift, target.scale
        self._wanted = points(target.wanted)
        self._roots = points(target.weights).sqrt()
        self._base = None if target.base_pq is None else points(target.base_pq)
        if self._base is not None:
            self._wanted = self._predicted(self._wanted, self._base)

    def __len__(self) -> int:
        return len(self._wanted)

    def _predicted(self, output: Tensor, base: Tensor) -> Tensor:
        residual = output * self._scale + self._shift
        return torch.clamp(inverse_residual(self._domain, residual, base, torch), 0, 1)

    def left(self, output: Tensor, chosen: Tensor | slice = slice(None)) -> Tensor:
        """Wanted less had, float32 (N, C), of outputs at the chosen points."""
        if self._base is None:
            return (self._wanted[chosen] - output) * self._roots[chosen]
        return (self._wanted[chosen] - self._predicted(output, self._base[chosen])) / math.sqrt(3)

    def slope(self, output: Tensor) -> Tensor:
        """How much less is left for more of the output, float32 (N, C), at all points."""
        if self._base is None:
            return self._roots.expand_as(output)
        slope = residual_slope(self._domain, self._predicted(output, self._base), self._base, torch)
        return slope * (self._scale / math.sqrt(3))  # type: ignore[no-any-return]


def _matrix(axis: Axis, level: int) -> Tensor:
    """Bilinear enlarging along an axis as a matrix, float32 (cells evaluated, cells of the level)."""
    taps = axis.level_taps(level)
    matrix = np.zeros((axis.count, int(taps.second[-1]) + 1), np.float32)
    places = np.arange(axis.count)
    np.add.at(matrix, (places, taps.first), 1 - taps.fraction)
    np.add.at(matrix, (places, taps.second), taps.fraction)
    return torch.from_numpy(matrix)


class State(NamedTuple):
    """All of a fit that changes once its latents are integers."""

    weights: list[Tensor]
    weight_steps: Tensor
    weight_spreads: Tensor
    latents: list[Tensor]
    exponents: list[int]
    details: list[Tensor]
    detail_exponent: int
    paid: float


class MultiscaleFit:
    """A fit in progress; `network` gives the record once latents are integers.

    Attributes:
        config: As given, with what three channels change.
    """

    def __init__(
        self, blank: NeuralGainMap, config: MultiscaleConfig, pair: PairLike, target: Target, seed: int
    ) -> None:
        outputs = target.wanted.shape[2]
        octaves = 0
        if outputs == 3:
            octaves = config.color_octaves
            price = config.bytes_per_db * _THREE_CHANNELS
            config = replace(config, neurons=config.neurons * 3 // 2, bytes_per_db=price)
        self.config = config
        latents, details = map(min, has_latents_at(*target.grid), (config.latents, config.details))
        self.blank = replace(
            blank,
            domain=target.domain,
            color_octaves=octaves,
            grid=target.grid,
            residual_shift=target.shift,
            residual_scale=target.scale,
            base_offset_exponent=target.offset_exponent,
            alternate_offset_exponent=target.offset_exponent,
        )
        shapes = layer_shapes("multiscale", 0, octaves, config.neurons, outputs, latents)
        self._random = torch.Generator().manual_seed(seed)
        self.weights = [weight.requires_grad_(True) for weight in random_weights(shapes, seed)]
        self.weight_steps = torch.full((3,), math.log(1 / 16), requires_grad=True)
        self.weight_spreads = torch.zeros(3, requires_grad=True)
        over = WorkingGrid.over(target.grid, *target.grid, IDENTITY)
        raster = WorkingGrid.over(target.grid, pair.codes.shape[0], pair.codes.shape[1], blank.coordinates)
        features = torch.from_numpy(base_features(raster, pair.codes, pair.color.curves.shape[1] - 1, octaves))
        cells = target.grid[0] * target.grid[1]
        every = math.ceil(math.sqrt(cells / _MOST_POINTS))
        self._latent_levels, detail_levels = latent_levels(*target.grid, latents, details)
        self.points = Points(features, target, over, self._latent_levels + detail_levels, every)
        coarser = math.ceil(math.sqrt(len(self.points.costs) / _COARSE_POINTS))
        self._coarser = coarser  # every so-manieth of the points, along a side
        levels = self._latent_levels
        self.coarse = Points(features, target, over, levels, every * coarser) if coarser > 1 else self.points
        empty, added = empty_latents(*target.grid, latents, details)
        self.latents = [torch.zeros(each.rows, each.columns) for each in empty]
        self.latent_steps = torch.full((latents,), math.log(0.25), requires_grad=True)
        self.details = [torch.zeros(each.rows, each.columns) for each in added]
        self.detail_exponent = 0
        self._exponents: list[int] = []
        self._paid = config.bytes_per_db
        self._order = torch.randperm(len(self.points.costs), generator=self._random)
        self._taken = 0

    # What both kinds of gradient steps share

    def _batch(self) -> Tensor:
        """The next points, in random order."""
        if self._taken + _BATCH > len(self._order):
            self._order = torch.randperm(len(self._order), generator=self._random)
            self._taken = 0
        chosen = self._order[self._taken : self._taken + _BATCH]
        self._taken += _BATCH
        return chosen

    def _cost(self, output: Tensor, chosen: Tensor, bits: Tensor, bytes_per_db: float) -> Tensor:
        clipped = output.clamp(-1, 1)
        leaky = clipped + _LEAK * (output - clipped)
        error = (self.points.costs.left(leaky, chosen) ** 2).sum(1).mean()
        return 10 / math.log(10) * torch.log(error + _SMALLEST_ERROR) + bits / 8 / bytes_per_db

    def _rounded_weights(self) -> tuple[list[Tensor], Tensor]:
        """Weights as the payload will hold them, with gradients as if they were not rounded, and their bits."""
        steps = [2.0 ** (exponent / 4) for exponent in self._weight_exponents()]
        whole = []
        for weight, step in zip(self.weights, steps, strict=True):
            values = weight / step
            whole.append(values + (values.detach().round().clamp(-MAX_WEIGHT, MAX_WEIGHT) - values.detach()))
        bits = self._weight_bits(whole, self.weight_spreads.exp() / torch.tensor(steps))
        return [values * step for values, step in zip(whole, steps, strict=True)], bits

    def _weight_bits(self, values: list[Tensor], spreads: Tensor) -> Tensor:
        """Bits of all layers' integers, each layer with its spread, in one go: small calls cost more than sums."""
        sizes = torch.tensor([each.numel() for each in values])
        flat = torch.cat([each.flatten() for each in values])
        return laplace_bits(flat, spreads.repeat_interleave(sizes, output_size=len(flat))).sum()

    def _weight_exponents(self) -> list[int]:
        """Steps in quarter octaves, none so fine that the largest weight takes more than 127 of them."""
        wanted = [round(4 * step / math.log(2)) for step in self.weight_steps.tolist()]
        largest = [max(float(weight.detach().abs().max()), 1e-6) for weight in self.weights]
        finest = [math.ceil(4 * math.log2(each / MAX_WEIGHT)) for each in largest]
        return [max(pair) for pair in zip(wanted, finest, strict=True)]

    def learn(self, steps: int, *, noise_from: float, progress: Callable[[float], None] | None = None) -> float:
        """Weights and latents together, from where they are; returns the mean cost of the last steps.

        After the part `noise_from` of the steps, noise stands for rounding, and bits count.
        """
        latents = [each.requires_grad_(True) for each in self.latents]
        spreads = torch.tensor([[-1.0, 0.5]] * len(latents), requires_grad=True)
        others = [self.weight_steps, self.weight_spreads, self.latent_steps, spreads]
        optimizer = torch.optim.Adam([*self.weights, *latents, *others], lr=_RATE, betas=_DECAY, fused=True)
        costs = []
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = _RATE * (0.01 + 0.99 * (1 + math.cos(math.pi * step / steps)) / 2)
            noisy = step >= noise_from * steps
            bits = torch.zeros(())
            if noisy:
                weights, bits = self._noisy_weights()
                values = [each + torch.rand(each.shape, generator=self._random) - 0.5 for each in latents]
                if values:
                    bits = bits + self._latent_bits(values, spreads)
            else:
                weights, values = self.weights, latents
            chosen = self._batch()
            fields = [value * size.exp() for value, size in zip(values, self.latent_steps, strict=True)]
            inputs = torch.cat([self.points.features[chosen], *self._at(fields, chosen)], dim=1)
            cost = self._cost(_forward(weights, inputs), chosen, bits, self.config.bytes_per_db)
            optimizer.zero_grad(set_to_none=True)
            cost.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            costs.append(cost.item())
            if progress and step % 10 == 0:
                progress(step / steps)
        for each in latents:
            each.requires_grad_(False)
        return float(np.mean(costs[-20:]))

    def _noisy_weights(self) -> tuple[list[Tensor], Tensor]:
        """Weights with the noise that rounding will be, and their bits."""
        steps = self.weight_steps.exp()
        values = [
            weight / step + torch.rand(weight.shape, generator=self._random) - 0.5
            for weight, step in zip(self.weights, steps, strict=True)
        ]
        bits = self._weight_bits(values, self.weight_spreads.exp() / steps)
        return [each * step for each, step in zip(values, steps, strict=True)], bits

    def _latent_bits(self, values: list[Tensor], spreads: Tensor) -> Tensor:
        """Bits of noisy latents; those among large neighbours spread wider."""
        around = [
            spread[0].exp() + softplus(spread[1]) * neighbourhood(value.abs()) / 8
            for value, spread in zip(values, spreads, strict=True)
        ]
        flat, wide = (torch.cat([each.flatten() for each in parts]) for parts in (values, around))
        return laplace_bits(flat, wide).sum()

    def _at(self, fields: list[Tensor], chosen: Tensor) -> list[Tensor]:
        """Enlarged latents at some points, float32 (N, 1) each."""
        if not fields:
            return []
        height, width = self.points.shape
        y, x = chosen // width, chosen % width
        place = torch.stack([(x + 0.5) / width * 2 - 1, (y + 0.5) / height * 2 - 1], dim=1)[None, None]
        sampled = (
            torch.nn.functional.grid_sample(field[None, None], place, padding_mode="border", align_corners=False)
            for field in fields
        )
        return [each.reshape(-1, 1) for each in sampled]

    # Integers

    def round_latents(self) -> None:
        """Make the latents integers, with steps of the payload's precision."""
        self.latents = [torch.round(each).clamp(-LARGEST_SEARCHED, LARGEST_SEARCHED) for each in self.latents]
        self._exponents = [round(4 * step / math.log(2)) for step in self.latent_steps.tolist()]

    def improve(self, bytes_per_db: float, rounds: int, progress: Callable[[float], None] | None = None) -> None:
        """Latents and weights in turn, at a price; the cheapest state on the way is the one that stays."""
        self._follow(bytes_per_db)
        best, least = self.state(), self._price(bytes_per_db)

        def keep_if_better() -> float:
            nonlocal best, least
            if (price := self._price(bytes_per_db)) < least:
                best, least = self.state(), price
            return price

        for done in range(rounds):
            self._search(bytes_per_db)
            keep_if_better()
            last = 0.02 if done == rounds - 1 else 0.2
            self._refine(bytes_per_db, self.config.refine_steps, last)
            price = keep_if_better()
            if progress:
                progress((done + 1) / rounds)
            if price > least + bytes_per_db:  # a decibel lost: linearised too far
                self.restore(best)
        self._search(bytes_per_db)
        keep_if_better()
        self.restore(best)

    @torch.no_grad()
    def _follow(self, bytes_per_db: float) -> None:
        """Steps for another price than that of the weights and latents as they are: finer where a decibel is dearer."""
        octaves = math.log2(bytes_per_db / self._paid)
        self._paid = bytes_per_db
        self.weight_steps -= _WEIGHTS_FOLLOW * octaves * math.log(2)
        finer = round(4 * _LATENTS_FOLLOW * octaves)
        self._exponents = [exponent - finer for exponent in self._exponents]
        ratio = 2.0 ** (finer / 4)
        self.latents = [(each * ratio).round().clamp(-LARGEST_SEARCHED, LARGEST_SEARCHED) for each in self.latents]

    @torch.no_grad()
    def _price(self, bytes_per_db: float) -> float:
        """Estimated bytes, and decibels of error in bytes."""
        bits = float(self._rounded_weights()[1])
        for values in self.latents + self.details:
            table, classes = latent_bits(values)
            bits += float(table[classes, values.abs().long()].sum())
        return bits / 8 + bytes_per_db * 10 * math.log10(self.error())

    @torch.no_grad()
    def state(self) -> State:
        """What `restore` goes back to."""
        return State(
            [weight.clone() for weight in self.weights],
            self.weight_steps.clone(),
            self.weight_spreads.clone(),
            list(self.latents),
            list(self._exponents),
            list(self.details),
            self.detail_exponent,
            self._paid,
        )

    @torch.no_grad()
    def restore(self, state: State) -> None:
        """Go back to a state."""
        for weight, kept in zip(self.weights, state.weights, strict=True):
            weight.copy_(kept)
        self.weight_steps.copy_(state.weight_steps)
        self.weight_spreads.copy_(state.weight_spreads)
        self.latents, self._exponents = list(state.latents), list(state.exponents)
        self.details, self.detail_exponent = list(state.details), state.detail_exponent
        self._paid = state.paid

    @torch.no_grad()
    def _fields(self, points: Points) -> list[Tensor]:
        """Enlarged latents, float32 (h, w) each."""
        return [
            down @ (values * 2.0 ** (exponent / 4)) @ across.T
            for values, exponent, (down, across) in zip(self.latents, self._exponents, points.enlarge, strict=False)
        ]

    @torch.no_grad()
    def _added(self, points: Points) -> Tensor:
        """The sum of the enlarged details, float32 (N, 1)."""
        total = torch.zeros(points.shape)
        if points is self.points and any(bool(values.any()) for values in self.details):
            step = 2.0 ** (self.detail_exponent / 4)
            for values, (down, across) in zip(self.details, points.enlarge[len(self.latents) :], strict=True):
                total += down @ (values * step) @ across.T
        elif points is not self.points:
            total = self._added(self.points).reshape(self.points.shape)[:: self._coarser, :: self._coarser]
        return total.reshape(-1, 1)

    @torch.no_grad()
    def _search(self, bytes_per_db: float) -> None:
        """Every grid once, from the coarsest on."""
        weights, _ = self._rounded_weights()
        for index in reversed(range(len(self.latents))):
            output, slopes = self._linearised(self.coarse, weights)
            slope = slopes[:, :, index] * 2.0 ** (self._exponents[index] / 4)
            problem = _Problem(self.coarse, output, slope, bytes_per_db)
            self.latents[index] = problem.solve(self.latents[index], self.coarse.enlarge[index])
        if not self.details:
            return
        without = _forward(weights, self._inputs(self.points))
        self._choose_detail_step(without + self._added(self.points))
        output = without + self._added(self.points)
        slope = torch.full_like(output, 2.0 ** (self.detail_exponent / 4))
        slope *= (output > -1.02) & (output < 1.02)
        problem = _Problem(self.points, output, slope, bytes_per_db)
        for index, matrices in enumerate(self.points.enlarge[len(self.latents) :]):
            self.details[index] = problem.solve(self.details[index], matrices)

    def _choose_detail_step(self, output: Tensor) -> None:
        """A step in proportion to the error that is left; details that are there already keep their size."""
        costs, clipped = self.points.costs, output.clamp(-1, 1)
        error = float((costs.left(clipped) ** 2).sum(1).mean())
        unit = float((costs.slope(clipped) ** 2).sum(1).mean())
        exponent = round(4 * math.log2(max(_DETAIL_STEP * math.sqrt(error / max(unit, 1e-12)), 1e-4)))
        exponent = min(max(exponent, -100), 0)
        ratio = 2.0 ** ((self.detail_exponent - exponent) / 4)
        self.details = [(each * ratio).round().clamp(-LARGEST_SEARCHED, LARGEST_SEARCHED) for each in self.details]
        self.detail_exponent = exponent

    def _inputs(self, points: Points) -> Tensor:
        return torch.cat([points.features, *(field.reshape(-1, 1) for field in self._fields(points))], dim=1)

    def _linearised(self, points: Points, weights: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Output (N, C), and its slope by each latent's field (N, C, L); 0 where the output is clipped."""
        first = torch.addmm(weights[0][-1], self._inputs(points), weights[0][:-1])
        second = torch.addmm(weights[1][-1], first.relu(), weights[1][:-1])
        output = torch.addmm(weights[2][-1], second.relu(), weights[2][:-1]) + self._added(points)
        by_latent = weights[0][points.features.shape[1] : -1].T
        slopes = []
        for channel in range(output.shape[1]):
            back = (second > 0) * weights[2][:-1, channel]
            back = ((back @ weights[1][:-1].T) * (first > 0)) @ by_latent
            inside = (output[:, channel] > -1) & (output[:, channel] < 1)
            slopes.append(back * inside[:, None])
        return output, torch.stack(slopes, dim=1)

    def _refine(self, bytes_per_db: float, steps: int, last: float) -> None:
        """The weights alone, rounded in every forward pass."""
        inputs, added = self._inputs(self.points), self._added(self.points)
        optimizer = torch.optim.Adam(
            [
                {"params": self.weights, "lr": _REFINE_RATE},
                {"params": [self.weight_spreads], "lr": 0.3 * _REFINE_RATE},
            ],
            betas=_DECAY,
            fused=True,
        )
        rates = [group["lr"] for group in optimizer.param_groups]
        for step in range(steps):
            part = last + (1 - last) * (1 + math.cos(math.pi * step / steps)) / 2
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * part
            chosen = self._batch()
            weights, bits = self._rounded_weights()
            cost = self._cost(_forward(weights, inputs[chosen]) + added[chosen], chosen, bits, bytes_per_db)
            optimizer.zero_grad(set_to_none=True)
            cost.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    @torch.no_grad()
    def error(self) -> float:
        """Mean squared PQ error on the points, by integers."""
        output = _forward(self._rounded_weights()[0], self._inputs(self.points)) + self._added(self.points)
        return float((self.points.costs.left(output.clamp(-1, 1)) ** 2).sum(1).mean()) + _SMALLEST_ERROR

    @torch.no_grad()
    def network(self) -> NeuralGainMap:
        """The record of the fit as it stands."""
        layers = []
        for weight, exponent in zip(self.weights, self._weight_exponents(), strict=True):
            integers = torch.round(weight / 2.0 ** (exponent / 4)).clamp(-MAX_WEIGHT, MAX_WEIGHT)
            layers.append(QuantizedLayer(weight.shape[0], weight.shape[1], _integers(integers), exponent))
        used = max((index + 1 for index, each in enumerate(self.details) if bool(each.any())), default=0)
        return replace(
            self.blank,
            layers=tuple(layers),
            latents=tuple(map(_latent_grid, self.latents, self._exponents)),
            details=tuple(_latent_grid(each, self.detail_exponent) for each in self.details[:used]),
        )


class _Problem:
    """Integers on a grid that lower the cost of what is left of the error; `solve` may be called grid by grid."""

    def __init__(self, points: Points, output: Tensor, slope: Tensor, bytes_per_db: float) -> None:
        shape = (*points.shape, -1)
        clipped = output.clamp(-1, 1)
        left = points.costs.left(clipped)
        error = max(float((left**2).sum(1).mean()), _SMALLEST_ERROR)
        bits_per_error = 8 * bytes_per_db * 10 / math.log(10) / error / len(left)
        self._left = left.reshape(shape)
        self._slope = (points.costs.slope(clipped) * slope).reshape(shape)
        self._weighted = self._slope * bits_per_error

    def solve(self, values: Tensor, matrices: tuple[Tensor, Tensor]) -> Tensor:
        """The grid's values after one pass over its four parities."""
        down, across = matrices
        curvature = (down**2).T @ (self._weighted * self._slope).sum(2) @ (across**2)
        for parity in range(4):
            pull = down.T @ (self._weighted * self._left).sum(2) @ across
            cheapest = _cheapest(values, pull, curvature)
            change = torch.zeros_like(values)
            cells = slice(parity // 2, None, 2), slice(parity % 2, None, 2)
            change[cells] = (cheapest - values)[cells]
            if bool(change.any()):
                values = values + change
                self._left = self._left - self._slope * (down @ change @ across.T)[..., None]
        return values


def _cheapest(values: Tensor, pull: Tensor, curvature: Tensor) -> Tensor:
    """What each cell had best be: around what the error alone wants, nearer to 0, or 0."""
    bits, classes = latent_bits(values)
    bits[:, 0] = torch.minimum(bits[:, 0], bits[:, 1] - _NONZERO_BITS)
    now = bits[classes, values.abs().long()]
    wanted = values + pull / (curvature + 1e-12)
    best, least = values, torch.zeros_like(values)
    for candidate in (wanted.round(), wanted.trunc(), wanted.round() - wanted.sign(), torch.zeros_like(values)):
        candidate = candidate.clamp(-LARGEST_SEARCHED, LARGEST_SEARCHED)
        change = candidate - values
        cost = change**2 * curvature - 2 * change * pull + bits[classes, candidate.abs().long()] - now
        better = cost < least - 1e-6
        best, least = torch.where(better, candidate, best), torch.where(better, cost, least)
    return best


def _forward(weights: list[Tensor], inputs: Tensor) -> Tensor:
    """Output, float32 (N, C); the last row of each matrix holds the biases."""
    for weight in weights[:-1]:
        inputs = torch.relu(torch.addmm(weight[-1], inputs, weight[:-1]))
    return torch.addmm(weights[-1][-1], inputs, weights[-1][:-1])


def _integers(values: Tensor) -> tuple[int, ...]:
    return tuple(int(value) for value in values.flatten().tolist())


def _latent_grid(values: Tensor, exponent: int) -> LatentGrid:
    return LatentGrid(values.shape[0], values.shape[1], _integers(values), exponent)
