"""The progress bar of tqdm as this command shows it; loaded when one is drawn, which quick work never sees."""

from __future__ import annotations

import sys
from threading import RLock
from time import time

from tqdm import tqdm

_UNKNOWN = "{elapsed}  {desc}"


class Bar(tqdm):  # type: ignore[type-arg]  # it goes through nothing
    """A bar on standard error that is drawn by `show` alone, and leaves nothing behind.

    Args:
        form: The line, in tqdm's terms, once something is done.
        seconds: How long the work has lasted already.
        smoothing: How much the newest steps count in the rate, 0…1; 0 for the rate since the work began.
    """

    monitor_interval = 0  # no thread of tqdm's own

    def __init__(self, form: str, seconds: float, smoothing: float) -> None:
        super().__init__(
            file=sys.stderr,
            leave=False,
            ascii=" #",
            dynamic_ncols=True,
            smoothing=smoothing,
            mininterval=0,
            miniters=0,
            delay=1,  # it is not drawn before it has its time
        )
        self.delay = 0  # `close` would take it for one that was never drawn
        self.start_t = self.last_print_t = time() - seconds
        self._form = form

    def show(self, title: str, done: int, total: int) -> None:
        """Draw it; of work that has nothing done yet, its time alone."""
        self.desc = title
        self.total, self.bar_format = (total, self._form) if done else (None, _UNKNOWN)
        if done > self.n:
            self.update(done - self.n)
        else:
            self.refresh()


Bar.set_lock(RLock())  # tqdm's own is for processes too, and Python may start another process for such a lock
