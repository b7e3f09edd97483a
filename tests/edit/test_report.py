"""Edits begin and end in one place, and tell by values."""

from __future__ import annotations

import re
import warnings

import pytest

from gainmap_codec.codec.options import SwapOptions, TranscodeOptions
from gainmap_codec.edit.report import Notes, finish, open_for_edit, report_of
from gainmap_codec.edit.swap import swap_with_report
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.errors import Limits
from gainmap_codec.files.records import Container
from support.paths import FIXTURES


def test_a_file_that_is_opened_and_finished_is_the_same() -> None:
    notes = Notes()
    data, opened = open_for_edit(FIXTURES / "jpeg/both.jpg", Limits(), notes)
    report = finish(opened.file, opened, notes)
    assert (report.data, report.container, report.warnings) == (data, "jpeg", ())
    line = "written: base 700 bytes, standard gain map 908 bytes, neural gain map 203 bytes, metadata 916 bytes"
    assert report.notes == (line,)


@pytest.mark.parametrize("container", ["jpeg", "heic", "avif", "jxl"])
def test_sizes_add_up_to_the_file(container: Container) -> None:
    first = FIXTURES / "jpeg/both.jpg"
    reports = [transcode_with_report(first, TranscodeOptions(container=container))]
    if container != "jpeg":
        reports.append(swap_with_report(first, SwapOptions(container=container)))
    for report in reports:
        parts = re.findall(r"(\w+) ([\d,]+) bytes", report.notes[-1])
        assert [name for name, _ in parts][-1] == "metadata"
        assert sum(int(size.replace(",", "")) for _, size in parts) == len(report.data)


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
