"""Neural gain maps under measurement: the published networks, and our payloads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from math import inf
from time import perf_counter

from gainmap_bench.inputs.evaluation import BenchPair, Evaluation
from gainmap_bench.methods.float_networks import PUBLISHED_SCHEDULE, Kind, PublishedMlp, Schedule
from gainmap_bench.methods.points import METADATA_BYTES, Point, Recall, code_digest
from gainmap_codec.codec.pairing import Pair
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.payload.format import parse_payload, serialize_payload
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.files.payload.weights import in_order
from gainmap_codec.neural.blank import empty_record
from gainmap_codec.neural.fit.picture import Trials, nearest, reach, trials_for_targets
from gainmap_codec.neural.fit.presets import measured, shipped_presets, start_fit
from gainmap_codec.pixels.maps.neural_map import render_neural_map

_MORE_ROUNDS = 3  # at each further price


@dataclass(frozen=True)
class PaperNetworks:
    """The networks of Gain-MLP as published: float32 weights that are never rounded, 4 bytes each.

    Attributes:
        kinds: What they predict.
        widths: Neurons of both hidden layers.
        schedule: Of the fits.
    """

    kinds: tuple[Kind, ...] = ("gamma", "gain")
    widths: tuple[int, ...] = (16,)
    schedule: Schedule = PUBLISHED_SCHEDULE

    name = "paper"
    is_seeded = True

    @property
    def parameters(self) -> str:
        """See `Method`."""
        return json.dumps([asdict(self), METADATA_BYTES])

    def points(self, pair: BenchPair, evaluation: Evaluation, seed: int, recall: Recall) -> Iterator[Point]:
        """See `Method`: a point a kind and width."""
        for kind in self.kinds:
            for width in self.widths:
                network = PublishedMlp(kind, width, self.schedule)
                label = f"{width} neurons"
                yield recall(f"paper-{kind}", label, partial(self._measure, pair, evaluation, seed, network, label))

    def _measure(self, pair: BenchPair, evaluation: Evaluation, seed: int, network: PublishedMlp, label: str) -> Point:
        start = perf_counter()
        data = network.encode(pair, seed)
        seconds = perf_counter() - start
        where = evaluation.shape, evaluation.rows, evaluation.columns, evaluation.base_pq
        score = evaluation.score(network.predict(data, *where))
        size = 4 * sum(inputs * outputs for inputs, outputs in network.shapes) + METADATA_BYTES
        return Point(self.name, f"paper-{network.kind}", label, size, size, *score, seconds, seed)


@dataclass(frozen=True)
class NeuralPayloads:
    """Our codec's payloads: each preset's, what the same fit gives at other prices of a decibel, and coded pictures.

    Attributes:
        presets: Which, with the prices to follow the preset's own, as multiples of it.
        targets: PQ-PSNR in dB that payloads with a picture, on a fit of the first preset, have to reach.
    """

    presets: tuple[tuple[Preset, tuple[float, ...]], ...] = (
        ("tiny", (2, 4, 0.5, 0.25)),
        ("balanced", (2, 4, 0.5, 0.25)),
    )

    targets: tuple[float, ...] = (36, 38, 40, 42, 44, 46, 48, 50, 52, 54, 56, 58)

    name = "neural"
    is_seeded = True

    @property
    def parameters(self) -> str:
        """See `Method`."""
        configs = shipped_presets().multiscale
        fits = [[asdict(configs[preset]), prices] for preset, prices in self.presets]
        return json.dumps([fits, self.targets, code_digest()])

    def points(self, pair: BenchPair, evaluation: Evaluation, seed: int, recall: Recall) -> Iterator[Point]:
        """See `Method`."""
        for preset, prices in self.presets:
            measured_points = _PriceCurve(pair, evaluation, preset, seed)
            for price in (1, *prices):
                label = preset if price == 1 else f"{preset} × {price:g}"
                yield recall(preset, label, partial(measured_points.at, (1, *prices), price, label))
        pictures = PicturePayloads(pair.pair, self.presets[0][0], seed)

        def reaching(target: float) -> Point:
            start = perf_counter()
            payload = pictures.reaching(target)
            return _point(pair, evaluation, "picture", f"{target:g} dB", payload, perf_counter() - start, seed)

        for target in self.targets:
            yield recall("picture", f"{target:g} dB", partial(reaching, target))


class _PriceCurve:
    """One fit at several prices, run only when the first of its points is asked for."""

    def __init__(self, pair: BenchPair, evaluation: Evaluation, preset: Preset, seed: int) -> None:
        self._pair, self._evaluation, self._preset, self._seed = pair, evaluation, preset, seed
        self._found: dict[float, tuple[bytes, float]] = {}

    def at(self, prices: tuple[float, ...], price: float, label: str) -> Point:
        """The point of one of the prices, of which the first is 1."""
        if not self._found:
            found = payloads_at_prices(self._pair.pair, self._preset, prices, self._seed)
            self._found = dict(zip(prices, found, strict=True))
        return _point(self._pair, self._evaluation, self._preset, label, *self._found[price], self._seed)


class PicturePayloads:
    """Payloads with a picture, on a network or alone, whichever takes fewer bytes for a target."""

    def __init__(self, pair: Pair, preset: Preset, seed: int) -> None:
        """Of a fit of `preset`, which begins when the first payload is asked for."""
        self._pair, self._preset, self._seed = pair, preset, seed

    @cached_property
    def _trials(self) -> Trials:
        pair, config = self._pair, replace(shipped_presets().multiscale[self._preset], has_picture=True)
        blank = replace(empty_record(self._preset, "multiscale"), alternate_hdr_headroom=pair.headroom)
        fit = start_fit(blank, config, pair, self._seed)
        fit.improve(fit.config.bytes_per_db, config.rounds)
        return trials_for_targets(fit.network(), fit.target, pair)

    def reaching(self, target: float) -> bytes:
        """The smallest that has this PQ-PSNR in dB, or the best that there is."""
        trials, measure = self._trials, partial(measured, pair=self._pair)
        return nearest(reach(trials, target, measure), target).payload


def _point(
    pair: BenchPair, evaluation: Evaluation, series: str, label: str, payload: bytes, seconds: float, seed: int
) -> Point:
    """What a payload is worth."""
    file, renditions = pair.pair.file, pair.pair
    rendition = render_neural_map(parse_payload(payload), renditions.codes, renditions.color, headroom=inf)
    growth = len(serialize_jpeg(replace(file, payload=payload))) - len(serialize_jpeg(file))
    score = evaluation.score_picture(rendition)
    return Point("neural", series, label, len(payload), growth, *score, seconds, seed)


def payloads_at_prices(pair: Pair, preset: Preset, prices: Iterable[float], seed: int) -> list[tuple[bytes, float]]:
    """Payloads of one fit at several prices of a decibel, and the seconds from its start to each.

    Args:
        pair: The pair.
        preset: Whose price is 1.
        prices: Multiples of the preset's, in the order in which the fit goes from one to the next; the first is 1.
        seed: Of the fit.
    """
    config, found = shipped_presets().multiscale[preset], []
    start = perf_counter()
    blank = replace(empty_record(preset, "multiscale"), alternate_hdr_headroom=pair.headroom)
    fit = start_fit(blank, config, pair, seed)
    for price in prices:
        fit.improve(fit.config.bytes_per_db * price, config.rounds if price == 1 else _MORE_ROUNDS)
        network = fit.network()
        payload = serialize_payload(replace(network, layers=in_order(network.layers)))
        found.append((payload, perf_counter() - start))
    return found
