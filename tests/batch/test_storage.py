"""Paths and URLs: what is read, written and looked through."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import gainmap_codec as gm
from gainmap_codec import batch
from gainmap_codec.batch import storage


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert storage.location("file:///photos/a.jpg") == "/photos/a.jpg"
    assert storage.location(Path("photos/")) == "photos"
    assert storage.location("s3://bucket/a/") == "s3://bucket/a/" == storage.absolute("s3://bucket/a/")
    assert storage.absolute("photos") == str(tmp_path / "photos")
    assert storage.joined("s3://bucket/a/", "b/c.jpg") == "s3://bucket/a/b/c.jpg"


def test_files_are_written_with_their_folders_and_read_within_limits(tmp_path: Path) -> None:
    place = str(tmp_path / "new/folder/file.jpg")
    storage.write(place, b"12345")
    assert storage.read(place, gm.Limits(file_bytes=5)) == b"12345"
    with pytest.raises(gm.LimitError, match=r"Limits\.file_bytes"):
        storage.read(place, gm.Limits(file_bytes=4))
    assert [path.name for path in (tmp_path / "new/folder").iterdir()] == ["file.jpg"]


def test_urls_are_read_within_limits() -> None:
    pytest.importorskip("fsspec")
    storage.write("memory://storage/file.jpg", b"12345")
    assert storage.read("memory://storage/file.jpg", gm.Limits(file_bytes=5)) == b"12345"
    with pytest.raises(gm.LimitError, match=r"Limits\.file_bytes"):
        storage.read("memory://storage/file.jpg", gm.Limits(file_bytes=4))
    assert storage.is_folder("memory://storage") and not storage.is_folder("memory://storage/file.jpg")
    assert list(storage.names_in("memory://storage")) == ["file.jpg"]


def test_names_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    for name in ("one", "a/two", "a/b/three"):
        (tmp_path / name).touch()
    assert sorted(storage.names_in(str(tmp_path))) == ["a/b/three", "a/two", "one"]
    with pytest.raises(FileNotFoundError):
        list(storage.names_in(str(tmp_path / "none")))


def test_urls_without_what_they_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fsspec")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(gm.MissingDependencyError, match=r"s3://bucket/photos: .*s3fs"):
        batch.convert(["s3://bucket/photos"], tmp_path)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(gm.MissingDependencyError, match=r"gainmap-codec\[scale\]"):
        batch.convert(["s3://bucket/photos"], tmp_path)
