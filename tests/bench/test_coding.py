"""Coders of AVIF, HEIC and JPEG XL are compared with those of other libraries."""

from __future__ import annotations

import numpy as np

from gainmap_bench.speed.coding import coding_rows
from gainmap_codec.pixels.scene import render_scene


def test_a_row_for_each_coder() -> None:
    codes = (render_scene(width=192, height=128) ** (1 / 2.2) * 255).clip(0, 255).astype(np.uint8)
    _, _, *rows = coding_rows(codes, 1, (5, 10))
    found = [row.strip("| ").split(" | ") for row in rows]
    assert [row[0] for row in found] == [
        *("av1, as Pillow does", "av1, speed 5", "av1, speed 10"),
        *("hevc, as pillow-heif does", "hevc, speed 5", "hevc, speed 10"),
        *("jxl, as imagecodecs does", "jxl, speed 5", "jxl, speed 10"),
    ]
    assert [row[2] for row in found[::3]] == ["1.00", "1.00", "1.00"]
    assert all(30 < float(row[6]) < 60 and float(row[5]) < 2 for row in found)
