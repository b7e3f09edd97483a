"""A server of one folder and of bytes in memory, and what pages send back: for browsers of every make."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from os import PathLike
from pathlib import Path
from queue import Queue
from threading import Thread

KINDS = {".js": "text/javascript", ".html": "text/html", ".jpg": "image/jpeg"}


class PageServer:
    """`address` serves the folder, and what is in `files` by its path, with `headers`; `asked` are the paths asked for.

    What a page POSTs is put into `sent`. A path's query is part of it.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.files: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.sent: Queue[tuple[str, bytes]] = Queue()


@contextmanager
def serve(folder: Path) -> Iterator[PageServer]:
    """A server until the context ends."""

    class Handler(SimpleHTTPRequestHandler):
        def guess_type(self, path: str | PathLike[str]) -> str:
            return KINDS.get(Path(str(path).partition("?")[0]).suffix, "text/plain")

        def do_GET(self) -> None:
            found.asked.append(self.path)
            data = found.files.get(self.path)
            if data is None:
                super().do_GET()
                return
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(self.path))
            self.send_header("Content-Length", str(len(data)))
            for name, value in found.headers.get(self.path, {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            found.sent.put((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    found = PageServer(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
