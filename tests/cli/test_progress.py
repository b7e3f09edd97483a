"""The line about work that lasts: on terminals alone, after two seconds alone, and gone at the end."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from gainmap_codec.cli import common, progress
from support.paths import FIXTURES
from support.terminals import Terminal, impatient_terminal, left_on_screen, wait_for


def test_a_bar_for_each_of_several_files(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = impatient_terminal(monkeypatch)
    photos = progress.Files(4, quiet=False)
    with photos.next(Path("in/a.jpg")) as tell:
        wait_for("00:00  1 of 4  a.jpg", screen)
        assert tell is not None
        tell(0.5)
        wait_for(f"[###{' ' * 21}]  12%  00:0", screen)
        tell(1.0)
    assert left_on_screen(screen.getvalue()) == [""], "nothing is in the way of what is printed of this file"
    assert screen.getvalue().endswith("\r")
    with photos.next("b.jpg"):
        wait_for(f"[######{' ' * 18}]  25%", screen)
        wait_for("left  2 of 4  b.jpg", screen)


def test_a_single_file_has_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = impatient_terminal(monkeypatch)
    with common.progress_bar(False, Path("two\nlines.jpg")) as tell:
        wait_for("00:00  two\\nlines.jpg", screen)
        assert tell is not None
        tell(1.0)
        wait_for(f"[{'#' * 24}] 100%  00:00 left  two", screen)
    assert "1 of 1" not in screen.getvalue()


def test_other_lines_have_the_line_out_of_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = impatient_terminal(monkeypatch)
    with progress.Line("", time.monotonic(), title="busy") as line:
        wait_for("busy", screen)
        with line.aside():
            before = screen.getvalue()
            time.sleep(0.05)
            assert screen.getvalue() == before and before.endswith("\r") and left_on_screen(before) == [""]
            screen.truncate(0)
        wait_for("busy", screen)


@pytest.mark.parametrize(("quiet", "stream"), [(True, Terminal()), (False, io.StringIO())])
def test_no_bar_where_nobody_watches(quiet: bool, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    with common.progress_bar(quiet) as tell:
        assert tell is None


# The program on a terminal

PROGRAM = """
import sys, time
from gainmap_codec.cli import decode, main, progress
write, seconds = decode.code_hdr, float(sys.argv.pop(1))
progress._SECONDS_UNSEEN = 0.3
decode.code_hdr = lambda *given: (time.sleep(seconds), write(*given))[1]
main.main()
"""


COLUMNS = 40


def on_a_terminal(photo: Path, seconds: float) -> tuple[subprocess.Popen[str], int]:
    """``gainmap decode`` that takes so long, and what reads its terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, COLUMNS, 0, 0))
    command = [sys.executable, "-c", PROGRAM, str(seconds), "decode", str(photo), "-o", f"{photo}.png"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, text=True, start_new_session=True, preexec_fn=hear_ctrl_c
    )
    os.close(theirs)
    return process, ours


def hear_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def shown(terminal: int) -> str:
    """All that is written to a terminal until its program ends."""
    text = b""
    while True:
        try:
            new = os.read(terminal, 4096)
        except OSError:  # Linux tells the end so
            new = b""
        if not new:
            os.close(terminal)
            return text.decode()
        text += new


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes((FIXTURES / "jpeg/standard.jpg").read_bytes())
    return path


def test_slow_work_on_a_terminal(photo: Path) -> None:
    process, terminal = on_a_terminal(photo, 0.7)
    text = shown(terminal)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"00:00  {photo.name}.png" in text
    assert left_on_screen(text) == [""] and text.endswith("\r")
    assert output.startswith(f"{photo}.png: ") and "\x1b" not in output


def test_a_line_fits_the_terminal_in_any_script(photo: Path) -> None:
    process, terminal = on_a_terminal(photo.rename(photo.with_name(f"{'照' * 50}.jpg")), 0.7)
    lines = shown(terminal).split("\r")
    process.communicate(timeout=60)
    assert f"00:00  {'照' * 16}" in lines, "two columns each, and the last column is free"
    assert max(len(line.replace("照", "  ")) for line in lines) == COLUMNS - 1


def test_quick_work_shows_nothing(photo: Path) -> None:
    process, terminal = on_a_terminal(photo, 0.0)
    assert shown(terminal) == ""
    process.communicate(timeout=60)


def test_ctrl_c_takes_the_line_away(photo: Path) -> None:
    process, terminal = on_a_terminal(photo, 60)
    assert os.read(terminal, 4096).startswith(b"\r00:00  photo")
    os.killpg(process.pid, signal.SIGINT)
    text = shown(terminal)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert left_on_screen(text)[-3:] == ["", "gainmap: interrupted", ""]
