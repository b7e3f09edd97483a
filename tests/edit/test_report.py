"""Edits begin and end in one place, and tell by values."""

from __future__ import annotations

import warnings

from gainmap_codec.edit.report import Notes, finish, open_for_edit, report_of
from gainmap_codec.errors import Limits
from support.paths import FIXTURES


def test_a_file_that_is_opened_and_finished_is_the_same() -> None:
    notes = Notes()
    data, opened = open_for_edit(FIXTURES / "jpeg/both.jpg", Limits(), notes)
    report = finish(opened.file, opened, notes)
    assert (report.data, report.container, report.warnings) == (data, "jpeg", ())
    assert report.notes == ("written: base 1,616 bytes, standard gain map 908 bytes, neural gain map 203 bytes",)
    assert len(data) == 1616 + 908 + 203  # no byte counts twice


def test_sizes_of_packed_jpegs_are_told_as_what_they_are() -> None:
    notes = Notes()
    _, opened = open_for_edit(FIXTURES / "jxl/packed-both.jxl", Limits(), notes)
    (told,) = finish(opened.file, opened, notes).notes
    base, standard, neural = told.split(", ")
    assert base.endswith(" bytes as JPEG") and standard.endswith(" bytes as JPEG") and neural.endswith(" bytes")


def test_oddities_of_the_source_are_lines_of_the_report() -> None:
    notes = Notes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, opened = open_for_edit(FIXTURES / "invalid/exif-twice.jpg", Limits(), notes)
        report = finish(opened.file, opened, notes)
    assert report.warnings == opened.warnings != ()


def test_nothing_is_told_twice() -> None:
    report = report_of(b"", "avif", Notes(done=["a", "a"], lost=["b", "c", "b"]))
    assert report.notes == ("a", "a") and report.warnings == ("b", "c")
