"""The same batch by Dask's workers, and what the death of one costs: nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gainmap_codec as gm
from gainmap_codec import batch
from gainmap_codec.batch.cluster import DaskEngine
from gainmap_codec.batch.records import PhotoRecord
from support import pipeline_files as files
from support.batches import die_of_poison, die_once, job

distributed = pytest.importorskip("distributed", reason="the extra scale is not installed")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(12):
        (folder / f"{index:02}.jpg").write_bytes(files.made(standard=True))
    return folder


def test_a_lost_worker_loses_no_photo(tmp_path: Path) -> None:
    jobs = [job(str(index), tmp_path / ("marker" if index == 3 else ".")) for index in range(20)]
    results = {job.source: result for job, result in DaskEngine("local", 2).run(die_once, iter(jobs))}
    assert (tmp_path / "marker").exists()
    assert len(results) == 20
    assert {result.target for result in results.values() if isinstance(result, PhotoRecord)} == {"1"}, "one thread each"
    assert all(isinstance(result, PhotoRecord) for result in results.values())


def test_a_photo_that_kills_every_worker_is_given_up() -> None:
    jobs = [job(name) for name in ("one", "poison", "two")]
    results = {job.source: result for job, result in DaskEngine("local", 2).run(die_of_poison, iter(jobs))}
    assert "died, one after another" in str(results["poison"])
    assert isinstance(results["one"], PhotoRecord) and isinstance(results["two"], PhotoRecord)


@pytest.fixture
def address() -> Iterator[str]:
    """A cluster that others started."""
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address="127.0.0.1:0") as cluster:
        yield cluster.scheduler_address


def test_photos_by_a_scheduler_given_by_address(
    address: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "bad.jpg").write_bytes(b"no photo")
    monkeypatch.chdir(tmp_path)  # where the workers do not stand
    report = batch.convert(["photos"], "out", cluster=address)
    assert [photo.status for photo in report.photos] == ["converted"] * 12 + ["failed"]
    assert all("C2PA" in " ".join(photo.warnings) for photo in report.having("converted"))
    assert gm.decode("out/00.jpg").rendered_from == "standard"
    again = batch.convert(["photos"], "out", cluster=address)
    assert len(again.having("skipped")) == 12


def test_no_scheduler_there(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gainmap_codec.batch.cluster._SECONDS_TO_START", 1)
    with pytest.raises(OSError, match="Timed out"):
        batch.convert([photos], tmp_path / "out", cluster="tcp://127.0.0.1:9")


def test_without_the_extra(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(gm.MissingDependencyError, match=r"gainmap-codec\[scale\]"):
        batch.convert([photos], tmp_path / "out", cluster="local")
