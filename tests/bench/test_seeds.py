"""Bad runs are found and counted, and runs that were interrupted go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gainmap_codec as gm
from gainmap_bench.__main__ import bench
from gainmap_bench.experiments import seeds
from gainmap_bench.experiments.seeds import Group, seed_groups, seed_rows
from gainmap_bench.inputs.evaluation import BenchPair, load_pair
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.neural.fit.presets import FittedNetwork
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.maps.neural_map import base_bt2020
from gainmap_codec.pixels.scene import render_scene
from support.short_fits import SHIPPED, shortened


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.exr"
    gm.HdrImage(np.asarray(render_scene(96, 64), np.float32)).save(path)
    return path


@pytest.fixture
def pair(scene: Path) -> BenchPair:
    return load_pair(scene, None)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits of few steps."""
    monkeypatch.setattr(SHIPPED, shortened(probe_steps=10, steps=60, rounds=1, refine_steps=20))


def fake_fits(*psnrs: float) -> tuple[Callable[..., object], list[int]]:
    """Fits that end at these PQ-PSNR in turn, and the seeds they were asked for."""
    asked: list[int] = []

    def fit(preset: Preset, pair: object, fields: object, *, seed: int) -> object:
        asked.append(seed)
        psnr = psnrs[(len(asked) - 1) % len(psnrs)]
        if np.isnan(psnr):
            raise KeyboardInterrupt
        return FittedNetwork(None, bytes(100 + seed), psnr, 1.0)  # type: ignore[arg-type]

    return fit, asked


def say_nothing(part: str) -> None:
    pass


@pytest.mark.usefixtures("short")
def test_fits_are_measured(pair: BenchPair, tmp_path: Path) -> None:
    (group,) = seed_groups([pair], "tiny", 5, tmp_path, say_nothing)
    assert min(group.psnrs) > pq_psnr(base_bt2020(pair.pair.codes, pair.pair.color), pair.pair.hdr) + 1
    assert len(set(group.psnrs)) == 5


def test_bad_runs_are_counted() -> None:
    groups = [Group("a", 0, (1, 2, 3, 4, 5), (50.0, 50.1, 49.61, 50.2, 49.4)), Group("a", 5, (1,) * 5, (50.0,) * 5)]
    assert [group.bad for group in groups] == [1, 0]
    rows = list(seed_rows(groups))
    assert rows[2] == "| a, seeds 0…4 | 1, 2, 3, 4, 5 | 50.00, 50.10, 49.61, 50.20, 49.40 | 0.60 |"
    assert rows[-1] == "| bad runs | | | 1 of 10 |"


def test_interrupted_runs_go_on(pair: BenchPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit, asked = fake_fits(50.0, 50.1, 50.2, float("nan"))
    monkeypatch.setattr(seeds, "fit_pair", fit)
    with pytest.raises(KeyboardInterrupt):
        list(seed_groups([pair], "tiny", 10, tmp_path, say_nothing))
    assert asked == [0, 1, 2, 3]
    fit, asked = fake_fits(50.3)
    monkeypatch.setattr(seeds, "fit_pair", fit)
    first, second = seed_groups([pair], "tiny", 10, tmp_path, say_nothing)
    assert asked == [3, 4, 5, 6, 7, 8, 9]
    assert first.psnrs == (50.0, 50.1, 50.2, 50.3, 50.3) and second.first == 5
    monkeypatch.setattr(seeds, "code_digest", lambda: "another")
    list(seed_groups([pair], "tiny", 5, tmp_path, say_nothing))
    assert asked[7:] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("worst", "status"), [(49.7, 0), (49.3, 1)])
def test_command_fails_on_bad_runs(
    scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worst: float, status: int
) -> None:
    monkeypatch.setattr(seeds, "fit_pair", fake_fits(50.0, 50.0, worst, 50.0, 50.0)[0])
    arguments = ["seeds", "--runs", "5", "--preset", "tiny", "--out", str(tmp_path / "out"), str(scene)]
    done = CliRunner().invoke(bench, arguments)
    assert done.exit_code == status, done.output
    assert f"| bad runs | | | {status} of 5 |" in done.stdout
    assert (tmp_path / "out" / "tiny.md").read_text("utf-8") == done.stdout
    assert ("1 bad runs" in done.stderr) == bool(status)
