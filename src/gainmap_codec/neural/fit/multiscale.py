"""Fitting a "multiscale" network to one picture: by Adam, then by searches that know what each bit costs.

What is minimised is bytes + `bytes_per_db` × decibels of squared PQ error. The first step is taken once, the others in
turn:

1. `Learner.run`: weights and latents together, latents as real numbers with noise, until the network knows their use.
2. `search`: latents and details as integers.
3. `refine`: the weights, rounded in every forward pass, over latents as they are; `search_weights`: as integers too.
"""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from gainmap_codec.files.payload.format import empty_latents
from gainmap_codec.files.payload.inputs import layer_shapes
from gainmap_codec.files.payload.latents import latent_levels
from gainmap_codec.files.payload.layout import IDENTITY
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.neural.fit.effort import Effort
from gainmap_codec.neural.fit.gradient_steps import BATCH, Learner, Progress, refine
from gainmap_codec.neural.fit.latent_search import price, search
from gainmap_codec.neural.fit.model import Model
from gainmap_codec.neural.fit.points import Batches, Points, empty_planes, step_between
from gainmap_codec.neural.fit.rates import rounded
from gainmap_codec.neural.fit.target import Target
from gainmap_codec.neural.fit.weight_search import search_weights
from gainmap_codec.neural.pair import PairLike
from gainmap_codec.neural.random_weights import random_weights
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.maps.multiscale import BaseFeatures, has_latents_at
from gainmap_codec.pixels.maps.working_grid import WorkingGrid
from gainmap_codec.pixels.strips import for_each_strip, rows_in_cache

FEWEST_NEURONS = 4

_MOST_BATCHES = 1 << 10
_MOST_POINTS = 1 << 20  # grid cells that the fit looks at
_COARSE_POINTS = 1 << 18  # of them, for latents, each of which covers hundreds
_NOISE_FROM = 0.2  # part of learning that bits do not count in
_THREE_CHANNELS = 3  # times as many bytes per dB: three pictures are told
_WEIGHTS_FOLLOW, _LATENTS_FOLLOW = 0.35, 0.25  # octaves of step for an octave of price
_FIRST_WEIGHT_STEP, _FIRST_LATENT_STEP = 1 / 16, 1 / 4


@dataclass(frozen=True)
class MultiscaleConfig:
    """How much a payload may cost, and how long fitting may take.

    Attributes:
        neurons: Width of both hidden layers; four more where three channels are predicted.
        bytes_per_db: What a decibel of PQ-PSNR is worth; three times as much where three channels are predicted.
        probes: Fits that are begun, of different residuals in turn where there is a choice.
        probe_steps: Adam's steps of each fit that is begun; the most promising goes on.
        steps: Adam's steps of learning; a ninth more where three channels are predicted.
        rounds: How often latents and weights are improved in turn.
        refine_steps: Adam's steps of a round; half as many again where three channels are predicted.
        color_octaves: Octaves of each colour where three channels are predicted.
        latents: Levels of latents, at most.
        details: Levels of details, at most.
        most_bytes: Of a payload for which no target is asked: where the price gives a larger one, it is lowered.
        has_picture: A coded picture may go on where the network ends (`fit.picture`).
        most_weights: For a small payload, a network has fewer neurons, down to four, where it had more weights.
    """

    neurons: int
    bytes_per_db: float
    probes: int = 2
    probe_steps: int = 600
    steps: int = 9000
    rounds: int = 3
    refine_steps: int = 400
    color_octaves: int = 4
    latents: int = 4
    details: int = 3
    most_bytes: int | None = None
    most_weights: int | None = None
    has_picture: bool = False

    def with_effort(self, effort: Effort) -> MultiscaleConfig:
        """What it is where a fit may take more or less time."""
        return replace(
            self,
            probes=effort.probes,
            probe_steps=math.ceil(self.probe_steps * effort.probe_steps),
            steps=math.ceil(self.steps * effort.steps),
            rounds=math.ceil(self.rounds * effort.rounds),
            refine_steps=math.ceil(self.refine_steps * effort.refine_steps),
        )

    def for_channels(self, channels: int) -> MultiscaleConfig:
        """What it is for so many channels of the residual."""
        if channels == 1:
            return replace(self, color_octaves=0)
        return replace(
            self,
            neurons=self.neurons + 4,
            bytes_per_db=self.bytes_per_db * _THREE_CHANNELS,
            steps=self.steps * 10 // 9,
            refine_steps=self.refine_steps * 3 // 2,
        )


class MultiscaleFit:
    """A fit in progress; `network` gives the record once latents are integers.

    Attributes:
        config: As given, with what three channels change.
        target: What is fitted.
        points: All that the fit looks at.
        coarse: Some of them.
        model: The network as it stands.
    """

    def __init__(
        self,
        blank: NeuralGainMap,
        config: MultiscaleConfig,
        pair: PairLike,
        target: Target,
        seed: int,
        *,
        like: MultiscaleFit | None = None,
    ) -> None:
        """A fit at its beginning; `like` is another one to the same pair, whose features may serve here, too."""
        outputs = target.wanted.shape[2]
        self.config = config = config.for_channels(outputs)
        self.target = target
        self._blank = replace(
            blank,
            domain=target.domain,
            color_octaves=config.color_octaves,
            grid=target.grid,
            residual_shift=target.shift,
            residual_scale=target.scale,
            base_offset=target.offsets[0],
            alternate_offset=target.offsets[1],
        )
        latents, details = map(min, has_latents_at(*target.grid), (config.latents, config.details))
        levels, detail_levels = latent_levels(*target.grid, latents, details)
        step = step_between(math.prod(target.grid), _MOST_POINTS)
        is_alike = like is not None and (like.target.grid, like.config) == (target.grid, config)
        features = like.points.features if like and is_alike else _features(pair, target.grid, step, config)
        self.points: Points = Points.of(features, target, step, levels + detail_levels)
        self.coarse = self.points.at_most(_COARSE_POINTS)
        self._batches = Batches(self.points, BATCH, _MOST_BATCHES)
        self._shapes = _shapes(config, outputs, latents)
        self._begin(seed)

    def restarted(self, seed: int) -> MultiscaleFit:
        """Another fit to the same points, from the beginning."""
        other = copy(self)
        other._begin(seed)
        return other

    def _begin(self, seed: int) -> None:
        rows, columns = self._blank.grid
        latents = self._shapes[0][0] - 1 - len(self.points.features)
        empty, added = empty_latents(rows, columns, latents, len(self.points.sides) - latents)
        self.model = Model(
            weights=random_weights(self._shapes, seed),
            weight_steps=np.full(3, math.log(_FIRST_WEIGHT_STEP), np.float32),
            weight_spreads=np.zeros(3, np.float32),
            latents=[np.zeros((each.rows, each.columns), np.float32) for each in empty],
            latent_steps=np.full(latents, math.log(_FIRST_LATENT_STEP), np.float32),
            details=[np.zeros((each.rows, each.columns), np.float32) for each in added],
        )
        self._paid = self.config.bytes_per_db
        self._random = np.random.default_rng(seed)
        self._learner = Learner(self.model, self._batches, self._random)

    def learn(self, steps: int, *, noise_from: float = _NOISE_FROM, progress: Progress | None = None) -> float:
        """See `Learner.run`."""
        return self._learner.run(steps, self.config.bytes_per_db, noise_from=noise_from, progress=progress)

    def improve(self, bytes_per_db: float, rounds: int, progress: Progress | None = None) -> None:
        """Latents and weights in turn, at a price; each step is taken back where the price rises."""
        self._follow(bytes_per_db)
        for done in range(rounds):
            search(self.model, self.points, self.coarse, bytes_per_db)
            self._refine(bytes_per_db)
            search_weights(self.model, self.coarse, bytes_per_db, turn=done)
            if progress:
                progress((done + 1) / rounds)
        search(self.model, self.points, self.coarse, bytes_per_db)

    def _refine(self, bytes_per_db: float) -> None:
        before, least = self.model.copy(), price(self.model, self.coarse, bytes_per_db)
        refine(self.model, self._batches, self._random, bytes_per_db, self.config.refine_steps)
        if price(self.model, self.coarse, bytes_per_db) > least:
            self.model.take(before)

    def _follow(self, bytes_per_db: float) -> None:
        """Steps for another price than that of the model as it is: finer where a decibel is dearer."""
        octaves = math.log2(bytes_per_db / self._paid)
        self._paid = bytes_per_db
        self.model.weight_steps -= _WEIGHTS_FOLLOW * octaves * math.log(2)
        finer = round(4 * _LATENTS_FOLLOW * octaves)
        self.model.latent_steps -= finer * math.log(2) / 4
        ratio = 2.0 ** (finer / 4)
        self.model.latents = [rounded(each * np.float32(ratio)) for each in self.model.latents]

    def state(self) -> tuple[Model, float]:
        """What `restore` goes back to."""
        return self.model.copy(), self._paid

    def restore(self, state: tuple[Model, float]) -> None:
        """Go back to a state."""
        self.model, self._paid = state[0].copy(), state[1]

    def round_latents(self) -> None:
        """See `Model.round_latents`."""
        self.model.round_latents()

    def network(self) -> NeuralGainMap:
        """The record of the fit as it stands."""
        return self.model.network(self._blank)


def _shapes(config: MultiscaleConfig, outputs: int, latents: int) -> tuple[tuple[int, int], ...]:
    """Shapes of the layers of the widest network that is allowed."""
    neurons = config.neurons
    while True:
        shapes = layer_shapes("multiscale", 0, config.color_octaves, neurons, outputs, latents)
        weights = sum(inputs * each for inputs, each in shapes)
        if config.most_weights is None or weights <= config.most_weights or neurons <= FEWEST_NEURONS:
            return shapes
        neurons -= 1


def _features(pair: PairLike, grid: tuple[int, int], step: int, config: MultiscaleConfig) -> Array:
    """What the network sees in every n-th row and column of cells, planes of float32."""
    raster = WorkingGrid.over(grid, pair.codes.shape[0], pair.codes.shape[1], IDENTITY)
    base = BaseFeatures(raster, pair.codes, pair.color.curves.shape[1] - 1, config.color_octaves)
    height, count, width = base.shape
    rows = range(0, height, step)
    planes, places = empty_planes(count, len(rows), len(range(0, width, step)))

    def fill(strip: slice) -> None:
        line = np.empty((1, count, width), np.float32)
        for place, row in enumerate(rows[strip], strip.start):
            base.fill(line, slice(row, row + 1))
            places[:, place] = line[0, :, ::step]

    for_each_strip(len(rows), fill, rows_in_cache(width))
    return planes
