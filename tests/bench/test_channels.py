"""The comparison of maps of one channel and of three, on a small scene."""

from __future__ import annotations

from gainmap_bench.experiments.channels import CODINGS, channel_rows


def test_a_row_a_coding() -> None:
    header, line, *rows = channel_rows((), scene_size=(96, 64))
    assert header.count("|") == line.count("|") == 12 and set(line) <= set("| -")
    assert [row.split(" | ")[1] for row in rows] == [f"{container}, {bits} bits" for container, bits in CODINGS]
    for row in rows:
        one, _, _, three, _, _, taken, *_ = row.split(" | ")[2:]
        assert " (1 at 1/" in one and " (3 at 1/" in three and taken.endswith(")")
