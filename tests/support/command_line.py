"""The program ``gainmap`` as a user runs it: in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

COMMAND = [sys.executable, "-c", "from gainmap_codec.cli.main import main; main()"]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The finished command, with what it said."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def failure(*arguments: object) -> str:
    """The one line on stderr of a command that ends with exit code 1."""
    done = run(*arguments)
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("gainmap: ")
    return line


def start(*arguments: object) -> subprocess.Popen[str]:
    """The command under way, in a group of processes of its own, which Ctrl-C reaches."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background jobs start deaf to it
    )
