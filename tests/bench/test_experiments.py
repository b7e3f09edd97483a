"""The experiments end to end, small: what they write, that they go on where they stopped, and the page for people."""

from __future__ import annotations

import csv
import stat
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import gainmap_codec as gm
from gainmap_bench.__main__ import bench
from gainmap_bench.experiments import colorvideovdp, effort, initialisation, jobs, table
from gainmap_bench.experiments.colorvideovdp import Judgement
from gainmap_bench.experiments.jobs import Job
from gainmap_bench.methods.contenders import CodedMap, Payload
from gainmap_bench.methods.float_networks import PublishedMlp, Schedule
from gainmap_bench.methods.mlp_itm import MlpItm
from gainmap_bench.methods.networks import NeuralPayloads
from gainmap_bench.report.pages import Table
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.scene import render_scene
from support.short_fits import SHIPPED, shortened

TINY = replace(
    effort.QUICK,
    longest_side=64,
    schedule=Schedule(30, 1 << 11),
    itm=(Schedule(10, 1 << 11, 5e-4), Schedule(10, 1 << 11, 5e-4)),
    presets=("tiny",),
    payloads=NeuralPayloads((("tiny", ()),), (46,)),
    widths=(8, 16),
    checkpoints=(5, 20),
    noise_fits=(2, 5),
    noise_steps=5,
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no environment of ColorVideoVDP here
    monkeypatch.setattr(effort, "QUICK", TINY)
    monkeypatch.setattr(initialisation, "PICTURES", 3)
    monkeypatch.setattr(SHIPPED, shortened(steps=60, rounds=1, refine_steps=20))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scene as linear picture, and as photo."""
    found = tmp_path / "pairs"
    found.mkdir()
    gm.HdrImage(render_scene(96, 64)).save(found / "scene.exr")
    (found / "photo.jpg").write_bytes(gm.encode(found / "scene.exr", carry="standard", map_scale=2))
    return found


class Page(HTMLParser):
    """What a screen reader goes by."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def run(command: str, folder: Path, docs: Path, *more: str) -> str:
    arguments = [
        command,
        "--quick",
        "--jobs",
        "1",
        "--out",
        "memory",
        "--docs",
        str(docs),
        *more,
        "--pairs",
        str(folder),
    ]
    done = CliRunner().invoke(bench, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def rows(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text("utf-8").splitlines()))


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_report(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docs = tmp_path / "docs"
    run("experiments", folder, docs)
    methods = [row[0] for row in rows(docs / "table-photo.csv")[1:]]
    assert methods[:3] == ["Gain-JPEG", "Gamma-JPEG", "Log2-JPEG"]
    assert methods[-5:] == ["Direct-MLP", "MLP-ITM", "Gain-MLP", "Gamma-MLP", "ours, tiny"]
    assert len(rows(docs / "table-rows.csv")) == 1 + 3 * len(methods)
    assert {row[6] for row in rows(docs / "table-photo.csv")[1:]} == {"n/a"}
    assert "JOD is n/a: ColorVideoVDP: no environment at" in (docs / "table.md").read_text("utf-8")
    assert rows(docs / "init.csv")[0][2:4] == ["5 steps", "20 steps"]
    assert {row[1] for row in rows(docs / "init.csv")[1:]} == set(initialisation.STARTS)
    assert {row[1] for row in rows(docs / "rd-local-bd.csv")[1:]} == {"heic", "jpegxl", "jpeg", "paper", "neural"}
    assert rows(docs / "domains-photo.csv")[0] == ["codec, residual", "mean", "photo"]
    for name in ("errors-scene", "errors-scene-local", "errors-photo", "rd", "init"):
        with Image.open(docs / f"{name}.png") as picture:
            assert len(set(np.asarray(picture.convert("L")).ravel().tolist())) > 8  # sheets of errors have 16 colours
    page = Page((docs / "index.html").read_text("utf-8"))
    assert page.of("html") == [{"lang": "en"}] and len(page.of("h1")) == 1 and len(page.of("h2")) == 4
    assert all(image["alt"] and str(image["src"]).startswith("data:image/png;base64,") for image in page.of("img"))
    assert all(head["scope"] in ("col", "row") for head in page.of("th"))
    assert not page.of("script") and not page.of("link")

    def fail(*_: object, **__: Any) -> bytes:
        raise AssertionError("made again")

    before = {path.name: path.read_bytes() for path in docs.iterdir()}
    for made in (CodedMap, Payload, PublishedMlp, MlpItm):
        monkeypatch.setattr(made, "encode", fail)
    monkeypatch.setattr(initialisation, "training", fail)
    run("experiments", folder, docs)
    assert {path.name: path.read_bytes() for path in docs.iterdir()} == before


@pytest.mark.usefixtures("small")
def test_interrupted_runs_go_on(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(MlpItm, "encode", interrupt)
        arguments = ["table", "--quick", "--jobs", "1", "--out", "memory", "--pairs", str(folder / "photo.jpg")]
        assert CliRunner().invoke(bench, arguments).exit_code == 1
    kept = {path.name: path.stat().st_mtime_ns for path in Path("memory").glob("*.bin")}
    assert len(kept) == 13  # twelve maps, and Direct-MLP
    assert "| ours, tiny | " in run("table", folder / "photo.jpg", tmp_path)
    assert all(Path("memory", name).stat().st_mtime_ns == time for name, time in kept.items())


@pytest.mark.usefixtures("small")
def test_jod_where_its_environment_is(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of its own, asked for once, of the same renditions."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    asked: list[int] = []

    def judge(reference: Array, tests: Sequence[Array]) -> Judgement:
        asked.append(len(tests))
        assert 203 < reference.max() < 10_000
        return Judgement(
            "fake", tuple(10 - float(np.abs(np.log2((test + 1) / (reference + 1))).mean()) for test in tests)
        )

    monkeypatch.setattr(table, "require_environment", partial(colorvideovdp.require_environment, python))
    monkeypatch.setattr(table, "judge", judge)
    first = run("table", folder / "photo.jpg", tmp_path)
    assert run("table", folder / "photo.jpg", tmp_path) == first
    found = {row[1]: float(row[7]) for row in rows(tmp_path / "table-rows.csv")[1:]}
    assert asked == [len(found)]
    assert all(5 < jod < 10 for jod in found.values())
    assert "n/a" not in first.split("Table 1 of the paper")[0]


@pytest.mark.usefixtures("small")
def test_figures_of_pairs(folder: Path, tmp_path: Path) -> None:
    run("figures", folder / "photo.jpg", tmp_path / "docs")
    assert {path.name for path in (tmp_path / "docs").iterdir()} == {"errors.md", "errors-photo.png"}


def test_jobs_in_other_processes(capfd: pytest.CaptureFixture[str]) -> None:
    assert jobs.run([Job(f"{n}", partial(pow, n, 2)) for n in range(5)], 2) == [0, 1, 4, 9, 16]
    assert sorted(capfd.readouterr().err.split()) == list("01234")
    with pytest.raises(ZeroDivisionError):
        jobs.run([Job("bad", partial(divmod, 1, 0)), Job("good", partial(pow, 2, 2))], 2)


def test_table_forms() -> None:
    made = Table("t", "a < b", ("x", "y"), (("1", "2, 3"),))
    assert made.markdown()[3:] == ["| x | y |", "| --- | --- |", "| 1 | 2, 3 |"]
    assert made.csv() == 'x,y\n1,"2, 3"\n'
    assert "<caption>a &lt; b</caption>" in made.html() and '<th scope="row">1</th><td>2, 3</td>' in made.html()
