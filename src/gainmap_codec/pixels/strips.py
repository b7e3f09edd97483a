"""Work on pictures in strips of rows: memory stays bounded and several processors help."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_STRIP_ROWS = 64
_THREADS = min(os.cpu_count() or 1, 8)  # each holds a few strips: more would cost memory and gain little


def for_each_strip(height: int, work: Callable[[slice], None]) -> None:
    """Call `work` with slices of up to 64 rows that cover 0…height, on several threads.

    NumPy releases the interpreter lock, so threads serve. What `work` raises is raised here.
    """
    strips = [slice(start, min(start + _STRIP_ROWS, height)) for start in range(0, height, _STRIP_ROWS)]
    if len(strips) == 1:
        work(strips[0])
        return
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(work, strips):
            pass
