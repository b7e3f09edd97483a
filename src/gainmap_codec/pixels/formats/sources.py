"""Where bytes come from: paths, bytes and binary files."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gainmap_codec.errors import Limits
from gainmap_codec.files.container import SUFFIXES, container_of, may_have_gain_map
from gainmap_codec.files.records import Container

AnyPath = str | os.PathLike[str]
Source = AnyPath | bytes | bytearray | memoryview | BinaryIO

PHOTO_SUFFIXES = (*(suffix for suffixes in SUFFIXES.values() for suffix in suffixes), ".mpo")
"""What names of photos that may have a gain map end in."""

_AT_ONCE = 1 << 26  # bytes; a reader is given that much room before it is known how much there is


class NamedBytes(bytes):
    """The bytes of a file, and what messages call it."""

    name: str

    def __new__(cls, data: bytes, name: str) -> NamedBytes:
        """Bytes by a name."""
        named = super().__new__(cls, data)
        named.name = name
        return named


def is_source(value: object) -> bool:
    """Whether `read_source` takes it: a path, bytes or what can be read."""
    return isinstance(value, (str, os.PathLike, bytes, bytearray, memoryview)) or hasattr(value, "read")


def read_source(source: Source, limits: Limits = Limits(), *, argument: str | None = None) -> tuple[bytes, str]:
    """Bytes of a path, a bytes object or an open binary file, from where it stands, and a name for messages.

    Args:
        argument: What the caller's argument is called, and thus bytes without a name, where there are several.
    Raises:
        LimitError: Over `limits.file_bytes`.
        OSError: A path cannot be read (FileNotFoundError and its kin).
        TypeError: None of these, or a file of text.
    """
    if isinstance(source, (str, os.PathLike)):
        return _read_path(Path(source), limits), os.fspath(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        limits.check("file_bytes", memoryview(source).nbytes)
        return bytes(source), _name_of(source, argument or "bytes")
    if isinstance(source, io.TextIOBase):
        raise TypeError(f'{argument or "source"}: expected a file opened as binary ("rb"), got one opened as text')
    if hasattr(source, "read"):
        return _read(source, limits), _name_of(source, argument or "file object")
    raise TypeError(f"source: expected a path, bytes or a binary file, got {type(source).__name__}")


def _read_path(path: Path, limits: Limits) -> bytes:
    if path.is_dir():
        problem = "expected a file, got a folder: batch converts folders"
        raise IsADirectoryError(errno.EISDIR, problem, str(path))
    with path.open("rb") as file:
        return _read(file, limits)


def _name_of(source: object, otherwise: str) -> str:
    """What a file says that it is called: those that have no path say None, or a number."""
    name = getattr(source, "name", None)
    return os.fsdecode(name) if name and isinstance(name, (str, bytes, os.PathLike)) else otherwise


class Wanted(NamedTuple):
    """What is taken of a folder.

    Attributes:
        formats: What they are, in words.
        begins_so: Tells by the first 16 bytes of a file whether it is one of them.
        suffixes: What names end in that tell it.
    """

    formats: str
    begins_so: Callable[[bytes], bool]
    suffixes: tuple[str, ...]


PHOTOS = Wanted("JPEG, HEIC, AVIF or JPEG XL", may_have_gain_map, PHOTO_SUFFIXES)
"""Photos that may have a gain map."""


def photos_in(path: Path, wanted: Wanted = PHOTOS) -> list[Path]:
    """The path itself, or of a folder the files in it and in the folders in it that are `wanted`, by name.

    Those that cannot be read are among them, for their reader to say so; so are files, and links to files that are
    gone, which only their names tell to be photos. Of hidden files the names tell nothing.

    Raises:
        FileNotFoundError: There is no such file in the folder.
    """
    if not path.is_dir():
        return [path]
    found = [
        file
        for file in sorted(path.rglob("*"))
        if (_is_named_so(file, wanted.suffixes) and (file.is_file() or not file.exists()))
        or (file.is_file() and _begins_so(file, wanted.begins_so))
    ]
    if not found:
        raise FileNotFoundError(errno.ENOENT, f"no {wanted.formats} files in this folder", str(path))
    return found


def _is_named_so(path: Path, suffixes: tuple[str, ...]) -> bool:
    return path.suffix.lower() in suffixes and not path.name.startswith(".")


def _begins_so(path: Path, is_wanted: Callable[[bytes], bool]) -> bool:
    try:
        with path.open("rb") as file:
            return is_wanted(file.read(16))
    except OSError:
        return True


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


def other_container(path: Path) -> Container | None:
    """The container that a file's first bytes tell, where its name has the suffix of another; else None.

    None as well for what cannot be read, and for pipes and devices, which are not opened.
    """
    if path.is_file():
        with suppress(OSError), path.open("rb") as file:
            return container_of(file.read(12), path.name)
    return None
