"""Neural gain maps under measurement: the published networks, and our payloads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import inf
from time import perf_counter

import numpy as np
import torch

from gainmap_codec.bench.evaluation import BenchPair, Evaluation
from gainmap_codec.bench.points import METADATA_BYTES, Point, Recall
from gainmap_codec.encoding import NeuralOptions, encode_pair
from gainmap_codec.errors import Limits
from gainmap_codec.files.jpeg import parse_jpeg
from gainmap_codec.files.payload import parse_payload
from gainmap_codec.files.records import Preset
from gainmap_codec.neural.network import FeatureTables, hdr_pq
from gainmap_codec.neural.published import PUBLISHED, Fit, PublishedConfig, blank_network, fit_published
from gainmap_codec.neural.targets import MULTISCALE
from gainmap_codec.pixels.color import Array
from gainmap_codec.pixels.neural_map import render_neural_map

_CHUNK = 1 << 16  # pixels whose features are held at a time


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
    """Our codec's payloads: a point a preset, decoded by the definition from the written file.

    Attributes:
        presets: Which.
    """

    presets: tuple[Preset, ...] = ("tiny", "balanced", "best")

    name = "neural"
    is_seeded = True

    @property
    def parameters(self) -> str:
        """See `Method`."""
        return json.dumps({preset: asdict(MULTISCALE[preset]) for preset in self.presets})

    def points(self, pair: BenchPair, evaluation: Evaluation, seed: int, recall: Recall) -> Iterator[Point]:
        """See `Method`."""
        for preset in self.presets:
            yield recall(self.name, preset, partial(self._measure, pair, evaluation, seed, preset))

    def _measure(self, pair: BenchPair, evaluation: Evaluation, seed: int, preset: Preset) -> Point:
        options = NeuralOptions(preset, target_bytes=None, target_psnr=None, device="cpu", seed=seed, progress=None)
        report = encode_pair(pair.pair, None, options, preset)
        payload = parse_jpeg(report.data, Limits()).payload
        assert payload is not None
        rendition = render_neural_map(parse_payload(payload), pair.pair.codes, pair.pair.color, headroom=inf)
        growth = len(report.data) - report.base_bytes
        score = evaluation.score_picture(rendition)
        return Point(self.name, self.name, preset, len(payload), growth, *score, report.fit_seconds, seed)
