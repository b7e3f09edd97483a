"""The measurements around the codec run, and say what they are meant to say."""

from __future__ import annotations

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_bench.experiments import ablation
from gainmap_bench.experiments.ablation import ablation_rows
from gainmap_bench.inputs.evaluation import BenchPair, plain_pair
from gainmap_bench.methods.decoders import decoder_rows
from gainmap_codec.neural.blank import empty_record
from gainmap_codec.neural.fit.presets import shipped_presets
from gainmap_codec.pixels.scene import render_scene
from support.short_fits import SHIPPED, shortened


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> BenchPair:
    """A small pair, and fits of few steps."""
    monkeypatch.setattr(SHIPPED, shortened(probe_steps=10, steps=60, rounds=1, refine_steps=20))
    hdr = gm.HdrImage(np.asarray(render_scene(96, 64), np.float32))
    return BenchPair("scene", "graded", plain_pair(hdr), None)


def test_each_part_is_left_out_once(pair: BenchPair) -> None:
    rows = [row.strip("| ").split(" | ") for row in ablation_rows([pair], "tiny", 0)][2:]
    assert [row[1] for row in rows] == list(ablation._VARIANTS)
    assert rows[0][4] == "+0"
    assert all(row[2:4] != rows[0][2:4] for row in rows[1:])


def test_a_blindfolded_fit_sees_the_surroundings_nowhere(pair: BenchPair) -> None:
    config = shipped_presets().multiscale["tiny"]
    sees, blind = (ablation._start(empty_record("tiny", "multiscale"), config, pair, 0, each) for each in (True, False))
    around = ablation._SURROUNDINGS
    for fit, is_dark in ((sees, False), (blind, True)):
        for features in (fit.points.features, fit.coarse.features, fit._batches.planes[0].swapaxes(0, 1)):
            assert (not features[around].any()) == is_dark
            assert features[: around.start].any()


def test_other_decoders_are_compared_with_the_first(pair: BenchPair) -> None:
    rows = [row.strip("| ").split(" | ") for row in decoder_rows([pair], "tiny", 0)][2:]
    losses = {row[1]: float(row[3]) for row in rows}
    assert losses.pop("libjpeg-turbo") == 0
    assert {int(row[2]) > 0 for row in rows if "quality" in row[1]} == {True}
    assert all(np.isfinite(loss) for loss in losses.values())
