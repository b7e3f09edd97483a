"""Figures show what they say, and those of the documentation are small and shown."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from gainmap_bench.__main__ import bench
from gainmap_bench.inputs import evaluation
from gainmap_bench.inputs.evaluation import BenchPair, scene_pair
from gainmap_bench.report import figures
from gainmap_codec.files.payload.records import LatentGrid, NeuralGainMap
from gainmap_codec.neural.fit.presets import FittedNetwork, fit_pair
from support.paths import ROOT
from support.short_fits import SHIPPED, shortened

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def pair() -> BenchPair:
    return scene_pair(96, 64)


@pytest.fixture(scope="module")
def fitted(pair: BenchPair) -> FittedNetwork:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SHIPPED, shortened(steps=60, rounds=1, refine_steps=20))
        return fit_pair("balanced", pair.pair, {"alternate_hdr_headroom": pair.pair.headroom})


def with_grids(network: NeuralGainMap) -> NeuralGainMap:
    """Its finest latent set in the first row, its details in the last."""

    def filled(grid: LatentGrid, row: int) -> LatentGrid:
        values = np.zeros((grid.rows, grid.columns), int)
        values[row] = 4
        return replace(grid, values=tuple(values.ravel().tolist()), step_exponent=0)

    latents = (filled(network.latents[0], 0), *network.latents[1:])
    return replace(network, latents=latents, details=(LatentGrid(64, 96, (0,) * 95 * 64 + (4,) * 64, 0),))


def test_panels(pair: BenchPair, fitted: FittedNetwork) -> None:
    network = with_grids(fitted.network)
    base, wanted, had, latents, details, errors = figures._panels(pair, replace(fitted, network=network))
    assert base.values.shape == (64, 96, 3)
    assert {panel.values.shape for panel in (wanted, had, details, errors)} == {(64, 96)}
    assert (wanted.low, wanted.high) == (had.low, had.high)
    assert wanted.values.max() > 2  # the scene's lamps are 9 times SDR white
    assert latents.values[8, 8] == 4 and np.isnan(latents.values[:8]).all()
    assert latents.low == -latents.high == -4
    assert details.values[-1].max() > 0 and not details.values[:-2].any()
    assert errors.low == 0 < errors.high


def test_what_is_empty_is_said(pair: BenchPair, fitted: FittedNetwork) -> None:
    details = figures._details(pair, replace(fitted.network, details=()))
    assert details.caption.startswith("details: none") and details.values.shape == (64, 96, 3)
    assert figures._latents(replace(fitted.network, latents=()), 1).caption == "latents: none"


def test_panels_are_upright(pair: BenchPair, fitted: FittedNetwork) -> None:
    turned = replace(pair, pair=pair.pair._replace(file=replace(pair.pair.file, orientation=6)))
    upright, stored = (figures._panels(each, fitted) for each in (turned, pair))
    np.testing.assert_array_equal(upright[2].values, np.rot90(stored[2].values, -1))
    height, width = upright[3].values.shape
    assert height > width


def test_command(tmp_path: Path, pair: BenchPair, fitted: FittedNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "fit_pair", lambda *_, **__: fitted)
    monkeypatch.setattr(evaluation, "scene_pair", lambda: pair)
    done = CliRunner().invoke(bench, ["figures", "--docs", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 0
    with Image.open(BytesIO((tmp_path / "scene.png").read_bytes())) as sheet:
        assert sheet.width == 1200 and 500 < sheet.height < 1000
        assert len(set(np.asarray(sheet.convert("L")).ravel().tolist())) > 50


@pytest.mark.parametrize("path", sorted((DOCS / "figures").glob("*.png")), ids=lambda path: path.name)
def test_documentation_figures(path: Path) -> None:
    assert path.stat().st_size < 300_000
    assert f"](figures/{path.name})" in (DOCS / "codec.md").read_text("utf-8")
