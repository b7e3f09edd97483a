"""Paths and URLs alike: files are paths, and what has another scheme is left to fsspec."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from gainmap_codec.errors import Limits, MissingDependencyError
from gainmap_codec.pixels.formats.outputs import real_target, write_atomically
from gainmap_codec.pixels.formats.sources import AnyPath, read_source


def location(path: AnyPath) -> str:
    """A path or URL as text; ``file://`` URLs are paths."""
    text = os.fspath(path).removeprefix("file://")
    return text if is_url(text) else str(Path(text))


def absolute(path: AnyPath) -> str:
    """A path or URL that means the same wherever a process stands."""
    place = location(path)
    return place if is_url(place) else str(Path(place).absolute())


def is_url(place: str) -> bool:
    """Whether fsspec has to open it."""
    return "://" in place


def joined(folder: str, name: str) -> str:
    """The place of a name, with slashes, in a folder."""
    return f"{folder.rstrip('/')}/{name}"  # a million times: pathlib would take a minute


def read(place: str, limits: Limits) -> bytes:
    """The whole file.

    Raises:
        LimitError: Over `limits.file_bytes`.
        MissingDependencyError: A URL that needs a package that is not installed.
        OSError: It cannot be read.
    """
    if not is_url(place):
        return read_source(place, limits)[0]
    filesystem, path = _filesystem(place)
    with filesystem.open(path, "rb") as file:
        return read_source(file, limits)[0]


def write(place: str, data: bytes, *, dated_as: str | None = None) -> None:
    """Write a file, and the folders around it; a path appears whole or not at all, as do the objects of stores.

    Args:
        dated_as: The photo whose time of modification the file gets, where both are paths.
    Raises:
        MissingDependencyError, OSError: As `read`.
    """
    if not is_url(place):
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, data, dated_as=None if dated_as and is_url(dated_as) else dated_as)
        return
    filesystem, path = _filesystem(place)
    filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
    filesystem.pipe_file(path, data)


def size_of(place: str) -> int | None:
    """Bytes of a file, or None where there is none."""
    if is_url(place):
        filesystem, path = _filesystem(place)
        return int(filesystem.size(path)) if filesystem.exists(path) else None
    with suppress(OSError):  # one that cannot be looked at is told of when it is to be written
        return Path(place).stat().st_size
    return None


def is_special(place: str) -> bool:
    """Whether it is a pipe, a device or a socket: reading it might never end."""
    if is_url(place):
        return False
    with suppress(OSError, ValueError):
        mode = Path(place).stat().st_mode
        return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
    return False


def check_place(place: str) -> None:
    """Raise OSError where a file could not be written; of stores that is not known before."""
    if not is_url(place):
        real_target(place, makes_folder=True)


def sizes_in(folder: str, names: Iterable[str]) -> Iterator[int | None]:
    """As `size_of`, of many names in one folder: a store is asked for all it has once."""
    if not is_url(folder):
        yield from (size_of(joined(folder, name)) for name in names)
        return
    filesystem, root = _filesystem(folder)
    found = filesystem.find(root, detail=True)
    sizes = {_name_in(root, path): int(info["size"]) for path, info in found.items()}
    yield from map(sizes.get, names)


def sha256_of(data: bytes) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def is_folder(place: str) -> bool:
    """Whether it holds files rather than being one."""
    if not is_url(place):
        return Path(place).is_dir()
    filesystem, path = _filesystem(place)
    return bool(filesystem.isdir(path))


def names_in(folder: str) -> Iterator[str]:
    """All files in a folder and the folders in it, relative to it, with slashes; links to folders are not followed.

    Raises:
        OSError: A folder in it cannot be read: what is in there would be missed.
    """
    if is_url(folder):
        filesystem, root = _filesystem(folder)
        for path in filesystem.find(root):
            yield _name_in(root, path)
        return
    for parent, _, names in os.walk(folder, onerror=_raise):
        inner = Path(parent).relative_to(folder).as_posix()
        yield from names if inner == "." else (f"{inner}/{name}" for name in names)


def _name_in(root: str, path: object) -> str:
    return str(path).removeprefix(root.rstrip("/")).lstrip("/")


def _raise(error: OSError) -> None:
    raise error


def _filesystem(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        text = f"{url}: fsspec is needed for URLs: pip install 'gainmap-codec[scale]'"
        raise MissingDependencyError(text) from error
    try:
        filesystem, path = url_to_fs(url)
    except ImportError as error:
        raise MissingDependencyError(f"{url}: {error}") from error
    return filesystem, str(path)
