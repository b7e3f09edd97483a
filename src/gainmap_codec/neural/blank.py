"""What every fit starts from: a record without a picture, and one thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import torch

from gainmap_codec.files.payload.layout import SOFT_BYTES, STRICT_BYTES
from gainmap_codec.files.payload.records import Binding, Family, NeuralGainMap, Preset

OFFSET = 1 / 64  # as in the standard map


def empty_record(preset: Preset, family: Family) -> NeuralGainMap:
    """A record with nothing of a picture: no layers, no range, no headroom, no binding."""
    return NeuralGainMap(
        preset=preset,
        family=family,
        domain="pq_gamma",
        position_octaves=0,
        color_octaves=0,
        layers=(),
        residual_shift=0.0,
        residual_scale=1.0,
        base_hdr_headroom=0.0,
        alternate_hdr_headroom=0.0,
        base_offset=OFFSET,
        alternate_offset=OFFSET,
        binding=Binding(bytes(STRICT_BYTES), bytes(SOFT_BYTES)),
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch's threads wait for one another in each of many small steps: on a busy machine, many times what they gain.

    The order of additions, and so the bytes, then do not depend on the number of cores either. Torch has a number for
    the whole process beside those of its threads: of several fits at once, the last puts back what the first has found.
    """
    with _fits.lock:
        if _fits.running == 0:
            _fits.threads = torch.get_num_threads()
        _fits.running += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _fits.lock:
            _fits.running -= 1
            if _fits.running == 0:
                torch.set_num_threads(_fits.threads)


class _Fits:
    """How many fits are running, and how many threads torch had before."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.running = 0
        self.threads = 1


_fits = _Fits()
