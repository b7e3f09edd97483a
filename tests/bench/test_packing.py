"""The table of what packing saves."""

from __future__ import annotations

from pathlib import Path

from gainmap_bench.experiments.packing import packing_rows
from support.container_files import parsed, photo


def test_sizes_of_a_photo_and_their_sum(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo("jpeg"))
    *_, one, both = packing_rows([path])
    gain_map = parsed(photo("jpeg")).gain_map
    assert gain_map is not None
    assert f"| {len(photo('jpeg')):,} |" in one
    assert one.replace("photo.jpg", "all") == both
