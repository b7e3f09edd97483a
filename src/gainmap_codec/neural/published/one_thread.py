"""Fits by torch, on one thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch's threads wait for one another in each of many small steps: on a busy machine, many times what they gain.

    The order of additions, and so the bytes, then do not depend on the number of cores either. Torch has a number for
    new threads beside one of each thread: of several fits at once, each puts back what the first of them has found.
    """
    with _fits.lock:
        threads = torch.get_num_threads()  # a new thread's own number is settled by this call
        if _fits.running == 0:
            _fits.threads = threads
        _fits.running += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _fits.lock:
            _fits.running -= 1
            torch.set_num_threads(_fits.threads)


class _Fits:
    """How many fits are running, and how many threads torch had before."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.running = 0
        self.threads = 1


_fits = _Fits()
