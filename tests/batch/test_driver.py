"""All photos, one report: their order, what is refused before any work, and what deaths and kill -9 leave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

import gainmap_codec as gm
from gainmap_codec import batch
from gainmap_codec.batch.planning import STATE
from gainmap_codec.batch.records import PhotoRecord
from support import pipeline_files as files
from support.batches import MANY, outputs
from support.command_line import run_process as run
from support.command_line import start


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


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


def test_options_are_those_of_transcode_and_encode() -> None:
    """Spelled out twice, because people read signatures; here it is seen that they agree."""
    given, known, of_pictures = (signature(verb).parameters for verb in (batch.convert, gm.transcode, gm.encode))
    own = {"sources", "folder", "jobs", "cluster", "progress", "keep_suffix", "update", "overwrite"}
    assert {name: given[name].default for name in given if name not in own} == {
        **{name: known[name].default for name in known if name != "source"},
        **{name: of_pictures[name].default for name in ("base_bits", "base_color_space", "sdr_white")},
    }


@pytest.mark.parametrize("wrong", [{"container": "png"}, {"carry": "all"}, {"jobs": 0}, {"cluster": "a:1", "jobs": 2}])
def test_callers_mistakes_are_told_before_anything_starts(wrong: dict[str, Any], photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"{next(reversed(wrong))}: expected"):
        batch.convert([photos], tmp_path / "out", **wrong)
    with pytest.raises(TypeError, match="colour"):
        batch.convert([photos], tmp_path / "out", colour=1)  # type: ignore[call-arg]
    assert not (tmp_path / "out").exists()


def test_the_callers_limits_reach_the_photos(tmp_path: Path) -> None:
    data = files.made(standard=True)
    (tmp_path / "one.jpg").write_bytes(data[:2] + b"\xff\xfe\0\3x" * 5000 + data[2:])
    (refused,) = batch.convert([tmp_path / "one.jpg"], tmp_path / "out", jobs=1).photos
    assert refused.status == "failed" and "raise Limits.segments" in refused.problem
    limits = gm.Limits(segments=10_000)
    (photo,) = batch.convert([tmp_path / "one.jpg"], tmp_path / "out", jobs=1, limits=limits).photos
    assert photo.status == "converted", photo.problem


def test_a_second_batch_is_kept_out(photos: Path, tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    out = tmp_path / "out"
    (out / STATE).mkdir(parents=True)
    with (out / STATE / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError, match="another batch is writing there"):
            batch.convert([photos], out)
    batch.convert([photos], out, jobs=1)
    assert not (out / STATE / "lock").exists()


def test_a_file_in_place_of_the_folder_is_named(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "n.jpg").touch()
    with pytest.raises(NotADirectoryError, match="expected a folder, got a file") as caught:
        batch.convert([photos], tmp_path / "n.jpg")
    assert caught.value.filename == str(tmp_path / "n.jpg")


# Deaths


def children_of(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [pid for pid in map(int, found) if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()]


def all_gone(processes: list[int]) -> Callable[[], bool]:
    return lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in processes)


def more_than(count: int, out: Path) -> Callable[[], bool]:
    """Whether there are more outputs than so many."""
    return lambda: len(outputs(out)) > count


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are looked for in /proc")


@needs_proc
def test_workers_killed_by_others_lose_no_photo(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start("batch", many, "-o", out, "--to", "avif", "--jobs", 2)
    for done in (2, 10):
        until(more_than(done - 1, out))
        os.kill(children_of(process.pid)[0], signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert len(outputs(out)) == MANY


@needs_proc
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_killed_six_times_it_leaves_whole_files_and_ends_all_the_same(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    whole = gm.transcode(files.made(standard=True), container="avif")
    for moment in range(6):
        process = start("batch", many, "-o", out, "--to", "avif", "--jobs", 2)
        if moment < 2:
            time.sleep(0.3 * moment + 0.2)
        else:  # some way into it, a little later each time
            until(more_than(len(outputs(out)) + 1, out))
            time.sleep(0.007 * moment)
        workers = children_of(process.pid)
        if moment % 2:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate(timeout=60)
        until(all_gone(workers))
        found = outputs(out)
        assert len(found) < MANY, "killed too late to show anything"
        for name, data in found.items():
            assert data == whole or name.endswith(".tmp"), name
    done = run("batch", many, "-o", out, "--to", "avif", "--report", tmp_path / "report.json")
    assert done.returncode == 0, done.stderr
    assert outputs(out) == {f"{index:02}.avif": whole for index in range(MANY)}
    assert "skipped" in {photo["status"] for photo in json.loads((tmp_path / "report.json").read_text())["photos"]}
