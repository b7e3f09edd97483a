"""What a worker does with one photo."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, replace
from math import isfinite
from threading import Lock
from time import perf_counter
from typing import Any

from gainmap_codec.api import decode, inspect
from gainmap_codec.batch.records import HdrFrom, Job, PhotoRecord
from gainmap_codec.batch.storage import digest_of, read, write
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.errors import GainMapError, GainMapWarning, Limits
from gainmap_codec.files.container import check_name, parse_file
from gainmap_codec.files.jpeg.segments import coded_digest, segments_of
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.pixels.color.light import pq_psnr

_ONE_AT_A_TIME = Lock()  # a cluster's worker may have several threads, and warnings are caught process by process


def convert_photo(job: Job) -> PhotoRecord:
    """Convert a photo, unless its record says that this was done; what goes wrong is told in the result.

    The photo is written first and its record after it, each whole or not at all: wherever this is cut short, what a
    record promises is there.
    """
    start = perf_counter()
    photo = PhotoRecord(job.source, job.target, "failed")
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore", GainMapWarning)  # they stand in the result
        try:
            data = read(job.source, job.options["limits"])
            digests = {"input": digest_of(data), "options": _digest_of_options(job.options)}
            if done := _done_before(job, digests):
                return done
            photo = replace(photo, bytes_before=len(data), hdr_from=_hdr_from(data, job.options["limits"]))
            report = transcode_with_report(data, **job.options)
            check_name(job.target, report.container)
            new = parse_file(report.data, "the new file", Limits())
            photo = replace(
                photo,
                status="converted",
                bytes_after=len(report.data),
                width=new.base.width,
                height=new.base.height,
                psnr=_psnr(data, report.data, new),
                warnings=report.warnings,
            )
            write(job.target, report.data)
            photo = replace(photo, seconds=perf_counter() - start)
            _write_record(job, {**digests, "output": digest_of(report.data)}, photo)
        except Exception as error:  # whatever one photo brings about, the others are to be done
            photo = replace(photo, status="failed", problem=_one_line(error), seconds=perf_counter() - start)
    return photo


def _write_record(job: Job, digests: Mapping[str, str], photo: PhotoRecord) -> None:
    write(job.record, json.dumps({**digests, "photo": asdict(photo)}, indent=1).encode())


def _done_before(job: Job, digests: Mapping[str, str]) -> PhotoRecord | None:
    """What an earlier run made of the same bytes by the same options, if that is still there as it was written."""
    try:
        record = json.loads(read(job.record, Limits()))
        if any(record[name] != digest for name, digest in digests.items()):
            return None
        if digest_of(read(job.target, Limits())) != record["output"]:
            return None
        stored = record["photo"]
        told = {"source": job.source, "target": job.target, "status": "skipped", "warnings": tuple(stored["warnings"])}
        return PhotoRecord(**{**stored, **told})
    except (FileNotFoundError, ValueError, TypeError, KeyError):  # none, or not one of ours
        return None


def _digest_of_options(options: Mapping[str, Any]) -> str:
    """Of all that changes what is written."""
    plain = {name: value for name, value in options.items() if name != "limits"}
    return digest_of(json.dumps(plain, sort_keys=True).encode())


def _hdr_from(data: bytes, limits: Limits) -> HdrFrom:
    info = inspect(data, limits=limits)
    return "none" if info.hdr_from == "base" and not info.base_is_hdr else info.hdr_from


def _psnr(data: bytes, new_data: bytes, new: GainMapFile) -> float | None:
    """PQ-PSNR of the new rendition against the old; None where they are the same."""
    if _pictures_of(parse_file(data, "the source", Limits())) == _pictures_of(new):
        return None
    psnr = pq_psnr(decode(new_data).pixels, decode(data).pixels)
    return psnr if isfinite(psnr) else None


def _pictures_of(file: GainMapFile) -> tuple[object, ...]:
    """All that makes a file's renditions, as coded."""
    stored = file.gain_map
    if stored is None:
        return file.base_digest, file.payload, None
    coded = coded_digest(segments_of(stored.image)) if stored.image.codec == "jpeg" else stored.image.data
    return file.base_digest, file.payload, coded, stored.metadata


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, MemoryError):
        return "not enough memory for this picture"
    text = " ".join(str(error).split()).removeprefix("bytes: ")
    return text if isinstance(error, (GainMapError, OSError, ValueError)) else f"{type(error).__name__}: {text}"
