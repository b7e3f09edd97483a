"""What the depth of gain maps is worth."""

from __future__ import annotations

from gainmap_bench.experiments.depth import STOPS, depth_rows, ramp, rounding_error


def test_two_bits_more_take_a_quarter_of_the_error() -> None:
    picture = ramp(4.0, (64, 256))
    coarse, fine = (rounding_error(picture, 4.0, bits) for bits in (8, 10))
    assert 0.55 < coarse < 0.65  # a 510th of four stops is half a step, and PQ has 75 steps a stop at 3000 nits
    assert 3.5 < coarse / fine < 4.5


def test_a_row_for_each_range() -> None:
    head, _, *rows = depth_rows((16, 64))
    assert [row.split("|")[1].strip() for row in rows] == [str(stops) for stops in STOPS]
    assert {row.count("|") for row in rows} == {head.count("|")}
