"""Work in strips: all rows once, in parts that fit, and errors that come back."""

from __future__ import annotations

import threading

import pytest

from gainmap_codec.pixels.strips import PROCESSORS, THREADS, for_each_strip, rows_in_cache


@pytest.mark.parametrize(("height", "rows"), [(1, 64), (64, 64), (65, 64), (1000, 7)])
def test_every_row_is_worked_on_once(height: int, rows: int) -> None:
    seen: list[int] = []
    lock = threading.Lock()

    def work(strip: slice) -> None:
        with lock:
            seen.extend(range(strip.start, strip.stop))

    for_each_strip(height, work, rows)
    assert sorted(seen) == list(range(height))


def test_one_thread_is_the_callers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gainmap_codec.pixels.strips.THREADS", 1)
    seen: list[tuple[int, int]] = []
    for_each_strip(100, lambda strip: seen.append((strip.start, threading.get_ident())), 30)
    assert seen == [(start, threading.get_ident()) for start in (0, 30, 60, 90)]


@pytest.mark.parametrize("height", [1, 1000])
def test_what_the_work_raises_is_raised(height: int) -> None:
    def work(strip: slice) -> None:
        if strip.stop == height:
            raise KeyError("the last strip")

    with pytest.raises(KeyError, match="the last strip"):
        for_each_strip(height, work)


def test_strips_fit_the_cache() -> None:
    assert rows_in_cache(1) == rows_in_cache(0) == 1 << 16
    assert rows_in_cache(128) == 512
    assert rows_in_cache(1 << 10) == rows_in_cache(1 << 12) == 64
    assert rows_in_cache(1 << 14) == 16
    assert rows_in_cache(1 << 30) == 1
    assert THREADS >= 1 and PROCESSORS >= 1
