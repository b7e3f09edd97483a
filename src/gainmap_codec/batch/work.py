"""What a worker does with one photo."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from math import isfinite
from time import perf_counter

from gainmap_codec.batch.records import HdrFrom, Job, PhotoRecord
from gainmap_codec.batch.storage import check_place, read, sha256_of, size_of, write
from gainmap_codec.codec.decoding import decode_opened, preference
from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.options import DecodeOptions, TranscodeOptions
from gainmap_codec.edit.transcode import transcode_opened
from gainmap_codec.errors import NO_LIMITS, LimitError, Limits, error_line
from gainmap_codec.files.container import check_name, digest_of
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.pixels.color.code_points import is_hdr
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.formats.outputs import in_the_way

_NO_RECORD = (FileNotFoundError, LimitError, ValueError, TypeError, KeyError)
"""What reading a record brings about where there is none, or it is not one of ours."""
_OF_RECORDS = Limits(file_bytes=1 << 20)  # they have some hundred bytes


def convert_photo(job: Job) -> PhotoRecord:
    """Convert a photo, unless its record says that this was done; what goes wrong is told in the result.

    The record is written first and the photo after it, each whole or not at all: wherever this is cut short, a photo
    that is there has its record, which tells it from other people's files.
    """
    start = perf_counter()
    photo = PhotoRecord(job.source, job.target, "failed")
    try:
        data = read(job.source, job.options.limits)
        digests = {"input": sha256_of(data), "options": digest_of_options(job.options)}
        if done := _done_before(job, digests):
            return done
        check_place(job.target)
        if not job.overwrite and size_of(job.target) is not None:
            raise FileExistsError(in_the_way(job.source, job.target))
        photo = replace(photo, bytes_before=len(data))
        opened = open_file(data, job.source, job.options.limits)
        photo = replace(photo, hdr_from=_hdr_from(opened))
        new_data, photo = _converted(job, opened, photo)
        photo = replace(photo, seconds=perf_counter() - start)
        _write_record(job, {**digests, "output": sha256_of(new_data)}, photo)
        write(job.target, new_data)
    except Exception as error:  # whatever one photo brings about, the others are to be done
        problem = error_line(error, below=job.source)
        photo = replace(photo, status="failed", problem=problem, seconds=perf_counter() - start)
    return photo


def digest_of_options(options: TranscodeOptions) -> str:
    """Of all that changes what is written. Records of finished photos hold it: it stays what it was."""
    plain = {field.name: getattr(options, field.name) for field in fields(options) if field.name != "limits"}
    return sha256_of(json.dumps(plain, sort_keys=True).encode())


def is_made_by(job: Job, size: int) -> bool:
    """Whether the file of that size at the job's target seems to be what an earlier run made of the same photo.

    Sizes and options are compared, which is quick; `convert_photo` compares every byte.
    """
    try:
        record = json.loads(read(job.record, _OF_RECORDS))
        told = record["options"], record["photo"]["bytes_before"], record["photo"]["bytes_after"]
    except _NO_RECORD:
        return False
    return bool(told == (digest_of_options(job.options), size_of(job.source), size))


def _converted(job: Job, opened: OpenedFile, photo: PhotoRecord) -> tuple[bytes, PhotoRecord]:
    """The new file, and what is to be told of it."""
    report = transcode_opened(opened, job.options)
    check_name(job.target, report.container)
    new = open_file(report.data, job.target, NO_LIMITS)
    return report.data, replace(
        photo,
        status="converted",
        bytes_after=len(report.data),
        width=new.file.base.width,
        height=new.file.base.height,
        psnr=_psnr(opened, new, job.options.limits),
        warnings=report.warnings,
        damage=report.damage,
    )


def _write_record(job: Job, digests: Mapping[str, str], photo: PhotoRecord) -> None:
    write(job.record, json.dumps({**digests, "photo": asdict(photo)}, indent=1).encode())


def _done_before(job: Job, digests: Mapping[str, str]) -> PhotoRecord | None:
    """What an earlier run made of the same bytes by the same options, if that is still there as it was written."""
    try:
        record = json.loads(read(job.record, _OF_RECORDS))
        if any(record[name] != digest for name, digest in digests.items()):
            return None
        stored = record["photo"]
        as_written = replace(NO_LIMITS, file_bytes=stored["bytes_after"])
        if sha256_of(read(job.target, as_written)) != record["output"]:
            return None
        lines = {name: tuple(stored.get(name, ())) for name in ("warnings", "damage")}
        told = {"source": job.source, "target": job.target, "status": "skipped", **lines}
        return PhotoRecord(**{**stored, **told})
    except _NO_RECORD:
        return None


def _hdr_from(opened: OpenedFile) -> HdrFrom:
    kind = preference(opened, "auto")[0]
    return "none" if kind == "base" and not is_hdr(opened.file.base) else kind


def _psnr(old: OpenedFile, new: OpenedFile, limits: Limits) -> float | None:
    """PQ-PSNR of the new rendition against the old; None where they are the same."""
    if _pictures_of(old.file) == _pictures_of(new.file):
        return None
    new_pixels = decode_opened(new, DecodeOptions(limits=NO_LIMITS)).pixels
    psnr = pq_psnr(new_pixels, decode_opened(old, DecodeOptions(limits=limits)).pixels)
    return psnr if isfinite(psnr) else None


def _pictures_of(file: GainMapFile) -> tuple[object, ...]:
    """All that makes a file's renditions, as coded."""
    stored = file.gain_map
    gain_map = (digest_of(stored.image), stored.metadata) if stored else None
    return file.base_digest, file.payload, gain_map
