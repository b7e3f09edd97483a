"""Decoding while other processes keep every processor busy: threads that wait for one another would show."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import gainmap_codec as gm
from gainmap_bench.speed.decode import OURS, Timing, Work, interleaved
from gainmap_codec.pixels.strips import PROCESSORS

_SPINS = "while True: pass"


@contextmanager
def busy_processors() -> Iterator[None]:
    """As many processes as there are processors, each of which computes without end."""
    spinning = [subprocess.Popen([sys.executable, "-c", _SPINS]) for _ in range(PROCESSORS)]
    try:
        yield
    finally:
        for each in spinning:
            each.kill()
            each.wait()


def busy_timings(data: bytes, runs: int) -> list[tuple[Timing, Timing]]:
    """Of our decodes by either map: when nothing else runs, and on busy processors."""
    works: dict[str, Work] = {
        OURS[0]: lambda: gm.decode(data, prefer="standard", color_space="srgb"),
        OURS[1]: lambda: gm.decode(data, prefer="neural", color_space="srgb"),
    }
    idle = interleaved(works, runs)
    with busy_processors():
        busy = interleaved(works, runs)
    return list(zip(idle, busy, strict=True))
