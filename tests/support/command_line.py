"""The program ``gainmap`` as a user runs it: in this process, since a new one takes half a second to load it."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import warnings

import pytest

from gainmap_codec.cli.main import main

COMMAND = [sys.executable, "-c", "from gainmap_codec.cli.main import main; main()"]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The finished command, with what it said."""
    done = run_on(b"", *arguments)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def run_on(data: bytes, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    """The finished command, which got `data` by standard input."""
    command = ["gainmap", *map(str, arguments)]
    stdin, stdout, stderr = io.BytesIO(data), io.BytesIO(), io.BytesIO()
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("default")
        patch.setattr(sys, "argv", command)
        for name, stream in (("stdin", stdin), ("stdout", stdout), ("stderr", stderr)):
            patch.setattr(sys, name, io.TextIOWrapper(stream, "utf-8", write_through=True))
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code or 0
        assert isinstance(code, int)
        return subprocess.CompletedProcess(command, code, stdout.getvalue(), stderr.getvalue())


def run_process(*arguments: object) -> subprocess.CompletedProcess[str]:
    """As `run`, in a process of its own."""
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
