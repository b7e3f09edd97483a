"""The documentation builds without a warning, and its pages work without a network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import gainmap_codec as gm
from support.paths import ROOT

LOADED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]+)\"|<link\b([^>]*)>")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("sphinx", "furo", "myst_nb"):
        pytest.importorskip(name, reason="`make setup` installs the extra docs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(ROOT / "docs"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        for source, link in LOADED.findall(page.read_text("utf-8")):
            target = source or re.findall(r"href=\"([^\"]*)\"", link)[0]
            assert not re.match(r"(https?:)?//", target), f"{page.name} loads {target}"
    for style in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", style.read_text("utf-8")), style.name


def test_the_reference_has_every_public_name(site: Path) -> None:
    text = (site / "api.html").read_text("utf-8")
    names = [name for name in gm.__all__ if name != "__version__"]  # which the page's first lines tell
    assert [name for name in names if f'id="gainmap_codec.{name}"' not in text] == []
    assert "gainmap_codec.__version__" in text
    assert "Width and height of the upright picture in pixels" in text


def test_the_commands_have_their_help(site: Path) -> None:
    text = (site / "commands" / "crop.html").read_text("utf-8")
    assert "gainmap crop photo.jpg -o part.jpg --box 100,0,1180,1080" in text
    assert "gainmap crop [OPTIONS] IN..." in text
    assert ">LEFT,TOP,RIGHT,BOTTOM</span>" in text


def test_the_notebook_has_its_results(site: Path) -> None:
    text = (site / "notebook.html").read_text("utf-8")
    assert re.search(r"neural gain map: \d+ bytes, [45]\d\.\d dB", text)
    assert "brightest 3.06 stops over SDR white" in text
    assert len(re.findall(r'<img[^>]*src="(?:_images|data:image/png)', text)) >= 4
