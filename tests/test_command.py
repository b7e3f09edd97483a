"""The program `gainmap` as pip's script and ``python -m`` start it, and Ctrl-C while it loads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gainmap_codec as gm
from support.paths import ROOT

SCRIPT = "from gainmap_command import main; main()"  # what pip writes
INTERRUPTING = """
import os, signal, sys

class Finder:
    def find_spec(self, name, *others):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs start deaf to it
sys.meta_path.insert(0, Finder())
"""


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)


@pytest.mark.parametrize("command", [("-c", SCRIPT), ("-m", "gainmap_codec")], ids=["script", "module"])
def test_it_is_the_command_line(command: tuple[str, ...]) -> None:
    done = run(*command, "--version")
    assert (done.returncode, done.stdout) == (0, f"gainmap, version {gm.__version__}\n")


@pytest.mark.parametrize("module", ["gainmap_codec", "numpy", "lxml.etree", "click"])
def test_ctrl_c_while_it_loads(module: str) -> None:
    done = run("-c", INTERRUPTING + SCRIPT, module)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "gainmap: interrupted\n")


@pytest.mark.parametrize("module", ["numpy", "lxml.etree", "click"])
def test_ctrl_c_while_it_loads_as_a_module(module: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTING.replace("sys.argv[1]", repr(module)), "utf-8")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = run("-m", "gainmap_codec", "--version", env={**os.environ, "PYTHONPATH": path})
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "gainmap: interrupted\n")


def test_ctrl_c_is_left_alone_where_the_package_is_imported() -> None:
    code = "import signal, gainmap_codec; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    prepared = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {code}"
    assert run("-c", prepared, "gainmap_codec").stdout == "True\n"


def test_the_changelog_tells_of_this_version() -> None:
    assert f"\n## [{gm.__version__}] - 20" in (ROOT / "CHANGELOG.md").read_text("utf-8")
