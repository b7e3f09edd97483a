"""Many photos at once: where they land, what is done again, and what a worker's death, Ctrl-C and kill -9 leave."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gainmap_codec as gm
from gainmap_codec import batch
from gainmap_codec.batch.engines import LocalEngine
from gainmap_codec.batch.planning import STATE, plan
from gainmap_codec.batch.records import Job, PhotoRecord
from gainmap_codec.batch.work import convert_photo
from gainmap_codec.edit.transcode import complete_options
from gainmap_codec.pixels.strips import PROCESSORS, THREADS
from support import pipeline_files as files

MANY = 80
COMMAND = [sys.executable, "-c", "from gainmap_codec.cli.main import main; main()", "batch"]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background jobs start deaf to it
    )


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def outputs(folder: Path) -> dict[str, bytes]:
    """What is in an output folder, the batch's own records left out."""
    found = (path for path in folder.rglob("*") if path.is_file() and STATE not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a photo of each kind, and a broken one."""
    folder = tmp_path / "photos"
    (folder / "2025/may").mkdir(parents=True)
    (folder / "one.jpg").write_bytes(files.made(standard=True))
    (folder / "2025/both.jpg").write_bytes(files.both())
    (folder / "2025/may/sdr.JPG").write_bytes(files.plain())
    (folder / "2025/may/bad.jpg").write_bytes(files.made(standard=True)[:100])
    (folder / "2025/notes.txt").write_text("no photo")
    (folder / ".hidden.jpg").write_bytes(files.plain())
    return folder


@pytest.fixture
def many(tmp_path: Path) -> Path:
    folder = tmp_path / "many"
    folder.mkdir()
    for index in range(MANY):
        (folder / f"{index:02}.jpg").write_bytes(files.made(standard=True))
    return folder


def options(**given: Any) -> dict[str, Any]:
    return complete_options(given)


# The whole


def test_folders_on_the_command_line(photos: Path, tmp_path: Path) -> None:
    out, report = photos / "out", tmp_path / "report.json"
    done = run(photos, "-o", out, "--to", "avif", "--report", report, "--jobs", 2)
    assert done.returncode == 1
    assert sorted(outputs(out)) == ["2025/both.avif", "2025/may/sdr.avif", "one.avif"]
    assert gm.inspect(out / "2025/both.avif").payload is not None
    errors = done.stderr.splitlines()
    assert errors[0].startswith(f"gainmap: {photos}/2025/may/bad.jpg: JPEG")
    assert any("warning: the C2PA manifest is not kept" in line and "(photos: 3)" in line for line in errors)
    assert errors[-1] == "gainmap: 1 of 4 photos failed"
    rows = {Path(row["source"]).name: row for row in json.loads(report.read_text())["photos"]}
    assert [rows[name]["hdr_from"] for name in ("one.jpg", "both.jpg", "sdr.JPG")] == ["standard", "neural", "none"]
    assert rows["one.jpg"]["bytes_before"] == len(files.made(standard=True))
    assert rows["one.jpg"]["bytes_after"] == (out / "one.avif").stat().st_size
    assert rows["one.jpg"]["psnr"] > 30
    assert any("comment" in line for line in rows["one.jpg"]["warnings"])
    assert rows["bad.jpg"]["status"] == "failed" and rows["bad.jpg"]["problem"]

    (photos / "2025/may/bad.jpg").write_bytes(files.made(standard=True))
    again = run(photos, "-o", out, "--to", "avif", "--report", tmp_path / "report.csv")
    assert again.returncode == 0, again.stderr
    with (tmp_path / "report.csv").open(newline="") as file:
        statuses = {Path(row["source"]).name: row["status"] for row in csv.DictReader(file)}
    assert statuses == {"one.jpg": "skipped", "both.jpg": "skipped", "sdr.JPG": "skipped", "bad.jpg": "converted"}
    summary = again.stdout.splitlines()
    assert [line.split()[:2] for line in summary[1:4]] == [["converted", "1"], ["skipped", "3"], ["failed", "0"]]
    assert "none 1" in summary[4]


def test_from_python_without_torch_and_in_order(photos: Path, tmp_path: Path) -> None:
    told: list[PhotoRecord | None] = []
    report = batch.convert([photos], tmp_path / "out", jobs=2, progress=lambda photo, count: told.append(photo))
    assert [Path(photo.source).name for photo in report.photos] == ["both.jpg", "bad.jpg", "sdr.JPG", "one.jpg"]
    assert [photo.status for photo in report.photos] == ["converted", "failed", "converted", "converted"]
    assert told[0] is None and {photo.source for photo in told if photo} == {photo.source for photo in report.photos}
    assert all(photo.psnr is None for photo in report.photos), "no picture was coded again"
    code = f"import sys; from gainmap_codec import batch; batch.convert([{str(photos)!r}], {str(tmp_path / 'out')!r})"
    script = [sys.executable, "-c", f"{code}; print('torch' in sys.modules)"]
    assert subprocess.run(script, capture_output=True, text=True, timeout=60, check=True).stdout.strip() == "False"


def test_help_has_examples() -> None:
    assert "gainmap batch photos -o photos-avif --to avif" in run("--help").stdout


@pytest.mark.parametrize("wrong", [{"container": "png"}, {"carry": "all"}, {"jobs": 0}, {"cluster": "a:1", "jobs": 2}])
def test_callers_mistakes_are_told_before_anything_starts(wrong: dict[str, Any], photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"wanted|workers of its own"):
        batch.convert([photos], tmp_path / "out", **wrong)
    with pytest.raises(TypeError, match="colour"):
        batch.convert([photos], tmp_path / "out", colour=1)
    assert not (tmp_path / "out").exists()


def test_reports_are_refused_before_anything_starts(photos: Path, tmp_path: Path) -> None:
    assert run(photos, "-o", tmp_path / "out", "--report", "report.txt").returncode == 2
    assert run(photos, "-o", tmp_path / "out", "--report", tmp_path / "nowhere/report.csv").returncode == 1
    assert not (tmp_path / "out").exists()


# Where photos land


def test_two_that_would_become_one_file(photos: Path, tmp_path: Path) -> None:
    (photos / "one.heic").write_bytes(b"")
    with pytest.raises(ValueError, match=r"one\.heic and .*one\.jpg would both become .*one\.avif"):
        plan([photos], tmp_path / "out", options(container="avif"))
    assert len(plan([photos, photos / "one.jpg"], tmp_path / "out", options())) == 5, "one photo named twice is one"
    done = run(photos, "-o", tmp_path / "out", "--to", "avif")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_the_output_folder_is_no_input(photos: Path) -> None:
    out = photos / "2025/out"
    out.mkdir()
    (out / "done.jpg").write_bytes(files.plain())
    assert len(plan([photos], out, options())) == 4
    (photos / "2025/outside").mkdir()
    (photos / "2025/outside/more.jpg").write_bytes(files.plain())
    assert len(plan([photos], out, options())) == 5, "a name that begins alike is another one"
    for source in (photos, photos / "2025", photos / "one.jpg"):
        with pytest.raises(ValueError, match="outside of the output folder"):
            plan([source], photos, options())


def test_nothing_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no photos"):
        plan([tmp_path], tmp_path / "out", options())


def test_a_missing_photo_is_one_that_failed(photos: Path, tmp_path: Path) -> None:
    (job, other) = plan([photos / "missing.jpg", photos / "one.jpg"], tmp_path / "out", options())
    assert convert_photo(job).problem == "No such file or directory"
    assert convert_photo(other).status == "converted"


def test_a_name_that_says_another_container(photos: Path, tmp_path: Path) -> None:
    (photos / "lie.heic").write_bytes(files.made(standard=True))
    (job,) = plan([photos / "lie.heic"], tmp_path / "out", options())
    assert "expected a name that ends in .jpg or .jpeg" in convert_photo(job).problem
    assert outputs(tmp_path / "out") == {}


def test_no_hdr_where_a_map_was_asked_for(photos: Path, tmp_path: Path) -> None:
    (job,) = plan([photos / "2025/may/sdr.JPG"], tmp_path / "out", options(carry="standard"))
    photo = convert_photo(job)
    assert (photo.status, photo.hdr_from) == ("failed", "none")
    assert "none found" in photo.problem


def test_any_error_is_one_photos_error(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise IndexError("our mistake")

    monkeypatch.setattr("gainmap_codec.batch.work.transcode_with_report", fail)
    (job,) = plan([photos / "one.jpg"], tmp_path / "out", options())
    assert convert_photo(job).problem == "IndexError: our mistake"


# What is done again


def test_what_is_done_and_unchanged_is_skipped(photos: Path, tmp_path: Path) -> None:
    source, out = photos / "one.jpg", tmp_path / "out"

    def status(**given: Any) -> str:
        (job,) = plan([source], out, options(**given))
        photo = convert_photo(job)
        assert photo.bytes_after == (out / "one.jpg").stat().st_size
        return photo.status

    def both(**given: Any) -> tuple[str, str]:
        return status(**given), status(**given)

    again = ("converted", "skipped")
    assert both() == again
    os.utime(source, (0, 0))
    assert status(limits=gm.Limits(segments=100)) == "skipped", "neither dates nor limits matter"
    source.write_bytes(files.both())
    assert both() == again
    assert both(strip_gps=True) == again
    assert both(map_scale=8) == again
    (out / "one.jpg").unlink()
    assert both(map_scale=8) == again
    (out / "one.jpg").write_bytes(files.both()[:1000])
    assert both(map_scale=8) == again
    (record,) = (out / STATE).rglob("*.json")
    for text in ("", "[]", "{}", record.read_text()[:300], record.read_text().replace('"psnr"', '"dB"')):
        record.write_text(text)
        assert both(map_scale=8) == again


def test_a_photo_that_cannot_be_written_is_not_recorded(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "out/one.jpg").mkdir(parents=True)
    (job,) = plan([photos / "one.jpg"], tmp_path / "out", options())
    assert convert_photo(job).problem == "Is a directory"
    assert not Path(job.record).exists()


# Workers


def threads(job: Job) -> PhotoRecord:
    return PhotoRecord(job.source, str(THREADS), "converted")


def test_processes_share_the_processors() -> None:
    for processes in {1, PROCESSORS, 2 * PROCESSORS}:
        ((_, result),) = LocalEngine(processes).run(threads, iter([Job("a", "", "", {})]))
        assert isinstance(result, PhotoRecord)
        assert int(result.target) == max(1, PROCESSORS // processes)


def dies(job: Job) -> PhotoRecord:
    """A worker that is killed by "poison", and once by any other name that has no marker yet."""
    if job.source == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    marker = Path(job.target)
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return PhotoRecord(job.source, job.target, "converted")


def test_a_worker_that_dies_is_one_photos_failure(tmp_path: Path) -> None:
    for index in range(6):
        (tmp_path / f"{index}").touch()
    names = ["0", "1", "poison", "2", "once", "3", "4", "5"]
    jobs = [Job(name, str(tmp_path / name), "", {}) for name in names]
    results = {job.source: result for job, result in LocalEngine(2).run(dies, iter(jobs))}
    assert sorted(results) == sorted(names)
    assert "worker process died" in str(results.pop("poison"))
    assert all(isinstance(result, PhotoRecord) for result in results.values()), results


def children_of(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [pid for pid in map(int, found) if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()]


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are looked for in /proc")


@needs_proc
def test_workers_killed_by_others_lose_no_photo(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(many, "-o", out, "--to", "avif", "--jobs", 2)
    for done in (2, 10):
        until(lambda done=done: len(list(out.glob("*.avif"))) >= done)
        os.kill(children_of(process.pid)[0], signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert len(outputs(out)) == MANY


# Interruptions


def test_ctrl_c_ends_in_a_line_and_a_rerun_goes_on(many: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "out", tmp_path / "report.json"
    process = start(many, "-o", out, "--to", "avif", "--jobs", 2, "--report", report)
    until(lambda: len(list(out.glob("*.avif"))) > 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to the workers, too
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    (line,) = [line for line in errors.splitlines() if "warning" not in line]
    done = len(json.loads(report.read_text())["photos"])
    assert line == f"gainmap: interrupted, {done} of {MANY} photos done; the same command goes on from here"
    assert 0 < done <= len(outputs(out)) < MANY
    again = run(many, "-o", out, "--to", "avif", "--report", report)
    assert again.returncode == 0
    statuses = [photo["status"] for photo in json.loads(report.read_text())["photos"]]
    assert done <= statuses.count("skipped") < MANY == len(statuses)
    assert "failed" not in statuses


@needs_proc
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_killed_ten_times_it_leaves_whole_files_and_ends_all_the_same(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    whole = gm.transcode(files.made(standard=True), container="avif")
    for moment in range(10):
        process = start(many, "-o", out, "--to", "avif", "--jobs", 2)
        if moment < 2:
            time.sleep(0.3 * moment + 0.2)
        else:  # some way into it, a little later each time
            before = len(outputs(out)) + 1
            until(lambda before=before: len(outputs(out)) > before)
            time.sleep(0.004 * moment)
        workers = children_of(process.pid)
        if moment % 2:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate(timeout=60)
        until(lambda workers=workers: not any(Path(f"/proc/{pid}/exe").exists() for pid in workers))
        found = outputs(out)
        assert len(found) < MANY, "killed too late to show anything"
        for name, data in found.items():
            assert data == whole or name.endswith(".tmp"), name
    done = run(many, "-o", out, "--to", "avif", "--report", tmp_path / "report.json")
    assert done.returncode == 0, done.stderr
    assert outputs(out) == {f"{index:02}.avif": whole for index in range(MANY)}
    assert "skipped" in {photo["status"] for photo in json.loads((tmp_path / "report.json").read_text())["photos"]}


def test_a_second_batch_is_kept_out(photos: Path, tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    out = tmp_path / "out"
    (out / STATE).mkdir(parents=True)
    with (out / STATE / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run(photos, "-o", out)
    assert (done.returncode, done.stderr) == (1, f"gainmap: {out}: another batch is writing there\n")


# URLs


def test_urls(photos: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    store.put(str(photos), "/library/photos", recursive=True)
    store.pipe_file("/library/photos/avif/old.avif", b"not to be eaten again")
    jobs = plan(["memory://library/photos"], "memory://library/photos/avif", options(container="avif"))
    made = {convert_photo(job).target: convert_photo(job).status for job in jobs}
    assert made == {
        "memory://library/photos/avif/2025/both.avif": "skipped",
        "memory://library/photos/avif/2025/may/bad.avif": "failed",
        "memory://library/photos/avif/2025/may/sdr.avif": "skipped",
        "memory://library/photos/avif/one.avif": "skipped",
    }
    with store.open("/library/photos/avif/one.avif", "rb") as file:
        assert gm.inspect(file).container == "avif"
    (missing,) = plan(["memory://library/missing.jpg"], "memory://other", options())
    assert convert_photo(missing).status == "failed"
    (local,) = plan([f"file://{photos}/one.jpg"], "memory://other", options())
    assert convert_photo(local).status == "converted"


def test_two_urls_that_would_become_one_file(photos: Path) -> None:
    pytest.importorskip("fsspec").filesystem("memory").put(str(photos / "one.jpg"), "/x/one.jpg")
    with pytest.raises(ValueError, match=r"memory://x/one\.jpg and .* would both become"):
        plan(["memory://x/one.jpg", photos / "one.jpg"], "memory://out", options())


def test_urls_without_what_they_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fsspec")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(gm.MissingDependencyError, match=r"s3://bucket/photos: .*s3fs"):
        batch.convert(["s3://bucket/photos"], tmp_path)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(gm.MissingDependencyError, match=r"gainmap-codec\[scale\]"):
        batch.convert(["s3://bucket/photos"], tmp_path)
