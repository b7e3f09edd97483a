"""`gainmap batch`: what is told of many photos, and what Ctrl-C leaves."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

import gainmap_codec as gm
from gainmap_codec.batch.planning import STATE
from gainmap_codec.batch.records import PhotoRecord
from gainmap_codec.cli import batch as cli_batch
from gainmap_codec.cli.main import gainmap
from support import pipeline_files as files
from support.batches import MANY, make_many, make_photos, make_shots, outputs
from support.command_line import failure, run, run_process, start
from support.paths import FIXTURES
from support.terminals import impatient_terminal, left_on_screen, wait_for


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return make_photos(tmp_path / "photos")


@pytest.fixture
def many(tmp_path: Path) -> Path:
    return make_many(tmp_path / "many")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_folders_on_the_command_line(photos: Path, tmp_path: Path) -> None:
    out, report = photos / "out", tmp_path / "report.json"
    done = run_process("batch", photos, "-o", out, "--to", "avif", "--report", report, "--jobs", 2)
    assert done.returncode == 1
    assert sorted(outputs(out)) == ["2025/both.avif", "2025/may/sdr.avif", "one.avif"]
    assert done.stdout.splitlines()[-1] == "Passed over: 2 files (hidden 1, .txt 1)"
    assert gm.inspect(out / "2025/both.avif").payload is not None
    errors = done.stderr.splitlines()
    bad = f"{photos}/2025/may/bad.jpg"
    assert errors[0] == f"gainmap: warning: {bad}: damaged: the picture is cut off before its pixels begin"
    assert errors[1].startswith(f"gainmap: {bad}: JPEG")
    assert any("warning: the C2PA manifest is not kept" in line and "(3 photos, " in line for line in errors)
    assert errors[-1] == "gainmap: 1 of 4 photos failed"
    rows = {Path(row["source"]).name: row for row in json.loads(report.read_text())["photos"]}
    assert [rows[name]["hdr_from"] for name in ("one.jpg", "both.jpg", "sdr.JPG")] == ["standard", "neural", "none"]
    assert rows["one.jpg"]["bytes_before"] == len(files.made(standard=True))
    assert rows["one.jpg"]["bytes_after"] == (out / "one.avif").stat().st_size
    assert rows["one.jpg"]["psnr"] > 30
    assert any("comment" in line for line in rows["one.jpg"]["warnings"])
    assert rows["bad.jpg"]["status"] == "failed" and rows["bad.jpg"]["problem"]

    (photos / "2025/may/bad.jpg").write_bytes(files.made(standard=True))
    again = run_process("batch", photos, "-o", out, "--to", "avif", "--report", tmp_path / "report.csv")
    assert again.returncode == 0, again.stderr
    with (tmp_path / "report.csv").open(newline="") as file:
        statuses = {Path(row["source"]).name: row["status"] for row in csv.DictReader(file)}
    assert [statuses.pop(name) for name in ("notes.txt", ".hidden.jpg")] == ["passed over"] * 2
    assert statuses == {"one.jpg": "skipped", "both.jpg": "skipped", "sdr.JPG": "skipped", "bad.jpg": "converted"}
    summary = again.stdout.splitlines()
    assert [line.split()[:2] for line in summary[1:4]] == [["converted", "1"], ["skipped", "3"], ["failed", "0"]]
    assert summary[4].split() == ["damaged", "0"] and "none 1" in summary[5]


def test_a_photo_that_is_cut_off_is_named_and_counted(photos: Path, tmp_path: Path) -> None:
    data = files.made(standard=True)
    cut = photos / "2025/may/bad.jpg"
    cut.write_bytes(data[: len(data) // 2])
    for again, strict in enumerate((False, True)):
        report = tmp_path / f"report{again}.json"
        extra = ("--strict",) if strict else ()
        done = run_process("batch", photos, "-o", tmp_path / "out", "--jobs", 2, "--report", report, *extra)
        assert done.returncode == strict, "converted or skipped, it is damaged"
        assert f"gainmap: warning: {cut}: damaged: the base image is cut off" in done.stderr
        assert ("gainmap: 1 of 4 photos damaged" in done.stderr) == strict
        assert ["damaged", "1"] in [line.split() for line in done.stdout.splitlines()]
        rows = {row["source"]: row for row in json.loads(report.read_text())["photos"]}
        assert [name for name, row in rows.items() if row["damage"]] == [str(cut)]


def test_a_photo_without_its_base_counts_as_damaged(tmp_path: Path) -> None:
    data = (FIXTURES / "heif/base-64x64.heic").read_bytes()
    cut = tmp_path / "cut.heic"
    cut.write_bytes(data[: len(data) - 20])
    done = run_process("batch", cut, "-o", tmp_path / "out", "--to", "jpeg", "--report", tmp_path / "report.json")
    assert done.returncode == 1
    first, *_, last = done.stderr.splitlines()
    assert first.startswith(f"gainmap: warning: {cut}: damaged: the file is cut off")
    assert last == "gainmap: 1 of 1 photos failed"
    assert [line.split() for line in done.stdout.splitlines()[3:5]] == [["failed", "1", "1", "kB"], ["damaged", "1"]]
    (row,) = json.loads((tmp_path / "report.json").read_text())["photos"]
    assert row["status"] == "failed" and row["damage"][0].startswith("the file is cut off")


def test_reports_are_refused_before_anything_starts(photos: Path, tmp_path: Path) -> None:
    assert run("batch", photos, "-o", tmp_path / "out", "--report", "report.txt").returncode == 2
    assert run("batch", photos, "-o", tmp_path / "out", "--report", tmp_path / "nowhere/report.csv").returncode == 1
    assert not (tmp_path / "out").exists()


def test_two_that_would_become_one_file(photos: Path, tmp_path: Path) -> None:
    for name in ("one.heic", "2025/both.HEIC"):
        (photos / name).write_bytes(b"")
    refused = run("batch", photos, "-o", tmp_path / "out", "--to", "avif")
    assert refused.returncode == 1 and refused.stdout == ""
    first, second = refused.stderr.splitlines()
    assert first.endswith("2025/both.avif: nothing is done (--keep-suffix keeps both)")
    assert second.startswith("gainmap: ") and second.endswith("out/one.avif: nothing is done")
    assert not (tmp_path / "out").exists()


def test_the_helps_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras give their photos the same names every year."""
    monkeypatch.chdir(tmp_path)
    for folder in ("2024", "2025", "photos"):
        Path(folder).mkdir()
        Path(folder, "IMG_1.jpg").write_bytes(files.made(standard=True))
    make_shots(Path("screenshots"))
    Path("extra.heic").write_bytes((FIXTURES / "heif/tmap.heic").read_bytes())
    told = gainmap.commands["batch"].get_help(click.Context(gainmap.commands["batch"], info_name="gainmap batch"))
    examples = [line.split()[1:] for line in told.splitlines() if line.startswith("    gainmap batch ")]
    here = [example for example in examples if "--cluster" not in example]
    assert len(here) >= 3
    for example in here:
        done = run_process(*example)
        assert done.returncode == 0, done.stderr
    assert sorted(outputs(Path("everyone"))) == ["2024/IMG_1.jpg", "2025/IMG_1.jpg", "extra.jpg"]


def test_a_second_batch_is_kept_out(photos: Path, tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    out = tmp_path / "out"
    (out / STATE).mkdir(parents=True)
    with (out / STATE / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert failure("batch", photos, "-o", out) == f"gainmap: {out}: another batch is writing there"


def test_ctrl_c_ends_in_a_line_and_a_rerun_goes_on(many: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "out", tmp_path / "report.json"
    process = start("batch", many, "-o", out, "--to", "avif", "--jobs", 2, "--report", report)
    until(lambda: len(list(out.glob("*.avif"))) > 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to the workers, too
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    (line,) = [line for line in errors.splitlines() if "warning" not in line]
    done = len(json.loads(report.read_text())["photos"])
    assert line == f"gainmap: interrupted, {done} of {MANY} photos done; the same command goes on from here"
    assert 0 < done <= len(outputs(out)) < MANY
    again = run_process("batch", many, "-o", out, "--to", "avif", "--report", report)
    assert again.returncode == 0
    statuses = [photo["status"] for photo in json.loads(report.read_text())["photos"]]
    assert done <= statuses.count("skipped") < MANY == len(statuses)
    assert "failed" not in statuses


def test_a_folder_of_screenshots_in_one_command(tmp_path: Path) -> None:
    shots, out, report = make_shots(tmp_path / "shots"), tmp_path / "out", tmp_path / "report.json"
    (shots / "broken.jxr").write_bytes((shots / "game/0.jxr").read_bytes()[:300])
    command = ("batch", shots, "-o", out, "--to", "jpeg", "--carry", "standard", "--report", report)
    done = run_process(*command)
    assert done.returncode == 1
    assert sorted(outputs(out)) == ["game/0.jpg", "game/1.jpg"]
    first, last = done.stderr.splitlines()
    assert first.startswith(f"gainmap: {shots}/broken.jxr: broken JPEG XR file: expected at least ")
    assert last == "gainmap: 1 of 3 photos failed"
    assert "HDR from: base 2\n" in done.stdout
    for index in range(2):
        nits = gm.decode(out / f"game/{index}.jpg").pixels.max() * 203
        assert nits == pytest.approx((4 + 4 * index) * 80, rel=0.05)

    (shots / "broken.jxr").unlink()
    again = run_process(*command)
    assert again.returncode == 0, again.stderr
    assert [photo["status"] for photo in json.loads(report.read_text())["photos"]] == ["skipped", "skipped"]


def test_ctrl_c_among_screenshots_fails_none(tmp_path: Path) -> None:
    """Their pixels are decoded in processes of their own, which Ctrl-C reaches, too."""
    count = 16
    shots, out, report = make_shots(tmp_path / "shots", count), tmp_path / "out", tmp_path / "report.json"
    command = ("batch", shots, "-o", out, "--carry", "standard", "--jobs", 2, "--report", report)
    process = start(*command)
    until(lambda: len(list(out.rglob("*.jpg"))) > 2)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "failed" not in errors and "broken" not in errors
    again = run_process(*command)
    assert again.returncode == 0, again.stderr
    statuses = [photo["status"] for photo in json.loads(report.read_text())["photos"]]
    assert len(statuses) == count and set(statuses) == {"skipped", "converted"}


def test_what_a_terminal_shows_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = impatient_terminal(monkeypatch)
    with cli_batch._progress(quiet=False) as show:
        wait_for("looking for photos", screen)
        show(None, 4)
        wait_for("4 photos, none of them done yet", screen)
        show(PhotoRecord("a.jpg", "out/a.jpg", "converted"), 4)
        wait_for(f"[######{' ' * 18}]  25%  1 of 4 photos, ", screen)
        show(PhotoRecord("b.jpg", "out/b.jpg", "failed", "broken"), 4)
        assert "gainmap: b.jpg: broken" in left_on_screen(screen.getvalue()), "in a line of its own"
        wait_for("50%  2 of 4 photos, ", screen)
    assert " photos/s, 00:00 left" in screen.getvalue()
    assert left_on_screen(screen.getvalue()) == ["gainmap: b.jpg: broken", ""]
