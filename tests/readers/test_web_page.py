"""Chromium takes from our page the smallest file that fills the picture's place, upright (make test-readers)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from support import pipeline_files as files
from support.chromium import ARGUMENTS, find_chromium
from support.command_line import run

pytestmark = [
    pytest.mark.readers,
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed (apt-get install chromium)"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="playwright is not installed (the extra readers)"),
]


@pytest.mark.parametrize(("formats", "suffix"), [(("jpeg", "avif"), "avif"), (("jpeg",), "jpg")])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_browser_chooses(orientation: int, formats: tuple[str, ...], suffix: str, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    photo = tmp_path / "my photo.jpg"
    photo.write_bytes(files.made(standard=True, orientation=orientation))
    kinds = [argument for kind in formats for argument in ("--to", kind)]
    done = run("web", photo, "-o", tmp_path / "out", "--widths", "16,32,60", *kinds)
    assert done.returncode == 0, done.stderr
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 28, "height": 600})
        page.goto((tmp_path / "out/pictures.html").as_uri())
        page.wait_for_function("document.querySelector('img').complete")
        taken: Any = page.evaluate(
            "(async () => { const image = document.querySelector('img'); const own = new Image();"
            " own.src = image.currentSrc; await own.decode();"
            " return [image.currentSrc.split('/').at(-1), own.naturalWidth, own.naturalHeight]; })()"
        )
        browser.close()
    height = round(32 * (64 / 96 if orientation == 1 else 96 / 64))
    assert taken == [f"my-photo-32.{suffix}", 32, height]
