"""How the npm module is built, and tried."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support.paths import ROOT

WEB = ROOT / "web"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (apt-get install nodejs)")
def test_a_folder_by_itself_says_in_one_line_what_it_needs(tmp_path: Path) -> None:
    for name in ("build.mjs", "kernel.mjs", "package.json"):
        shutil.copy(WEB / name, tmp_path)
    done = subprocess.run(["node", "build.mjs"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and not (tmp_path / "dist").exists()
    (line,) = done.stderr.splitlines()
    assert line.startswith("gainmap-nn can be built only in a checkout of gainmap_codec")
