"""Chromium on the viewer's page and modules: what opens them, and how arrays travel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest

import gainmap_codec as gm
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.payload.format import serialize_payload
from gainmap_codec.files.payload.records import Binding, NeuralGainMap
from gainmap_codec.pixels.maps.binding import soft_fingerprint
from gainmap_codec.pixels.raster.tone_map import encode_base
from gainmap_codec.pixels.scene import render_scene
from support.chromium import find_chromium

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

TO_TEXT = """const toText = (array) => {
  const bytes = new Uint8Array(array.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
};
const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
"""


def open_in(browser: Any, address: str, width: int = 1280, scheme: str = "dark", **context: Any) -> Any:
    """A page, whose errors are collected in its `complaints`, and what it asks for in its `requests`."""
    viewport = {"width": width, "height": 800}
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
