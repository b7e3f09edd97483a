"""Digests of what our writers make of every fixture without coding a picture again.

Such bytes depend on no codec: they are the same on every platform, and no change of the code may change them.
`PYTHONPATH=tests python -m support.written_bytes` writes the table anew: by hand, where bytes change on purpose.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import gainmap_codec as gm
from support.container_files import parsed, serialized
from support.paths import FIXTURES

TABLE = Path(__file__).with_name("written_bytes.toml")
SUFFIXES = {".jpg", ".heic", ".avif", ".jxl"}
ENCODERS = (
    "PIL.Image.Image.save",
    "pillow_heif.HeifFile.save",
    *(f"imagecodecs.{name}_encode" for name in ("jpeg8", "avif", "jpegxl")),
    "imagecodecs.jpegxl_encode_jpeg",
)
WRITERS: dict[str, Callable[[bytes], bytes]] = {
    "transcode": gm.transcode,
    "strip": lambda data: gm.transcode(data, strip="gps"),
    "rotate": lambda data: gm.rotate(data, 90),
    "flip": lambda data: gm.flip(data, "vertical"),
    "serialize": lambda data: serialized(parsed(data)),
}


class CodesAPicture(BaseException):
    """Raised in place of coding: what a codec makes depends on its version. No error that becomes one of ours."""


def pictures() -> list[str]:
    """The fixtures that open, by their path in `FIXTURES`."""
    paths = sorted(path for path in FIXTURES.rglob("*") if path.suffix in SUFFIXES)
    return [path.relative_to(FIXTURES).as_posix() for path in paths if _opens(path.read_bytes())]


def written(file: str) -> dict[str, str]:
    """By writer: 16 hexadecimal digits of SHA-256 over the bytes, or the name of the error."""
    data = (FIXTURES / file).read_bytes()
    with warnings.catch_warnings(), _no_encoders():
        warnings.simplefilter("ignore", gm.GainMapWarning)
        return {name: _digest(writer, data) for name, writer in WRITERS.items()}


def table() -> dict[str, dict[str, str]]:
    """What `written` gave for each file when the table was made."""
    rows: dict[str, list[str]] = tomllib.loads(TABLE.read_text("utf-8"))
    return {file: dict(zip(WRITERS, row, strict=True)) for file, row in rows.items()}


def write_table() -> None:
    lines = [f"# Written by tests/support/written_bytes.py: {', '.join(WRITERS)}."]
    lines += [f"{json.dumps(file)} = {json.dumps(list(written(file).values()))}" for file in pictures()]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _opens(data: bytes) -> bool:
    try:
        parsed(data)
    except gm.GainMapError:
        return False
    return True


@contextmanager
def _no_encoders() -> Iterator[None]:
    def refuse(*_: object, **__: Any) -> None:
        raise CodesAPicture

    with pytest.MonkeyPatch.context() as patch:
        for name in ENCODERS:
            patch.setattr(name, refuse)
        yield


def _digest(writer: Callable[[bytes], bytes], data: bytes) -> str:
    try:
        return hashlib.sha256(writer(data)).hexdigest()[:16]
    except (gm.GainMapError, ValueError, CodesAPicture) as error:
        return type(error).__name__


if __name__ == "__main__":
    write_table()
