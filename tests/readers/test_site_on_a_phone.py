"""On a phone, no page of the documentation is wider than the screen, and code fits its box (make test-readers)."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.chromium import ARGUMENTS, find_chromium
from support.paths import ROOT

pytestmark = [
    pytest.mark.readers,
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed (apt-get install chromium)"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="playwright is not installed (the extra readers)"),
    pytest.mark.skipif(find_spec("myst_nb") is None, reason="Sphinx is not installed (the extra docs)"),
]
WIDER = """() => {
  const boxes = [...document.querySelectorAll("pre")].filter((box) => box.scrollWidth > box.clientWidth + 1);
  const page = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
  return page.concat(boxes.map((box) => box.textContent.slice(0, 60)));
}"""


def test_nothing_is_wider_than_the_screen(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    build = [sys.executable, "-m", "sphinx", "-q", "-D", "nb_execution_mode=off", str(ROOT / "docs"), str(tmp_path)]
    subprocess.run(build, check=True, timeout=300)
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) > 20
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 390, "height": 844})
        found = {}
        for path in pages:
            page.goto(path.as_uri())
            found[path.name] = page.evaluate(WIDER)
        browser.close()
    assert {name: wide for name, wide in found.items() if wide} == {}
