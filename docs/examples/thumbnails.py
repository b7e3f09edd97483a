"""Thumbnails that stay HDR, by the standard library's WSGI: ``GET /photo.jpg?width=320``.

Any WSGI server runs `application`; ``python thumbnails.py PHOTOS`` tries it on http://localhost:8000. Browsers that
know gain maps show the small pictures in HDR, all others show SDR.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import make_server

import gainmap_codec as gm

SIZES = (160, 320, 640, 1280)  # a fixed few: any number would let strangers fill the cache
TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".avif": "image/avif"}
LIMITS = gm.Limits(pixels=1 << 26, file_bytes=1 << 26)


def application_of(folder: Path) -> Callable[..., Iterable[bytes]]:
    """The WSGI application that serves thumbnails of a folder's photos."""
    root = folder.resolve()

    @lru_cache(maxsize=256)
    def thumbnail(path: Path, changed: float, width: int) -> bytes:
        return gm.resize(path, (width, None), quality=80, map_quality=80, limits=LIMITS)

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = (root / environ["PATH_INFO"].lstrip("/")).resolve()
        width = parse_qs(environ.get("QUERY_STRING", "")).get("width", ["320"])[0]
        if not path.is_relative_to(root) or path.suffix.lower() not in TYPES or not path.is_file():
            return answer(start_response, "404 Not Found", b"no such photo\n")
        if not width.isascii() or not width.isdigit() or int(width) not in SIZES:
            return answer(start_response, "400 Bad Request", f"width: one of {SIZES}\n".encode())
        try:
            data = thumbnail(path, path.stat().st_mtime, int(width))
        except gm.GainMapError as error:
            return answer(start_response, "415 Unsupported Media Type", f"{path.name}: {error}\n".encode())
        return answer(start_response, "200 OK", data, TYPES[path.suffix.lower()])

    return application


def answer(start_response: Callable[..., Any], status: str, body: bytes, kind: str = "text/plain") -> list[bytes]:
    """A whole response."""
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    make_server("localhost", 8000, application_of(Path(sys.argv[1]))).serve_forever()
