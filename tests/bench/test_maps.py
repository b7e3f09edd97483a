"""The comparison of chosen maps with fixed ones, on small scenes."""

from __future__ import annotations

import pytest

from gainmap_bench.experiments.maps import FULL, QUARTER, compare, map_rows
from gainmap_bench.inputs.evaluation import graded_scene, scene_pair


def test_the_graded_scene_takes_three_channels_and_beats_both_at_its_bytes() -> None:
    found = compare(graded_scene(192, 128))
    assert found.chosen.recipe.channels == 3
    assert (found.full.recipe, found.quarter.recipe) == (FULL, QUARTER)
    assert all(trial.bytes <= found.chosen.bytes for trial in found.at_our_bytes)
    assert found.quarter.psnr < found.chosen.psnr - 6
    assert found.margin > -1


def test_rows_end_with_the_worst_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, make in (("scene_pair", scene_pair), ("graded_scene", graded_scene)):
        monkeypatch.setattr(f"gainmap_bench.experiments.maps.{name}", lambda make=make: make(96, 64))
    header, _, scene, graded, _, worst = map_rows([])
    assert header.count("|") == scene.count("|") == graded.count("|")
    assert scene.startswith("| scene | 1/")
    assert worst.startswith("Worst margin: ")
