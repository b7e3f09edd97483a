"""The measurements around the codec run, and say what they are meant to say."""

from __future__ import annotations

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_bench.experiments import ablation
from gainmap_bench.experiments.ablation import ablation_rows
from gainmap_bench.inputs.evaluation import BenchPair, plain_pair
from gainmap_bench.methods.decoders import decoder_rows
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


def test_other_decoders_are_compared_with_the_first(pair: BenchPair) -> None:
    rows = [row.strip("| ").split(" | ") for row in decoder_rows([pair], "tiny", 0)][2:]
    losses = {row[1]: float(row[3]) for row in rows}
    assert losses.pop("libjpeg-turbo") == 0
    assert {int(row[2]) > 0 for row in rows if "quality" in row[1]} == {True}
    assert all(np.isfinite(loss) for loss in losses.values())
