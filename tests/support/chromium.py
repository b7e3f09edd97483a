"""Headless Chromium as a reader: the pixels that it shows of a file on a display of a given headroom."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
from numpy.typing import NDArray

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-experimental-web-platform-features",  # HDR canvases
)
READ_BACK = """async ([url, headroom]) => {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const options = {colorSpace: "srgb-linear", colorType: "float16", willReadFrequently: true};
  const context = canvas.getContext("2d", options);
  context.globalHDRHeadroom = headroom;
  context.drawImage(image, 0, 0);
  const format = {colorSpace: "srgb-linear", pixelFormat: "rgba-float16"};
  const found = context.getImageData(0, 0, canvas.width, canvas.height, format).data;
  if (!(found instanceof Float16Array)) throw new Error("no float16 pixels: " + found.constructor.name);
  const bytes = new Uint8Array(found.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return [canvas.width, canvas.height, btoa(text)];
}"""


def find_chromium() -> str | None:
    """Debian's Chromium, or one called so."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """A page on a server of our own, which knows the files by number."""

    def __init__(self, page: object, address: str, files: list[tuple[str, bytes]]) -> None:
        self._page = page
        self._address = address
        self._files = files

    def read(self, data: bytes, kind: str, headroom: float) -> NDArray[np.float32]:
        """Linear sRGB pixels, float32 (H, W, 3), beyond 0…1 where they are; `kind` is a MIME type."""
        self._files.append((kind, data))
        return shown_by(self._page, f"{self._address}/{len(self._files) - 1}", headroom)


def shown_by(page: object, url: str, headroom: float) -> NDArray[np.float32]:
    """Linear sRGB pixels that an open page shows of a file at an address of its own site; see `Browser.read`."""
    width, height, text = page.evaluate(READ_BACK, [url, headroom])  # type: ignore[attr-defined]
    pixels = np.frombuffer(base64.b64decode(text), np.float16).reshape(height, width, 4)
    return pixels[..., :3].astype(np.float32)


@contextmanager
def open_browser(executable: str) -> Iterator[Browser]:
    """A browser until the context ends."""
    from playwright.sync_api import sync_playwright

    files: list[tuple[str, bytes]] = [("text/html", b"<!doctype html><title>files</title>")]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = self.path.strip("/")
            if not number.isdecimal() or int(number) >= len(files):
                self.send_error(404)
                return
            kind, data = files[int(number)]
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
            page = browser.new_page()
            page.goto(f"{address}/0")
            yield Browser(page, address, files)
            browser.close()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
