"""The npm module in `web/` for tests in browsers: a photo for it, a server of it, and browsers that nobody drives."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from os import killpg
from pathlib import Path
from signal import SIGTERM

import pytest

import gainmap_codec as gm
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.raster.geometry import to_stored
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from support.page_server import PageServer, serve
from support.paths import ROOT

WEB = ROOT / "web"
MARKS = [
    pytest.mark.readers,
    pytest.mark.filterwarnings("ignore:standard gain map. one channel, as asked"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed (apt-get install npm)"),
    pytest.mark.skipif(not (WEB / "node_modules").exists(), reason="esbuild is not installed (npm ci --prefix web)"),
]
MINI_BROWSERS = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))


@cache
def neural_photo(orientation: int = 1, width: int = 384, container: Container = "jpeg") -> bytes:
    """A photo as phones make them, with one gain for all channels, by a neural gain map."""
    scene = gm.HdrImage(render_scene(width, width * 2 // 3))
    sdr = encode_base(tone_map(scene.pixels, headroom=3.0))
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes((orientation, 0, 0, 0, 0, 0, 0))
    standard = gm.encode(
        scene, to_stored(sdr, orientation), carry="standard", map_channels=1, exif=exif, container=container
    )
    return gm.transcode(standard, carry="neural", preset="tiny")


@contextmanager
def module_server() -> Iterator[PageServer]:
    """Serves `web/`, its modules built anew."""
    subprocess.run(["npm", "run", "build", "--silent"], cwd=WEB, check=True)
    with serve(WEB) as found:
        yield found


def sent_by(name: str, server: PageServer, path: str, profile: Path) -> tuple[str, bytes]:
    """What a page sends in Firefox or WebKit, without a screen: nobody drives them, and they are ended then."""
    command = [*_command_of(name, profile), server.address + path]
    with (profile / "log").open("w") as log:
        browser = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            return server.sent.get(timeout=90)
        finally:
            killpg(browser.pid, SIGTERM)
            browser.wait(timeout=20)


def _command_of(name: str, profile: Path) -> list[str]:
    if name == "Firefox" and (found := shutil.which("firefox-esr") or shutil.which("firefox")):
        return [found, "--headless", "--no-remote", "--profile", str(profile)]
    if name == "WebKit" and MINI_BROWSERS and (screen := shutil.which("xvfb-run")):
        return [screen, "-a", str(MINI_BROWSERS[-1])]
    pytest.skip(f"{name} is not installed (apt-get install firefox-esr; webkit2gtk-driver xvfb xauth)")
