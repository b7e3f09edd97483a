"""Resizing measured: a row for each photo and factor, of three networks on one base."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import gainmap_codec as gm
from gainmap_bench.__main__ import bench
from gainmap_codec.pixels.scene import render_scene


@pytest.mark.parametrize("options", [["--side", "48", "--by", "2"], ["--by", "2", "--by", "4", "--carry", "both"]])
def test_a_row_for_each_factor(options: list[str], tmp_path: Path, short_fits: None) -> None:
    photo = tmp_path / "scene.jpg"
    photo.write_bytes(gm.encode(render_scene(96, 64), carry="standard"))
    found = CliRunner().invoke(bench, ["resizing", str(photo), *options], catch_exceptions=False)
    rows = [line.split(" | ") for line in found.stdout.splitlines()[2:]]
    assert len(rows) == options.count("--by")
    for row in rows:
        old, written, new, difference = map(float, row[4:8])
        assert written - new == pytest.approx(difference, abs=0.011)
        assert written >= old - 0.01, "what is written is never worse than the old network"
    assert rows[0][1] == ("48 × 32" if "--side" in options else "96 × 64")
