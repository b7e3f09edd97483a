"""Chromium on the viewer's page and modules: what opens them, and how arrays travel."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gainmap_codec as gm
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.payload.format import serialize_payload
from gainmap_codec.files.payload.records import Binding, NeuralGainMap
from gainmap_codec.pixels.maps.binding import soft_fingerprint
from gainmap_codec.pixels.raster.tone_map import encode_base
from gainmap_codec.pixels.scene import render_scene
from support.chromium import find_chromium
from support.paths import ROOT

OpenPage = Callable[..., Any]

NEEDS_CHROMIUM = [
    pytest.mark.readers,
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed (apt-get install chromium)"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="playwright is not installed (the extra readers)"),
]
ARGUMENTS = ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
HDR_ARGUMENTS = [
    "--force-color-profile=hdr10",  # as if the screen were one
    "--enable-unsafe-webgpu",  # in software, and what is on the page composited by the same
    "--enable-unsafe-swiftshader",
    "--use-webgpu-adapter=swiftshader",
    "--use-angle=swiftshader",
    "--use-vulkan=swiftshader",
    "--enable-features=Vulkan",
    "--disable-gpu-watchdog",
]
SCENE = gm.HdrImage(render_scene(192, 128))
SIZE = (128, 192)
"""The scene's height and width."""
SHOTS = ROOT / "build/screenshots"
AXE = ROOT / "build/npm/node_modules/axe-core/axe.min.js"

TO_TEXT = """const toText = (array) => {
  const bytes = new Uint8Array(array.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
};
const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
"""


def open_in(
    browser: Any, address: str, width: int = 720, height: int = 520, scheme: str = "dark", **context: Any
) -> Any:
    """A page, whose errors are collected in its `complaints`, and what it asks for in its `requests`.

    It is small, for a processor draws it here.
    """
    viewport = {"width": width, "height": height}
    page = browser.new_context(viewport=viewport, color_scheme=scheme, **context).new_page()
    page.complaints, page.requests = [], []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda line: line.type == "error" and page.complaints.append(line.text))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(address)
    if address.startswith("file:"):
        page.wait_for_selector("html[data-state=ready]", timeout=60_000)
    return page


def with_network(data: bytes, network: NeuralGainMap) -> bytes:
    """A gain-map file with a neural payload of its own base."""
    file = parse_file(data, "", gm.Limits())
    codes = gm.decode(data, prefer="base", orientation="stored")
    binding = Binding(file.base_digest, soft_fingerprint(encode_base(codes.convert("srgb").pixels)))
    return serialize_file(replace(file, payload=serialize_payload(replace(network, binding=binding))), [])


def drawn(page: Any) -> None:
    """Wait until the page has drawn what it was last asked for."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def alone(page: Any, side: str) -> None:
    """Show one rendition, each pixel of the picture by one of the canvas."""
    page.check("#layouts [value=one]")
    page.select_option("#right", side)
    page.click("#actual")
    drawn(page)


def canvas_codes(page: Any) -> NDArray[np.float32]:
    """What the canvas holds, float32 (H, W, 3): Display P3 with the sRGB curve, beyond 1 where it is."""
    width, height, found = page.evaluate(f"""async () => {{
      {TO_TEXT}
      const canvas = document.querySelector("#canvas canvas");
      const format = {{ colorSpace: "display-p3", colorType: "float16", willReadFrequently: true }};
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", format);
      document.getElementById("headroom").dispatchEvent(new Event("input"));
      await new Promise(requestAnimationFrame);
      copy.drawImage(canvas, 0, 0);
      const wanted = {{ colorSpace: "display-p3", pixelFormat: "rgba-float16" }};
      const pixels = copy.getImageData(0, 0, canvas.width, canvas.height, wanted).data;
      return [canvas.width, canvas.height, toText(pixels)];
    }}""")
    pixels = np.frombuffer(base64.b64decode(found), np.float16).reshape(height, width, 4)
    return pixels[..., :3].astype(np.float32)


def picture_codes(page: Any) -> NDArray[np.float32]:
    """The part of the canvas that holds the scene, which is shown pixel by pixel in its middle."""
    codes = canvas_codes(page)
    (height, width), (rows, columns) = SIZE, codes.shape[:2]
    top, left = (-int(np.floor((inner - outer + 1) / 2)) for inner, outer in ((height, rows), (width, columns)))
    return codes[top : top + height, left : left + width]


def shot(page: Any, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def assert_axe_finds_nothing(page: Any) -> None:
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run()")
    assert [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]] == []
    assert len(found["passes"]) > 10
