"""The coded picture of a payload: where a network and its details end, a small AV1 picture of what is left goes on.

A picture stands on a *ground*: a fitted network, or one that says nothing, whose picture then holds the whole residual.
The second is as good as an ordinary gain map of the same codec, and its header is shorter. How many bytes each quality
takes on each ground and at each size is tried by a quick encoder on some pixels; what is chosen is coded slowly and
measured as its readers get it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.format import serialize_payload
from gainmap_codec.files.payload.inputs import layer_shapes
from gainmap_codec.files.payload.latents import cells
from gainmap_codec.files.payload.layout import IDENTITY, residual_range
from gainmap_codec.files.payload.records import CodedPicture, Domain, NeuralGainMap, QuantizedLayer
from gainmap_codec.neural.blank import OFFSET
from gainmap_codec.neural.fit.target import Residual, Target, decibels, reduced, three_residuals
from gainmap_codec.neural.pair import PairLike
from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.light import AnyCodes, Array, pq_encode
from gainmap_codec.pixels.maps.coded_picture import FINEST, code_residual, picture_values
from gainmap_codec.pixels.maps.multiscale import GridInputs, GridNetwork
from gainmap_codec.pixels.maps.neural_map import base_bt2020
from gainmap_codec.pixels.maps.one_gain import Offsets
from gainmap_codec.pixels.maps.residual import inverse_residual, storable_offset
from gainmap_codec.pixels.maps.working_grid import WorkingGrid

_QUALITIES = (3, 13, 22, 32, 41, 51, 60)  # that are tried; what lies between is interpolated
_COARSEST_LEVEL, _FEWEST_CELLS = 6, 8
_MANY_SAMPLES = 1 << 20, 1 << 22  # that take minutes at the slow speed, and at the next
_FEW_SAMPLES = 1 << 18  # that take a second or so at the slow speed
_FEW_BYTES = 1 << 12  # for which the slowest speed takes a second or so; it saves most where bytes are few
_FINALISTS = 4  # of so few samples are coded slowly: a quick encoder's sizes are off by up to a fifth
_TRIAL_SPEEDS, _SPEEDS, _SLOWEST = (6, 8, 8), (2, 4, 6), (0, 4, 6)  # of libaom, for few samples and for many
_PIXELS = 1 << 18  # that trials are measured on
_CORRECTIONS = 3
_HARDLY_DB = 0.1  # below the best, where a target is out of reach
_OFFSETS = 1 / 16, 1 / 4  # of gains of three channels, beside those of the pair's own map
_PQ_DOMAINS: tuple[Domain, ...] = ("pq_gain", "pq_gamma", "pq_difference")
_TILES, _TILE = 4, 64  # of an excerpt along a side, and pixels of each
_MOST_SILENT = 2  # grounds are made, the most promising ones: each takes a trial of every pixel
_EXPONENT, _BIASES_PER_OUTPUT = -20, 32  # of the weights where there is nothing to say: the one that takes fewest bits
_LARGEST_BIAS = 4


class Measured(Protocol):
    """What a payload is worth."""

    @property
    def size(self) -> int: ...
    @property
    def psnr(self) -> float: ...


Numbers = NDArray[np.float64]
M = TypeVar("M", bound=Measured)


@dataclass(frozen=True, eq=False)
class Ground:
    """What a picture is added to.

    Attributes:
        network: Without a picture.
        said: The residual that it makes of the base, on its grid, float32 (rows, columns, C).
        left: What is missing there.
    """

    network: NeuralGainMap
    said: Array
    left: Residual

    @cached_property
    def size(self) -> int:
        """Of its payload, bytes."""
        return len(serialize_payload(self.network))


def grounds_of(network: NeuralGainMap, target: Target, pair: PairLike) -> tuple[Ground, Ground]:
    """A fitted network, and one that says nothing, on the grid of the gain that the pair is known to be made by."""
    inputs = GridInputs(network, pair.codes, pair.color.curves.shape[1] - 1)
    said = np.swapaxes(GridNetwork(network, inputs).residual(0, inputs.shape[0]), 1, 2)
    fitted = Ground(network, said, target.whole._replace(values=target.whole.values - said))
    if pair.gain is None:
        return fitted, _bare(network, target.whole)
    offsets = storable_offset(pair.gain.base_offset), storable_offset(pair.gain.alternate_offset)
    known = replace(network, base_offset=offsets[0], alternate_offset=offsets[1])
    return fitted, _bare(known, Residual(pair.gain.values, np.ones_like(pair.gain.values)))


def silent_networks(network: NeuralGainMap, pair: PairLike) -> tuple[NeuralGainMap, ...]:
    """Domains and offsets in which residuals of three channels may be told, as networks that have the rest of one's
    header.

    Where the HDR rendition was made by a gain map of three channels, its own offsets leave the least to tell. They are
    small: gains jump where saturated colours meet, which are nearly black in a channel. By larger offsets they do not,
    but then 8 bits say less in the dark. Quotients of PQ codes waste no bytes on the dark; differences and exponents
    are smooth where those are not.
    """
    own = pair.offsets or (OFFSET, OFFSET)
    offsets = dict.fromkeys([(storable_offset(own[0]), storable_offset(own[1])), *((each, each) for each in _OFFSETS)])
    return (
        *(replace(network, domain="log2_gain", base_offset=base, alternate_offset=hdr) for base, hdr in offsets),
        *(replace(network, domain=domain) for domain in _PQ_DOMAINS),
    )


def silent_ground(network: NeuralGainMap, pair: PairLike) -> Ground:
    """One that says nothing of three channels, in a network's domain and by its offsets."""
    offsets = network.base_offset, network.alternate_offset
    return _bare(network, three_residuals(pair, network.domain, offsets))


def trials_for_targets(network: NeuralGainMap, target: Target, pair: PairLike) -> Trials:
    """Of `grounds_of`; where no gain is known that serves all channels, also of those that say nothing of three."""
    silent = () if pair.gain else silent_networks(network, pair)
    is_there = target.domain if target.wanted.shape[2] == 3 else None
    return Trials(grounds_of(network, target, pair), pair, [each for each in silent if each.domain != is_there])


def trials_for_prices(network: NeuralGainMap, target: Target, pair: PairLike) -> Trials:
    """Of `grounds_of`, no better than the qualities that are tried: what lies beyond is worth no preset's price."""
    return Trials(grounds_of(network, target, pair), pair, is_continued=False)


def _bare(network: NeuralGainMap, whole: Residual) -> Ground:
    """One neuron that is never active: biases alone say the median of each channel, on the grid of the residual.

    What most cells say is then grey in the picture, which AV1's YCbCr of 8 bits tells exactly; and the picture's 256
    codes do not span what lies between channels.
    """
    rows, columns, outputs = whole.values.shape
    medians = np.median(whole.values, axis=(0, 1)).astype(float)
    middle, half = (medians.max() + medians.min()) / 2, (medians.max() - medians.min()) / 2
    wide = half * _BIASES_PER_OUTPUT / _LARGEST_BIAS
    shift, scale = residual_range(float(middle - wide), float(middle + wide))
    biases = np.rint((medians - shift) / scale * _BIASES_PER_OUTPUT).astype(int)
    shapes = layer_shapes("multiscale", 0, 0, 1, outputs, 0)
    weights = *((0,) * math.prod(shape) for shape in shapes[:-1]), (*(0,) * outputs, *biases.tolist())
    bare = replace(
        network,
        layers=tuple(QuantizedLayer(*shape, each, _EXPONENT) for shape, each in zip(shapes, weights, strict=True)),
        grid=(rows, columns),
        color_octaves=0,
        latents=(),
        details=(),
        residual_shift=shift,
        residual_scale=scale,
    )
    said = np.broadcast_to(np.float32(shift + scale * biases / _BIASES_PER_OUTPUT), whole.values.shape)
    return Ground(bare, said, whole._replace(values=whole.values - said))


class _Excerpt(NamedTuple):
    """Tiles of a pair side by side, evenly spread: what tells for fewer pixels how large its pictures are."""

    codes: AnyCodes
    color: BaseColor
    hdr: Array
    offsets: Offsets | None
    gain: None = None

    @classmethod
    def of(cls, pair: PairLike) -> _Excerpt:
        height, width = pair.codes.shape[:2]
        places = np.ix_(_tiles(height), _tiles(width))
        return cls(pair.codes[places], pair.color, pair.hdr[places], pair.offsets)


def _tiles(size: int) -> NDArray[np.intp]:
    """Places of the pixels of all tiles along a side."""
    if size <= _TILES * _TILE:
        return np.arange(size)
    starts = np.linspace(0, size - _TILE, _TILES).astype(np.intp)
    return (starts[:, np.newaxis] + np.arange(_TILE)).ravel()


class _Sample:
    """Some pixels of a pair, evenly spread, on which pictures are compared.

    Attributes:
        share: Of the pixels whose payloads are asked for, the part that the pair has.
    """

    def __init__(self, pair: PairLike, share: float = 1.0) -> None:
        self.share = share
        self._size = pair.codes.shape[0], pair.codes.shape[1]
        step = math.ceil(math.sqrt(math.prod(self._size) / _PIXELS))
        self._every = slice(step // 2, None, step)
        pixels = self._every, self._every
        self._base = np.maximum(base_bt2020(pair.codes[pixels], pair.color), 0)
        self._base_pq, self._wanted = pq_encode(self._base), pq_encode(pair.hdr[pixels])

    def psnr(self, network: NeuralGainMap, on_grid: Array) -> float:
        """PQ-PSNR in dB of what a residual on the network's grid shows."""
        over = WorkingGrid.over(network.grid, *self._size, IDENTITY)
        down, across = (axis.raster_taps().part(self._every) for axis in (over.rows, over.columns))
        shown = self._shown(network, down.interpolate(across.interpolate(on_grid, axis=1), axis=0))
        return decibels(float(np.mean(np.square(shown - self._wanted), dtype=np.float64)))

    def _shown(self, network: NeuralGainMap, residual: Array) -> Array:
        """PQ codes of the HDR rendition."""
        if network.domain != "log2_gain":
            pq: Array = inverse_residual(network.domain, residual, self._base_pq, np)
            return np.clip(pq, 0, 1)
        offsets = np.float32(network.base_offset), np.float32(network.alternate_offset)
        return pq_encode(np.maximum((self._base + offsets[0]) * np.exp2(residual) - offsets[1], 0))


class _Series(NamedTuple):
    """Pictures of one ground and level.

    Attributes:
        ground: What they are added to.
        level: Of the ground's grid.
        small: The cells to be coded.
        qualities: Whole numbers, ascending.
        sizes: Bytes of whole payloads.
        psnrs: In dB, ascending.
    """

    ground: Ground
    level: int
    small: Array
    qualities: Numbers
    sizes: Numbers
    psnrs: Numbers


_Trial = tuple[float, float, float]
"""A quality, the size of its payload in bytes, and the PQ-PSNR of that in dB."""


class _Level:
    """What a ground leaves on a level of its grid, and trials of coding that."""

    def __init__(self, sample: _Sample, is_continued: bool, ground: Ground, level: int) -> None:
        grid = ground.network.grid
        coarse = WorkingGrid.over((cells(grid[0], level), cells(grid[1], level)), *grid, IDENTITY)
        over = WorkingGrid.over(grid, *grid, IDENTITY)
        self._sample, self._is_continued, self._ground, self._level = sample, is_continued, ground, level
        self._small = reduced(ground.left, coarse)[0].values
        self._down, self._across = over.rows.level_taps(level), over.columns.level_taps(level)
        self._trial = cache(self._tried)  # qualities are tried again for another target

    def _tried(self, quality: int) -> tuple[float, float]:
        """Size in bytes and PQ-PSNR in dB of a payload whose picture is coded quickly."""
        network = self._ground.network
        picture = _coded(self._small, self._level, quality, _TRIAL_SPEEDS)
        wide = self._across.interpolate(picture_values(network, picture), axis=1)
        psnr = self._sample.psnr(network, self._down.interpolate(wide, axis=0) + self._ground.said)
        return self._ground.size + len(picture.frame) / self._sample.share, psnr

    def series(self, is_enough: IsEnough) -> _Series:
        """Trials of rising quality, until size and PQ-PSNR of one are enough."""
        found: list[_Trial] = []
        for quality in _QUALITIES:
            found.append((quality, *self._trial(quality)))
            if is_enough(*found[-1][1:]):
                break
        else:
            found += [_continued(found, FINEST)] if self._is_continued else []
        tried, sizes, psnrs = np.array(found).T
        qualities = np.arange(tried[0], tried[-1] + 1)
        sizes = np.exp(np.interp(qualities, tried, np.log(sizes)))
        psnrs = np.interp(qualities, tried, np.maximum.accumulate(psnrs))
        return _Series(self._ground, self._level, self._small, qualities, sizes, psnrs)


def _continued(trials: Sequence[_Trial], quality: int) -> _Trial:
    """What the last two trials let expect of a better quality: one more, where it is needed, would take longest."""
    (before, small, poor), (last, large, good) = trials[-2:]
    steps = (quality - last) / (last - before)
    return quality, large * (large / small) ** steps, good + (good - poor) * steps


class _Search:
    """The cheapest pictures on grounds of one pair. What was tried for one goal serves for the next."""

    def __init__(self, pair: PairLike, is_continued: bool, share: float = 1.0) -> None:
        self._level = cache(partial(_Level, _Sample(pair, share), is_continued))

    def cheapest(self, ground: Ground, costs: Costs, is_enough: IsEnough) -> Iterator[tuple[float, _Choice]]:
        """What each level of a ground costs at least; finer levels only until they cost more."""
        least = math.inf
        for level in _levels(ground.network.grid):
            series = self._level(ground, level).series(is_enough)
            found = costs(series.sizes, series.psnrs)
            index = int(np.argmin(found))
            if found[index] < math.inf:
                yield float(found[index]), _Choice(series, index)
            if found[index] > least:
                break
            least = float(found[index])

    def finest(self, ground: Ground) -> _Series:
        """What shows the most, whatever it costs, is the last of these."""
        return self._level(ground, 0).series(lambda *_: False)


class Trials:
    """Pictures on some grounds: which is worth coding slowly."""

    def __init__(
        self,
        grounds: Iterable[Ground],
        pair: PairLike,
        silent: Sequence[NeuralGainMap] = (),
        is_continued: bool = True,
    ) -> None:
        """Of grounds, and of silent ones: an excerpt of the pair tells which of these networks they are made of.

        Args:
            is_continued: Better qualities may be chosen than those that are tried.
        """
        self._grounds, self._pair, self._silent, self._is_continued = tuple(grounds), pair, silent, is_continued
        self._search = _Search(pair, is_continued)
        self._ground_of = cache(partial(silent_ground, pair=pair))

    def cheapest(self, costs: Costs, is_enough: Enough) -> list[_Choice]:
        """The cheapest of all grounds, levels and qualities; and the next ones, where these are coded in a moment."""
        found: list[tuple[float, _Choice]] = []
        for ground in (*self._grounds, *self._promising(costs, partial(is_enough, math.inf))):
            least = min((cost for cost, _ in found), default=math.inf)
            found += self._search.cheapest(ground, costs, partial(is_enough, least))
        found.sort(key=lambda each: each[0])
        best, others = found[:1], found[1:_FINALISTS]
        return [choice for _, choice in best + [each for each in others if each[1].is_quick]]

    def finest(self) -> _Choice:
        """What shows the most, whatever it costs: the best quality of the finest level: no coarser one comes near."""
        grounds = *self._grounds, *self._promising(lambda sizes, psnrs: -psnrs, lambda *_: False)
        best = max(map(self._search.finest, grounds), key=lambda series: float(series.psnrs[-1]))
        return _Choice(best, len(best.psnrs) - 1)

    def _promising(self, costs: Costs, is_enough: IsEnough) -> list[Ground]:
        """The silent grounds whose pictures cost least on the excerpt, or show most, made for the pair itself."""
        if not self._silent:
            return []
        search, grounds = self._excerpt

        def rank(index: int) -> tuple[float, float]:
            found = [cost for cost, _ in search.cheapest(grounds[index], costs, is_enough)]
            return (min(found), 0) if found else (math.inf, -float(search.finest(grounds[index]).psnrs[-1]))

        best = sorted(range(len(grounds)), key=rank)[:_MOST_SILENT]
        return [self._ground_of(self._silent[index]) for index in best]

    @cached_property
    def _excerpt(self) -> tuple[_Search, list[Ground]]:
        excerpt = _Excerpt.of(self._pair)
        share = excerpt.hdr.size / self._pair.hdr.size
        return _Search(excerpt, self._is_continued, share), [
            silent_ground(network, excerpt) for network in self._silent
        ]


Costs = Callable[[Numbers, Numbers], Numbers]
"""What sizes in bytes and PQ-PSNRs in dB cost: the least is chosen, infinite is out of the question."""

IsEnough = Callable[[float, float], bool]
"""Whether nothing can be the cheapest that is of more than a size in bytes and a PQ-PSNR in dB."""

Enough = Callable[[float, float, float], bool]
"""The same, where something was found that costs as little as the first number says."""


class _Choice(NamedTuple):
    series: _Series
    place: int

    @property
    def is_quick(self) -> bool:
        """Whether it is coded in a second or so."""
        return self.series.small.size <= _FEW_SAMPLES

    @property
    def quality(self) -> int:
        return int(self.series.qualities[self.place])

    def slope(self, of: Numbers) -> float:
        """How much more there is of something for one more of the quality, around the one chosen."""
        return max(float(np.gradient(of)[self.place]), 1e-3) if len(of) > 1 else 1.0


def reach(trials: Trials, psnr: float, measure: Callable[[NeuralGainMap], M]) -> list[M]:
    """Payloads of about so many dB with the picture that needs the fewest bytes for it, or with the best there is."""

    def costs(sizes: Numbers, psnrs: Numbers) -> Numbers:
        return np.where(psnrs >= psnr, sizes, np.inf)

    def change(choice: _Choice, found: M) -> int:
        return math.ceil(_steps(psnr - found.psnr, choice.slope(choice.series.psnrs)))

    def is_enough(least: float, size: float, reached: float) -> bool:
        return reached > psnr + 1 or size > least

    made = _made(trials.cheapest(costs, is_enough) or [trials.finest()], measure, change)
    best = nearest((each.payload for each in made), psnr)
    return _refined(made, best if best.psnr >= psnr else None, measure, lambda *found: change(*found) or -1)


def _steps(missing: float, slope: float) -> float:
    """Of the quality for what is missing, no more than there are: where nothing is wrong, PQ-PSNR is infinite."""
    return min(max(missing / slope, -FINEST), FINEST)


def nearest(found: Iterable[M], psnr: float) -> M:
    """The smallest payload of at least so many dB, or where there is none, of hardly fewer than the best has."""
    payloads = list(found)
    best = max(each.psnr for each in payloads)
    least = psnr if best >= psnr else best - _HARDLY_DB
    return min((each for each in payloads if each.psnr >= least), key=lambda each: each.size)


def keep_within(trials: Trials, size: int, measure: Callable[[NeuralGainMap], M]) -> list[M]:
    """Payloads of about so many bytes with the picture that is best for them, or with the smallest there is."""

    def costs(sizes: Numbers, psnrs: Numbers) -> Numbers:
        return np.where(sizes <= size, -psnrs, sizes)  # where none is so small, the smallest

    def change(choice: _Choice, found: M) -> int:
        return math.floor(_steps(math.log(size / found.size), choice.slope(np.log(choice.series.sizes))))

    choices = trials.cheapest(costs, lambda least, each, psnr: each > size)
    if choices[0].quality == FINEST and choices[0].series.level:  # a finer level was left that began with less to show
        choices.append(trials.finest())
    made = _made(choices, measure, change)
    within = sorted((each.payload for each in made if each.payload.size <= size), key=lambda each: each.psnr)
    return _refined(made, within[-1] if within else None, measure, lambda *found: change(*found) or 1)


def worth_most(trials: Trials, bytes_per_db: float, measure: Callable[[NeuralGainMap], M]) -> list[M]:
    """The payload with the picture that is worth most at a price."""
    choices = trials.cheapest(lambda sizes, psnrs: sizes - bytes_per_db * psnrs, lambda *_: False)
    return [each.payload for each in _made(choices, measure, lambda choice, found: 0)]


def _levels(grid: tuple[int, int]) -> Iterator[int]:
    """The coarsest first."""
    for level in range(_COARSEST_LEVEL, -1, -1):
        if level == 0 or min(cells(side, level) for side in grid) >= _FEWEST_CELLS:
            yield level


class _Made(NamedTuple, Generic[M]):
    choice: _Choice
    quality: int
    payload: M


Change = Callable[[_Choice, M], int]
"""How many steps of the quality lead from a payload to a better one; none where there are none to go."""


def _made(choices: Iterable[_Choice], measure: Callable[[NeuralGainMap], M], change: Change[M]) -> list[_Made[M]]:
    """The pictures chosen, coded slowly."""
    return [made for choice in choices for made in _made_of(choice, choice.quality, _SPEEDS, measure, change)]


def _refined(
    made: Sequence[_Made[M]], best: M | None, measure: Callable[[NeuralGainMap], M], change: Change[M]
) -> list[M]:
    """All payloads, with further ones of the best, where that is small, coded as slowly as can be."""
    found = [each.payload for each in made]
    for each in made:
        if each.payload is best and each.choice.is_quick and best.size <= _FEW_BYTES:
            found += [more.payload for more in _made_of(each.choice, each.quality, _SLOWEST, measure, change)]
    return found


def _made_of(
    choice: _Choice,
    quality: int,
    speeds: tuple[int, int, int],
    measure: Callable[[NeuralGainMap], M],
    change: Change[M],
) -> Iterator[_Made[M]]:
    """A picture and some of neighbouring qualities, as long as `change` wants another."""
    small, level, network = choice.series.small, choice.series.level, choice.series.ground.network
    found: set[int] = set()
    while quality not in found and len(found) <= _CORRECTIONS:
        found.add(quality)
        made = measure(replace(network, picture=_coded(small, level, quality, speeds)))
        yield _Made(choice, quality, made)
        quality = min(max(quality + change(choice, made), 0), FINEST)


def _coded(small: Array, level: int, quality: int, speeds: tuple[int, int, int]) -> CodedPicture:
    return code_residual(small, level, quality=quality, speed=speeds[bisect_left(_MANY_SAMPLES, small.size)])
