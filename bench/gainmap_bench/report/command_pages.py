"""The documentation's pages of commands: what their examples print, and pictures of the files that these write."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.pixels.formats.outputs import write_atomically

_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SIDE, _SHEET, _WIDTH = 640, 960, 720
_PICTURES = {
    "demo": "comparison.png",
    "encode": "photo.jpg",
    "crop": "sun.jpg",
    "resize": "small.jpg",
    "rotate": "turned.jpg",
    "flip": "mirrored.jpg",
    "extract": "parts/map.jpg",
}
"""Of each page, the file of which it shows a small version."""


def write_command_pages(docs: Path, folder: Path) -> None:
    """Run the examples of all pages in ``docs/commands``, put in what they print, and write figures/commands.

    Args:
        docs: The documentation.
        folder: An empty one; ``demo/`` comes into it, where all but the page of ``demo`` are run.
    """
    first = docs / "commands" / "demo.md"
    texts = {first: refreshed(first.read_text("utf-8"), folder)}
    make_photos(folder / "demo")
    for page in sorted(set(first.parent.glob("*.md")) - {first}):
        texts[page] = refreshed(page.read_text("utf-8"), folder / "demo")
    for page, text in texts.items():
        write_atomically(page, text.encode())
    pictures = docs / "figures" / "commands"
    pictures.mkdir(parents=True, exist_ok=True)
    for name, file in _PICTURES.items():
        write_atomically(pictures / f"{name}.jpg", _small(folder / "demo" / file))
    write_atomically(pictures / "decode.jpg", _screens(folder / "demo" / "scene.jpg"))
    write_atomically(pictures / "view.jpg", page_shown(folder / "demo" / "scene.html"))


def make_photos(demo: Path) -> None:
    """The folder ``photos`` of the examples, beside the files of ``gainmap demo``."""
    (demo / "photos").mkdir()
    shutil.copy(demo / "scene.jpg", demo / "photos" / "harbour.jpg")
    (demo / "photos" / "evening.jpg").write_bytes(gm.flip(demo / "scene.jpg", "horizontal"))


def refreshed(page: str, folder: Path) -> str:
    """The page with what its ``$`` lines print now, run by bash in `folder`."""

    def printed(block: re.Match[str]) -> str:
        lines = [line for line in block[1].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"{line}\n{_output(line[2:], folder)}" for line in lines) + "```"

    return _CONSOLE.sub(printed, page)


def _output(line: str, folder: Path) -> str:
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": paths, "COLUMNS": "88"}
    done = subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ValueError(f"{line}: expected exit code 0, got {done.returncode}: {done.stderr}")
    return "".join(f"{printed.rstrip()}\n" for printed in done.stdout.splitlines())


def _small(path: Path) -> bytes:
    """A photo with its HDR, or a picture without, at most so many pixels a side."""
    if path.suffix == ".jpg" and gm.inspect(path).to_dict().get("gain_map"):
        return gm.resize(path, fit=(_SIDE, _SIDE), preset="web", carry="standard", strip="all")
    with Image.open(path) as picture:
        small = picture.convert("RGB")
    small.thumbnail((_SHEET, _SHEET))
    return _jpeg(small)


def _screens(path: Path) -> bytes:
    """What displays of 0, 1.5 and 3 stops of headroom show, beside each other and two stops darker."""
    shown = [gm.decode(path, headroom=stops, color_space="srgb").pixels for stops in (0, 1.5, 3)]
    picture = gm.HdrImage(np.concatenate(shown, axis=1) / np.float32(4), "srgb").to_sdr(method="clip")
    picture.thumbnail((_SHEET, _SHEET))
    return _jpeg(picture)


def page_shown(page: Path) -> bytes:
    """What Chromium shows of a page of ``gainmap view``, with the light of a pixel and false colours on top."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": 1200, "height": 1080}, color_scheme="dark")
        shown.goto(page.resolve().as_uri())
        shown.wait_for_selector("#light:not(.stale)", timeout=600_000)
        shown.select_option("#overlay", "falseColor")
        shown.hover("#stage", position={"x": 800, "y": 250})
        shown.wait_for_timeout(2000)  # drawn in full
        with Image.open(BytesIO(shown.screenshot())) as picture:
            small = picture.convert("RGB")
        browser.close()
    small.thumbnail((_WIDTH, _WIDTH))
    return _jpeg(small)


def _jpeg(picture: Image.Image) -> bytes:
    stream = BytesIO()
    picture.save(stream, "JPEG", quality=75, optimize=True)
    return stream.getvalue()
