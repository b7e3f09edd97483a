"""The cost of importing is measured, beside NumPy's."""

from __future__ import annotations

from gainmap_bench.speed.imports import import_rows


def test_importing_more_costs_more() -> None:
    *_, nothing, numpy, ours = import_rows(1)
    seconds = [float(row.split("|")[2]) for row in (nothing, numpy, ours)]
    assert seconds == sorted(seconds) and seconds[0] > 0
