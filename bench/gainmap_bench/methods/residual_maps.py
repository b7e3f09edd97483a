"""Ordinary gain maps before they are coded: what kinds there are, made small, made 8 bits, and enlarged again."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.sparse import csr_array

from gainmap_bench.inputs.evaluation import BenchPair, Evaluation, OwnMap, Score
from gainmap_codec.files.payload.records import Domain
from gainmap_codec.pixels.color.light import Array, pq_encode
from gainmap_codec.pixels.maps.neural_map import Codes, base_bt2020
from gainmap_codec.pixels.maps.residual import inverse_residual, residual
from gainmap_codec.pixels.raster.resampling import Taps, bilinear_taps

_COARSEST = 64  # base pixels per map pixel along a side
_SMALLEST_SIDE = 8  # px; HEVC codes blocks of this size
_SMALLEST_RANGE = 1e-4  # of a residual: a flat map still needs a range to divide by


class MapKind(NamedTuple):
    """A residual that a map may hold.

    Attributes:
        name: As series call it.
        target: The residual of a pair in the raster of its base, float32 (H, W, C).
        rendition: BT.2020 PQ codes, float32 (N, 3), at the measured pixels, of the residual there, float32 (N, C).
        offsets: Of base and alternate, linear; what a file's metadata would say.
    """

    name: str
    target: Callable[[BenchPair], Array]
    rendition: Callable[[Evaluation, Array], Array]
    offsets: tuple[float, float]


def kinds_of(pair: BenchPair) -> list[MapKind]:
    """The kinds worth trying, the likely best first.

    A photo's own map is the ISO map that explains its HDR rendition; others would describe the same with other offsets.
    Offsets of graded pairs: the usual 1/64 turns rounding of the map into grey blacks, to which PQ is sensitive, and
    cost up to 6 dB on dark pictures; of 1/64, 1/512, 1/4096 and 1/65536 these served best.
    """
    paper = [_pq_kind("pq-gamma", "pq_gamma"), _pq_kind("pq-gain", "pq_gain")]
    if pair.own_map is not None:
        return [_own_kind(pair.own_map), *paper]
    return [*(_iso_kind(channels, offset) for channels, offset in ((1, 512), (3, 4096))), *paper]


def all_kinds_of(pair: BenchPair) -> list[MapKind]:
    """The kinds worth trying, and the difference of PQ codes, which our networks may predict."""
    return [*kinds_of(pair), _pq_kind("pq-difference", "pq_difference")]


def _own_kind(own: OwnMap) -> MapKind:
    """The gains that a photo came with, which work in the primaries of its base."""
    base_offset, alternate_offset = np.float32(own.base_offset), np.float32(own.alternate_offset)

    def target(pair: BenchPair) -> Array:
        height, width = pair.pair.codes.shape[:2]
        return enlarge(own.gains, height, width)

    def rendition(evaluation: Evaluation, gains: Array) -> Array:
        linear = (evaluation.base + base_offset) * np.exp2(gains) - alternate_offset
        return pq_encode(evaluation.color.convert_to_bt2020(np.maximum(linear, 0)))

    return MapKind("own", target, rendition, (own.base_offset, own.alternate_offset))


def _iso_kind(channels: int, one_over_offset: int) -> MapKind:
    """log2 gains in BT.2020, where no colour of the HDR rendition is negative: ISO 21496-1 leaves the choice."""
    offset = np.float32(1 / one_over_offset)

    def target(pair: BenchPair) -> Array:
        both = np.stack([pair.pair.hdr, base_bt2020(pair.pair.codes, pair.pair.color)])
        light = np.maximum(both.max(axis=3, keepdims=True) if channels == 1 else both, 0) + offset
        return np.asarray(np.log2(light[0] / light[1]), dtype=np.float32)

    def rendition(evaluation: Evaluation, gains: Array) -> Array:
        return pq_encode((evaluation.base_bt2020 + offset) * np.exp2(gains) - offset)

    return MapKind(f"iso-{channels} 1/{one_over_offset}", target, rendition, (float(offset), float(offset)))


def _pq_kind(name: str, domain: Domain) -> MapKind:
    def target(pair: BenchPair) -> Array:
        base_pq = pq_encode(base_bt2020(pair.pair.codes, pair.pair.color))
        return np.asarray(residual(domain, pq_encode(pair.pair.hdr), base_pq, np), dtype=np.float32)

    def rendition(evaluation: Evaluation, values: Array) -> Array:
        pq = inverse_residual(domain, values, evaluation.base_pq, np)
        return np.asarray(np.clip(pq, 0, 1), dtype=np.float32)

    return MapKind(name, target, rendition, (0.0, 0.0))


class ReducedMap:
    """A residual map of one kind and size, ready to be coded.

    Attributes:
        kind: Of what residual.
        series: Its kind and scale, as points call it.
        codes: uint8 (h, w, C).
        low: What code 0 stands for, float32 (C,).
        high: What code 255 stands for, float32 (C,).
        ceiling: PQ-PSNR in dB of the map before it is rounded to 8 bits.
    """

    def __init__(self, kind: MapKind, scale: str, values: Array, evaluation: Evaluation) -> None:
        self.kind, self.series, self._evaluation = kind, f"{kind.name} {scale}", evaluation
        self.codes, self.low, self.high = to_codes(values)
        self.ceiling = evaluation.score(self._rendition(values)).psnr

    def score(self, codes: Codes) -> Score:
        """The quality of decoded codes, uint8 (h, w, C)."""
        return self._evaluation.score(self.rendition(codes))

    def rendition(self, codes: Codes) -> Array:
        """BT.2020 PQ codes at the measured pixels, float32 (N, 3), by decoded codes, uint8 (h, w, C)."""
        return self._rendition(from_codes(codes, self.low, self.high))

    def _rendition(self, values: Array) -> Array:
        return self.kind.rendition(self._evaluation, _enlarge_at(values, self._evaluation))


def to_codes(values: Array) -> tuple[Codes, Array, Array]:
    """A map, float32 (h, w, C), in 8 bits: codes, and what 0 and 255 stand for, float32 (C,) both.

    The whole range: leaving out 0.1 % at either end was no better with the offsets chosen here, and lost up to 4 dB
    where the brightest lights are few.
    """
    low, high = values.min(axis=(0, 1)), values.max(axis=(0, 1))
    high = np.maximum(high, low + np.float32(_SMALLEST_RANGE))
    return np.rint((values - low) / (high - low) * 255).astype(np.uint8), low, high


def from_codes(codes: Codes, low: Array, high: Array) -> Array:
    """The map, float32 (h, w, C): the inverse of `to_codes`."""
    return np.asarray(codes / np.float32(255) * (high - low) + low, np.float32)


class ResidualMaps:
    """The maps of one pair and kind at all scales, each made when it is first asked for.

    Attributes:
        kind: Of what residual.
        scales: Sizes (h, w) by names of scales, from coarse to fine: 1/64 … 1/1 of the base along a side. They count
            from the size of a photo's own map, where there is one that is not larger than its base.
    """

    def __init__(self, kind: MapKind, pair: BenchPair, evaluation: Evaluation) -> None:
        self.kind, self._pair, self._evaluation = kind, pair, evaluation
        self.scales = _scales(pair)
        self._reduced: dict[str, ReducedMap] = {}

    def at(self, scale: str) -> ReducedMap:
        """The map at one of the scales."""
        if scale not in self._reduced:
            values = reduce(self._target, *self.scales[scale])
            self._reduced[scale] = ReducedMap(self.kind, scale, values, self._evaluation)
        return self._reduced[scale]

    @cached_property
    def _target(self) -> Array:
        return self.kind.target(self._pair)


def _scales(pair: BenchPair) -> dict[str, tuple[int, int]]:
    base_height, base_width = pair.pair.codes.shape[:2]
    own = pair.own_map
    height, width = (base_height, base_width) if own is None else map(min, own.gains.shape, (base_height, base_width))
    scales = {}
    for octave in reversed(range(7)):
        size = ceil(height / 2**octave), ceil(width / 2**octave)
        scale = round(base_width / size[1])
        if (scale <= _COARSEST and min(size) >= _SMALLEST_SIDE) or octave == 0:
            scales[f"1/{scale}"] = size
    return scales


def reduce(values: Array, height: int, width: int) -> Array:
    """The map whose bilinear enlargement comes nearest to `values` in the mean square.

    Box averages, which encoders take, are blurred once more by the enlargement: on photos they need 6…23 % more bytes
    for the same quality at the same scale.

    Args:
        values: float32 (H, W, C).
        height: Rows of the map, at most H.
        width: Columns of the map, at most W.
    Returns:
        float32 (height, width, C).
    """
    planes = [_reduce_rows(_reduce_rows(plane, height).T, width).T for plane in np.moveaxis(values, 2, 0)]
    return np.stack(planes, axis=2)


def _reduce_rows(plane: Array, cells: int) -> Array:
    """Least squares along the first axis, float32 (cells, W): normal equations, which are tridiagonal."""
    size = plane.shape[0]
    if size == cells:
        return plane
    taps = bilinear_taps(size, cells)
    pixels = np.arange(size)
    weights = np.concatenate([1 - taps.fraction, taps.fraction])
    places = np.tile(pixels, 2), np.concatenate([taps.first, taps.second])
    enlarging = csr_array((weights, places), shape=(size, cells))
    normal = enlarging.T @ enlarging
    bands = np.zeros((2, cells))
    bands[1] = normal.diagonal()
    bands[0, 1:] = normal.diagonal(1)
    return np.asarray(solveh_banded(bands, enlarging.T @ plane), dtype=np.float32)


def enlarge(values: Array, height: int, width: int) -> Array:
    """Bilinear enlargement of float32 (h, w, C) to (height, width, C)."""
    rows, columns = bilinear_taps(height, values.shape[0]), bilinear_taps(width, values.shape[1])
    planes = [rows.interpolate(columns.interpolate(plane, axis=1), axis=0) for plane in np.moveaxis(values, 2, 0)]
    return np.stack(planes, axis=2)


def _enlarge_at(values: Array, evaluation: Evaluation) -> Array:
    """Bilinear enlargement of float32 (h, w, C) at the measured pixels alone, float32 (N, C)."""
    height, width = evaluation.shape
    top, bottom, down = _taps_at(bilinear_taps(height, values.shape[0]), evaluation.rows)
    left, right, along = _taps_at(bilinear_taps(width, values.shape[1]), evaluation.columns)
    above = values[top, left] + (values[top, right] - values[top, left]) * along
    below = values[bottom, left] + (values[bottom, right] - values[bottom, left]) * along
    return np.asarray(above + (below - above) * down, dtype=np.float32)


def _taps_at(taps: Taps, pixels: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
    """First and second cell of each pixel, (N,), and its fraction, (N, 1)."""
    return taps.first[pixels], taps.second[pixels], taps.fraction[pixels, np.newaxis]
