"""Where bytes come from and go to: paths, bytes and binary files in; files that appear whole out."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from gainmap_codec.errors import Limits

AnyPath = str | os.PathLike[str]
Source = AnyPath | bytes | BinaryIO

_LONGEST = 100  # bytes of a name that its temporary sibling keeps
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
    while left > 0 and (part := file.read(min(left, _AT_ONCE))):
        parts.append(part)
        left -= len(part)
    limits.check("file_bytes", limits.file_bytes + 1 - left)
    return b"".join(parts)


def write_atomically(path: AnyPath, data: bytes) -> None:
    """Write a file that appears whole or not at all: a temporary sibling, then a rename.

    Raises:
        OSError: The folder or file cannot be written.
    """
    target = Path(path)
    sibling = target.with_name(f".{_short(target.name)}.{secrets.token_hex(6)}.tmp")
    try:
        with sibling.open("xb") as file:
            file.write(data)
        sibling.replace(target)
    except OSError as error:  # nobody knows the sibling's name
        _remove(sibling)
        raise OSError(error.errno, error.strerror, str(target)) from error
    except BaseException:
        _remove(sibling)
        raise


def _short(name: str) -> str:
    """As much of a name as leaves room for what is added to it: file systems count bytes, 255 of them."""
    return os.fsdecode(os.fsencode(name)[:_LONGEST]) if name.isascii() else name[: _LONGEST // 4]


def _remove(path: Path) -> None:
    """Remove a file if that can be done: what went wrong before is what is told."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
