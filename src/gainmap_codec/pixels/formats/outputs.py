"""Where files go to: nobody's file is overwritten unasked, and each appears whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from gainmap_codec.pixels.formats.sources import AnyPath

Error = TypeVar("Error", bound=Exception)
Planned = tuple[Sequence[Path], Path]
"""A file to write: the sources that it is made of, and its place."""

_NOTHING = "nothing is done"
_MOST_LINES = 9  # about one kind of error, after the first
_MOST_NAMES = 3  # of the sources of one file
_LONGEST = 100  # bytes of a name that its temporary sibling keeps


def check_outputs(planned: Sequence[Planned], *, overwrite: bool, makes_folders: bool = False) -> None:
    """Refuse files that could not be written, or would replace what nobody meant to replace; before any work.

    Names that differ in case alone count as one: on most cards and on half of all computers they are one.

    Args:
        planned: All that is to be written.
        overwrite: Files that are there may be replaced, and so may the sources of each by itself.
        makes_folders: Missing folders will be made.
    Raises:
        ValueError: Two of them would become one file, or one would replace what another is made of.
        FileExistsError: A file is there already.
        OSError: As `real_target`.

    Of several sources whose files are there already or would be one, the first is the error and the others its notes.
    """
    _check_clashes(planned)
    owners = {name: source for sources, _ in planned for source in sources for name in _names_of(source)}
    obstacles: dict[str, str] = {}
    for sources, target in planned:
        owner = next((owners[name] for name in _names_of(target) if name in owners), None)
        if owner is not None and owner not in sources:
            raise ValueError(f"{_listed(sources)} would become {target}, which is {owner}, another source: {_NOTHING}")
        if not overwrite and (owner is not None or target.is_file()):
            source = sources[0] if len(sources) == 1 else None
            obstacles.setdefault(_listed(sources), in_the_way(source, target, owner))
    if obstacles:
        first, *lines = obstacles.values()
        raise with_lines(FileExistsError(first), lines)
    for _, target in planned:
        real_target(target, makes_folder=makes_folders)


def _check_clashes(planned: Sequence[Planned]) -> None:
    """Raise ValueError for sources that share a file."""
    taken: dict[str, Planned] = {}
    clashes: dict[tuple[str, str], str] = {}
    for sources, target in planned:
        other = taken.setdefault(one_case(os.path.realpath(target)), (sources, target))
        if other[1] is not target:
            pair = _listed(other[0]), _listed(sources)
            clashes.setdefault(pair, both_become(*pair, target))
    if clashes:
        first, *lines = clashes.values()
        raise with_lines(ValueError(first), lines)


def with_lines(error: Error, lines: Sequence[str]) -> Error:
    """An error that tells of several, the others in notes of their own, as far as anybody reads them."""
    for line in lines[:_MOST_LINES]:
        error.add_note(line)
    if len(lines) > _MOST_LINES:
        error.add_note(f"and {len(lines) - _MOST_LINES:,} more")
    return error


def both_become(one: object, other: object, target: object) -> str:
    """A line about two sources that would become one file."""
    return f"{one} and {other} would both become {target}: {_NOTHING}"


def in_the_way(source: object, target: object, owner: object = None) -> str:
    """A line about a file that is there already; `owner` is the source that it is itself, if it is one."""
    place = "is there already" if owner is None else f"is {owner} itself"
    line = f"{source} would become {target}, which {place}" if source else f"{target} {place}"
    return f"{line}: {_NOTHING} (--overwrite replaces it)"


def one_case(path: str) -> str:
    """The path as file systems see it that tell neither case nor the two ways to write an accent."""
    return unicodedata.normalize("NFC", path).casefold()


def file_of(path: AnyPath) -> tuple[int, int] | None:
    """What a file is known by whatever its names are: its device and number; None where there is none."""
    with suppress(OSError, ValueError):
        found = Path(path).stat()
        return found.st_dev, found.st_ino
    return None


def _names_of(path: Path) -> Iterator[object]:
    """What tells that two paths lead to one file, be it by links."""
    yield one_case(os.path.realpath(path))
    if found := file_of(path):
        yield found


def _listed(sources: Sequence[Path]) -> str:
    named = ", ".join(map(str, sources[:_MOST_NAMES]))
    return f"{named} and {len(sources) - _MOST_NAMES:,} more" if len(sources) > _MOST_NAMES else named


def real_target(path: AnyPath, *, makes_folder: bool = False) -> Path:
    """The file that is written when `path` is: links are followed, so that they stay.

    Raises:
        OSError: It cannot be written: its folder is missing (unless `makes_folder`) or read-only; or something is there
            that is no file, is read-only, or has other names (hard links), which would go on with what it held.
    """
    target = Path(os.path.realpath(path))
    _check_folder(target.parent if Path(path).is_symlink() else Path(path).parent, makes_folder)
    try:
        old = target.lstat()
    except FileNotFoundError:
        return target
    if not stat.S_ISREG(old.st_mode):
        kind = "a folder" if stat.S_ISDIR(old.st_mode) else "something else"
        raise OSError(errno.EISDIR, f"expected a file or nothing there, got {kind}", str(path))
    if not old.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "expected a file that may be written, got a read-only one", str(path))
    if old.st_nlink > 1:
        names = f"one that has {old.st_nlink} (hard links)"
        raise OSError(errno.EMLINK, f"expected a file with one name, got {names}; remove this one first", str(path))
    return target


def _check_folder(folder: Path, makes_it: bool) -> None:
    """Raise OSError where no file could be made in the folder, or the folder itself could not."""
    while makes_it and not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.exists():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(folder))
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "expected a folder, got a file", str(folder))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "expected a folder to write to, got a read-only one", str(folder))


def write_atomically(path: AnyPath, data: bytes, *, dated_as: AnyPath | None = None, overwrite: bool = True) -> None:
    """Write a file that appears whole or not at all: a temporary sibling, then a rename.

    A link is followed and stays; a file that is replaced keeps its permissions.

    Args:
        dated_as: The photo that this one is made of, whose time of modification it gets: many programs sort by that.
            A photo that is replaced itself gets the present one, by which programs for copies know that it has changed.
        overwrite: A file that is there may be replaced; else one that has come meanwhile is an error, too.
    Raises:
        OSError: As `real_target`, or the disk is full; FileExistsError where nothing may be replaced.
    """
    target = real_target(path)
    sibling = target.with_name(f".{_short(target.name)}.{secrets.token_hex(6)}.tmp")
    try:
        with sibling.open("xb") as file:
            _keep_owner_and_mode(target, sibling)
            file.write(data)
        if dated_as is not None and file_of(dated_as) != file_of(target):
            _copy_date(dated_as, sibling)
        if overwrite:
            sibling.replace(target)
        else:
            _become_new(sibling, target)
    except FileExistsError:
        _remove(sibling)
        raise FileExistsError(in_the_way(None, path)) from None
    except OSError as error:  # nobody knows the sibling's name
        _remove(sibling)
        raise OSError(error.errno, error.strerror, str(path)) from error
    except BaseException:
        _remove(sibling)
        raise


def _become_new(sibling: Path, target: Path) -> None:
    """Rename a file where nothing is there yet: a second name is refused where there is one, a rename would not be."""
    try:
        os.link(sibling, target)
    except FileExistsError:
        raise
    except OSError:  # some file systems have no second names
        if target.exists():
            raise FileExistsError(target) from None
        sibling.replace(target)
    else:
        sibling.unlink()


def _keep_owner_and_mode(old: Path, new: Path) -> None:
    """Give `new` the permissions of `old`, if that exists: what only its owner may read stays so."""
    with suppress(FileNotFoundError):
        found = old.stat()
        with suppress(PermissionError, AttributeError):  # for root alone, and there is none on Windows
            os.chown(new, found.st_uid, found.st_gid)
        new.chmod(stat.S_IMODE(found.st_mode))


def _copy_date(old: AnyPath, new: Path) -> None:
    with suppress(OSError):  # the photo counts for more than its date
        found = Path(old).stat()
        os.utime(new, ns=(found.st_atime_ns, found.st_mtime_ns))


def _short(name: str) -> str:
    """As much of a name as leaves room for what is added to it: file systems count bytes, 255 of them."""
    return os.fsdecode(os.fsencode(name)[:_LONGEST]) if name.isascii() else name[: _LONGEST // 4]


def _remove(path: Path) -> None:
    """Remove a file if that can be done: what went wrong before is what is told."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
