"""What records of finished photos allow: what a rerun makes again, and which files it never touches."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import gainmap_codec as gm
from gainmap_codec.batch import finished, work
from gainmap_codec.batch.finished import digest_of_options, read_finished
from gainmap_codec.batch.planning import STATE, plan
from gainmap_codec.batch.records import Job, PhotoRecord
from gainmap_codec.batch.work import convert_photo
from gainmap_codec.codec.options import BatchOptions
from support import pipeline_files as files


def job_for(source: Path, out: Path, *, update: bool = False, **options: Any) -> Job:
    (job,) = plan([source], out, BatchOptions(**options), update=update)
    return job


def taken_at(moment: bytes) -> bytes:
    """EXIF with DateTimeOriginal alone."""
    pointer = b"\x01\0" + b"\x69\x87\x04\0\x01\0\0\0\x1a\0\0\0" + bytes(4)
    entry = b"\x01\0" + b"\x03\x90\x02\0\x14\0\0\0\x2c\0\0\0" + bytes(4)
    return b"II*\0\x08\0\0\0" + pointer + entry + moment + b"\0"


def taken(moment: bytes, quality: int = 90) -> bytes:
    pixels = files.pictures()[0]
    return gm.encode(files.made(standard=True), pixels, carry="standard", quality=quality, exif=taken_at(moment))


MORNING, EVENING = b"2026:05:01 08:00:00", b"2026:05:01 20:00:00"


def test_digests_of_options_stay_what_they_were() -> None:
    """Another digest of the same choices would do all photos of finished batches again."""
    assert digest_of_options(BatchOptions()) == "6a1ad11b57d55faa307d2e6ac5c847bc9695e81c45463a0e1e17d62a42a47a5d"
    first_options = BatchOptions(
        container="avif",
        carry="both",
        strip="gps",
        preset="tiny",
        target_bytes=1000,
        quality=80,
        device="cpu",
        seed=3,
    )
    assert digest_of_options(first_options) == "47b9fcb57caf67731f30266e62a930bc35057787bac226d3293f335b98b1ef23"


@pytest.mark.parametrize(
    "option",
    [
        {"map_scale": 4},
        {"map_quality": 95},
        {"map_channels": 1},
        {"fit": (1600, 1600)},
        {"chroma": "4:4:4"},
        {"max_bytes": 1000},
        {"preset": "web"},
    ],
)
def test_what_is_asked_for_beside_that_is_told(option: dict[str, Any]) -> None:
    """Options of the map once changed nothing in a map that stayed: now they are obeyed, at their old defaults too."""
    assert digest_of_options(BatchOptions(**option)) != digest_of_options(BatchOptions())
    assert digest_of_options(BatchOptions(**option)) == digest_of_options(BatchOptions(**option))


def test_what_was_edited_since_is_made_again(photos: Path, tmp_path: Path) -> None:
    source, out = photos / "one.jpg", tmp_path / "out"
    source.write_bytes(taken(MORNING))
    assert convert_photo(job_for(source, out)).status == "converted"
    before = (out / "one.jpg").read_bytes()
    source.write_bytes(taken(MORNING, quality=60))
    assert [convert_photo(job_for(source, out)).status for _ in range(2)] == ["converted", "skipped"]
    assert (out / "one.jpg").read_bytes() != before


def test_the_next_cards_photos_replace_none(photos: Path, tmp_path: Path) -> None:
    """They have the same names, and lie in the same place."""
    source, out = photos / "one.jpg", tmp_path / "out"
    source.write_bytes(taken(MORNING))
    assert convert_photo(job_for(source, out)).status == "converted"
    before = (out / "one.jpg").read_bytes()
    source.write_bytes(taken(EVENING, quality=60))
    photo = convert_photo(job_for(source, out))
    assert photo.status == "failed"
    assert photo.problem.endswith(
        "was made of a photo taken at another time: nothing is done (--update makes it again)"
    )
    assert (out / "one.jpg").read_bytes() == before
    assert convert_photo(job_for(source, out, update=True)).status == "converted", "whose camera's clock was wrong"


def test_other_options_replace_only_what_the_batch_made(photos: Path, tmp_path: Path) -> None:
    source, out = photos / "one.jpg", tmp_path / "out"
    assert convert_photo(job_for(source, out)).status == "converted"
    again = job_for(source, out, update=True, strip="gps")
    assert [convert_photo(again).status for _ in range(2)] == ["converted", "skipped"]
    edited = bytearray((out / "one.jpg").read_bytes())
    edited[-3] ^= 1
    (out / "one.jpg").write_bytes(edited)
    photo = convert_photo(job_for(source, out, update=True, strip="all"))
    assert photo.status == "failed" and "which is there already" in photo.problem
    assert (out / "one.jpg").read_bytes() == edited


def test_a_copy_of_the_photo_by_another_path_is_not_the_same_photo(photos: Path, tmp_path: Path) -> None:
    source, out = photos / "one.jpg", tmp_path / "out"
    assert convert_photo(job_for(source, out)).status == "converted"
    copy = tmp_path / "card/one.jpg"
    copy.parent.mkdir()
    shutil.copy(source, copy)
    assert convert_photo(job_for(copy, out)).status == "skipped", "by its bytes it is done"
    with pytest.raises(FileExistsError, match="which is there already"):
        job_for(copy, out, update=True, strip="gps")
    (photos / "../photos/one.jpg").write_bytes(files.both())
    assert convert_photo(job_for(photos / "../photos/one.jpg", out)).status == "converted", "one place, two ways"


def test_killed_between_record_and_photo_the_rerun_goes_on(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = photos / "one.jpg", tmp_path / "out"
    assert convert_photo(job_for(source, out)).status == "converted"
    before = (out / "one.jpg").read_bytes()
    source.write_bytes(files.both())

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(work, "write", killed)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                convert_photo(job_for(source, out))
    assert (out / "one.jpg").read_bytes() == before
    assert [convert_photo(job_for(source, out)).status for _ in range(2)] == ["converted", "skipped"]


@pytest.mark.parametrize(
    "broken", ["", "[]", "{}", '{"photo": 1}', '{"photo": {"source": 1}}', '{"input": "", "photo": "photo"}']
)
def test_a_record_that_is_none(broken: str, photos: Path, tmp_path: Path) -> None:
    job = job_for(photos / "one.jpg", tmp_path / "out")
    Path(job.record).parent.mkdir(parents=True)
    Path(job.record).write_text(broken)
    assert read_finished(job) is None


def test_records_of_the_first_version_are_read(photos: Path, tmp_path: Path) -> None:
    """They neither know damage nor what was replaced."""
    job = job_for(photos / "one.jpg", tmp_path / "out")
    convert_photo(job)
    (path,) = (tmp_path / "out" / STATE).rglob("*.json")
    stored = json.loads(path.read_text())
    del stored["replaced"], stored["photo"]["damage"]
    path.write_text(json.dumps(stored))
    assert isinstance(convert_photo(job), PhotoRecord)
    assert convert_photo(job).status == "skipped"


def test_results_have_the_dates_of_their_photos(photos: Path, tmp_path: Path) -> None:
    os.utime(photos / "one.jpg", ns=(10**18, 10**18))
    photo = convert_photo(job_for(photos / "one.jpg", tmp_path / "out"))
    assert Path(photo.target).stat().st_mtime_ns == 10**18


def test_a_record_that_cannot_be_written_is_told_by_the_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(place: str, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", place)

    source = tmp_path / "one.jpg"
    source.write_bytes(files.made(standard=True))
    monkeypatch.setattr(finished, "write", full)
    photo = convert_photo(job_for(source, tmp_path / "out"))
    assert (photo.status, photo.source) == ("failed", str(source))
    assert photo.problem == f"{tmp_path / 'out' / 'one.jpg'}: No space left on device"
    assert (photo.bytes_after, photo.width, photo.warnings) == (0, 0, ()), "nothing was made"
