"""`toUltraHdr` of the npm module in browsers: the file that it makes is read by us and shown in HDR by Chromium."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

import gainmap_codec as gm
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.jpeg.segments import segments_of
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.color.light import convert, pq_encode
from gainmap_codec.pixels.scene import grade_scene, render_scene
from support.chromium import ARGUMENTS, find_chromium, shown_by
from support.npm_module import MARKS, WEB, module_server, neural_photo, sent_by
from support.page_server import PageServer
from support.paths import FIXTURES

MOST_GZIPPED_BYTES = 25_000
MOST_GZIPPED_BYTES_OF_AVIF = 8_000
"""Of what is loaded besides when the first AVIF file is converted."""

pytestmark = MARKS
SCENE = gm.HdrImage(render_scene(384, 256))
OTHER = gm.HdrImage(np.ascontiguousarray(SCENE.pixels[::-1] * np.float32(0.3)))

RUN = """async ([url, options]) => {
  const { makeUltraHdr } = await import("/dist/gainmap-nn.js");
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const { bytes: made, reason } = await makeUltraHdr(bytes, options);
  await fetch("/made", { method: "POST", body: made });
  return { reason, isSame: made === bytes };
}"""


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with module_server() as found:
        found.files["/empty.html"] = b"<!doctype html><title>empty</title>"
        yield found


@pytest.fixture(scope="module")
def chromium() -> str:
    found = find_chromium()
    if found is None or find_spec("playwright") is None:
        pytest.skip("Chromium or playwright is not installed (apt-get install chromium, the extra readers)")
    return found


@pytest.fixture(scope="module")
def page(server: PageServer, chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        page = browser.new_page()
        page.goto(f"{server.address}/empty.html")
        yield page
        browser.close()


def made_by(page: Any, server: PageServer, data: bytes, **options: Any) -> tuple[bytes, dict[str, Any]]:
    """The bytes that come back, and why they are as they were."""
    server.files["/photo.jpg"] = data
    answer: dict[str, Any] = page.evaluate(RUN, ["/photo.jpg", options])
    return server.sent.get(timeout=10)[1], answer


def difference(one: bytes, other: bytes) -> NDArray[np.float32]:
    """Codes of 10-bit PQ between what two files show in full, the largest of the channels."""
    first, second = (pq_encode(gm.decode(data, color_space="bt2020").pixels) for data in (one, other))
    largest: NDArray[np.float32] = np.abs(first - second).max(axis=2) * 1023
    return largest


def assert_ultra_hdr(made: bytes, neural: bytes) -> None:
    """The file is whole, its base is that of before, and it shows what the network shows."""
    record, before = parse_file(made, "", Limits()), parse_file(neural, "", Limits())
    assert record.warnings == () and record.payload is None
    assert record.base_digest == before.base_digest
    scans, old_scans = (segments_of(each.base) for each in (record, before))
    assert scans.data[scans.tail[0].start :] == old_scans.data[old_scans.tail[0].start :]
    assert np.mean(difference(made, neural) <= 2) >= 0.99


def test_the_file_shows_what_the_network_shows(page: Any, server: PageServer) -> None:
    made, answer = made_by(page, server, neural_photo())
    assert answer == {"reason": None, "isSame": False}
    assert_ultra_hdr(made, neural_photo())


@pytest.mark.parametrize("orientation", [3, 6])
def test_turned_photos(page: Any, server: PageServer, orientation: int) -> None:
    """The map lies over the stored raster, and EXIF turns both."""
    data = neural_photo(orientation)
    made, answer = made_by(page, server, data, quality=1)
    assert answer["reason"] is None
    assert gm.inspect(made).orientation == orientation
    assert_ultra_hdr(made, data)


def assert_avif_with_map(made: bytes, neural: bytes) -> None:
    """The file is whole, its base's coded data are those of before, and it shows what the network shows."""
    record, before = parse_file(made, "", Limits()), parse_file(neural, "", Limits())
    assert (record.container, record.warnings, record.payload) == ("avif", (), None)
    assert record.base_digest == before.base_digest
    assert (record.orientation, record.exif) == (before.orientation, before.exif)
    assert np.mean(difference(made, neural) <= 2) >= 0.99


@pytest.mark.parametrize("orientation", [1, 3, 5, 6])
def test_avif_photos(page: Any, server: PageServer, orientation: int) -> None:
    """Our decoder, Chromium and libavif (in Pillow) read the file; turned ones, too."""
    data = neural_photo(orientation, container="avif")
    made, answer = made_by(page, server, data)
    assert answer == {"reason": None, "isSame": False}
    assert_avif_with_map(made, data)
    with PIL.Image.open(io.BytesIO(made)) as ours, PIL.Image.open(io.BytesIO(data)) as old:
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(old))
    path = f"/made-{orientation}.avif"  # Chromium keeps pictures by their addresses
    server.files[path] = made
    full = gm.inspect(made).headroom or 0.0
    for headroom in (0.0, full / 2, full):
        shown = shown_by(page, server.address + path, headroom)
        ours_shown = gm.decode(made, headroom=headroom, color_space="srgb").pixels
        away = np.abs(pq_encode(convert(shown, "srgb", "bt2020")) - pq_encode(convert(ours_shown, "srgb", "bt2020")))
        assert np.mean(away.max(axis=2) * 1023 <= 2) >= 0.99
        assert (shown.max() > 1.5) == (headroom > 0)


def test_an_avif_photos_map_of_three_channels_is_as_good_as_pythons(page: Any, server: PageServer) -> None:
    data = gm.encode(SCENE, carry="neural", preset="tiny", container="avif", base_color_space="display-p3")
    made, answer = made_by(page, server, data)
    assert answer["reason"] is None
    ours, pythons = (difference(each, data) for each in (made, gm.transcode(data, carry="standard")))
    assert np.median(ours) < 2
    assert ours.mean() < pythons.mean() and np.percentile(ours, 99) < np.percentile(pythons, 99)


def test_an_avif_photo_stays_where_the_browser_codes_no_av1(page: Any, server: PageServer) -> None:
    server.files["/photo.avif"] = neural_photo(container="avif")
    without = """async () => {
      const { VideoEncoder } = globalThis;
      delete globalThis.VideoEncoder;
      const { convert } = await import("/dist/convert.js");
      const bytes = new Uint8Array(await (await fetch("/photo.avif")).arrayBuffer());
      const { bytes: made, reason } = await convert(bytes);
      globalThis.VideoEncoder = VideoEncoder;
      return [made === bytes, reason];
    }"""
    assert page.evaluate(without) == [True, "the browser does not code AV1 (WebCodecs)"]


def test_avif_files_that_stay_as_they_are(page: Any, server: PageServer) -> None:
    data = neural_photo(container="avif")
    other = replace(parse_file(gm.encode(OTHER, carry="standard", container="avif"), "", Limits()), gain_map=None)
    foreign = serialize_file(replace(other, payload=parse_file(data, "", Limits()).payload), [])
    cases = [
        (gm.encode(SCENE, carry="standard", container="avif"), "it has a standard gain map already"),
        (serialize_file(other, []), "there is no neural gain map in it"),
        (foreign, "the neural gain map belongs to another picture"),
        (data[:300], "a box in it has an impossible size"),
        ((FIXTURES / "heif/payload.heic").read_bytes(), "expected a JPEG or AVIF file"),
    ]
    for given, reason in cases:
        made, answer = made_by(page, server, given)
        assert (made, answer) == (given, {"reason": reason, "isSame": True})


def test_a_map_of_three_channels_is_as_good_as_pythons(page: Any, server: PageServer) -> None:
    data = gm.encode(SCENE, carry="neural", preset="tiny")
    made, answer = made_by(page, server, data)
    record = parse_file(made, "", Limits())
    assert answer["reason"] is None and record.gain_map is not None
    assert len(record.gain_map.metadata.channels) == 3  # type: ignore[union-attr]
    ours, pythons = (difference(each, data) for each in (made, gm.transcode(data, carry="standard")))
    assert np.median(ours) < 2
    assert ours.mean() < pythons.mean() and np.percentile(ours, 99) < np.percentile(pythons, 99)


def test_chromium_shows_it_in_hdr(page: Any, server: PageServer) -> None:
    made, _ = made_by(page, server, neural_photo())
    server.files["/made.jpg"] = made
    full = gm.inspect(made).headroom or 0.0
    assert full > 2
    for headroom in (0.0, full / 2, full):
        shown = shown_by(page, f"{server.address}/made.jpg", headroom)
        ours = gm.decode(made, headroom=headroom, color_space="srgb").pixels
        codes = np.abs(pq_encode(convert(shown, "srgb", "bt2020")) - pq_encode(convert(ours, "srgb", "bt2020"))) * 1023
        assert np.mean(codes.max(axis=2) <= 2) >= 0.99
        assert (shown.max() > 1.5) == (headroom > 0)


def test_the_quality_is_the_maps(page: Any, server: PageServer) -> None:
    data = neural_photo()
    fine, coarse = (made_by(page, server, data, quality=quality)[0] for quality in (0.95, 0.3))
    assert len(coarse) < len(fine)
    assert difference(fine, data).mean() < difference(coarse, data).mean()


def test_what_cannot_be_made_comes_back_as_it_is(page: Any, server: PageServer) -> None:
    """With the reason; the bytes that were given are still there, in the page as well."""
    data = neural_photo()
    record = parse_file(data, "", Limits())
    other = parse_file(gm.encode(OTHER, carry="standard"), "", Limits()).without_gain_maps()
    broken = bytes((*(record.payload or b"")[:-1], 0))
    for given, reason in (
        (gm.encode(SCENE, carry="standard"), "it has a standard gain map already"),
        (serialize_file(replace(other, payload=record.payload), []), "the neural gain map belongs to another picture"),
        (serialize_file(replace(record, payload=broken), []), "neural payload: damaged: its checksum is another"),
        (data[:200], "the file is cut off or damaged before its pixels begin"),
    ):
        made, answer = made_by(page, server, given)
        assert (made, answer) == (given, {"reason": reason, "isSame": True})


def test_without_a_worker_the_page_does_it_itself(page: Any, server: PageServer) -> None:
    """A site's policy may forbid workers and WebAssembly: plain JavaScript makes the same map, but for rounding."""
    policy = "default-src 'self'; worker-src 'none'"
    server.files["/strict.html"] = (
        f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{policy}">'.encode()
    )
    page.goto(f"{server.address}/strict.html")
    data = neural_photo()
    made, answer = made_by(page, server, data)
    compiled = "WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)).then(() => true, () => false)"
    assert page.evaluate(compiled) is False
    page.goto(f"{server.address}/empty.html")
    assert page.evaluate(compiled) is True
    assert answer["reason"] is None
    assert_ultra_hdr(made, data)
    by_kernel, _ = made_by(page, server, data)
    assert difference(made, by_kernel).max() <= 2


def test_bytes_that_are_part_of_a_buffer(page: Any, server: PageServer) -> None:
    """They are still there afterwards, and so is all around them."""
    server.files["/photo.jpg"] = neural_photo()
    script = """async () => {
      const { toUltraHdr } = await import("/dist/gainmap-nn.js");
      const file = new Uint8Array(await (await fetch("/photo.jpg")).arrayBuffer());
      const archive = new Uint8Array(file.length + 20).fill(7);
      archive.set(file, 10);
      const part = archive.subarray(10, 10 + file.length);
      const [made, other] = [await toUltraHdr(part), await toUltraHdr(file.buffer)];
      const isSame = made.length === other.length && made.every((byte, n) => byte === other[n]);
      return [isSame, made.length > file.length, part.every((byte, n) => byte === file[n]), archive.at(-1) === 7];
    }"""
    assert page.evaluate(script) == [True] * 4


def test_a_signal_stops_it(page: Any, server: PageServer) -> None:
    server.files["/photo.jpg"] = neural_photo()
    script = """async () => {
      const { toUltraHdr } = await import("/dist/gainmap-nn.js");
      const bytes = new Uint8Array(await (await fetch("/photo.jpg")).arrayBuffer());
      const controller = new AbortController();
      const made = toUltraHdr(bytes, { signal: controller.signal });
      controller.abort();
      const reason = await made.catch(({ name }) => name);
      return [reason, (await toUltraHdr(bytes)).length > bytes.length];
    }"""
    assert page.evaluate(script) == ["AbortError", True]


def test_the_package_is_small_and_serves_an_empty_project(tmp_path: Path, server: PageServer) -> None:
    (tmp_path / "package.json").write_text('{"type": "module"}')
    packed = subprocess.run(
        ["npm", "pack", "--json", "--pack-destination", tmp_path], cwd=WEB, check=True, capture_output=True, text=True
    )
    (found,) = json.loads(packed.stdout[packed.stdout.index("[") :])
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in (WEB / "dist").glob("*.js")}
    assert sizes.pop("avif.js") <= MOST_GZIPPED_BYTES_OF_AVIF
    assert sum(sizes.values()) <= MOST_GZIPPED_BYTES
    subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", found["filename"]], cwd=tmp_path, check=True
    )
    script = """
      import { toUltraHdr } from "gainmap-nn";
      import { convert } from "gainmap-nn/convert";
      import "gainmap-nn/hdr-img"; // which pages made on a server import as well
      const bytes = Uint8Array.of(1);
      console.log((await toUltraHdr(bytes)) === bytes, (await convert(bytes)).reason);
    """
    (tmp_path / "use.js").write_text(script)
    done = subprocess.run(["node", "use.js"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == "true expected a JPEG or AVIF file\n"
    names = {path.name for path in (tmp_path / "node_modules/gainmap-nn").rglob("*") if path.is_file()}
    made = {
        f"{name}{ending}"
        for name in ("gainmap-nn", "convert", "hdr-img", "service-worker")
        for ending in (".js", ".d.ts")
    }
    assert names == {"LICENSE", "package.json", "README.md", "avif.js", *made}


MEASURE = """async (url) => {
  const { toUltraHdr } = await import("/dist/gainmap-nn.js");
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  let [made, longest, isOver, before] = [null, 0, false, performance.now()];
  const tick = () => {
    const now = performance.now();
    [longest, before] = [Math.max(longest, now - before), now];
    if (!isOver) setTimeout(tick, 0);
  };
  tick();
  const start = performance.now();
  made = await toUltraHdr(bytes);
  const whole = performance.now() - start;
  isOver = true;
  await fetch("/made", { method: "POST", body: made });
  return [longest, whole];
}"""


PHOTOS: list[tuple[str, Container]] = [
    ("Ultra_HDR_Samples_Originals_01", "jpeg"),
    ("fountain_night", "jpeg"),
    ("lamps", "jpeg"),
    ("lamps", "avif"),
]


@pytest.mark.parametrize(("name", "container"), PHOTOS)
def test_photos_of_phones(page: Any, server: PageServer, data_dir: Path, name: str, container: Container) -> None:
    """Figures of docs/browser.md. Times are printed only: they are those of a machine that does nothing else."""
    (photo,) = data_dir.glob(f"files/*/{name}.jpg")
    data = server.files["/large.jpg"] = gm.transcode(photo, carry="neural", container=container)
    page.goto(f"{server.address}/empty.html")  # with a worker of its own
    first, *times = [page.evaluate(MEASURE, "/large.jpg") for _ in range(5)]
    made = [server.sent.get(timeout=10)[1] for _ in (first, *times)][-1]
    shares = [np.mean(difference(made, other) <= 2) for other in (data, gm.transcode(data, carry="standard"))]
    longest, whole = (min(column) for column in zip(*times, strict=True))
    print(f"{name}, {container}: the page's first {first[1]:.0f} ms, later ones {whole:.0f} ms;")
    print(f"  {len(data)} bytes, {len(made) - len(data)} more when it is converted;")
    print(f"  at most {longest:.0f} ms at a time on the page's thread, {first[0]:.0f} ms of the first;")
    print(f"  within two codes of the network {shares[0]:.2%}, of transcode(carry='standard') {shares[1]:.2%}")
    assert min(shares) >= 0.99


def test_the_time_of_three_channels(page: Any, server: PageServer) -> None:
    """The scene of `gainmap demo`: 1.5 megapixels, and a map of their size. A figure of docs/browser.md."""
    light = render_scene()
    data = server.files["/scene.jpg"] = gm.encode(gm.HdrImage(light), grade_scene(light), carry="neural")
    page.goto(f"{server.address}/empty.html")
    first, *times = [page.evaluate(MEASURE, "/scene.jpg") for _ in range(4)]
    made = [server.sent.get(timeout=10)[1] for _ in (first, *times)][-1]
    print(f"the page's first {first[1]:.0f} ms, later ones {min(whole for _, whole in times):.0f} ms,")
    print(f"  {len(made) - len(data)} bytes more")
    assert len(gm.inspect(made).gain_map.metadata.channels) == 3  # type: ignore[union-attr]


MAKE = """<!doctype html><title>make</title><script type="module">
  import { makeUltraHdr } from "/dist/gainmap-nn.js";
  const bytes = new Uint8Array(await (await fetch("/photo.jpg")).arrayBuffer());
  const { bytes: made, reason } = await makeUltraHdr(bytes);
  await fetch(`/made?${reason ?? ""}`, { method: "POST", body: made });
</script>"""


@pytest.mark.parametrize("name", ["Firefox", "WebKit"])
def test_other_browsers_make_it_as_well(server: PageServer, tmp_path: Path, name: str) -> None:
    server.files |= {"/make.html": MAKE.encode(), "/photo.jpg": neural_photo()}
    path, made = sent_by(name, server, "/make.html", tmp_path)
    assert path == "/made?"
    assert_ultra_hdr(made, neural_photo())
