"""Ordinary gain maps coded as pictures: the baselines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import pairwise
from time import perf_counter

from gainmap_bench.inputs.evaluation import BenchPair, Evaluation
from gainmap_bench.methods.coders import Coder
from gainmap_bench.methods.points import METADATA_BYTES, Point, Recall
from gainmap_bench.methods.residual_maps import ReducedMap, ResidualMaps, all_kinds_of, kinds_of
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.map_metadata.iso21496 import fraction_of
from gainmap_codec.files.records import CodedImage, Fraction, GainMapChannel, GainMapMetadata, StoredGainMap

MOST_BYTES = 1 << 16
"""No gain map is of interest beyond."""

_PHOTO_PSNR = 58.0  # dB; photos are compared up to 56
_MARGIN = 0.05  # dB
_STRIDE = 3  # qualities
_NEAR = 0.5  # dB below the best of as many bytes


@dataclass(frozen=True)
class OrdinaryMaps:
    """Maps of all kinds and scales that can lie on a codec's curve, in a sweep of qualities.

    A series ends where it cannot win any more: the ceiling that its map has before coding is reached, or beaten by a
    map of no more bytes. A scale is left out where that holds already for the bytes of the coarser map of its kind, or
    where these were more than `MOST_BYTES`.

    Attributes:
        coder: The codec.
        every: Takes one of so many qualities, for a quick look.
    """

    coder: Coder
    every: int = 1

    is_seeded = False

    @property
    def name(self) -> str:
        """See `Method`."""
        return self.coder.name

    @property
    def parameters(self) -> str:
        """See `Method`."""
        return json.dumps([self.coder.settings, METADATA_BYTES, MOST_BYTES, _PHOTO_PSNR, _MARGIN])

    def points(self, pair: BenchPair, evaluation: Evaluation, seed: int, recall: Recall) -> Iterator[Point]:
        """See `Method`; `seed` decides nothing."""
        found: list[Point] = []
        highest = _PHOTO_PSNR if pair.kind == "photo" else float("inf")
        for maps in _residual_maps(pair, evaluation)[: len(kinds_of(pair))]:
            fewest = 0.0
            for scale in maps.scales:
                reduced = maps.at(scale)
                if fewest > MOST_BYTES or _best(found, fewest) > reduced.ceiling + 2 * _MARGIN:
                    continue
                series = list(self._series(pair, reduced, found, highest, recall))
                yield from series
                fewest = series[0].bytes

    def _series(
        self, pair: BenchPair, reduced: ReducedMap, found: list[Point], highest: float, recall: Recall
    ) -> Iterator[Point]:
        """Points of one kind and scale, which are added to those `found`: each third quality until no more can win,
        then the qualities between those that are near to winning."""
        qualities = self.coder.qualities[:: self.every]

        def take(index: int) -> Point:
            measure = partial(_measure, self.coder, pair, reduced, qualities[index])
            found.append(recall(reduced.series, f"{qualities[index]:g}", measure))
            return found[-1]

        rough: list[tuple[int, Point]] = []
        for index in range(0, len(qualities), _STRIDE):
            point = take(index)
            rough.append((index, point))
            yield point
            is_done = point.psnr > min(highest, reduced.ceiling - _MARGIN) or point.bytes > MOST_BYTES
            if is_done or _best(found, point.bytes) > reduced.ceiling + 2 * _MARGIN:
                break
        for (start, first), (end, last) in pairwise(rough):
            if any(_best(found, point.bytes) - point.psnr < _NEAR for point in (first, last)):
                yield from (take(index) for index in range(start + 1, end))


@dataclass(frozen=True)
class DomainMaps:
    """Maps of every residual at a quarter of the base's side, in a sweep of qualities: what a residual is worth.

    Attributes:
        coder: The codec.
        every: Takes one of so many qualities.
    """

    coder: Coder
    every: int = 1

    is_seeded = False

    @property
    def name(self) -> str:
        """See `Method`."""
        return f"{self.coder.name}-domains"

    @property
    def parameters(self) -> str:
        """See `Method`."""
        return OrdinaryMaps(self.coder).parameters

    def points(self, pair: BenchPair, evaluation: Evaluation, seed: int, recall: Recall) -> Iterator[Point]:
        """See `Method`; `seed` decides nothing."""
        for maps in _residual_maps(pair, evaluation):
            reduced = maps.at("1/4" if "1/4" in maps.scales else next(reversed(maps.scales)))
            for quality in self.coder.qualities[:: self.every]:
                measure = partial(_measure, self.coder, pair, reduced, quality)
                point = recall(reduced.series, f"{quality:g}", measure)
                yield replace(point, method=self.name, series=maps.kind.name)


def _measure(coder: Coder, pair: BenchPair, reduced: ReducedMap, quality: float) -> Point:
    start = perf_counter()
    data = coder.encode(reduced.codes, quality)
    seconds = perf_counter() - start
    score = reduced.score(coder.decode(data))
    growth = _growth(pair, reduced, data) if coder.name == "jpeg" else len(data) + METADATA_BYTES
    counted = coder.count(data) + METADATA_BYTES
    return Point(coder.name, reduced.series, f"{quality:g}", counted, growth, *score, seconds)


@lru_cache(maxsize=1)  # all codecs code the same maps
def _residual_maps(pair: BenchPair, evaluation: Evaluation) -> tuple[ResidualMaps, ...]:
    return tuple(ResidualMaps(kind, pair, evaluation) for kind in all_kinds_of(pair))


def _best(points: list[Point], size: float) -> float:
    """The best PQ-PSNR in dB within so many bytes."""
    return max((point.psnr for point in points if point.bytes <= size), default=float("-inf"))


def _growth(pair: BenchPair, reduced: ReducedMap, data: bytes) -> int:
    """What our writer adds to a file for a JPEG map. Residuals that no standard knows count as if they were gains."""
    height, width, channels = reduced.codes.shape
    base_offset, alternate_offset = (fraction_of(offset) for offset in reduced.kind.offsets)
    numbers = tuple(
        GainMapChannel(fraction_of(float(low)), fraction_of(float(high)), Fraction(1, 1), base_offset, alternate_offset)
        for low, high in zip(reduced.low, reduced.high, strict=True)
    )
    metadata = GainMapMetadata(Fraction(0, 1), fraction_of(pair.pair.headroom), numbers)
    stored = StoredGainMap(CodedImage(data, width, height, channels), metadata, "iso21496")
    file = pair.pair.file
    return len(serialize_jpeg(replace(file, gain_map=stored))) - len(serialize_jpeg(file))
