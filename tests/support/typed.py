"""Lines of the documentation, typed as a reader would."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from gainmap_codec.cli.main import gainmap

BLOCK = re.compile(r"^ *```(sh|console|python)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


class Typed(NamedTuple):
    """A line, and what stands below it on the page."""

    line: str
    printed: str


def typed_lines(console: str) -> list[Typed]:
    """The lines of a block behind ``$``, each with the output that the page shows."""
    parts = re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]
    return [Typed(*part.partition("\n")[::2]) for part in parts]


def type_in(line: str) -> str:
    """Do what a shell would in this folder; what is printed. The command line runs in this process where it can."""
    words = shlex.split(line, comments=True)
    if words[0] != "gainmap" or {"|", "<", ">", "&&"} & set(words):
        return _in_a_shell(line)
    arguments = [
        found for word in words[1:] for found in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    done = CliRunner().invoke(gainmap, arguments, catch_exceptions=False, standalone_mode=False)
    assert done.exit_code == 0, f"{line}: {done.output}"
    assert all(told.startswith("gainmap: warning: ") for told in done.stderr.splitlines()), f"{line}: {done.stderr}"
    return done.stdout


def _in_a_shell(line: str) -> str:
    """By bash, with this Python's ``gainmap``."""
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = subprocess.run(
        ["bash", "-c", line], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{line}: {done.stderr}"
    return done.stdout
