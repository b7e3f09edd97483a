"""Where the command ``gainmap`` begins: outside the package, which takes a moment to load.

Ctrl-C within that moment ends the command in a line as well, not in a traceback through other people's packages.
"""

from __future__ import annotations

import os
import signal
from types import FrameType


def main() -> None:
    """Load the command line and run it."""
    catches = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # or else somebody has it ignored
    if catches:
        signal.signal(signal.SIGINT, _end)
    from gainmap_codec.cli.main import main as run

    if catches:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


def _end(signum: int, frame: FrameType | None) -> None:
    """Nothing has been opened or written yet; an exception could be swallowed by what is being imported."""
    os.write(2, b"gainmap: interrupted\n")
    os._exit(130)
