"""What a "multiscale" network is fitted to: which residual, on which working grid, and what each error costs.

An error d of a log2 gain costs w·d² of squared PQ error, where w is the squared slope of the PQ code at the true HDR
value: errors that small are all but linear. In the PQ domains the fit sees the PQ codes themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import count
from math import inf, isqrt, log10
from typing import NamedTuple

import numpy as np

from gainmap_codec.files.payload.layout import residual_range
from gainmap_codec.files.payload.records import Domain
from gainmap_codec.neural.blank import OFFSET
from gainmap_codec.neural.pair import PairLike
from gainmap_codec.pixels import loops
from gainmap_codec.pixels.color.light import PQ_PEAK, Array, pq_encode, pq_psnr
from gainmap_codec.pixels.maps.neural_map import base_bt2020
from gainmap_codec.pixels.maps.one_gain import Offsets, OneGain
from gainmap_codec.pixels.maps.residual import log2_gain, residual, residual_slope, storable_offset
from gainmap_codec.pixels.maps.working_grid import WorkingGrid
from gainmap_codec.pixels.strips import for_each_strip, rows_in_cache

_PQ_DOMAINS: tuple[Domain, ...] = ("pq_gamma", "pq_difference")
"""For three channels: errors of a log2 gain, large in the dark, are too far from linear for weights."""

_NONE, _ALIKE = (0.0, 0.0), (OFFSET, OFFSET)
_SCALES = (8, 4, 2)  # raster pixels per cell of the working grid along a side, the coarsest first
_FEWEST_CELLS = 1 << 19  # of a grid coarser than the raster: the network needs to see small things
_MOST_CELLS = 1 << 22  # of a grid coarser than the raster; each takes a hundred bytes of memory
_TRANSPARENT_DB = 58.0  # a grid that can say the residual this well costs nothing
_ONE_CHANNEL_DB = 55.0  # likewise one gain for all three channels
_EXACT_DB = 65.0  # beyond any fit: a gain that is known is taken with its own offsets, unless it is as good without
_SAMPLES_PER_CELL = 2  # along a side: a residual that a coarse grid can say is smooth
_SHARPENING = 2
_OUTLIERS = 0.0005
_SMALLEST_SCALE = 1e-3  # in residual units: an HDR rendition equal to its base still needs a scale to divide by
_STEEPEST = np.float32(0.077)  # PQ per stop, near 2700 nits: nowhere is it steeper without an offset
_NUDGE = 1 / 64  # stops, to see how steep PQ is
_SEEN = 1e-3  # of the cost of an error where that is highest: where less, it does not show
_SAMPLES = 1 << 18  # pixels, at least half as many of which tell what one gain leaves


class Sampled(NamedTuple):
    """Some pixels of a pair: every n-th along either side, linear BT.2020, float32 (h, w, 3).

    Attributes:
        base: The base as its readers decode it.
        hdr: The HDR rendition.
        origin: The base that the HDR rendition was made of, where a gain is known by which it was; else `base`.
        gain: That gain, float32 (h, w, 1).
    """

    base: Array
    hdr: Array
    origin: Array
    gain: Array | None = None


class Residual(NamedTuple):
    """A residual, float32 (h, w, C), and the cost of its squared errors, float32 (h, w, C)."""

    values: Array
    weights: Array


@dataclass(frozen=True)
class Target:
    """What to fit.

    Attributes:
        domain: The residual's domain.
        offsets: Of base and HDR, of a log2 gain.
        grid: Rows and columns of the working grid.
        wanted: The residual on the grid, normalised to −1…1, float32 (rows, columns, 1 or 3).
        weights: What a squared error of `wanted` costs, float32, as `wanted`; sums over channels are means over pixels.
        base_pq: PQ codes of the base on the grid, float32 (rows, columns, 3), in the PQ domains.
        shift: Residual = shift + scale × normalised.
        scale: See `shift`.
        whole: The residual on the grid with nothing cut off, and what its squared errors cost.
        floor: Mean squared PQ error that remains at `wanted` itself: of the grid, of one gain, of a base coded anew.
    """

    domain: Domain
    offsets: Offsets
    grid: tuple[int, int]
    wanted: Array
    weights: Array
    shift: float
    scale: float
    whole: Residual
    base_pq: Array | None = None
    floor: float = 0.0


def make_targets(pair: PairLike) -> list[Target]:
    """What may be fitted to a pair: one gain for all channels where that says it all, else the PQ domains.

    Where the HDR rendition is known to be made by one gain, this is what is fitted, whatever has become of the base
    since: three outputs would spend their bytes on errors of its coding, which few of them can mend.
    """
    sample, raster = lru_cache(1)(partial(_sample, pair)), pair.codes.shape[:2]
    some = sample(_odd_step(*raster))
    for offsets, least in _offsets(pair):
        _, left = _one_gain(some, offsets)
        if decibels(left) >= least:
            return [_on_best_grid(sample, raster, "log2_gain", offsets, left + _coding_error(pair.gain, some))]
    return [_on_best_grid(sample, raster, domain, _ALIKE, 0.0) for domain in _PQ_DOMAINS]


def _odd_step(height: int, width: int) -> int:
    """Between pixels along a side that are enough to know errors by; an odd one meets all places of coders' blocks."""
    return max(isqrt(height * width // _SAMPLES), 1) | 1


def _offsets(pair: PairLike) -> tuple[tuple[Offsets, float], ...]:
    """Offsets to try for one gain, and the PQ-PSNR in dB that it has to say the HDR rendition to."""
    if pair.gain is None:
        return (_NONE, _ONE_CHANNEL_DB), (_ALIKE, _ONE_CHANNEL_DB)
    own = storable_offset(pair.gain.base_offset), storable_offset(pair.gain.alternate_offset)
    return (_NONE, _EXACT_DB), (own, -inf)


def _coding_error(gain: OneGain | None, some: Sampled) -> float:
    """Mean squared PQ error of the gain that is known, over the base as its readers decode it."""
    if gain is None or some.gain is None:
        return 0.0
    return 10 ** (-pq_psnr(gain.hdr_of(some.base, some.gain), some.hdr) / 10)


def _largest_scale(height: int, width: int) -> int:
    return max((scale for scale in _SCALES if height * width >= scale**2 * _FEWEST_CELLS), default=1)


def _on_best_grid(
    sample: Callable[[int], Sampled], raster: tuple[int, ...], domain: Domain, offsets: Offsets, left: float
) -> Target:
    """A target on the coarsest grid that says the residual well enough, which itself leaves a mean squared PQ error."""
    height, width = raster
    for scale in (*_SCALES, 1):
        if scale > 1 and scale > _largest_scale(height, width):
            continue
        step = max(1, scale // _SAMPLES_PER_CELL)
        sampled = sample(step)
        values = _residual(sampled, domain, offsets)
        grid = -(-height // scale), -(-width // scale)
        over = _over_samples(grid, raster, step)
        on_grid, reached = reduced(values, over)
        finer_is_too_large = 4 * grid[0] * grid[1] > _MOST_CELLS
        if scale == 1 or reached >= _TRANSPARENT_DB or finer_is_too_large:
            target = replace(_normalised(on_grid, domain, offsets, grid), floor=left + 10 ** (-reached / 10))
            return target if domain == "log2_gain" else replace(target, base_pq=over.average(pq_encode(sampled.base)))
    raise AssertionError("the last scale always serves")


def _sample(pair: PairLike, step: int) -> Sampled:
    codes, linear, known = pair.codes[::step, ::step], pair.hdr[::step, ::step], pair.gain
    base, hdr = np.empty(codes.shape, np.float32), np.empty(codes.shape, np.float32)
    origin = np.empty_like(base) if known else base
    gain = np.empty((*codes.shape[:2], 1), np.float32) if known else None

    def convert(rows: slice) -> None:
        np.maximum(base_bt2020(codes[rows], pair.color), 0, out=base[rows])
        np.clip(linear[rows], 0, np.float32(PQ_PEAK), out=hdr[rows])
        if known and gain is not None:
            places = slice(rows.start * step, rows.stop * step, step), slice(None, None, step)
            gain[rows] = known.at(*places, *pair.codes.shape[:2])
            origin[rows] = known.base_of(hdr[rows], gain[rows])

    for_each_strip(len(codes), convert)
    return Sampled(base, hdr, origin, gain)


def _over_samples(grid: tuple[int, int], raster: tuple[int, ...], step: int) -> WorkingGrid:
    """Every n-th pixel over a grid, each where it lies, which is not the middle of the n pixels that it stands for."""
    counts = [-(-size // step) for size in raster]
    (yy, y0), (xx, x0) = (
        (count * step / size, (count * step + 1 - step) / size - 1) for count, size in zip(counts, raster, strict=True)
    )
    return WorkingGrid.over(grid, counts[0], counts[1], (xx, 0, x0, 0, yy, y0))


def _residual(sampled: Sampled, domain: Domain, offsets: Offsets) -> Residual:
    """One gain for all channels, or three residuals of a PQ domain."""
    if domain == "log2_gain":
        return _one_gain(sampled, offsets)[0]
    base, hdr = pq_encode(sampled.base), pq_encode(sampled.hdr)
    values = residual(domain, hdr, base, np)
    slope = residual_slope(domain, hdr, base, np)
    return Residual(values.astype(np.float32), (slope**2 / 3).astype(np.float32))


def _one_gain(sampled: Sampled, offsets: Offsets) -> tuple[Residual, float]:
    """One log2 gain for three channels, and the mean squared PQ error that it leaves."""
    height, width = sampled.hdr.shape[:2]
    values, weights = np.empty((2, height, width, 1), np.float32)
    lefts = np.zeros(height)  # a sum for each strip: threads may end in any order

    def measure(rows: slice) -> None:
        renditions = sampled.hdr[rows], sampled.origin[rows]
        lefts[rows.start] = loops.single_gains(*renditions, *offsets, values[rows], weights[rows])

    for_each_strip(height, measure)
    return Residual(values, weights), float(lefts.sum()) / (height * width)


def three_residuals(pair: PairLike, domain: Domain, offsets: Offsets = (0.0, 0.0)) -> Residual:
    """A residual for each channel, at every pixel, or of larger pictures on a grid of at most four million cells.

    Those whose errors hardly show do not stretch the range: they are cut off where the others end.

    Args:
        offsets: Of a log2 gain.
    """
    sampled, raster = _sample(pair, 1), pair.codes.shape[:2]
    is_gain = domain == "log2_gain"
    values, weights = _three_gains(sampled, *offsets) if is_gain else _residual(sampled, domain, offsets)
    seen = values[weights > _SEEN * (_STEEPEST**2 if is_gain else weights.max())]
    if seen.size:
        values = np.clip(values, seen.min(), seen.max())
    scale = next(each for each in count(1) if raster[0] * raster[1] <= each**2 * _MOST_CELLS)
    grid = -(-raster[0] // scale), -(-raster[1] // scale)
    return reduced(Residual(values, weights), _over_samples(grid, raster, 1))[0]


def _three_gains(sampled: Sampled, base_offset: float, alternate_offset: float) -> Residual:
    """A log2 gain for each channel, float32 (h, w, 3)."""
    offsets = np.float32(base_offset), np.float32(alternate_offset)
    bright = sampled.hdr + offsets[1]
    more, less = (pq_encode(bright * np.float32(2.0**stops) - offsets[1]) for stops in (_NUDGE, -_NUDGE))
    weights = np.square((more - less) / np.float32(2 * _NUDGE)) / 3
    return Residual(log2_gain(sampled.hdr, sampled.base, *offsets), weights)


def _mean(costs: Array) -> float:
    """Mean squared PQ error of weighted squared errors (h, w, C), which are sums over channels of means."""
    return float(np.sum(costs, dtype=np.float64) / (costs.shape[0] * costs.shape[1]))


def decibels(error: float) -> float:
    """PQ-PSNR in dB of a mean squared PQ error, 120 dB at most."""
    return -10 * log10(max(error, 1e-12))


def reduced(values: Residual, over: WorkingGrid) -> tuple[Residual, float]:
    """A residual on the grid that is nearest to it once enlarged, and the PQ-PSNR in dB that it leaves."""
    height, width = values.values.shape[:2]
    if over.rows.count == height and over.columns.count == width:
        return values, float("inf")
    weights = over.average(values.weights)
    floor = np.maximum(weights, 1e-12)
    small: Array = np.asarray(over.average(values.values * values.weights) / floor, np.float32)
    for _ in range(_SHARPENING):  # each time what enlarging has blurred is added back
        blurred = _weighted_error(values, small, over, 1)
        small = np.asarray(small + over.average(blurred) / floor, np.float32)
    return Residual(small, weights), decibels(_mean(_weighted_error(values, small, over, 2)))


def _weighted_error(values: Residual, small: Array, over: WorkingGrid, power: int) -> Array:
    """What a grid leaves of a residual, to a power, times what squared errors cost, float32 (h, w, C)."""
    rows, columns = over.rows.raster_taps(), over.columns.raster_taps()
    across, out = columns.interpolate(small, axis=1), np.empty_like(values.values)

    def measure(strip: slice) -> None:
        cells, down = rows.within(strip)
        error = values.values[strip] - down.interpolate(across[cells], axis=0)
        np.multiply(values.weights[strip], error**power, out=out[strip])

    for_each_strip(len(out), measure, rows_in_cache(out.shape[1]))
    return out


def _normalised(values: Residual, domain: Domain, offsets: Offsets, grid: tuple[int, int]) -> Target:
    """The target with its range, in the precision of the payload."""
    # With an offset, slopes near black have no bound: a few black pixels would set the range by themselves.
    weights = np.minimum(values.weights, _STEEPEST**2) if domain == "log2_gain" else values.weights
    heavy = values.values[weights > 1e-3 * weights.max()]
    low, high = np.quantile(heavy, [_OUTLIERS, 1 - _OUTLIERS]) if heavy.size else (0.0, 0.0)
    middle, half = (low + high) / 2, max((high - low) / 2, _SMALLEST_SCALE)
    shift, scale = residual_range(middle - half, middle + half)
    wanted = ((values.values - np.float32(shift)) / np.float32(scale)).astype(np.float32)
    wanted, weights = np.clip(wanted, -1, 1), values.weights * np.float32(scale**2)
    return Target(domain, offsets, grid, wanted, weights, shift, scale, values)
