"""Fits by torch, on one thread."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import torch

from gainmap_codec.neural.published.one_thread import one_thread


def threads_during_a_fit(milliseconds: int) -> int:
    with one_thread():
        time.sleep(milliseconds / 1000)
        return int(torch.get_num_threads())


def test_fits_in_several_threads_leave_torch_as_they_found_it() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(threads_during_a_fit, [1, 7, 3, 5, 2] * 20)) == {1}
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == 3, "a thread that is new begins with that"
    finally:
        torch.set_num_threads(before)
