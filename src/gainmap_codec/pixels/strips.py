"""Work on pictures in strips of rows: memory stays bounded and several processors help."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_STRIP_ROWS = 64
_PIXELS_IN_CACHE = 1 << 18  # 3 MB of float32 RGB
FEWEST_PIXELS = 1 << 16
"""Of a strip: to hand one to a thread takes as long as 10 000 pixels."""
_MOST_THREADS = 8

PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Those that this process may use."""

_asked = os.environ.get("OMP_NUM_THREADS", "")
THREADS = int(_asked) if _asked.isdecimal() and int(_asked) else PROCESSORS
"""Threads of this process: as many as BLAS and torch take, where the environment tells them."""


def rows_in_cache(width: int) -> int:
    """Rows of a strip, 64 or more of a narrow picture, whose pixels stay in a processor's cache from step to step."""
    width = max(width, 1)
    return min(max(_PIXELS_IN_CACHE // width, 1), max(FEWEST_PIXELS // width, _STRIP_ROWS))


def for_each_strip(height: int, work: Callable[[slice], None], rows: int = _STRIP_ROWS) -> None:
    """Call `work` with slices of up to `rows` rows that cover 0…height, on several threads.

    NumPy releases the interpreter lock, so threads serve. What `work` raises is raised here.
    """
    strips = [slice(start, min(start + rows, height)) for start in range(0, height, rows)]
    if len(strips) == 1 or THREADS == 1:
        for strip in strips:
            work(strip)
        return
    with ThreadPoolExecutor(min(THREADS, _MOST_THREADS)) as pool:
        for _ in pool.map(work, strips):
            pass
