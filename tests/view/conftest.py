"""Browsers, and pages to open in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

import gainmap_codec as gm
from gainmap_codec.view.contents import shown_file
from gainmap_codec.view.page import assemble_page
from support.chromium import find_chromium
from support.networks import random_network
from support.pages import ARGUMENTS, SCENE, OpenPage, open_in, with_network
from support.paths import ROOT


@pytest.fixture(scope="module")
def chromium() -> Iterator[Callable[..., OpenPage]]:
    """Starts browsers, each with arguments of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:

        def start(*more: str) -> OpenPage:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*ARGUMENTS, *more])
            return partial(open_in, browser)

        yield start


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
def page_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Writes a page of JPEG files given by name, and gives its address."""

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
    """The scene with both maps, whose neural one is a random network."""
    network = random_network("balanced", seed=4, residual_scale=0.75, alternate_hdr_headroom=2.5)
    return with_network(gm.encode(SCENE, carry="standard"), network)
