"""Records of photos that are done: what they were made of, and which files are this batch's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from gainmap_codec.batch.records import Job, PhotoRecord
from gainmap_codec.batch.storage import is_url, read, sha256_of, size_of, write
from gainmap_codec.codec.options import BatchOptions
from gainmap_codec.errors import NO_LIMITS, GainMapError, LimitError, Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.tags.exif import exif_texts
from gainmap_codec.pixels.formats.outputs import in_the_way

_NO_RECORD = (FileNotFoundError, LimitError, ValueError, TypeError, KeyError)
"""What reading a record brings about where there is none, or it is not one of ours."""
_FIRST_OPTIONS = {"container", "carry", "strip", "preset", "target_bytes", "quality", "device", "seed"}
_MAP_BY_DEFAULT = {"map_scale": 4, "map_quality": 95, "map_channels": 1}
_OF_RECORDS = Limits(file_bytes=1 << 20)  # they have some hundred bytes
_TAKEN = (0x9003, 0x9291)  # DateTimeOriginal, SubSecTimeOriginal

_OTHER_OPTIONS = "was made with other options: nothing is done (--update makes it again)"
_OTHER_MOMENT = "was made of a photo taken at another time: nothing is done (--update makes it again)"


@dataclass(frozen=True, slots=True)
class Finished:
    """What a record tells.

    Attributes:
        input, options, output: SHA-256 of the source, of the options, and of the file written.
        photo: What became of the photo.
        replaced: SHA-256 and size of the batch's own file that stood in the output's place; it still does where the
            batch was killed between record and output.
    """

    input: str
    options: str
    output: str
    photo: PhotoRecord
    replaced: tuple[str, int] | None = None

    @property
    def own_files(self) -> dict[str, int]:
        """SHA-256 and sizes of files of this batch that may stand in the output's place."""
        return {self.output: self.photo.bytes_after, **dict([self.replaced] if self.replaced else ())}


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file in a job's place that this batch made: its bytes, their SHA-256, and the record that tells of it."""

    data: bytes
    digest: str
    record: Finished

    def is_of(self, source: str, options: str) -> bool:
        """Whether it is what the record tells of, and was made of this source by these options; SHA-256 of each."""
        return (self.record.input, self.record.options, self.record.output) == (source, options, self.digest)


def digest_of_options(options: BatchOptions) -> str:
    """Of all that changes what is written. Records of finished photos hold it: it stays what it was.

    So options that came later are in it only where they are asked for, and those of the map, which once were always
    there and changed no map that stayed, as they were by default then.
    """
    given = {each.name: getattr(options, each.name) for each in fields(options) if each.name != "limits"}
    plain = {name: given[name] for name in _FIRST_OPTIONS} | _MAP_BY_DEFAULT
    defaults = {each.name: each.default for each in fields(options)}
    if later := {name: given[name] for name in given.keys() - _FIRST_OPTIONS if given[name] != defaults[name]}:
        plain["later"] = later
    return sha256_of(json.dumps(plain, sort_keys=True).encode())


def read_finished(job: Job) -> Finished | None:
    """The record of a job's place, where there is one."""
    try:
        stored = json.loads(read(job.record, _OF_RECORDS))
        told = dict(stored["photo"])
        lines = {name: tuple(told.get(name, ())) for name in ("warnings", "damage")}
        photo, replaced = PhotoRecord(**{**told, **lines}), stored.get("replaced")
        if not (isinstance(photo.source, str) and isinstance(photo.bytes_after, int)):
            return None
        before = (str(replaced[0]), int(replaced[1])) if replaced else None
        return Finished(stored["input"], stored["options"], stored["output"], photo, before)
    except _NO_RECORD:
        return None


def write_finished(job: Job, record: Finished) -> None:
    """Write the record of a job's place.

    Raises:
        OSError: It cannot be written; the place is named, since nobody knows of its record.
    """
    try:
        write(job.record, json.dumps(asdict(record), indent=1).encode())
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), job.target) from error


def own_file(job: Job) -> OwnFile | None:
    """The file in a job's place, if it is there as this batch wrote it."""
    record = read_finished(job)
    if record is None or size_of(job.target) not in record.own_files.values():
        return None
    data = read(job.target, replace(NO_LIMITS, file_bytes=max(record.own_files.values())))
    digest = sha256_of(data)
    return OwnFile(data, digest, record) if digest in record.own_files else None


def obstacle(job: Job, size: int) -> str:
    """Why nothing may be written to a job's place, where a file of that size is; empty where it may, or is done.

    Sizes and options are compared, which is quick; `check_replaceable` compares every byte.
    """
    record = read_finished(job)
    digest = digest_of_options(job.options)
    if job.overwrite:
        return ""
    if record is None or size not in record.own_files.values():
        return in_the_way(job.source, job.target)
    if (record.options, record.photo.bytes_before) == (digest, size_of(job.source)):
        return ""
    if not _is_same_place(record.photo.source, job.source):
        return in_the_way(job.source, job.target)
    return _of_other_options(job, record, digest)


def check_replaceable(job: Job, own: OwnFile | None, exif: bytes | None) -> None:
    """Raise FileExistsError where a file is in a job's place that may not be replaced.

    What this batch made of an older version of the same photo may, as long as it shows the same moment: the next card,
    put in the same place, has other photos by the same names.

    Args:
        own: As of `own_file`.
        exif: Of the photo as it is now.
    """
    if job.overwrite or size_of(job.target) is None:
        return
    if own is None or not _is_same_place(own.record.photo.source, job.source):
        raise FileExistsError(in_the_way(job.source, job.target))
    problem = _of_other_options(job, own.record, digest_of_options(job.options))
    if not problem and not job.update and _are_of_other_moments(own.data, exif):
        problem = _line(job, _OTHER_MOMENT)
    if problem:
        raise FileExistsError(problem)


def _of_other_options(job: Job, record: Finished, digest: str) -> str:
    return "" if job.update or record.options == digest else _line(job, _OTHER_OPTIONS)


def _line(job: Job, problem: str) -> str:
    return f"{job.source} would become {job.target}, which {problem}"


def _is_same_place(one: str, other: str) -> bool:
    return one == other or (not (is_url(one) or is_url(other)) and Path(one).resolve() == Path(other).resolve())


def _are_of_other_moments(made: bytes, exif: bytes | None) -> bool:
    """Whether two photos say when they were taken, and not the same."""
    try:
        before = _moment(parse_file(made, "", NO_LIMITS).exif)
    except GainMapError:
        return False
    now = _moment(exif)
    return bool(before and now and before != now)


def _moment(exif: bytes | None) -> Mapping[int, str]:
    return exif_texts(exif or b"", _TAKEN)
