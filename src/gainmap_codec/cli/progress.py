"""What a terminal shows of work that lasts: one line, from the third second on, gone when the work is done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING

from gainmap_codec.errors import printable

if TYPE_CHECKING:
    from gainmap_codec.cli.bar import Bar

Progress = Callable[[float], None]

_SECONDS_UNSEEN = 2.0
_SECONDS_BETWEEN = 0.2
_PARTS = 100  # of a file's work, that its bar counts
_FORM = "[{bar:24}] {percentage:3.0f}%  {remaining} left  {desc}"


def is_watched(quiet: bool) -> bool:
    """Whether somebody may see a line that is drawn again and again: standard error is a terminal."""
    return not quiet and sys.stderr.isatty()


class Line:
    """A bar on standard error, drawn by a thread of its own: the work may be one long call into a codec.

    Args:
        form: As `Bar` has it, and so `smoothing`.
        since: `monotonic` of when the work began, which has to last for two seconds before anything is drawn.
    Attributes:
        title: What is worked on, told beside the bar.
        done: How much of the work is done.
        total: How much there is of it.
    """

    def __init__(self, form: str, since: float, *, title: str = "", total: int = 0, smoothing: float = 0) -> None:
        self.title, self.done, self.total = title, 0, total
        self._form, self._since, self._smoothing = form, since, smoothing
        self._stop, self._lock = Event(), Lock()
        self._bar: Bar | None = None
        self._thread = Thread(target=self._draw_until_stopped, daemon=True)

    def __enter__(self) -> Line:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._bar is not None:  # a bar is true or false by its total, and raises without one
            self._bar.close()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Other lines are written meanwhile, and this one is out of their way."""
        with self._lock:
            if self._bar is not None:
                self._bar.clear()
            yield

    def _draw_until_stopped(self) -> None:
        pause = max(0.0, self._since + _SECONDS_UNSEEN - monotonic())
        while not self._stop.wait(pause):
            with self._lock:
                self._draw()
            pause = _SECONDS_BETWEEN

    def _draw(self) -> None:
        from gainmap_codec.cli.bar import Bar

        if self._bar is None:
            self._bar = Bar(self._form, monotonic() - self._since, self._smoothing)
        self._bar.show(printable(self.title), self.done, self.total)


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
        begun, self._begun = self._begun, self._begun + 1
        title = f"{self._begun} of {self._count}  " * (self._count > 1) + (Path(str(name)).name or str(name))
        line = Line(_FORM, self._start, title=title, total=self._count * _PARTS)
        line.done = begun * _PARTS

        def tell(share: float) -> None:
            line.done = max(line.done, round((begun + share) * _PARTS))  # a search for a size begins anew

        with line:
            yield tell
