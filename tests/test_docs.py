"""The documentation's links lead somewhere, and its Python runs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_bench.report.command_pages import make_photos
from gainmap_codec.cli import demo
from gainmap_codec.pixels import scene as scenes
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.scene import render_scene
from support.paths import ROOT
from support.typed import BLOCK, type_in

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """What a link may name behind ``#``, as hosts of Markdown make it from headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_internal_links(page: Path) -> None:
    for link in LINK.findall(page.read_text("utf-8")):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page_name(page)} links to {link}"
        assert not anchor or anchor in anchors(target), f"{page_name(page)} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_are_named_by_what_they_lead_to(page: Path) -> None:
    """A title says more than a file name."""
    assert re.findall(r"\[[^\]]*\.md\]\(", page.read_text("utf-8")) == []


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("page", [page for page in PAGES if BLOCK.search(page.read_text("utf-8"))], ids=page_name)
def test_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page run one after another, as a reader would type them, beside a small scene."""
    monkeypatch.chdir(tmp_path)
    for module in (demo, scenes):
        monkeypatch.setattr(module, "render_scene", lambda: render_scene(width=192, height=128))
    scene = render_scene(width=96, height=64)
    HdrImage(scene).save("scene.exr")
    Image.fromarray(np.rint(np.clip(scene, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)).save("scene.png")
    names: dict[str, Any] = {"__name__": "documentation"}
    for kind, block in BLOCK.findall(page.read_text("utf-8")):
        if kind == "python":
            exec(compile(block, page_name(page), "exec"), names)  # our own text, that is the point of the test
        if kind == "sh":
            for line in dedent(block).splitlines():
                type_line(line, monkeypatch)
    assert "gm" in names


def type_line(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder of the demonstration there are photos, which pages call the reader's own."""
    if line.startswith("cd "):
        monkeypatch.chdir(line.removeprefix("cd "))
        make_photos(Path())
    elif "jq" not in line or shutil.which("jq"):
        type_in(line)


def test_claims_are_what_was_measured() -> None:
    """What is said on the first pages in round numbers, by the tables of the pages that measured it."""
    texts = {path: (ROOT / path).read_text("utf-8") for path in ("README.md", "docs/index.md")}
    measured = (ROOT / "docs/codec.md").read_text("utf-8")
    payloads = [int(count) for count in re.findall(r"^\| \w+ \| (?:tiny|balanced) \| (\d+) \|", measured, re.MULTILINE)]
    assert len(payloads) >= 10 and {0.1 <= round(count / 1000, 1) <= 2 for count in payloads} == {True}
    assert [path for path, text in texts.items() if "0.1 to 2 kilobytes" not in text] == []
    performance = (ROOT / "docs/performance.md").read_text("utf-8")
    (installed,) = re.findall(r"versions of constraints\.txt, takes (\d+) MB", performance)
    assert f"take {round(int(installed), -1)} MB" in texts["README.md"]
    (smaller,) = re.findall(r"^\| all \|.*\(-(\d+\.\d)%\) \|$", performance, re.MULTILINE)
    assert "a fifth smaller" in texts["README.md"] and 18 <= float(smaller) <= 22


def test_readme_code_is_found() -> None:
    assert BLOCK.search((ROOT / "README.md").read_text("utf-8"))


@pytest.mark.parametrize("name", gm.__all__)
def test_names_of_arguments_are_not_wrapped(name: str) -> None:
    """Sphinx takes the first line of them for all."""
    assert not re.findall(r"^ +(?:\w+, ){3,}\w+,$", getattr(gm, name).__doc__ or "", re.MULTILINE)
