"""Which photos there are, and where each of them lands."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from posixpath import splitext

from gainmap_codec.batch.finished import obstacle
from gainmap_codec.batch.records import HIDDEN, Job, PassedOver
from gainmap_codec.batch.storage import is_folder, is_special, is_url, joined, location, names_in, sha256_of, sizes_in
from gainmap_codec.codec.options import BatchOptions
from gainmap_codec.files.container import named_for
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.formats.hdr_files import HDR_SUFFIXES, PICTURE_SUFFIXES
from gainmap_codec.pixels.formats.outputs import both_become, file_of, one_case, with_lines
from gainmap_codec.pixels.formats.sources import AnyPath, other_container

STATE = ".gainmap-batch"
"""Folder of records in the output folder; hidden, so that it is never taken for photos."""

_LONGEST_NAME = 250  # bytes
_OTHER_PICTURES = (".png", ".tif", ".tiff", ".npy")  # HDR where somebody names them: in folders most of them are not
_BECOME_JPEGS = (".mpo", *HDR_SUFFIXES, *_OTHER_PICTURES)


def plan(
    sources: Sequence[AnyPath],
    folder: AnyPath,
    options: BatchOptions,
    *,
    keep_suffix: bool = False,
    update: bool = False,
    overwrite: bool = False,
    passed_over: list[PassedOver] | None = None,
) -> list[Job]:
    """A job for each photo: the sources that are files, and the photos in those that are folders.

    Hidden files and folders are passed over; `folder` within a source is not looked at, nor are records of batches.

    Args:
        keep_suffix: Names keep the source's suffix before the new one.
        update: What this batch made of the same photos by other options may be replaced.
        overwrite: Any file may be replaced.
        passed_over: Takes the files that are no photos.
    Raises:
        ValueError: No photos; two that would become one file; or sources that lie in `folder`, be it by a link.
        FileExistsError: A file is there already that this batch may not replace.
        MissingDependencyError: URLs without fsspec, or without what their scheme needs.
        OSError: A folder cannot be read.
    """
    out = location(folder)
    jobs: dict[str, Job] = {}
    clashes: list[tuple[Job, Job]] = []
    others: list[PassedOver] = [] if passed_over is None else passed_over
    for photo, name, is_named in _files_in(list(map(location, sources)), out):
        if reason := _no_photo(photo, "" if is_named else name):
            others.append(PassedOver(photo, reason))
            continue
        container = options.container or (None if is_url(photo) else other_container(Path(photo)))
        name = _output_name(name, container, keep_suffix)
        record = joined(out, f"{STATE}/{_record_name(name)}")
        job = Job(photo, joined(out, name), record, options, update, overwrite)
        other = jobs.setdefault(job.target if is_url(out) else one_case(job.target), job)
        if other.source != photo and _resolved(other.source) != _resolved(photo):
            clashes.append((other, job))
    if not jobs:
        got = f"none, and {len(others)} other files" if others else "none"
        raise ValueError(
            f"{', '.join(map(location, sources))}: expected photos ({', '.join(PICTURE_SUFFIXES)}), got {got}"
        )
    _check_clashes(clashes)
    _check_targets(list(jobs.values()), out)
    return list(jobs.values())


def results_left(jobs: Iterable[Job], folder: AnyPath) -> list[str]:
    """Names in the output folder of files that records of earlier runs tell of, and none of these jobs."""
    state = joined(location(folder), STATE)
    if not is_folder(state):
        return []
    own = {job.record.removeprefix(joined(state, "")) for job in jobs}
    names = [name.removesuffix(".json") for name in names_in(state) if name.endswith(".json") and name not in own]
    sizes = sizes_in(location(folder), names)
    return sorted(name for name, size in zip(names, sizes, strict=True) if size is not None)


def _check_clashes(clashes: Sequence[tuple[Job, Job]]) -> None:
    """Raise ValueError for photos that would become one file; all of them are told, and what keeps them apart."""
    if clashes:
        apart = any(_differ_in_suffix(one.source, other.source) for one, other in clashes)
        first, *lines = (both_become(one.source, other.source, other.target) for one, other in clashes)
        raise with_lines(ValueError(first + " (keep_suffix keeps both)" * apart), lines)


def _differ_in_suffix(one: str, other: str) -> bool:
    return one_case(splitext(one)[1]) != one_case(splitext(other)[1])


def _output_name(name: str, container: Container | None, keep_suffix: bool) -> str:
    """The name of what a photo becomes; ``IMG_1.HEIC`` becomes ``IMG_1.jpg``, or ``IMG_1.HEIC.jpg``."""
    kind: Container | None = "jpeg" if name.lower().endswith(_BECOME_JPEGS) else None
    new = named_for(name, container or kind)
    return new if new == name or not keep_suffix else name + splitext(new)[1]


def _check_targets(jobs: Sequence[Job], out: str) -> None:
    """Raise for what is there already, unless an earlier run made it of the same photo or it may be replaced."""
    sizes = sizes_in(out, [job.target.removeprefix(joined(out, "")) for job in jobs])
    there = [(job, size) for job, size in zip(jobs, sizes, strict=True) if size is not None]
    sources = {file_of(job.source): job.source for job in jobs} if there and not is_url(out) else {}
    obstacles: list[str] = []
    for job, size in there:
        if owner := sources.get(file_of(job.target)):
            raise ValueError(f"{job.source} would become {job.target}, which is {owner} itself: nothing is done")
        if line := obstacle(job, size):
            obstacles.append(line)
    if obstacles:
        raise with_lines(FileExistsError(obstacles[0]), obstacles[1:])


def _no_photo(place: str, found: str) -> str:
    """Why a file is passed over; empty for a photo. `found`: its name in a folder, empty where the caller chose it."""
    if "/." in f"/{found}":
        return HIDDEN
    if found and not found.lower().endswith(PICTURE_SUFFIXES):
        return "its name is not that of a photo"
    return "it is a pipe, a device or a socket" if is_special(place) else ""


def _record_name(name: str) -> str:
    """Of the record of an output: its own name, where file systems, which allow 255 bytes, have room for that."""
    folder, slash, last = name.rpartition("/")
    written = os.fsencode(last)
    return f"{folder}{slash}{last if len(written) <= _LONGEST_NAME else sha256_of(written)}.json"


def _files_in(sources: Sequence[str], out: str) -> Iterator[tuple[str, str, bool]]:
    """Places of the sources' files, their names in the output folder, and whether the caller named them.

    Of several folders, each has its own name there, so that equal names in them stay apart.
    """
    for source in sources:
        if _lies_in(source, out):
            raise ValueError(f"{source}: expected photos outside the output folder {out}")
    folders = {source: _resolved(source) for source in sources if is_folder(source)}
    are_several = len(set(folders.values())) > 1
    for source in sources:
        if source not in folders:
            yield source, _name_of(source), True
            continue
        below = f"{_name_of(source)}/" if are_several else ""
        for name in _names_below(source, out):
            yield joined(source, name), below + name, False


def _name_of(source: str) -> str:
    """The last name of a path or URL; the folder's own name for ``.`` and ``..``."""
    name = PurePosixPath(source).name if is_url(source) else Path(source).name
    return name if name not in ("", "..") else PurePosixPath(_resolved(source)).name


def _names_below(folder: str, out: str) -> Iterator[str]:
    """Names of a folder's files, without those of the output folder and the records of batches."""
    own, root = f"{_resolved(out)}/", _resolved(folder)
    inner = own.removeprefix(f"{root}/") if own.startswith(f"{root}/") else None
    for name in sorted(names_in(folder)):
        if not (inner and name.startswith(inner)) and f"/{STATE}/" not in f"/{name}":
            yield name


def _lies_in(place: str, folder: str) -> bool:
    return f"{_resolved(place)}/".startswith(f"{_resolved(folder)}/")


def _resolved(place: str) -> str:
    return place.rstrip("/") if is_url(place) else Path(place).resolve().as_posix()
