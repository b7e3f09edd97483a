"""JavaScript of the project, asked by tests without a browser (node runs it)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from support.paths import ROOT

VIEWER = ROOT / "src/gainmap_codec/view/static"


def answers_of(script: str, jobs: list[Any], folder: Path = VIEWER) -> list[Any]:
    """What a script of tests/support answers to each job, with the modules of a folder."""
    command = ["node", str(ROOT / "tests/support" / script), str(folder)]
    done = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers
