"""The largest number whose result stays within a size, in few tries: each try is a picture coded."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import NamedTuple

_NEAR = 0.96
"""A share of the size from which on no larger number is looked for."""
_AIM = 0.98


class Try(NamedTuple):
    """A number, and the size that it has."""

    number: int
    size: int


def largest_within(size_of: Callable[[int], int], most: int, below: Try, above: Try, tries: int) -> int:
    """The largest number found whose size is at most `most`, or one that comes near it.

    Args:
        size_of: Grows with the number; it is asked for numbers between the two, `tries` times at most.
        below: Its size is within `most`.
        above: Its size is not.
    Source: the Illinois method, Dowell and Jarratt, BIT 11 (1971).
    """
    aim = log(_AIM * most)
    under, over = log(below.size) - aim, log(above.size) - aim
    for _ in range(tries):
        if above.number - below.number <= 1 or below.size >= _NEAR * most:
            break
        share = under / (under - over) if under < 0 < over else 0.5
        guess = round(below.number + share * (above.number - below.number))
        number = min(max(guess, below.number + 1), above.number - 1)
        tried = Try(number, size_of(number))
        # The end that stays counts for half: it would stay for ever where the curve is bent.
        if tried.size <= most:
            below, under, over = tried, log(tried.size) - aim, over / 2
        else:
            above, over, under = tried, log(tried.size) - aim, under / 2
    return below.number
