"""Where torch is needed and missing, a line says so, before any work."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import gainmap_codec as gm
from gainmap_codec import batch, tensors
from gainmap_codec.cli.main import gainmap
from gainmap_codec.codec.torch_needed import check_torch, check_torch_for
from gainmap_codec.pixels.scene import render_scene
from support.paths import FIXTURES

STANDARD = FIXTURES / "jpeg/standard.jpg"
MISSING = "needs torch: pip install 'gainmap-codec[neural]'"


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.chdir(tmp_path)


def test_where_torch_is_there() -> None:
    check_torch("a test")
    check_torch_for("paper-gain")


@pytest.mark.usefixtures("no_torch")
def test_from_python() -> None:
    scene = render_scene(16, 16)
    for call in (
        lambda: gm.encode(scene, preset="paper-gain"),
        lambda: gm.encode("no such file", carry="neural", preset="paper-gamma"),
        lambda: gm.transcode(STANDARD, carry="both", preset="paper-gain"),
        lambda: gm.decode(STANDARD, device="cuda"),
        lambda: tensors.decode(STANDARD, device="cpu"),
        lambda: batch.convert([STANDARD], "out", carry="both", preset="paper-gain"),
    ):
        with pytest.raises(gm.MissingDependencyError, match=re.escape(MISSING)):
            call()
    assert not Path("out").exists()
    with pytest.warns(gm.GainMapWarning, match="preset changes nothing"):
        assert gm.decode(gm.encode(scene, carry="standard", preset="paper-gain")).rendered_from == "standard"


@pytest.mark.usefixtures("no_torch")
def test_our_own_networks_are_fitted_without() -> None:
    data = gm.encode(render_scene(16, 16), preset="tiny")
    assert gm.decode(data, prefer="neural").rendered_from == "neural"


@pytest.mark.usefixtures("no_torch")
def test_neural_maps_that_are_there_stay() -> None:
    data = gm.transcode(FIXTURES / "jpeg/both.jpg", carry="both")
    assert gm.inspect(data).payload is not None


@pytest.mark.usefixtures("no_torch")
@pytest.mark.parametrize(
    "command",
    [
        ("encode", STANDARD, "-o", "x.jpg", "--preset", "paper-gain"),
        ("decode", STANDARD, "-o", "x.exr", "--device", "cuda"),
    ],
    ids=lambda command: command[0],
)
def test_on_the_command_line(command: tuple[object, ...]) -> None:
    done = CliRunner().invoke(gainmap, list(map(str, command)))
    assert done.exit_code == 1 and MISSING in f"{done.stderr}{done.exception}"
    assert list(Path().iterdir()) == []
