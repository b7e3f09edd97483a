"""Each command has a page, whose examples work when typed, print what the page says, and leave what it shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import gainmap_codec as gm
from gainmap_bench.report.command_pages import make_photos
from gainmap_codec.cli.main import gainmap
from support.paths import ROOT
from support.typed import BLOCK, type_in, typed_lines

FOLDER = ROOT / "docs" / "commands"
PAGES = sorted(FOLDER.glob("*.md"))
PICTURES = sorted((ROOT / "docs" / "figures" / "commands").glob("*.jpg"))
NUMBER = re.compile(r"\d[\d,.]*(?: (?:s|photos/s|MP/s)\b)?")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, short_fits: None) -> Path:
    """What ``gainmap demo`` leaves, and the folder of photos that the examples speak of."""
    folder = tmp_path_factory.mktemp("typed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        type_in("gainmap demo")
    make_photos(folder / "demo")
    return folder / "demo"


def test_every_command_has_a_page() -> None:
    assert {page.stem for page in PAGES} == set(gainmap.commands)
    overview = (ROOT / "docs" / "commands.md").read_text("utf-8")
    assert [page.name for page in PAGES if f"](commands/{page.name})" not in overview] == []


def test_the_list_of_commands_has_whole_sentences() -> None:
    """Those of `gainmap --help` are not cut off."""
    shorts = {name: command.get_short_help_str(60) for name, command in gainmap.commands.items()}
    assert {name: text for name, text in shorts.items() if not text.endswith(".") or text.endswith("...")} == {}


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples(page: Path, demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words are compared, but what is told of neural maps, whose fits are short here; figures are of one machine."""
    text = page.read_text("utf-8")
    assert f"{{command-help}} {page.stem}\n" in text
    lines = [typed for kind, block in BLOCK.findall(text) if kind == "console" for typed in typed_lines(block)]
    assert any(typed.line.startswith(f"gainmap {page.stem}") for typed in lines)
    if page.stem == "demo":
        monkeypatch.chdir(tmp_path)
    else:
        monkeypatch.chdir(shutil.copytree(demo, tmp_path / "demo"))
    for typed in lines:
        if "jq" in typed.line and not shutil.which("jq"):
            continue
        assert without_figures(type_in(typed.line)) == without_figures(typed.printed), typed.line


def without_figures(text: str) -> list[list[str]]:
    """The words of each line that has any, and tells of no neural map."""
    words = [NUMBER.sub("N", line).split() for line in text.splitlines() if "eural" not in line]
    return [line for line in words if line]


def test_pictures_are_small_and_shown() -> None:
    shown = {
        name for page in PAGES for name in re.findall(r"\]\(\.\./figures/commands/([^)]+)\)", page.read_text("utf-8"))
    }
    assert {path.name for path in PICTURES} == shown
    assert len(PICTURES) >= 8
    assert max(path.stat().st_size for path in PICTURES) <= 60_000
    hdr = ("encode", "crop", "resize", "rotate", "flip")
    assert all(gm.decode(path).rendered_from == "standard" for path in PICTURES if path.stem in hdr)
