"""A terminal that is no more than a string, and what can be seen on one."""

from __future__ import annotations

import io
import sys
import time

import pytest

from gainmap_codec.cli import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def impatient_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """What standard error is from now on; lines about work are drawn at once."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "_SECONDS_UNSEEN", 0.0)
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN", 0.01)
    return screen


def wait_for(text: str, screen: Terminal) -> None:
    end = time.monotonic() + 5
    while text not in screen.getvalue():
        assert time.monotonic() < end, screen.getvalue()[-500:]
        time.sleep(0.005)


def left_on_screen(written: str) -> list[str]:
    """The lines that can be seen in the end, the last one being where the cursor is; letters are one column wide."""
    return [_seen(line) for line in written.replace("\r\n", "\n").split("\n")]


def _seen(line: str) -> str:
    seen = ""
    for part in line.split("\r"):
        seen = part + seen[len(part) :]
    return seen.rstrip()
