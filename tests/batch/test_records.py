"""What goes to a worker and comes back goes through pickles."""

from __future__ import annotations

import pickle

import gainmap_codec as gm
from gainmap_codec.batch.records import BatchReport, Job, PhotoRecord, Status
from gainmap_codec.codec.options import BatchOptions


def test_jobs_and_records_are_pickled_whole() -> None:
    options = BatchOptions(container="avif", quality=80, limits=gm.Limits(segments=10_000))
    job = Job("a.jpg", "out/a.avif", "out/.gainmap-batch/a.avif.json", options)
    record = PhotoRecord("a.jpg", "out/a.avif", "failed", "why", warnings=("one",))
    assert pickle.loads(pickle.dumps((job, record))) == (job, record)


def test_photos_of_one_status() -> None:
    kinds: dict[str, Status] = {"a": "failed", "b": "skipped"}
    photos = tuple(PhotoRecord(name, "", status) for name, status in kinds.items())
    assert [photo.source for photo in BatchReport(photos, 1.0).having("skipped")] == ["b"]
