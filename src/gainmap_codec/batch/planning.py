"""Which photos there are, and where each of them lands."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from gainmap_codec.batch.records import Job, PassedOver
from gainmap_codec.batch.storage import is_folder, is_special, is_url, joined, location, names_in, sha256_of, sizes_in
from gainmap_codec.batch.work import is_made_by
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.files.container import SUFFIXES, named_for
from gainmap_codec.pixels.formats.outputs import both_become, file_of, in_the_way, one_case
from gainmap_codec.pixels.formats.sources import AnyPath

STATE = ".gainmap-batch"
"""Folder of records in the output folder; hidden, so that it is never taken for photos."""

_LONGEST_NAME = 250  # bytes
_PHOTOS = tuple(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)


def plan(
    sources: Sequence[AnyPath],
    folder: AnyPath,
    options: TranscodeOptions,
    *,
    overwrite: bool = False,
    passed_over: list[PassedOver] | None = None,
) -> list[Job]:
    """A job for each photo: the sources that are files, and the photos in those that are folders.

    Hidden files and folders are not looked at, nor is `folder` within a source.

    Args:
        passed_over: Takes the files that are no photos.
    Raises:
        ValueError: No photos; two that would become one file; or sources that lie in `folder`, be it by a link.
        FileExistsError: A file is there already that this conversion did not make, and `overwrite` is not set.
        MissingDependencyError: URLs without fsspec, or without what their scheme needs.
        OSError: A folder cannot be read.
    """
    out = location(folder)
    jobs: dict[str, Job] = {}
    others: list[PassedOver] = [] if passed_over is None else passed_over
    for source in map(location, sources):
        if _lies_in(source, out):
            raise ValueError(f"{source}: expected photos outside the output folder {out}")
        for photo, name in _files_of(source, out):
            if reason := _no_photo(photo, is_named=photo == source):
                others.append(PassedOver(photo, reason))
                continue
            name = named_for(name, options.container)
            job = Job(photo, joined(out, name), joined(out, f"{STATE}/{_record_name(name)}"), options, overwrite)
            other = jobs.setdefault(job.target if is_url(out) else one_case(job.target), job).source
            if other != photo and _resolved(other) != _resolved(photo):
                raise ValueError(both_become(other, photo, job.target))
    if not jobs:
        got = f"none, and {len(others)} other files" if others else "none"
        raise ValueError(f"{', '.join(map(location, sources))}: expected photos ({', '.join(_PHOTOS)}), got {got}")
    _check_targets(list(jobs.values()), out)
    return list(jobs.values())


def _check_targets(jobs: Sequence[Job], out: str) -> None:
    """Raise for what is there already, unless an earlier run made it of the same photo or it may be replaced."""
    sizes = sizes_in(out, [job.target.removeprefix(joined(out, "")) for job in jobs])
    there = [(job, size) for job, size in zip(jobs, sizes, strict=True) if size is not None]
    sources = {file_of(job.source): job.source for job in jobs} if there and not is_url(out) else {}
    for job, size in there:
        if owner := sources.get(file_of(job.target)):
            raise ValueError(f"{job.source} would become {job.target}, which is {owner} itself: nothing is done")
        if not job.overwrite and not is_made_by(job, size):
            raise FileExistsError(in_the_way(job.source, job.target))


def _no_photo(place: str, *, is_named: bool) -> str:
    """Why a file is passed over; empty for a photo. What the caller names is one, whatever its suffix."""
    if not is_named and not place.lower().endswith(_PHOTOS):
        return "its name is not that of a photo"
    return "it is a pipe, a device or a socket" if is_special(place) else ""


def _record_name(name: str) -> str:
    """Of the record of an output: its own name, where file systems, which allow 255 bytes, have room for that."""
    folder, slash, last = name.rpartition("/")
    written = os.fsencode(last)
    return f"{folder}{slash}{last if len(written) <= _LONGEST_NAME else sha256_of(written)}.json"


def _files_of(source: str, out: str) -> Iterator[tuple[str, str]]:
    """Places of a source's files, hidden ones left out, and their names in the output folder."""
    if not is_folder(source):
        yield source, PurePosixPath(source).name if is_url(source) else Path(source).name
        return
    own, root = f"{_resolved(out)}/", _resolved(source)
    inner = own.removeprefix(f"{root}/") if own.startswith(f"{root}/") else None
    for name in sorted(names_in(source)):
        hidden = "/." in f"/{name}"
        if not hidden and not (inner and name.startswith(inner)):
            yield joined(source, name), name


def _lies_in(place: str, folder: str) -> bool:
    return f"{_resolved(place)}/".startswith(f"{_resolved(folder)}/")


def _resolved(place: str) -> str:
    return place.rstrip("/") if is_url(place) else Path(place).resolve().as_posix()
