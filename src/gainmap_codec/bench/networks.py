"""Neural gain maps under measurement: the published networks, and our payloads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import inf
from time import perf_counter

import numpy as np
import torch

from gainmap_codec.bench.evaluation import BenchPair, Evaluation
from gainmap_codec.bench.points import METADATA_BYTES, Point, Recall
from gainmap_codec.files.jpeg import serialize_jpeg
from gainmap_codec.files.payload import parse_payload, serialize_payload
from gainmap_codec.files.records import Preset
from gainmap_codec.neural.blank import empty_record, one_thread
from gainmap_codec.neural.network import FeatureTables, hdr_pq
from gainmap_codec.neural.published import PUBLISHED, Fit, PublishedConfig, blank_network, fit_published
from gainmap_codec.neural.targets import MULTISCALE, start_fit
from gainmap_codec.pairing import Pair
from gainmap_codec.pixels.color import Array
from gainmap_codec.pixels.neural_map import render_neural_map

_CHUNK = 1 << 16  # pixels whose features are held at a time
_MORE_ROUNDS = 3  # at each further price


@dataclass(frozen=True)
class PaperNetworks:
    """The networks of Gain-MLP as published: float32 weights that are never rounded, 4 bytes each.

    Attributes:
        presets: Which of them.
        steps: Of the fit; None takes the published number.
    """

    presets: tuple[Preset, ...] = ("paper-gamma", "paper-gain")
    steps: int | None = None

    name = "paper"
    is_seeded = True

    @property
    def parameters(self) -> str:
        """See `Method`."""
        return json.dumps([{preset: asdict(self._config(preset)) for preset in self.presets}, METADATA_BYTES])

    def points(self, pair: BenchPair, evaluation: Evaluation, seed: int, recall: Recall) -> Iterator[Point]:
        """See `Method`: a point a preset."""
        for preset in self.presets:
            yield recall(preset, "float32", partial(self._measure, pair, evaluation, seed, preset))

    def _measure(self, pair: BenchPair, evaluation: Evaluation, seed: int, preset: Preset) -> Point:
        config = self._config(preset)
        start = perf_counter()
        fitted = fit_published(blank_network(preset, config), config, pair.pair, seed=seed)
        seconds = perf_counter() - start
        score = evaluation.score(_float_rendition(fitted, pair, evaluation))
        size = sum(4 * weight.numel() for weight in fitted.weights) + METADATA_BYTES
        return Point(self.name, preset, "float32", size, size, *score, seconds, seed)

    def _config(self, preset: Preset) -> PublishedConfig:
        config = replace(PUBLISHED[preset], quantize_from=1.0)
        return config if self.steps is None else replace(config, steps=self.steps)


@torch.no_grad()
def _float_rendition(fitted: Fit, pair: BenchPair, evaluation: Evaluation) -> Array:
    """BT.2020 PQ codes, float32 (N, 3), at the measured pixels by the weights as they were before rounding."""
    height, width = evaluation.shape
    tables = FeatureTables(fitted.network, height, width, torch.device("cpu"))
    y, x, pq = (torch.from_numpy(each) for each in (evaluation.rows, evaluation.columns, evaluation.base_pq))
    parts = []
    for start in range(0, len(pq), _CHUNK):
        part = slice(start, start + _CHUNK)
        features = tables.at(y[part], x[part], pq[part])
        parts.append(hdr_pq(fitted.network, list(fitted.weights), features, pq[part]))
    return np.asarray(torch.cat(parts).numpy())


@dataclass(frozen=True)
class NeuralPayloads:
    """Our codec's payloads: each preset's, and what the same fit gives at other prices of a decibel.

    Attributes:
        presets: Which, with the prices to follow the preset's own, as multiples of it.
    """

    presets: tuple[tuple[Preset, tuple[float, ...]], ...] = (
        ("tiny", (2, 4, 0.5, 0.25)),
        ("balanced", (2, 4, 0.5, 0.25)),
    )

    name = "neural"
    is_seeded = True

    @property
    def parameters(self) -> str:
        """See `Method`."""
        return json.dumps([[asdict(MULTISCALE[preset]), prices] for preset, prices in self.presets])

    def points(self, pair: BenchPair, evaluation: Evaluation, seed: int, recall: Recall) -> Iterator[Point]:
        """See `Method`."""
        for preset, prices in self.presets:
            measured_points = _PriceCurve(pair, evaluation, preset, seed)
            for price in (1, *prices):
                label = preset if price == 1 else f"{preset} × {price:g}"
                yield recall(preset, label, partial(measured_points.at, (1, *prices), price, label))


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
        payload, seconds = self._found[price]
        pair = self._pair.pair
        rendition = render_neural_map(parse_payload(payload), pair.codes, pair.color, headroom=inf)
        growth = len(serialize_jpeg(replace(pair.file, payload=payload))) - len(serialize_jpeg(pair.file))
        score = self._evaluation.score_picture(rendition)
        return Point("neural", self._preset, label, len(payload), growth, *score, seconds, self._seed)


def payloads_at_prices(pair: Pair, preset: Preset, prices: Iterable[float], seed: int) -> list[tuple[bytes, float]]:
    """Payloads of one fit at several prices of a decibel, and the seconds from its start to each.

    Args:
        pair: The pair.
        preset: Whose price is 1.
        prices: Multiples of the preset's, in the order in which the fit goes from one to the next; the first is 1.
        seed: Of the fit.
    """
    config, found = MULTISCALE[preset], []
    start = perf_counter()
    blank = replace(empty_record(preset, "multiscale"), alternate_hdr_headroom=pair.headroom)
    with one_thread():
        fit = start_fit(blank, config, pair, seed)
        for price in prices:
            fit.improve(fit.config.bytes_per_db * price, config.rounds if price == 1 else _MORE_ROUNDS)
            found.append((serialize_payload(fit.network()), perf_counter() - start))
    return found
