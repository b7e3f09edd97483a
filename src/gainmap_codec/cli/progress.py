"""What a terminal shows of work that lasts: one line, from the third second on, gone when the work is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from unicodedata import east_asian_width

import click

from gainmap_codec.errors import printable

Progress = Callable[[float], None]

_SECONDS_UNSEEN = 2.0
_SECONDS_BETWEEN = 0.2
_WIDTH = 24
_CLEAR = "\r\x1b[K"


def is_watched(quiet: bool) -> bool:
    """Whether somebody may see a line that is drawn again and again: standard error is a terminal."""
    return not quiet and sys.stderr.isatty()


def bar(share: float) -> str:
    """``[######            ]  25%``."""
    return f"[{'#' * round(share * _WIDTH):{_WIDTH}}] {share:4.0%}"


def time_left(rest: float, rate: float) -> str:
    """How long the rest takes, at so much of it a second: ``0:01:30 left``."""
    return f"{timedelta(seconds=round(rest / rate))} left"


class Line:
    """A line on standard error, drawn by a thread of its own: the work may be one long call into a codec.

    Args:
        text: Gives the line, as often as it is drawn.
        since: `monotonic` of when the work began, which has to last for two seconds before anything is drawn.
    """

    def __init__(self, text: Callable[[], str], since: float) -> None:
        self._text, self._since = text, since
        self._stop, self._lock, self._is_drawn = Event(), Lock(), False
        self._thread = Thread(target=self._draw_until_stopped, daemon=True)

    def __enter__(self) -> Line:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._erase()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Other lines are written meanwhile, and this one is out of their way."""
        with self._lock:
            self._erase()
            yield

    def _draw_until_stopped(self) -> None:
        pause = max(0.0, self._since + _SECONDS_UNSEEN - monotonic())
        while not self._stop.wait(pause):
            with self._lock:
                self._draw()
            pause = _SECONDS_BETWEEN

    def _draw(self) -> None:
        self._is_drawn = True
        click.echo(_CLEAR + _cut(printable(self._text()), _columns() - 1), nl=False, err=True)

    def _erase(self) -> None:
        if self._is_drawn:
            click.echo(_CLEAR, nl=False, err=True)


class Files:
    """Work on files one after the other, with a line for each while it is worked on.

    Args:
        count: How many there are.
        quiet: No lines are wanted.
    """

    def __init__(self, count: int, quiet: bool) -> None:
        self._count, self._is_watched = count, is_watched(quiet)
        self._start, self._begun = monotonic(), 0

    @contextmanager
    def next(self, name: object) -> Iterator[Progress | None]:
        """What to tell the share of the next file's work that is done, 0…1; None where nobody watches."""
        if not self._is_watched:
            yield None
            return
        done = 0.0
        number = self._begun = self._begun + 1
        title = f"{number} of {self._count}  " * (self._count > 1) + (Path(str(name)).name or str(name))

        def tell(share: float) -> None:
            nonlocal done
            done = max(done, share)  # a search for a size begins anew

        def text() -> str:
            share, seconds = (number - 1 + done) / self._count, monotonic() - self._start
            if not share:
                return f"{seconds:.0f} s  {title}"
            return f"{bar(share)}  {time_left(1 - share, share / seconds)}  {title}"

        with Line(text, self._start):
            yield tell


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80


def _cut(text: str, columns: int) -> str:
    """As much of a text as fits; some letters take two columns."""
    taken = 0
    for index, letter in enumerate(text):
        taken += 2 if east_asian_width(letter) in "WF" else 1
        if taken > columns:
            return text[:index]
    return text
