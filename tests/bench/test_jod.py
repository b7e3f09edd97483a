"""JOD: the exchange with ColorVideoVDP's environment, and what is made of its answers."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from scipy.ndimage import gaussian_filter

import gainmap_codec as gm
from gainmap_bench.__main__ import bench
from gainmap_bench.experiments.colorvideovdp import HDR_DISPLAY, JOD_PYTHON, Display, Judgement, judge
from gainmap_bench.experiments.jod import JodPoint, JodResult, jod_tables, measure_jod
from gainmap_bench.inputs.evaluation import BenchPair, load_pair
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.scene import render_scene
from support.paths import ROOT
from support.short_fits import SHIPPED, shortened

METRIC = ROOT / JOD_PYTHON
needs_metric = pytest.mark.skipif(not METRIC.exists(), reason="ColorVideoVDP is not installed: make bench-jod")

# Stands in for `pycvvdp`: 10 JOD less the mean difference in nits, with all that it was told in its description.
FAKE = """
import numpy as np

class vvdp_display_photo_eotf:
    def __init__(self, peak, contrast, source_colorspace, E_ambient):
        self.told = peak, contrast, source_colorspace, E_ambient

class cvvdp:
    def __init__(self, display_name, display_photometry):
        self.told = display_name, display_photometry.short_name, *display_photometry.told

    def predict(self, test, reference, dim_order):
        assert dim_order == "HWC" and test.dtype == np.float32
        print("what packages say on standard output is no answer")
        return 10 - np.abs(test - reference).mean(), {}

    def get_info_string(self):
        return f'"{self.told}"'
"""


def environment(folder: Path, module: str) -> Path:
    """An interpreter that finds `module` as ``pycvvdp``."""
    (folder / "pycvvdp.py").write_text(module, "utf-8")
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}" exec "{sys.executable}" "$@"\n', "utf-8")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return python


def grey(nits: float) -> Array:
    return np.full((4, 6, 3), nits, np.float32)


def test_renditions_and_display_arrive(tmp_path: Path) -> None:
    found = judge(grey(100), [grey(100), grey(102), grey(99.5)], python=environment(tmp_path, FAKE))
    assert found.jods == pytest.approx((10, 8, 9.5))
    assert found.metric == "('standard_hdr_pq', 'standard_hdr_pq', 1500, 1000000, 'BT.2020-linear', 10)"


def test_no_environment(tmp_path: Path) -> None:
    with pytest.raises(gm.MissingDependencyError, match=r"no environment at .*absent: make bench-jod"):
        judge(grey(100), [], python=tmp_path / "absent")


def test_failures_of_the_metric_are_quoted(tmp_path: Path) -> None:
    python = environment(tmp_path, FAKE.replace("print(", "raise MemoryError("))
    with pytest.raises(RuntimeError, match="exit status 1: MemoryError: what packages say"):
        judge(grey(100), [grey(1)], python=python)


def church(data_dir: Path) -> Array:
    """A picture of the metric's own examples, linear BT.709."""
    picture = cv2.imread(str(data_dir / "pairs/colorvideovdp/nancy_church.hdr"), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return np.ascontiguousarray(picture[..., ::-1], np.float32)


@needs_metric
def test_published_value(data_dir: Path) -> None:
    """The blurred church of the metric's own example, examples/ex_hdr_images.py: "Blur - Quality: 8.696 JOD"."""
    light = church(data_dir)
    nits = np.asarray(light / light.max() * (4 * 4000), np.float32)
    blurred = gaussian_filter(nits, (2, 2, 0), mode="nearest", truncate=2.0)
    display = Display("church", "standard_hdr_linear", 4000, 1_000_000, 100, "BT.709-linear")
    assert judge(nits, [blurred], display=display, python=METRIC).jods[0] == pytest.approx(8.696, abs=5e-4)


@needs_metric
def test_one_factor_over_all_hardly_counts(data_dir: Path) -> None:
    """What docs/codec.md warns of; the picture's 99th percentile is shown at 400 nits."""
    light = church(data_dir)
    nits = np.asarray(light * (400 / np.percentile(light, 99)), np.float32)
    assert 9.95 < judge(nits, [nits * np.float32(1.2)], python=METRIC).jods[0] < 10


@needs_metric
def test_display_is_the_metrics_own() -> None:
    (listed,) = METRIC.parents[1].glob("lib/*/site-packages/pycvvdp/vvdp_data/display_models.json")
    model = json.loads(listed.read_text("utf-8"))[HDR_DISPLAY.geometry]
    assert model["colorspace"] == "BT.2020-PQ"
    numbers = HDR_DISPLAY.peak_nits, HDR_DISPLAY.contrast, HDR_DISPLAY.ambient_lux
    assert (model["max_luminance"], model["contrast"], model["E_ambient"]) == numbers


@needs_metric
def test_patch_on_grey_is_seen() -> None:
    grey, patched = np.full((2, 128, 128, 3), 100, np.float32)
    patched[48:80, 48:80] *= 1.2
    found = judge(grey, [grey, patched], python=METRIC)
    assert found.jods[0] == pytest.approx(10, abs=1e-4)
    assert 5 < found.jods[1] < 9.5
    assert "Lpeak=1500" in found.metric and "75.4 [pix/deg]" in found.metric


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A photo with a map of half its size; fits are short."""
    monkeypatch.setattr(SHIPPED, shortened(steps=60, rounds=1, refine_steps=20))
    path = tmp_path / "photo.jpg"
    path.write_bytes(gm.encode(gm.HdrImage(render_scene(width=192, height=128)), carry="standard", map_scale=2))
    return path


@pytest.fixture
def pair(photo: Path) -> BenchPair:
    return load_pair(photo, None)


class FakeJudge:
    """10 JOD less what `lost` makes of the root mean square difference in stops."""

    def __init__(self, lost: float) -> None:
        self.lost = lost
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, reference: Array, tests: Sequence[Array]) -> Judgement:
        self.shapes += [test.shape for test in tests]
        assert 203 < reference.max() < 10_000
        stops = [np.log2((test + 1) / (reference + 1)) for test in tests]
        return Judgement("fake", tuple(10 - self.lost * float(np.sqrt(np.mean(each**2))) for each in stops))


def say_nothing(part: str) -> None:
    pass


def test_series_are_measured_once_and_only_as_needed(pair: BenchPair, tmp_path: Path) -> None:
    good, bad = FakeJudge(0.0), FakeJudge(100.0)
    (tmp_path / "good").mkdir()
    first = measure_jod(pair, ["neural"], 0, tmp_path / "good", good, say_nothing)
    assert {point.series for point in first[0].points} == {"tiny"}
    assert set(good.shapes) == {(64, 96, 3)}
    again = measure_jod(pair, ["neural"], 0, tmp_path / "good", bad, say_nothing)
    assert again == first and not bad.shapes
    (tmp_path / "bad").mkdir()
    (worse,) = measure_jod(pair, ["neural"], 0, tmp_path / "bad", bad, say_nothing)
    assert {point.series for point in worse.points} == {"tiny", "balanced", "picture"}
    assert all(point.jod < 9.75 < point.psnr for point in worse.points)


def test_better_avif_maps_are_seen_as_better(pair: BenchPair, tmp_path: Path) -> None:
    (result,) = measure_jod(pair, ["avif"], 0, tmp_path, FakeJudge(1.0), say_nothing)
    assert all(62 < point.bytes <= 4096 for point in result.points)
    finest = [point for point in result.points if point.series == "avif 1/8"]
    assert finest[-1].jod > finest[0].jod and finest[-1].psnr > finest[0].psnr and finest[-1].bytes > finest[0].bytes


def test_pairs_without_a_map_are_refused(pair: BenchPair, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="photo: a photo with a gain map of its own is wanted"):
        measure_jod(replace(pair, own_map=None), ["neural"], 0, tmp_path, FakeJudge(0.0), say_nothing)


def test_tables() -> None:
    def result(name: str, *points: tuple[int, float]) -> JodResult:
        made = (JodPoint("tiny", f"tiny × {size}", size, 50.0, jod, "metric") for size, jod in points)
        return JodResult(name, "neural", tuple(made))

    lines = list(
        jod_tables(
            [
                result("between", (100, 9.5), (400, 10.0)),
                result("ample", (300, 9.8), (500, 9.9)),
                result("short", (200, 9.0), (4000, 9.7)),
            ]
        )
    )
    assert lines[0] == "metric"
    assert "| between | neural | 200 | tiny | 9.50…10.00 |" in lines  # halfway: the geometric mean
    assert "| ample | neural | ≤ 300 | tiny | 9.80…9.90 |" in lines
    assert "| short | neural | – | | 9.00…9.70 |" in lines
    assert "| **mean of 2**, of 3 | neural | 250 | | |" in lines
    assert lines[-1] == "| short | neural | tiny × 4000 | 4000 | 50.00 | 9.700 |"


def test_command_says_what_is_missing(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(bench, ["jod", "--pairs", str(photo), "--method", "neural"])
    assert done.exit_code == 1
    assert "make bench-jod" in done.stderr
