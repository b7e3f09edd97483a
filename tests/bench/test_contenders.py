"""The methods of the table: bytes as published, and renditions of these bytes and the base alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gainmap_bench.inputs.evaluation import BenchPair, Evaluation, scene_pair
from gainmap_bench.methods.contenders import CODED_MAPS, Base, CodedMap, Payload
from gainmap_bench.methods.float_networks import Kind, PublishedMlp, Schedule, weights_of_bytes
from gainmap_bench.methods.mlp_itm import MlpItm
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.neural.published.config import PUBLISHED
from gainmap_codec.neural.published.fit import blank_network, fit_published
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.maps.neural_map import base_bt2020
from support.short_fits import SHIPPED, shortened

SHORT = Schedule(60, 1 << 11)


@pytest.fixture(scope="module")
def pair() -> BenchPair:
    return scene_pair(96, 64)


@pytest.fixture(scope="module")
def base(pair: BenchPair) -> Base:
    return Base(pair.pair.codes, pair.pair.color)


@pytest.fixture(scope="module")
def plain(pair: BenchPair) -> float:
    """PQ-PSNR of the base itself."""
    return pq_psnr(base_bt2020(pair.pair.codes, pair.pair.color), pair.pair.hdr)


@pytest.mark.parametrize("method", CODED_MAPS, ids=lambda method: method.name)
def test_coded_maps(pair: BenchPair, base: Base, plain: float, method: CodedMap) -> None:
    data = method.encode(pair, 0)
    assert 24 + 100 < len(data) < 4000
    assert pq_psnr(method.decode(data, base), pair.pair.hdr) > plain + 1
    finer = replace(method, quality=method.coder.qualities[-1])
    assert len(finer.encode(pair, 0)) > len(data)


def test_names_are_those_of_the_paper() -> None:
    names = {method.name for method in CODED_MAPS}
    assert len(names) == len(CODED_MAPS)
    assert {f"{residual}-{codec}" for residual in ("Gain", "Gamma") for codec in ("JPEG", "HEIC", "JPEG XL")} < names


@pytest.mark.parametrize("kind", ["gain", "gamma"])
def test_networks_are_fitted_as_published(pair: BenchPair, kind: Kind) -> None:
    """The weights are those of the codec's own fit where that never rounds."""
    preset: Preset = "paper-gain" if kind == "gain" else "paper-gamma"
    config = replace(PUBLISHED[preset], quantize_from=1.0, steps=20)
    theirs = fit_published(blank_network(preset, config), config, pair.pair).weights
    mlp = PublishedMlp(kind, schedule=Schedule(20))
    data = mlp.encode(pair, 0)
    assert len(data) == 16 + 4 * (120 * 16 + 16 * 16 + 16 * 3)
    for ours, weight in zip(weights_of_bytes(data[16:], mlp.shapes), theirs, strict=True):
        assert torch.equal(ours, weight)


@pytest.mark.parametrize("kind", ["gain", "gamma", "direct"])
def test_networks_learn(pair: BenchPair, base: Base, plain: float, kind: Kind) -> None:
    mlp = PublishedMlp(kind, schedule=replace(SHORT, steps=150))
    data = mlp.encode(pair, 0)
    rendition = mlp.decode(data, base)
    assert pq_psnr(rendition, pair.pair.hdr) > plain + 2
    evaluation = Evaluation(pair.pair, samples=500)
    where = evaluation.shape, evaluation.rows, evaluation.columns, evaluation.base_pq
    assert evaluation.score(mlp.predict(data, *where)).psnr == pytest.approx(
        evaluation.score_picture(rendition).psnr, abs=1e-3
    )


def test_wider_networks_have_more_weights(pair: BenchPair) -> None:
    sizes = [len(PublishedMlp("gamma", width, replace(SHORT, steps=1)).encode(pair, 0)) for width in (8, 128)]
    assert sizes == [16 + 4 * (120 * n + n * n + 3 * n) for n in (8, 128)]


def test_mlp_itm(pair: BenchPair, base: Base, plain: float, tmp_path: Path) -> None:
    method = MlpItm(tmp_path, replace(SHORT, rate=5e-4), Schedule(120, 1 << 11, 5e-4))
    data = method.encode(pair, 0)
    assert len(data) == 35_852  # "34 KB"
    assert pq_psnr(method.decode(data, base), pair.pair.hdr) > plain + 3
    (kept,) = tmp_path.iterdir()
    before = kept.read_bytes()
    assert method.encode(pair, 0) == data and kept.read_bytes() == before != data


def test_hard_pixels_are_mined(pair: BenchPair, tmp_path: Path) -> None:
    from gainmap_bench.methods import mlp_itm

    lesson = mlp_itm._lesson(pair.pair, np.random.default_rng(0), 1 << 12)
    weights = mlp_itm._random_weights(np.random.default_rng(0))
    error = (mlp_itm._forward(weights, lesson.inputs) - lesson.wanted).abs().sum(1)
    miner = mlp_itm._Miner(lesson, 1000, 0)
    first, same, mined = (error[miner.draw(step, weights)].mean() for step in (0, 50, 51))
    assert first == same
    assert mined > error.mean()


def test_payloads(pair: BenchPair, base: Base, plain: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SHIPPED, shortened(steps=60, rounds=1, refine_steps=20))
    data = Payload("tiny").encode(pair, 0)
    assert data[:2] == b"\xf6A"
    assert pq_psnr(Payload("tiny").decode(data, base), pair.pair.hdr) > plain + 3
