"""The viewer's modules in Chromium: their pixels against ours (make test-readers).

The page made of them is that of test_viewer_tool.py.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gainmap_codec as gm
from gainmap_codec.files.payload.format import parse_payload, serialize_payload
from gainmap_codec.pixels.color.light import pq_encode
from gainmap_codec.pixels.raster.geometry import to_stored
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from gainmap_codec.view.contents import shown_file
from support.networks import random_network, round_to_wire
from support.pages import HDR_ARGUMENTS, NEEDS_CHROMIUM, SCENE, TO_TEXT, OpenPage, with_network
from support.paths import ROOT
from support.viewer import NETWORKS, PAYLOADS, assert_same_pictures, job

pytestmark = NEEDS_CHROMIUM

RENDER_NEURAL = f"""async ([address, {{ payload, pixels, width, height, headroom }}]) => {{
  const {{ decodePicture, parsePayload, withPictureValues }} = await import(`${{address}}/gain_map_view.js`);
  const {{ Renderer }} = await import(`${{address}}/renderer.js`);
  const {{ TO_BT2020, srgbCurves }} = await import(`${{address}}/color.js`);
  {TO_TEXT}
  const color = {{ curves: srgbCurves(), toBt2020: TO_BT2020.srgb }};
  const picture = {{ data: bytesOf(pixels), width, height }};
  const renderer = new Renderer(document.createElement("canvas"), picture, color);
  const network = await withPictureValues(parsePayload(bytesOf(payload)), decodePicture);
  const found = renderer.readLinear(renderer.neuralMap(network), headroom ?? Infinity);
  const error = renderer.gl.getError();
  renderer.close();
  if (error) throw new Error(`WebGL ${{error}}`);
  return toText(found);
}}"""
RENDER_STANDARD = f"""async ([address, file, headroom]) => {{
  const {{ Renderer }} = await import(`${{address}}/renderer.js`);
  const {{ decodePicture }} = await import(`${{address}}/gain_map_view.js`);
  {TO_TEXT}
  const color = {{ curves: new Float32Array(bytesOf(file.curves).buffer), toBt2020: file.toBt2020 }};
  const picture = await decodePicture(new Blob([bytesOf(file.picture)]));
  const renderer = new Renderer(document.createElement("canvas"), picture, color);
  const pixels = await decodePicture(new Blob([bytesOf(file.standard.picture)]));
  const found = renderer.readLinear(renderer.standardMap(pixels, file.standard.metadata), headroom);
  renderer.close();
  return toText(found);
}}"""


@pytest.fixture(scope="module")
def base() -> NDArray[np.uint8]:
    codes: NDArray[np.uint8] = encode_base(tone_map(render_scene(96, 64), headroom=3.0))
    return codes


def rgb(text: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(text), np.float32).reshape(*shape[:2], 4)[..., :3]


SHADED = [*PAYLOADS, *NETWORKS]


@pytest.mark.parametrize("name", SHADED, ids=lambda name: getattr(name, "stem", name))
def test_the_shader_renders_as_python_does(
    open_page: OpenPage, modules: str, base: NDArray[np.uint8], name: Any
) -> None:
    """Within two 8-bit codes; every fixture, and networks of every domain, turned, cropped and larger than the base."""
    if isinstance(name, Path):
        network = parse_payload(name.read_bytes())
    else:
        network = round_to_wire(random_network(seed=7, **NETWORKS[name]))
    page = open_page(f"{modules}/package.json")
    for headroom in (None, network.alternate_hdr_headroom / 2):
        found = page.evaluate(RENDER_NEURAL, [modules, job(serialize_payload(network), base, headroom)])
        assert_same_pictures(rgb(found, base.shape), network, base, headroom or float("inf"))
    page.context.close()


STANDARD: dict[str, dict[str, Any]] = {
    "one channel": {},
    "three channels, Display P3": {"map_channels": 3, "base_color_space": "display-p3"},
    "as large as the base": {"map_scale": 1},
}


def assert_standard(page: Any, modules: str, source: Path) -> None:
    """The page's rendition against ours, both of the picture that the page holds."""
    shown = shown_file(source, gm.Limits())
    full = gm.inspect(source).headroom or 0.0
    assert full > 1
    for headroom in (0.0, full / 2, full):
        wanted = gm.decode(source, headroom=headroom, prefer="standard").pixels
        found = rgb(page.evaluate(RENDER_STANDARD, [modules, shown, headroom]), wanted.shape)
        codes = np.abs(pq_encode(found) - pq_encode(wanted)) * 255
        assert codes.max() <= 2, headroom


@pytest.mark.parametrize("name", STANDARD)
def test_standard_maps_are_applied_as_python_does(open_page: OpenPage, modules: str, name: str, tmp_path: Path) -> None:
    source = tmp_path / "scene.jpg"
    source.write_bytes(gm.encode(SCENE, carry="standard", **STANDARD[name]))
    page = open_page(f"{modules}/package.json")
    assert_standard(page, modules, source)
    page.context.close()


@pytest.mark.parametrize("name", ["apple-maker-note.jpg", "apple-xmp.jpg", "both.jpg", "flat-map.jpg"])
def test_standard_maps_of_others(open_page: OpenPage, modules: str, name: str) -> None:
    page = open_page(f"{modules}/package.json")
    assert_standard(page, modules, ROOT / "fixtures/jpeg" / name)
    page.context.close()


def test_a_site_opens_a_base_with_its_payload(open_page: OpenPage, modules: str, scene_file: bytes) -> None:
    """docs/browser.md: the payload comes out of the JPEG, and a picture that is turned is found out."""
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    sdr = to_stored(encode_base(tone_map(SCENE.convert("srgb").pixels, headroom=3.0)), 6)
    turned = with_network(gm.encode(SCENE, sdr, carry="standard", exif=exif), random_network(seed=4))
    script = f"""async ([address, file, other]) => {{
      const {{ openNeuralPicture, payloadOfJpeg }} = await import(`${{address}}/gain_map_view.js`);
      {TO_TEXT}
      const payload = payloadOfJpeg(bytesOf(file));
      const view = await openNeuralPicture(new Blob([bytesOf(file)]), payload);
      const refused = await openNeuralPicture(new Blob([bytesOf(other)]), payload).catch((error) => error.message);
      return [view.canvas.width, view.canvas.height, view.isHdr, view.headroom, refused];
    }}"""
    page = open_page(f"{modules}/package.json")
    other = gm.encode(gm.HdrImage(SCENE.pixels[:, :96].copy()), carry="standard")
    for data in (scene_file, turned):
        arguments = [modules, base64.b64encode(data).decode(), base64.b64encode(other).decode()]
        width, height, is_hdr, headroom, refused = page.evaluate(script, arguments)
        assert (width, height, is_hdr) == (192, 128, False)
        assert headroom == gm.inspect(data).payload.alternate_hdr_headroom  # type: ignore[union-attr]
    assert "another picture" in refused
    page.context.close()


def test_the_documented_site(chromium: Callable[..., OpenPage], scene_file: bytes) -> None:
    """docs/browser.md's page, on an HDR screen: the canvas takes the image's place."""
    text = (ROOT / "docs/browser.md").read_text("utf-8")
    site = text.split("```html\n<!doctype html>")[1].split("```")[0]

    def answer(route: Any) -> None:
        name = route.request.url.removeprefix("http://localhost/")
        if name == "photo.jpg":
            route.fulfill(body=scene_file, content_type="image/jpeg")
        elif name.startswith("gainmap/"):
            route.fulfill(path=ROOT / "src/gainmap_codec/view/static" / name.removeprefix("gainmap/"))
        else:
            route.fulfill(body=site, content_type="text/html")

    page = chromium(*HDR_ARGUMENTS)("about:blank")
    page.route("http://localhost/**", answer)
    page.goto("http://localhost/")
    if not page.evaluate("navigator.gpu?.requestAdapter().then(Boolean) ?? false"):
        pytest.skip("this Chromium has no WebGPU in software")
    canvas = page.get_by_role("img", name="Lamps over a bar").and_(page.locator("canvas"))
    canvas.wait_for(timeout=20_000)
    assert page.complaints == []
    page.context.browser.close()
