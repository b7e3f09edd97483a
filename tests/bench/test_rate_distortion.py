"""The rate-distortion measurement: pruning loses nothing, interrupted runs go on, and the command runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gainmap_codec as gm
from gainmap_bench.__main__ import bench
from gainmap_bench.experiments import effort
from gainmap_bench.experiments.effort import QUICK
from gainmap_bench.experiments.rate_distortion import compare, measure
from gainmap_bench.inputs.evaluation import BenchPair, Evaluation, load_pair
from gainmap_bench.methods.by_name import methods_named
from gainmap_bench.methods.coders import JPEG
from gainmap_bench.methods.curves import Curve
from gainmap_bench.methods.float_networks import Schedule
from gainmap_bench.methods.networks import NeuralPayloads, PaperNetworks
from gainmap_bench.methods.ordinary import OrdinaryMaps
from gainmap_bench.methods.points import METADATA_BYTES, Point, Recall
from gainmap_bench.methods.residual_maps import ResidualMaps, kinds_of
from gainmap_codec.codec.encoding import encode_pair
from gainmap_codec.codec.options import MapOptions
from gainmap_codec.pixels.formats.images import encode_jpeg
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.scene import render_scene
from support.short_fits import SHIPPED, shortened


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rd") / "scene.exr"
    HdrImage(render_scene(width=96, height=64)).save(path)
    return path


@pytest.fixture(scope="module")
def pair(scene: Path) -> BenchPair:
    return load_pair(scene, None)


def test_what_is_left_out_is_not_on_the_curve(pair: BenchPair, tmp_path: Path) -> None:
    pruned = measure(pair, [OrdinaryMaps(JPEG)], [0], tmp_path)
    evaluation = Evaluation(pair.pair)
    everything = []
    for kind in kinds_of(pair):
        maps = ResidualMaps(kind, pair, evaluation)
        for scale in maps.scales:
            for quality in JPEG.qualities:
                data = JPEG.encode(maps.at(scale).codes, quality)
                score = maps.at(scale).score(JPEG.decode(data))
                size = len(data) + METADATA_BYTES
                everything.append(Point("jpeg", maps.at(scale).series, "", size, size, *score, 0.0))
    assert len(pruned.points) < 0.9 * len(everything)
    for psnr in np.arange(22.0, pruned.curve("jpeg").high, 0.5):
        assert pruned.curve("jpeg").need(psnr).bytes == pytest.approx(Curve(everything).need(psnr).bytes, rel=0.02)


def test_jpeg_growth_is_that_of_our_files(pair: BenchPair, tmp_path: Path) -> None:
    """Around the coded map: its metadata, the base's, and the index of both; 3 channels have 80 bytes more."""
    points = measure(pair, [OrdinaryMaps(JPEG)], [0], tmp_path).points
    around = {point.series[:5]: point.growth - point.bytes for point in points}
    coded = encode_jpeg(np.zeros((16, 24), np.uint8), quality=90)
    ours = encode_pair(pair.pair, MapOptions(4, 90, 1), None, [])
    assert 1000 < around["iso-1"] < len(ours.data) - ours.base_bytes - len(coded)
    assert around["iso-1"] + 80 <= around["iso-3"] < 3000


def test_interrupted_runs_go_on(pair: BenchPair, tmp_path: Path) -> None:
    class Interrupted(OrdinaryMaps):
        def points(self, pair: BenchPair, evaluation: Evaluation, seed: int, recall: Recall) -> Iterator[Point]:
            for count, point in enumerate(super().points(pair, evaluation, seed, recall)):
                yield point
                if count == 5:
                    raise KeyboardInterrupt

    def fail(codes: np.ndarray, quality: float) -> bytes:
        raise AssertionError("measured again")

    with pytest.raises(KeyboardInterrupt):
        measure(pair, [Interrupted(JPEG, every=4)], [0], tmp_path)
    (kept,) = tmp_path.iterdir()
    before = len(json.loads(kept.read_text("utf-8")))
    whole = measure(pair, [OrdinaryMaps(JPEG, every=4)], [0], tmp_path)
    assert 6 <= before < len(whole.points)
    again = measure(pair, [OrdinaryMaps(JPEG._replace(encode=fail), every=4)], [0], tmp_path)
    assert again == whole
    with pytest.raises(AssertionError, match="measured again"):
        measure(pair, [OrdinaryMaps(JPEG._replace(encode=fail, settings="others"))], [0], tmp_path)


def test_paper_networks_are_never_rounded(pair: BenchPair, tmp_path: Path) -> None:
    points = measure(pair, [PaperNetworks(schedule=Schedule(30, 1 << 12))], [0, 1], tmp_path).points
    assert {(point.series, point.seed) for point in points} == {
        (series, seed) for series in ("paper-gamma", "paper-gain") for seed in (0, 1)
    }
    weights = 120 * 16 + 16 * 16 + 16 * 3
    assert {point.bytes for point in points} == {4 * weights + METADATA_BYTES}
    assert all(20 < point.psnr < 60 for point in points)


def test_neural_payloads_count_whole(pair: BenchPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SHIPPED, shortened(steps=100, rounds=1, refine_steps=50))
    points = measure(pair, [NeuralPayloads(targets=(40, 50))], [0], tmp_path).points
    assert [point.label for point in points][:3] == ["tiny", "tiny × 2", "tiny × 4"]
    assert next(point.label for point in points if point.series == "balanced") == "balanced"
    assert [(point.label, point.psnr >= 50) for point in points][-2:] == [("40 dB", False), ("50 dB", True)]
    for point in points:
        assert 150 < point.bytes < point.growth < point.bytes + 400
        assert 20 < point.psnr < 65


def test_comparison_without_three_common_decibels() -> None:
    def swept(*pairs: tuple[float, float]) -> Curve:
        return Curve(Point("m", "s", "", size, size, psnr, 0.0, 0.0) for size, psnr in pairs)

    anchor = swept((100, 40), (200, 45), (400, 50))
    assert compare(anchor, swept((50, 40), (100, 45), (200, 50)), "graded").ratio == pytest.approx(0.5)
    halved = compare(anchor, swept((50, 40), (100, 45), (200, 50)), "photo")
    assert halved.cells == ("-50.0%", "BD, 46.0…50.0 dB")
    assert compare(anchor, swept((100, 45)), "graded").ratio == pytest.approx(0.5)
    assert compare(anchor, swept((300, 60)), "graded").ratio is None


def test_unknown_method() -> None:
    with pytest.raises(ValueError, match="'webp' found"):
        methods_named(["webp"], QUICK)


def test_command(scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "QUICK", replace(QUICK, schedule=Schedule(20, 1 << 12)))
    photo = scene.with_name("photo.jpg")
    photo.write_bytes(gm.encode(scene, carry="standard", map_scale=2))
    arguments = ["rd", "--pairs", str(scene), str(photo), "--quick", "--jobs", "1", "--out", str(tmp_path / "out")]
    arguments += [word for name in ("avif", "heic", "jpegxl", "jpeg", "paper") for word in ("--method", name)]
    done = CliRunner().invoke(bench, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    for expected in (
        "**Photos: bytes for a PQ-PSNR**",
        "**Graded and globally tone-mapped pairs: bytes for a PQ-PSNR**",
        "| scene | avif |",
        "| photo | paper |",
        "geometric mean of 1",
    ):
        assert expected in done.stdout
    results = json.loads((tmp_path / "out" / "points.json").read_text("utf-8"))
    rows = (tmp_path / "out" / "points.csv").read_text("utf-8").splitlines()
    assert [result["kind"] for result in results] == ["graded", "photo"]
    assert len(rows) == 1 + sum(len(result["points"]) for result in results)
    assert CliRunner().invoke(bench, arguments, catch_exceptions=False).stdout == done.stdout


def test_folder_of_pictures(scene: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.exr").write_bytes(scene.read_bytes())
    (folder / "no_gain_map.jpg").write_bytes(gm.encode(scene, carry="standard")[:2])
    (folder / "notes.txt").write_text("no picture", "utf-8")
    arguments = [
        "rd",
        "--pairs",
        str(folder),
        "--quick",
        "--jobs",
        "2",
        "--method",
        "jpeg",
        "--out",
        str(tmp_path / "out"),
    ]
    done = CliRunner().invoke(bench, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "| a | jpeg |" in done.stdout and "| a, local | jpeg |" in done.stdout
    assert "left out: " in done.stderr and "no_gain_map.jpg" in done.stderr
    missing = CliRunner().invoke(bench, ["rd", "--pairs", str(folder / "no_gain_map.jpg"), "--out", str(tmp_path)])
    assert missing.exit_code == 1
    assert "no_gain_map.jpg" in missing.stderr
