"""The search for a quality whose file keeps within a size."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from gainmap_codec.edit.size_search import Try, largest_within

CURVES: dict[str, Callable[[int], int]] = {
    "doubles every 10": lambda number: round(1000 * 2 ** (number / 10)),
    "hardly grows, then soars": lambda number: 50_000 + round(10 * 1.15**number),
    "a line": lambda number: 1000 * number,
    "steps": lambda number: 1000 * 2 ** (number // 25),
    "always the same": lambda number: 5000,
    "a cliff": lambda number: 100 if number < 37 else 10**8,
}


@pytest.mark.parametrize("name", CURVES)
def test_what_is_found_fits_and_comes_near(name: str) -> None:
    curve = CURVES[name]
    for most in random.Random(1).choices(range(1, 300_000), k=200):
        for low, high in ((1, 92), (30, 92), (40, 41)):
            if not curve(low) <= most < curve(high):
                continue
            asked: list[int] = []

            def size_of(number: int, asked: list[int] = asked) -> int:
                asked.append(number)
                return curve(number)

            found = largest_within(size_of, most, Try(low, curve(low)), Try(high, curve(high)), 8)
            assert len(asked) == len(set(asked)) <= 8 and all(low < each < high for each in asked)
            assert low <= found < high and curve(found) <= most
            assert curve(found) >= 0.96 * most or curve(found + 1) > most or len(asked) == 8


def test_photos_take_few_tries() -> None:
    """Bytes as libjpeg's tables make them: quality 50 has half the bytes of 80, and those half of 93."""
    sizes = {1: 30, 20: 180, 50: 330, 80: 660, 93: 1320, 100: 2600}
    asked: list[int] = []

    def size_of(number: int) -> int:
        asked.append(number)
        low = max(known for known in sizes if known <= number)
        high = min(known for known in sizes if known >= number)
        share = (number - low) / (high - low or 1)
        size: float = 1000 * sizes[low] ** (1 - share) * sizes[high] ** share
        return round(size)

    every = range(200_000, 1_200_000, 17_000)
    below, above = Try(20, size_of(20)), Try(92, size_of(92))
    asked.clear()
    found = [largest_within(size_of, most, below, above, 5) for most in every]
    assert len(asked) <= 4 * len(every)
    assert all(0.9 * most < size_of(number) <= most for most, number in zip(every, found, strict=True))
