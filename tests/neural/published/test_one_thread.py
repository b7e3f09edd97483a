"""Fits by torch, on one thread."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

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


def test_a_thread_that_ended_its_fit_before_others_may_begin_the_next() -> None:
    before, begun, ended = torch.get_num_threads(), Barrier(2), Barrier(2)
    torch.set_num_threads(3)

    def first() -> None:
        with one_thread():
            begun.wait()
        ended.wait()  # the other one is still at it
        ended.wait()
        with one_thread():
            pass

    def second() -> None:
        with one_thread():
            begun.wait()
            ended.wait()
        ended.wait()

    try:
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(first), pool.submit(second)]:
                done.result()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == 3
    finally:
        torch.set_num_threads(before)
