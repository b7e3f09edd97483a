"""A batch's report in words and in files."""

from __future__ import annotations

import csv
import io
import json

from gainmap_codec.batch.records import HIDDEN, BatchReport, PassedOver, PhotoRecord
from gainmap_codec.batch.report import format_summary, is_report, serialize_report, warning_lines

DONE = PhotoRecord(
    "a.jpg",
    "out/a.avif",
    "converted",
    hdr_from="standard",
    bytes_before=3_000_000,
    bytes_after=1_000_000,
    width=4000,
    height=3000,
    psnr=45.25,
    neural_psnr=52.75,
    seconds=2.0,
    warnings=("a comment, 9 bytes: not kept", "the C2PA manifest is not kept"),
)
SKIPPED = PhotoRecord("b.jpg", "out/b.avif", "skipped", hdr_from="neural", warnings=("a comment, 12 bytes: not kept",))
FAILED = PhotoRecord("ü, c.jpg", "out/c.avif", "failed", problem="No such file or directory")
CUT = PhotoRecord("d.jpg", "out/d.avif", "converted", warnings=("odd", "cut off"), damage=("cut off",))
REPORT = BatchReport((DONE, SKIPPED, FAILED), 4.0)


def test_json_has_all_of_each_photo() -> None:
    read = json.loads(serialize_report(REPORT, ".json"))
    assert read["seconds"] == 4.0
    lines = ("warnings", "damage")
    rows = ({**row, **{name: tuple(row[name]) for name in lines}} for row in read["photos"])
    assert [PhotoRecord(**row) for row in rows] == [*REPORT.photos]


def test_csv_has_a_row_for_each_photo() -> None:
    rows = list(csv.DictReader(io.StringIO(serialize_report(REPORT, ".csv").decode(), newline="")))
    assert [row["source"] for row in rows] == ["a.jpg", "b.jpg", "ü, c.jpg"]
    assert [(row["psnr"], row["neural_psnr"]) for row in rows] == [("45.25", "52.75"), ("", ""), ("", "")]
    assert rows[0]["warnings"] == "a comment, 9 bytes: not kept; the C2PA manifest is not kept"


def test_summary() -> None:
    header, *counts, origins, psnr, neural, speed = format_summary(REPORT).splitlines()
    assert header.split() == ["photos", "before", "after"]
    assert [line.split() for line in counts] == [
        ["converted", "1", "3.0", "MB", "1.0", "MB"],
        ["skipped", "1", "0", "kB", "0", "kB"],
        ["failed", "1", "0", "kB"],
        ["damaged", "0"],
    ]
    assert format_summary(BatchReport((DONE, CUT), 1.0)).splitlines()[4].split() == ["damaged", "1"]
    assert origins == "HDR from: standard 1, neural 1"
    failed = format_summary(BatchReport((PhotoRecord("a", "b", "failed", "disk full", hdr_from="standard"),), 1.0))
    assert "HDR from" not in failed  # it was read, and nothing was made of it
    small = PhotoRecord("a", "b", "skipped", bytes_before=172_875, bytes_after=999)
    assert format_summary(BatchReport((small,), 1.0)).splitlines()[2].split()[2:] == ["173", "kB", "1", "kB"]
    assert psnr.endswith("median 45.2 dB, lowest 45.2 dB")
    assert neural == "PQ-PSNR of neural gain maps: median 52.8 dB, lowest 52.8 dB"
    assert speed == "4.0 s: 0.25 photos/s, 3.0 MP/s"
    assert format_summary(BatchReport((FAILED,), 1.0)).splitlines()[-1] == "1.0 s"


def test_files_passed_over_are_counted_and_named() -> None:
    others = tuple(PassedOver(name, "why") for name in ("a.mov", "b.MOV", "notes", "\udcff.txt"))
    others += tuple(PassedOver(name, HIDDEN) for name in ("._a.jpg", ".DS_Store", ".git/b.jpg"))
    report = BatchReport((DONE,), 4.0, others)
    assert format_summary(report).splitlines()[-1] == "Passed over: 7 files (hidden 3, .mov 2, no suffix 1, .txt 1)"
    assert format_summary(BatchReport((DONE,), 4.0, others[2:3])).endswith("Passed over: 1 file (no suffix 1)")
    read = json.loads(serialize_report(report, ".json"))
    assert read["passed_over"][0] == {"source": "a.mov", "reason": "why"} and len(read["passed_over"]) == 7
    rows = list(csv.DictReader(io.StringIO(serialize_report(report, ".csv").decode(), newline="")))
    assert [(row["source"], row["status"]) for row in rows[:2]] == [("a.jpg", "converted"), ("a.mov", "passed over")]
    for suffix in (".json", ".csv"):
        assert is_report(serialize_report(report, suffix), suffix) and not is_report(b"{}", suffix)


def test_warnings_that_differ_in_numbers_are_one_kind() -> None:
    assert warning_lines(REPORT) == [
        "a comment, 9 bytes: not kept (2 photos, a.jpg for one)",
        "the C2PA manifest is not kept (a.jpg)",
    ]
    assert warning_lines(BatchReport((CUT,), 1.0)) == ["odd (d.jpg)"], "damage is told photo by photo"
    kinds = tuple(f"kind {'x' * count}" for count in range(12))
    lines = warning_lines(BatchReport((PhotoRecord("a", "b", "converted", warnings=kinds),), 1.0))
    assert len(lines) == 11 and lines[-1] == "and 2 other kinds: --report has them all"


def test_names_that_are_no_text_are_told_all_the_same() -> None:
    report = BatchReport((PhotoRecord("a\udcff.jpg", "out/a.avif", "failed"),), 1.0)
    assert json.loads(serialize_report(report, ".json").decode())["photos"][0]["source"] == "a\udcff.jpg"
    assert "a\\udcff.jpg" in serialize_report(report, ".csv").decode()


def test_results_of_earlier_runs_are_counted() -> None:
    for left, told in ((("a.jpg",), "1 file (a.jpg)"), (("a.jpg", "b.jpg"), "2 files (a.jpg, ...)")):
        last = format_summary(BatchReport((DONE,), 1.0, left=left)).splitlines()[-1]
        assert last == f"Left of earlier runs, not made by this one: {told}"
