"""The page of `gainmap view` in Chromium: its pixels against ours, its controls, its manners (make test-readers).

Screenshots are left in build/viewer for people to look at.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gainmap_codec as gm
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.payload.format import parse_payload, serialize_payload
from gainmap_codec.files.payload.records import Binding, NeuralGainMap
from gainmap_codec.pixels.color.light import convert, pq_encode, srgb_encode
from gainmap_codec.pixels.maps.binding import soft_fingerprint
from gainmap_codec.pixels.raster.geometry import to_stored
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from gainmap_codec.view.contents import shown_file
from gainmap_codec.view.page import assemble_page
from support.chromium import find_chromium
from support.networks import random_network, round_to_wire
from support.paths import ROOT
from support.viewer import NETWORKS, PAYLOADS, assert_same_pictures, job

pytestmark = [
    pytest.mark.readers,
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed (apt-get install chromium)"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="playwright is not installed (the extra readers)"),
]

SHOTS = ROOT / "build/viewer"
AXE = ROOT / "build/npm/node_modules/axe-core/axe.min.js"
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
OpenPage = Callable[..., Any]

TO_TEXT = """const toText = (array) => {
  const bytes = new Uint8Array(array.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
};
const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
"""
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
def chromium() -> Iterator[Callable[..., OpenPage]]:
    """Starts browsers, each with arguments of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:

        def start(*more: str) -> OpenPage:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*ARGUMENTS, *more])
            return partial(open_in, browser)

        yield start


def open_in(browser: Any, address: str, width: int = 1280, scheme: str = "dark") -> Any:
    """A page, whose errors are collected in its `complaints`, and what it asks for in its `requests`."""
    page = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
    page.complaints, page.requests = [], []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda line: line.type == "error" and page.complaints.append(line.text))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(address)
    if address.startswith("file:"):
        page.wait_for_selector("html[data-state=ready]", timeout=60_000)
    return page


@pytest.fixture(scope="module")
def open_page(chromium: Callable[..., OpenPage]) -> OpenPage:
    return chromium()


@pytest.fixture(scope="module")
def modules() -> Iterator[str]:
    """The address of a server, on this machine, of the viewer's modules."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    folder = str(ROOT / "src/gainmap_codec/view/static")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def base() -> NDArray[np.uint8]:
    codes: NDArray[np.uint8] = encode_base(tone_map(render_scene(96, 64), headroom=3.0))
    return codes


def with_network(data: bytes, network: NeuralGainMap) -> bytes:
    """A gain-map file with a neural payload of its own base."""
    file = parse_file(data, "", gm.Limits())
    codes = gm.decode(data, prefer="base", orientation="stored")
    binding = Binding(file.base_digest, soft_fingerprint(encode_base(codes.convert("srgb").pixels)))
    return serialize_file(replace(file, payload=serialize_payload(replace(network, binding=binding))), [])


@pytest.fixture(scope="module")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Writes a page of files given by name, and gives its address."""

    def write(**files: bytes) -> str:
        folder = tmp_path_factory.mktemp("page")
        paths = [folder / f"{name}.jpg" for name in files]
        for path, data in zip(paths, files.values(), strict=True):
            path.write_bytes(data)
        page = folder / "page.html"
        page.write_bytes(assemble_page([shown_file(path, gm.Limits()) for path in paths]))
        return page.as_uri()

    return write


@pytest.fixture(scope="module")
def scene_file() -> bytes:
    network = random_network("balanced", seed=4, residual_scale=0.75, alternate_hdr_headroom=2.5)
    return with_network(gm.encode(SCENE, carry="standard"), network)


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


def test_the_page(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    address = page_of(scene=scene_file)
    page = open_page(address)
    assert page.requests[0] == address and all(url.startswith(("blob:", "data:")) for url in page.requests[1:])
    assert page.complaints == []
    assert "shows no HDR" in page.inner_text("#status")
    assert page.locator("#figures canvas").count() == 2
    assert page.locator("#sources input").count() == 2
    assert page.is_visible("#exposure")
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / "page.png", full_page=True)
    assert (SHOTS / "page.png").stat().st_size > 50_000
    page.context.close()


def test_the_page_shows_what_python_decodes(
    open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes
) -> None:
    """The canvas, an SDR one, against the neural rendition, cut off at white."""
    page = open_page(page_of(scene=scene_file))
    wanted = gm.decode(scene_file, prefer="neural", color_space="display-p3").pixels
    assert np.mean(np.abs(canvas_codes(page) - srgb_encode(wanted)).max(axis=2) * 255 <= 2) >= 0.99
    page.context.close()


def test_the_keyboard_moves_everything(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    from playwright.sync_api import expect

    page = open_page(page_of(scene=scene_file))
    page.focus("#split")
    before = page.evaluate("getComputedStyle(document.getElementById('stage')).getPropertyValue('--split')")
    page.keyboard.press("PageUp")
    assert page.evaluate("getComputedStyle(document.getElementById('stage')).getPropertyValue('--split')") != before
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "neural"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.value") == "standard"
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    expect(page.locator("#headroom-text")).to_have_text("0.00 stops, 203 nits")
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    expect(page.locator("#exposure-text")).to_have_text("-6.00 stops")
    assert page.complaints == []
    page.context.close()


def test_several_files_and_hostile_names(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    """Names are text; a damaged payload and a plain picture say what is shown instead."""
    from playwright.sync_api import expect

    damaged = (ROOT / "fixtures/invalid/payload-bad-crc.jpg").read_bytes()
    plain = (ROOT / "fixtures/jpeg/base-16x16.jpg").read_bytes()
    page = open_page(page_of(**{"<img src=x onerror=alert(1)>": scene_file, "damaged": damaged, "plain": plain}))
    assert page.inner_text("h1") == "<img src=x onerror=alert(1)>.jpg"
    page.click("#list button:nth-child(2)")
    expect(page.locator("#figures canvas")).to_have_count(1)
    assert "CRC" in page.inner_text("#notes")
    page.click("#list button:nth-child(3)")
    expect(page.locator("#status")).to_contain_text("Shown as SDR")
    assert not page.is_visible("#controls") and not page.is_visible("#split")
    page.click("#list button:nth-child(1)")
    expect(page.locator("#figures canvas")).to_have_count(2)
    assert page.complaints == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [400, 1280])
def test_axe_finds_nothing(
    open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes, scheme: str, width: int
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed (make test-readers)")
    page = open_page(page_of(scene=scene_file, other=scene_file), width=width, scheme=scheme)
    page.click("summary")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run()")
    assert [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]] == []
    assert len(found["passes"]) > 15
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{scheme}-{width}.png", full_page=True)
    page.context.close()


def test_without_webgl_the_base_is_shown(
    chromium: Callable[..., OpenPage], page_of: Callable[..., str], scene_file: bytes
) -> None:
    page = chromium("--disable-3d-apis")(page_of(scene=scene_file))
    assert page.inner_text("#status") == "Shown as SDR. WebGL 2 is missing in this browser"
    assert page.evaluate("document.getElementById('base').naturalWidth") == 192
    assert not page.is_visible("#split")
    assert page.complaints == []
    page.context.browser.close()


def test_true_hdr(chromium: Callable[..., OpenPage], page_of: Callable[..., str], scene_file: bytes) -> None:
    """On an HDR screen the canvas holds the whole rendition: its light beyond white comes back from it."""
    page = chromium(*HDR_ARGUMENTS)(page_of(scene=scene_file))
    if not page.evaluate("navigator.gpu?.requestAdapter().then(Boolean) ?? false"):
        pytest.skip("this Chromium has no WebGPU in software")
    assert page.inner_text("#status").startswith("True HDR")
    assert not page.is_visible("#exposure")
    page.check("#sources input[value=standard]")
    codes = canvas_codes(page)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / "hdr.png")
    page.context.browser.close()
    wanted = np.maximum(gm.decode(scene_file, prefer="standard", color_space="display-p3").pixels, 0)
    assert wanted.max() > 3
    light = np.where(codes <= 0.04045, codes / 12.92, ((np.maximum(codes, 0.04045) + 0.055) / 1.055) ** 2.4)
    one, other = (pq_encode(convert(pixels, "display-p3", "bt2020")) for pixels in (light, wanted))
    assert np.mean(np.abs(one - other) * 255 <= 2) >= 0.99
    assert light.max() > 0.9 * wanted.max()


def canvas_codes(page: Any) -> NDArray[np.float32]:
    """What the HDR side's canvas holds, float32 (H, W, 3): Display P3 with the sRGB curve, beyond 1 where it is."""
    width, height, found = page.evaluate(f"""async () => {{
      {TO_TEXT}
      const canvas = document.querySelector("#hdr canvas");
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


def test_the_documented_site(chromium: Callable[..., OpenPage], scene_file: bytes) -> None:
    """docs/browser.md's page, on an HDR screen: the canvas takes the image's place."""
    text = (ROOT / "docs/browser.md").read_text("utf-8")
    site = text.split("```html\n")[1].split("```")[0]

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
