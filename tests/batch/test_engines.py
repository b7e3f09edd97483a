"""Workers of this machine, and what the death of one costs: no photo but the one that killed it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gainmap_codec.batch.engines import LocalEngine
from gainmap_codec.batch.records import PhotoRecord
from gainmap_codec.pixels.strips import PROCESSORS
from support.batches import die_once, job, tell_threads


def test_processes_share_the_processors() -> None:
    for processes in {1, PROCESSORS, 2 * PROCESSORS}:
        ((_, result),) = LocalEngine(processes).run(tell_threads, iter([job("a")]))
        assert isinstance(result, PhotoRecord)
        assert int(result.target) == max(1, PROCESSORS // processes)


def test_a_worker_that_dies_is_one_photos_failure(tmp_path: Path) -> None:
    for index in range(6):
        (tmp_path / f"{index}").touch()
    names = ["0", "1", "poison", "2", "once", "3", "4", "5"]
    jobs = [job(name, tmp_path / name) for name in names]
    results = {job.source: result for job, result in LocalEngine(2).run(die_once, iter(jobs))}
    assert sorted(results) == sorted(names)
    assert "worker process died" in str(results.pop("poison"))
    assert all(isinstance(result, PhotoRecord) for result in results.values()), results


def test_a_script_that_every_worker_would_start_anew_is_told_so(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from gainmap_codec.batch import convert\nprint(convert(['photo.jpg'], 'out', jobs=1))\n")
    (tmp_path / "photo.jpg").touch()
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 1 and not done.stdout
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ChildProcessError: ") and 'under if __name__ == "__main__":' in last
