"""The commands of docs/recipes.md do what the page says; its scripts are in tests/test_examples.py."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import gainmap_codec as gm
from gainmap_codec.cli.main import gainmap
from gainmap_codec.pixels.scene import render_scene
from support.paths import FIXTURES, ROOT

PAGE = (ROOT / "docs" / "recipes.md").read_text("utf-8")
COMMANDS = [shlex.split(line)[1:] for line in re.findall(r"^ {4}(gainmap .*)$", PAGE, re.MULTILINE)]


def type_in(command: list[str]) -> str:
    done = CliRunner().invoke(gainmap, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("photos", "camera/2026", "exported"):
        (tmp_path / name).mkdir(parents=True)
    photo = gm.encode(render_scene(768, 512), carry="standard", exif={"Artist": "Zoë", "GPSAltitude": 400})
    for name in ("photos/beach.jpg", "camera/lake.jpg", "exported/hill.jpg"):
        (tmp_path / name).write_bytes(photo)
    shutil.copy(FIXTURES / "heif/apple-maker-note.heic", tmp_path / "camera/2026/IMG_1.HEIC")
    return tmp_path


def test_commands(folder: Path) -> None:
    thumbnails, one, immich, exported = COMMANDS
    type_in(thumbnails)
    type_in(one)
    for path in (folder / "thumbnails/beach.jpg", folder / "beach-640.jpg"):
        small = gm.decode(path)
        assert (small.rendered_from, small.pixels.shape) == ("standard", (427, 640, 3))
        assert small.metadata.names == [] and small.pixels.max() > 2
    type_in(immich)
    assert (folder / "library/lake.jpg").read_bytes() == (folder / "camera/lake.jpg").read_bytes()
    assert gm.decode(folder / "library/2026/IMG_1.jpg").rendered_from == "standard"
    type_in(exported)
    assert gm.decode(folder / "shared/hill.jpg").rendered_from == "standard"


def test_a_photo_that_is_still_being_written_is_done_again(folder: Path) -> None:
    *_, exported = COMMANDS
    new, whole = folder / "exported/new.jpg", (folder / "exported/hill.jpg").read_bytes()
    new.write_bytes(whole[: len(whole) // 2])
    type_in(exported)
    new.write_bytes(whole)
    type_in(exported)
    again = type_in(exported)
    assert gm.decode(folder / "shared/new.jpg").pixels.shape == (512, 768, 3)
    assert (folder / "shared/new.jpg").read_bytes() == (folder / "shared/hill.jpg").read_bytes()
    assert re.search(r"skipped +2 ", again), again
