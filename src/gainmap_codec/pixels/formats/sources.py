"""Where bytes come from: paths, bytes and binary files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from gainmap_codec.errors import Limits

AnyPath = str | os.PathLike[str]
Source = AnyPath | bytes | BinaryIO

_AT_ONCE = 1 << 26  # bytes; a reader is given that much room before it is known how much there is


def read_source(source: Source, limits: Limits = Limits()) -> tuple[bytes, str]:
    """Bytes of a path, a bytes object or an open binary file, and a name for messages.

    Raises:
        LimitError: Over `limits.file_bytes`.
        OSError: A path cannot be read (FileNotFoundError and its kin).
    """
    if isinstance(source, (str, os.PathLike)):
        with Path(source).open("rb") as file:
            return _read(file, limits), os.fspath(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        limits.check("file_bytes", memoryview(source).nbytes)
        return bytes(source), "bytes"
    if hasattr(source, "read"):
        return _read(source, limits), str(getattr(source, "name", "file object"))
    raise TypeError(f"source: expected a path, bytes or a binary file, got {type(source).__name__}")


def check_several(sources: object) -> None:
    """Raise TypeError for one path or one file's bytes, where several sources are expected: both can be iterated."""
    if isinstance(sources, (str, bytes, os.PathLike)):
        raise TypeError(f"sources: expected several of them in a list, got one {type(sources).__name__}")


def _read(file: BinaryIO, limits: Limits) -> bytes:
    """All of a file: one that is not buffered may give less than it is asked for."""
    parts: list[bytes] = []
    left = limits.file_bytes + 1
    while left > 0 and (part := file.read(min(left, _AT_ONCE))) != b"":
        if part is None:
            raise BlockingIOError("source: expected a file that waits for its data, got one that does not")
        parts.append(part)
        left -= len(part)
    limits.check("file_bytes", limits.file_bytes + 1 - left)
    return b"".join(parts)
