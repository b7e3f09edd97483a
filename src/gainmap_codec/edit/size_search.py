"""The largest number whose result stays within a size, in few tries: each try is a picture coded."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import NamedTuple

MOST_TRIES = 8
_NEAR = 0.96
"""A share of the size from which on no larger number is looked for."""
_AIM = 0.98
_GUESSES = 4  # then the stretch is halved each time
_NUMBERS_PER_DOUBLING = 15  # about how far apart two qualities are of which one takes twice the bytes


class _Try(NamedTuple):
    number: int
    size: int


def largest_within(size_of: Callable[[int], int], most: int, low: int, high: int) -> int | None:
    """The largest of low…high whose size is at most `most`, or one that comes near it; None where even `low` is larger.

    Args:
        size_of: Grows with the number; it is asked at most `MOST_TRIES` times.
    """
    fitting: _Try | None = None
    above: list[_Try] = []
    number = high
    for count in range(1, MOST_TRIES + 1):
        tried = _Try(number, size_of(number))
        if tried.size > most:
            above.append(tried)
        else:
            fitting = tried
        start, end = fitting.number if fitting else low - 1, above[-1].number if above else high + 1
        if end - start <= 1 or (fitting and fitting.size >= _NEAR * most):
            break
        guess = _guess(fitting, above, most) if count <= _GUESSES else (start + end) // 2
        number = min(max(guess, start + 1), end - 1)
        if count == MOST_TRIES - 1 and fitting is None:  # the last try tells whether there is one at all
            number = low
    return fitting.number if fitting else None


def _guess(fitting: _Try | None, above: list[_Try], most: int) -> int:
    """Where the size is about `most`, if it grows by equal factors."""
    aim, end = log(_AIM * most), above[-1]
    other = fitting or (above[-2] if len(above) > 1 else None)
    if other is None or other.size == end.size:
        return round(end.number - _NUMBERS_PER_DOUBLING * (log(end.size) - aim) / log(2))
    slope = (log(other.size) - log(end.size)) / (other.number - end.number)
    step = (log(end.size) - aim) / slope
    return round(end.number - (step if fitting else 1.5 * step))  # too far is better than not far enough
