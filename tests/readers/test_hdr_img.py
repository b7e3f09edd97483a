"""`<hdr-img>` of the npm module in Chromium on an HDR screen: a picture that is SDR at once, and HDR a moment later."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.pixels.color.light import convert, pq_encode
from gainmap_codec.pixels.scene import render_scene
from support.chromium import ARGUMENTS, find_chromium, shown_by
from support.npm_module import MARKS, module_server, neural_photo, sent_by
from support.page_server import PageServer
from support.paths import ROOT

HDR_SCREEN = "--force-color-profile=hdr10"

pytestmark = [
    *MARKS,
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed (apt-get install chromium)"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="playwright is not installed (the extra readers)"),
]

SETTLED = """async (element) => {
  await customElements.whenDefined("hdr-img");
  if (!element.isHdr && element.reason === null) {
    await new Promise((resolve) => element.addEventListener("settle", resolve, { once: true }));
  }
  return { isHdr: element.isHdr, reason: element.reason };
}"""
PHOTO = '<hdr-img><img src="/photo.jpg" alt="Lamps"></hdr-img>'
IN_HDR = {"isHdr": True, "reason": None}


@pytest.fixture(scope="module")
def built() -> Iterator[PageServer]:
    with module_server() as found:
        yield found


@pytest.fixture
def server(built: PageServer) -> PageServer:
    """A server that has one photo, and has been asked for nothing."""
    built.files = {"/photo.jpg": neural_photo()}
    built.headers, built.asked = {}, []
    return built


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="module")
def browser(chromium: Any) -> Iterator[Any]:
    found = chromium.launch(executable_path=find_chromium(), args=[*ARGUMENTS, HDR_SCREEN])
    yield found
    found.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 800, "height": 600})
    yield context.new_page()
    context.close()


def show(page: Any, server: PageServer, body: str, head: str = "") -> Any:
    """The page's element, on a page of its own."""
    script = '<script type="module" src="/dist/hdr-img.js"></script>'
    server.files["/page.html"] = f"<!doctype html><title>page</title>{head}{script}{body}".encode()
    page.goto(f"{server.address}/page.html", wait_until="commit")
    return page.locator("hdr-img")


def settled(element: Any) -> dict[str, Any]:
    found: dict[str, Any] = element.evaluate(SETTLED)
    return found


def assert_hdr(page: Any, url: str, data: bytes) -> None:
    """What the browser shows at this address is what the network of `data` says."""
    full = gm.inspect(data).headroom or 0.0
    for headroom in (0.0, full):
        shown, ours = shown_by(page, url, headroom), gm.decode(data, headroom=headroom, color_space="srgb").pixels
        one, other = (pq_encode(convert(pixels, "srgb", "bt2020")) for pixels in (shown, ours))
        assert np.mean(np.abs(one - other).max(axis=2) * 1023 <= 2) >= 0.99
        assert (shown.max() > 1.5) == (headroom > 0)


def test_the_picture_is_exchanged_for_one_that_chromium_shows_in_hdr(page: Any, server: PageServer) -> None:
    element = show(page, server, PHOTO)
    assert settled(element) == IN_HDR
    url = element.evaluate("element => element.image.currentSrc")
    assert url.startswith("blob:")
    assert_hdr(page, url, neural_photo())
    assert server.asked.count("/photo.jpg") == 1


def test_an_avif_photo_is_exchanged_for_an_avif(page: Any, server: PageServer) -> None:
    server.files["/photo.avif"] = neural_photo(container="avif")
    element = show(page, server, '<hdr-img><img src="/photo.avif" alt="Lamps"></hdr-img>')
    assert settled(element) == IN_HDR
    url = element.evaluate("element => element.image.currentSrc")
    assert page.evaluate("async (url) => (await (await fetch(url)).blob()).type", url) == "image/avif"
    assert_hdr(page, url, neural_photo(container="avif"))
    assert server.asked.count("/photo.avif") == 1


@pytest.mark.parametrize(
    ("headers", "is_hdr"),
    [
        ({}, True),
        ({"Cache-Control": "max-age=60"}, True),
        ({"Cache-Control": "no-cache"}, True),
        ({"Cache-Control": "no-store"}, False),
    ],
    ids=str,
)
def test_nothing_is_downloaded_twice(page: Any, server: PageServer, headers: dict[str, str], *, is_hdr: bool) -> None:
    server.headers["/photo.jpg"] = headers
    found = settled(show(page, server, PHOTO))
    assert found["isHdr"] == is_hdr
    assert is_hdr or "did not keep the file" in found["reason"]
    assert server.asked.count("/photo.jpg") == 1


@pytest.mark.parametrize("is_asked_for", [True, False])
def test_pictures_of_another_site(page: Any, server: PageServer, *, is_asked_for: bool) -> None:
    server.headers["/photo.jpg"] = {"Access-Control-Allow-Origin": "*"}
    address = server.address.replace("127.0.0.1", "localhost")
    cross = "crossorigin" if is_asked_for else ""
    element = show(page, server, f'<hdr-img src="{address}/photo.jpg" {cross}></hdr-img>')
    found = settled(element)
    assert found == (
        IN_HDR if is_asked_for else {"isHdr": False, "reason": "it is another site's, and has no crossorigin"}
    )
    assert element.evaluate("element => element.image.naturalWidth") == 384
    assert server.asked.count("/photo.jpg") == 1


WATCH = """<style>body { margin: 0; background: #f0f } img { display: block }</style><script>
  shifts = 0;
  const watcher = new PerformanceObserver((list) => { shifts += list.getEntries().length });
  watcher.observe({ type: "layout-shift", buffered: true });
</script>"""


@pytest.mark.parametrize("decoding", ["auto", "async"])
def test_it_neither_flashes_nor_moves(page: Any, server: PageServer, decoding: str) -> None:
    """Of all frames that the browser draws, none shows the page's magenta where the picture has been."""
    server.files["/photo.jpg"] = neural_photo(width=768)
    session, frames = page.context.new_cdp_session(page), []

    def keep(frame: dict[str, Any]) -> None:
        frames.append(base64.b64decode(frame["data"]))
        session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    session.on("Page.screencastFrame", keep)
    session.send("Page.startScreencast", {"format": "png"})
    box = f'<img src="/photo.jpg" width="600" height="400" decoding="{decoding}">'
    element = show(page, server, f"<hdr-img>{box}</hdr-img><p>below</p>", WATCH)
    before = element.evaluate("({ image }) => [image.offsetTop, image.offsetWidth, image.offsetHeight]")
    assert settled(element) == IN_HDR
    page.wait_for_timeout(300)
    assert element.evaluate("({ image }) => [image.offsetTop, image.offsetWidth, image.offsetHeight]") == before
    assert page.evaluate("shifts") == 0
    centers = [Image.open(io.BytesIO(data)).convert("RGB").getpixel((300, 200)) for data in frames]
    first = next(n for n, center in enumerate(centers) if center not in ((255, 0, 255), (255, 255, 255)))
    assert len(centers) > first + 1, "the exchange was not drawn"
    assert (255, 0, 255) not in centers[first:] and (255, 255, 255) not in centers[first:]


def test_the_browser_chooses_the_candidate_and_goes_on_choosing(page: Any, server: PageServer) -> None:
    """Ours takes the place of the one that is shown, in the same layout; in a wider window the next one follows."""
    server.files |= {"/small.jpg": neural_photo(), "/large.jpg": neural_photo(width=768)}
    candidates = 'srcset="small.jpg 384w, /large.jpg 768w" sizes="(min-width: 1000px) 600px, 300px"'
    element = show(page, server, f'<hdr-img><img src="/photo.jpg" {candidates} alt=""></hdr-img>')
    assert settled(element) == IN_HDR
    srcset, width = element.evaluate("({ image }) => [image.srcset, image.naturalWidth]")
    assert srcset.startswith("blob:") and srcset.endswith(" 384w, /large.jpg 768w") and width == 300
    page.set_viewport_size({"width": 1200, "height": 600})
    page.wait_for_function("document.querySelector('img').srcset.startsWith('small.jpg 384w, blob:')")
    assert settled(element) == IN_HDR
    assert element.evaluate("({ image }) => image.naturalWidth") == 600
    assert sorted(path for path in server.asked if path.endswith(".jpg")) == ["/large.jpg", "/small.jpg"]


def test_pictures_chosen_by_media(page: Any, server: PageServer) -> None:
    server.files |= {"/wide.jpg": neural_photo(width=768)}
    source = '<source media="(min-width: 1000px)" srcset="/wide.jpg">'
    element = show(page, server, f'<hdr-img><picture>{source}<img src="/photo.jpg" alt=""></picture></hdr-img>')
    assert settled(element) == IN_HDR
    page.set_viewport_size({"width": 1200, "height": 600})
    page.wait_for_function("document.querySelector('source').srcset.startsWith('blob:')")
    assert settled(element) == IN_HDR
    assert element.evaluate("({ image }) => [image.src, image.naturalWidth]") == [f"{server.address}/photo.jpg", 768]


COUNT = """<script>
  heard = [];
  for (const kind of ["load", "error"]) {
    document.addEventListener(kind, ({ target }) => heard.push(`${kind} ${target.localName}`), true);
  }
</script>"""


def test_attributes_of_the_element_are_those_of_its_picture(page: Any, server: PageServer) -> None:
    """And its events those of a picture: one for each file of the page."""
    element = show(page, server, '<hdr-img src="/photo.jpg" alt="Lamps" loading="lazy"></hdr-img>', COUNT)
    assert settled(element) == IN_HDR
    assert page.get_by_role("img", name="Lamps").count() == 1
    server.files["/other.jpg"] = neural_photo(width=768)
    element.evaluate("""(element) => {
      element.before = element.image.src;
      heard = [];
      element.setAttribute("alt", "Stage");
      element.removeAttribute("loading");
      element.setAttribute("src", "/other.jpg");
    }""")
    page.wait_for_function("document.querySelector('img').naturalWidth === 768")
    assert settled(element) == IN_HDR
    assert page.get_by_role("img", name="Stage").count() == 1
    assert element.evaluate("({ image }) => image.hasAttribute('loading')") is False
    assert [kind for kind in page.evaluate("heard") if kind.endswith("hdr-img")] == ["load hdr-img"]
    assert element.evaluate("element => fetch(element.before).then(() => false, () => true)"), "the old one is let go"


def test_removed_elements_stop_and_give_back(page: Any, server: PageServer) -> None:
    element = show(page, server, PHOTO)
    assert settled(element) == IN_HDR
    moved = """(element) => {
      const shown = element.image.src;
      document.body.append(element);
      return new Promise((resolve) => setTimeout(() => resolve(element.isHdr && element.image.src === shown), 50));
    }"""
    assert element.evaluate(moved)
    removed = """async (element) => {
      const { image } = element;
      const shown = image.src;
      element.remove();
      await null;
      return [image.getAttribute("src"), element.isHdr, await fetch(shown).then(() => false, () => true)];
    }"""
    assert element.evaluate(removed) == ["/photo.jpg", False, True]
    early = """async (image) => {
      const element = document.createElement("hdr-img");
      element.setAttribute("src", "/photo.jpg");
      document.body.append(element);
      await new Promise((resolve) => element.addEventListener("load", resolve));
      element.remove();
      await new Promise((resolve) => setTimeout(resolve, 500));
      return [element.isHdr, element.reason, element.image.getAttribute("src")];
    }"""
    assert page.evaluate(early) == [False, None, "/photo.jpg"]


def test_far_from_the_viewport_nothing_is_converted(page: Any, server: PageServer) -> None:
    server.files["/lazy.jpg"] = neural_photo()
    body = PHOTO.replace("<hdr-img", '<p style="height: 20000px"></p><hdr-img')
    element = show(page, server, body + '<hdr-img src="/lazy.jpg" loading="lazy"></hdr-img>').first
    page.wait_for_function("document.querySelector('img').complete && customElements.get('hdr-img') !== undefined")
    page.wait_for_timeout(300)
    assert element.evaluate("element => [element.isHdr, element.reason]") == [False, None]
    assert "/lazy.jpg" not in server.asked and "/dist/convert.js" not in server.asked
    element.evaluate("element => element.image.scrollIntoView()")
    assert settled(element) == IN_HDR
    assert settled(page.locator("hdr-img").last) == IN_HDR
    assert server.asked.count("/lazy.jpg") == server.asked.count("/photo.jpg") == 1


POLICY = """<meta http-equiv="Content-Security-Policy" content="img-src 'self'">"""


@pytest.mark.parametrize(
    ("src", "head", "reason"),
    [
        ("/plain.jpg", "", "there is no neural gain map in it"),
        ("/cut.jpg", "", "the file is cut off"),
        (
            "/photo.jpg",
            POLICY,
            "the browser refused the Ultra HDR file (Content-Security-Policy without img-src blob:?)",
        ),
    ],
)
def test_what_cannot_be_converted_stays(page: Any, server: PageServer, src: str, head: str, reason: str) -> None:
    plain = (ROOT / "fixtures/jpeg/base-16x16.jpg").read_bytes()
    server.files |= {"/plain.jpg": plain, "/cut.jpg": neural_photo()[: len(neural_photo()) // 2]}
    element = show(page, server, f'<hdr-img src="{src}"></hdr-img>', head)
    assert settled(element) == {"isHdr": False, "reason": reason}
    assert (
        element.evaluate("({ image }) => image.complete && image.naturalWidth > 0 && image.getAttribute('src')") == src
    )


def test_a_picture_that_is_not_there(page: Any, server: PageServer) -> None:
    element = show(page, server, '<hdr-img src="/gone.jpg" alt="Gone"></hdr-img>', COUNT)
    assert settled(element) == {"isHdr": False, "reason": "the browser could not load the picture"}
    assert page.evaluate("heard.filter((each) => each.endsWith('hdr-img'))") == ["error hdr-img"]
    after = """(element) => new Promise((resolve) => {
      element.addEventListener("settle", () => resolve(element.reason));
      element.setAttribute("src", "/gone-too.jpg");
    })"""
    assert element.evaluate(after) == "the browser could not load the picture"
    element.evaluate("element => element.setAttribute('src', '/photo.jpg')")
    page.wait_for_function("document.querySelector('hdr-img').isHdr")


def test_a_picture_that_was_not_there_before_the_script(page: Any, server: PageServer) -> None:
    late = """<script>
      addEventListener("error", () => document.body.append(Object.assign(document.createElement("script"),
        { type: "module", src: "/dist/hdr-img.js" })), { capture: true, once: true });
    </script><hdr-img><img src="/gone.jpg" alt=""></hdr-img>"""
    server.files["/page.html"] = f"<!doctype html><title>page</title><body>{late}".encode()
    page.goto(f"{server.address}/page.html")
    assert settled(page.locator("hdr-img")) == {"isHdr": False, "reason": "the browser could not load the picture"}


def test_an_image_that_is_taken_out_gives_back(page: Any, server: PageServer) -> None:
    """And one that is put in is taken up."""
    element = show(page, server, PHOTO)
    assert settled(element) == IN_HDR
    removed = """async (element) => {
      const { image } = element;
      const shown = image.src;
      image.remove();
      await new Promise((resolve) => setTimeout(resolve));
      return [image.getAttribute("src"), element.isHdr, await fetch(shown).then(() => false, () => true)];
    }"""
    assert element.evaluate(removed) == ["/photo.jpg", False, True]
    element.evaluate("""async (element) => {
      const image = new Image();
      image.src = "/photo.jpg";
      await image.decode();
      element.append(image);
    }""")
    page.wait_for_function("document.querySelector('hdr-img').isHdr")


def test_a_file_that_the_browser_does_not_show_after_all(page: Any, server: PageServer) -> None:
    """It is not made again and again."""
    broken = """<script>
      const create = URL.createObjectURL;
      const decode = Image.prototype.decode;
      URL.createObjectURL = (blob) => create.call(URL, new Blob(["no picture"]));
      Image.prototype.decode = () => Promise.resolve();
    </script>"""
    element = show(page, server, PHOTO, broken)
    assert settled(element) == {
        "isHdr": False,
        "reason": "the browser refused the Ultra HDR file (Content-Security-Policy without img-src blob:?)",
    }
    page.wait_for_function("document.querySelector('img').naturalWidth === 384")
    assert element.evaluate("({ image }) => image.getAttribute('src')") == "/photo.jpg"


def test_without_an_hdr_screen_nothing_is_done(chromium: Any, server: PageServer) -> None:
    browser = chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
    element = show(browser.new_page(), server, PHOTO)
    assert settled(element) == {"isHdr": False, "reason": "this screen shows no HDR"}
    assert element.evaluate("({ image }) => image.naturalWidth") == 384
    assert server.asked.count("/photo.jpg") == 1 and "/dist/convert.js" not in server.asked
    browser.close()


def test_a_window_that_comes_to_an_hdr_screen(page: Any, server: PageServer) -> None:
    """Chromium cannot pretend that: the page has a media query of its own."""
    page.add_init_script("""
      screenQuery = Object.assign(new EventTarget(), { matches: false });
      matchMedia = () => screenQuery;
    """)
    element = show(page, server, PHOTO)
    assert settled(element)["reason"] == "this screen shows no HDR"
    come = """(element) => {
      screenQuery.matches = true;
      screenQuery.dispatchEvent(new Event("change"));
      return new Promise((resolve) => element.addEventListener("settle", () => resolve(element.isHdr)));
    }"""
    assert element.evaluate(come) is True
    assert server.asked.count("/photo.jpg") == 1


# The service worker

WORKER = b'import "/dist/service-worker.js"; addEventListener("activate", (event) => event.waitUntil(clients.claim()));'
REGISTER = """async () => {
  await navigator.serviceWorker.register("/sw.js", { type: "module" });
  await navigator.serviceWorker.ready;
  const workers = navigator.serviceWorker;
  if (!workers.controller) await new Promise((resolve) => workers.addEventListener("controllerchange", resolve));
}"""
IMAGE = """async (src) => {
  const image = new Image();
  image.src = src;
  document.body.append(image);
  await image.decode().catch(() => {});
  return image.naturalWidth;
}"""
IS_KEPT = "caches.open('gainmap-nn').then((cache) => cache.keys()).then((keys) => keys.length === 1)"
KEYS = """async () => (await (await caches.open("gainmap-nn")).keys()).map(({ url }) => url)"""


@pytest.fixture
def site(page: Any, server: PageServer) -> Any:
    """A page whose site has the service worker."""
    server.files |= {"/sw.js": WORKER, "/page.html": b"<!doctype html><title>page</title>"}
    page.goto(f"{server.address}/page.html")
    page.evaluate(REGISTER)
    return page


def test_plain_pictures_of_a_site_become_hdr(site: Any, server: PageServer) -> None:
    assert_hdr(site, f"{server.address}/photo.jpg", neural_photo())
    (key,) = site.evaluate(KEYS)
    made = site.evaluate(
        "async (key) => (await (await (await caches.open('gainmap-nn')).match(key)).arrayBuffer()).byteLength", key
    )
    assert key.endswith(f"?bytes={made}") and made > len(neural_photo())
    assert site.evaluate(
        "fetch('/photo.jpg').then((response) => response.arrayBuffer()).then(({ byteLength }) => byteLength)"
    ) == len(neural_photo())


def test_the_service_worker_keeps_the_newest_128_mib(site: Any, server: PageServer) -> None:
    fill = """async (sizes) => {
      const cache = await caches.open("gainmap-nn");
      for (const [n, size] of sizes.entries()) await cache.put(`/gainmap-nn/${n}?bytes=${size}`, new Response("old"));
    }"""
    site.evaluate(fill, [60 << 20, 60 << 20, 8 << 20])
    assert site.evaluate(IMAGE, "/photo.jpg") == 384
    site.wait_for_function("caches.open('gainmap-nn').then((cache) => cache.keys()).then((keys) => keys.length === 3)")
    assert [url.rsplit("/", 1)[1].split("?")[0] for url in site.evaluate(KEYS)][:2] == ["1", "2"]


def test_other_files_pass_through_the_service_worker(site: Any, server: PageServer) -> None:
    plain = gm.encode(gm.HdrImage(render_scene(96, 64)), carry="standard")
    server.files |= {
        "/plain.jpg": plain,
        "/cut.jpg": neural_photo()[: len(neural_photo()) // 2],
        "/odd.jpg": b"\xff\xd8" + bytes(9),
    }
    widths = [site.evaluate(IMAGE, path) for path in ("/plain.jpg", "/cut.jpg", "/odd.jpg", "/gone.jpg")]
    assert widths == [96, 384, 0, 0]
    server.headers["/photo.jpg"] = {"Access-Control-Allow-Origin": "*"}
    foreign = server.address.replace("127.0.0.1", "localhost")
    assert site.evaluate(IMAGE, f"{foreign}/photo.jpg") == 384
    assert site.evaluate(KEYS) == []
    part = "fetch('/photo.jpg', { headers: { Range: 'bytes=0-9' } }).then((response) => response.arrayBuffer())"
    size = site.evaluate(f"{part}.then(({{ byteLength }}) => byteLength)")
    assert size == len(neural_photo()), "the site's own answer: it knows no ranges"


def test_what_takes_too_long_is_shown_in_sdr(page: Any, server: PageServer) -> None:
    server.files |= {
        "/never.js": b"self.createImageBitmap = () => new Promise(() => {});",
        "/sw.js": b'import "/never.js";' + WORKER,
        "/page.html": b"<!doctype html><title>page</title>",
    }
    page.goto(f"{server.address}/page.html")
    page.evaluate(REGISTER)
    assert page.evaluate(IMAGE, "/photo.jpg") == 384
    assert shown_by(page, f"{server.address}/photo.jpg", 3.0).max() <= 1.01


COUNT_TURNS = b"""
  let [turns, started, during, clock] = [0, 0, 0, 0];
  performance.now = () => (clock += 1000); // every step of the work has taken a second
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { turns += 1; port2.postMessage(null); };
  port2.postMessage(null);
  const create = self.createImageBitmap;
  self.createImageBitmap = (...given) => { started = turns; return create(...given); };
  const code = OffscreenCanvas.prototype.convertToBlob;
  OffscreenCanvas.prototype.convertToBlob = function (...given) {
    during = turns - started;
    return code.apply(this, given);
  };
  addEventListener("message", ({ source }) => source.postMessage(during));
"""


def test_other_work_of_the_service_worker_passes(page: Any, server: PageServer) -> None:
    """Between two rows of the network others have their turn, where the first one took long."""
    server.files |= {
        "/scene.jpg": gm.encode(gm.HdrImage(render_scene(96, 64)), carry="neural", preset="tiny"),
        "/turns.js": COUNT_TURNS,
        "/sw.js": b'import "/turns.js";' + WORKER,
        "/page.html": b"<!doctype html><title>page</title>",
    }
    page.goto(f"{server.address}/page.html")
    page.evaluate(REGISTER)
    assert page.evaluate(IMAGE, "/scene.jpg") == 96
    page.wait_for_function(IS_KEPT)
    ask = """() => new Promise((resolve) => {
      navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
      navigator.serviceWorker.controller.postMessage(null);
    })"""
    assert page.evaluate(ask) > 64


SHOWN = """<script>
  [loaded, longest, before] = [0, 0, performance.now()];
  const load = ({ target }) => { if (target.localName === "img") loaded ||= performance.now() };
  document.addEventListener("load", load, true);
  settled = new Promise((resolve) => document.addEventListener("settle", () => resolve(performance.now()), true));
  const tick = () => {
    const now = performance.now();
    if (loaded) longest = Math.max(longest, now - before);
    before = now;
    setTimeout(tick);
  };
  tick();
</script>"""
DECODED = """async (src) => {
  const image = new Image();
  const start = performance.now();
  image.src = src;
  await image.decode();
  return performance.now() - start;
}"""


def test_photos_of_phones(browser: Any, server: PageServer, data_dir: Path) -> None:
    """Figures of docs/browser.md, in milliseconds; each time the first photo of a page. They are printed only."""
    (photo,) = data_dir.glob("files/*/lamps.jpg")
    data = gm.transcode(photo, carry="neural")
    server.files |= {"/photo.jpg": data, "/photo.jpg?again": data, "/sw.js": WORKER}
    for _ in range(3):
        page = browser.new_page(viewport={"width": 800, "height": 600})
        assert settled(show(page, server, PHOTO, SHOWN)) == IN_HDR
        until_hdr, longest = page.evaluate("settled.then((time) => [time - loaded, longest])")
        server.files["/page.html"] = b"<!doctype html><title>page</title>"
        page.goto(f"{server.address}/page.html")
        page.evaluate(REGISTER)
        first = page.evaluate(DECODED, "/photo.jpg")
        page.wait_for_function(IS_KEPT)
        again = page.evaluate(DECODED, "/photo.jpg?again")
        print(f"<hdr-img>: HDR {until_hdr:.0f} after SDR, at most {longest:.0f} at a time on the page's thread;")
        print(f"  service worker: {first:.0f}, from its cache {again:.0f}")
        page.close()


TELL = """<script type="module">
  const element = document.querySelector("hdr-img");
  await customElements.whenDefined("hdr-img");
  if (element.reason === null) await new Promise((resolve) => element.addEventListener("settle", resolve));
  const { isHdr, reason, image: { naturalWidth } } = element;
  await fetch("/told", { method: "POST", body: JSON.stringify({ naturalWidth, isHdr, reason }) });
</script>"""


@pytest.mark.parametrize("name", ["Firefox", "WebKit"])
def test_other_browsers_show_the_sdr_picture(server: PageServer, tmp_path: Path, name: str) -> None:
    script = '<script type="module" src="/dist/hdr-img.js"></script>'
    server.files["/other.html"] = f"<!doctype html>{script}{PHOTO}{TELL}".encode()
    told = json.loads(sent_by(name, server, "/other.html", tmp_path)[1])
    assert told["naturalWidth"] == 384 and not told["isHdr"]
    assert told["reason"] in ("this browser shows no gain maps", "this screen shows no HDR")
    assert server.asked.count("/photo.jpg") == 1 and "/dist/convert.js" not in server.asked
