"""What efforts buy is told beside the usual one."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_bench.inputs.evaluation import BenchPair, plain_pair
from gainmap_bench.speed import efforts
from gainmap_bench.speed.efforts import Fits, effort_rows
from gainmap_codec.pixels.scene import render_scene
from support.short_fits import SHIPPED, shortened


def test_a_row_each_effort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SHIPPED, shortened(probe_steps=4, steps=10, rounds=1, refine_steps=4))
    clock = count()
    monkeypatch.setattr(efforts, "process_time", lambda: next(clock))
    hdr = gm.HdrImage(np.asarray(render_scene(48, 32), np.float32))
    _, _, *rows = effort_rows([BenchPair("scene", "graded", plain_pair(hdr), None)], "tiny", 1)
    found = [row.strip("| ").split(" | ") for row in rows]
    assert [row[:2] for row in found] == [["scene", str(effort)] for effort in range(1, 10)]
    assert {row[4] for row in found} == {"1.00"}
    assert found[4][5] == "+0" and all(20 < float(row[3]) < 100 for row in found)


def test_decibels_count_by_their_price() -> None:
    usual = Fits(size=1000, psnr=50.0, seconds=2.0, price=500.0)
    quick = Fits(size=900, psnr=49.5, seconds=0.7, price=500.0)
    assert quick.row("photo", 1, usual) == "| photo | 1 | 900 | 49.50 | 0.70 | +150 |"
