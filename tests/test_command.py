"""The program `gainmap` as pip's script and ``python -m`` start it, and Ctrl-C while it loads."""

from __future__ import annotations

import subprocess
import sys

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


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("command", [("-c", SCRIPT), ("-m", "gainmap_codec")], ids=["script", "module"])
def test_it_is_the_command_line(command: tuple[str, ...]) -> None:
    done = run(*command, "--version")
    assert (done.returncode, done.stdout) == (0, f"gainmap, version {gm.__version__}\n")


@pytest.mark.parametrize("module", ["gainmap_codec", "numpy", "lxml.etree", "click"])
def test_ctrl_c_while_it_loads(module: str) -> None:
    done = run("-c", INTERRUPTING + SCRIPT, module)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "gainmap: interrupted\n")


def test_the_changelog_tells_of_this_version() -> None:
    assert f"\n## [{gm.__version__}] - 20" in (ROOT / "CHANGELOG.md").read_text("utf-8")
