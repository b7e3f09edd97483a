"""Ctrl-C while the package loads, which takes a moment: it ends the command in a line, not in a traceback."""

from __future__ import annotations

import os
import signal
from types import FrameType


def end_in_a_line() -> None:
    """Have Ctrl-C end the process, unless somebody has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def raise_again() -> None:
    """Have Ctrl-C raise KeyboardInterrupt again, where `end_in_a_line` has changed that."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(signum: int, frame: FrameType | None) -> None:
    """Nothing has been opened or written yet; an exception could be swallowed by what is being imported."""
    os.write(2, b"gainmap: interrupted\n")
    os._exit(130)
