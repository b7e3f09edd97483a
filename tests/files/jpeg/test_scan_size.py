"""Scans that are cut off although their picture has an end."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gainmap_codec.errors import Limits
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.scan_size import missing_scan_data
from gainmap_codec.files.jpeg.segments import parse_segments
from support.paths import FIXTURES

LIMITS = Limits()
CODES = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)


def coded(codes: np.ndarray[Any, Any] = CODES, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(codes).save(stream, "JPEG", **options)
    return stream.getvalue()


def cut(data: bytes, share: float) -> bytes:
    """The same with a part of its scan, closed by an end."""
    start = data.rindex(b"\xff\xda")
    return data[: start + 14 + round((len(data) - start) * share)] + b"\xff\xd9"


def problem(data: bytes) -> str | None:
    return missing_scan_data(parse_segments(data, LIMITS))


@pytest.mark.parametrize(("subsampling", "blocks"), [(0, 12 * 9 * 3), (1, 12 * 5 * 4), (2, 6 * 5 * 6)])
def test_less_than_any_picture_takes(subsampling: int, blocks: int) -> None:
    """The standard's tables have codes of 2 bits for DC, and of 2 bits for AC."""
    data = coded(subsampling=subsampling, optimize=False)
    assert problem(data) is None
    found = problem(cut(data, 0))
    assert found is not None and f"at least {-(-blocks * 4 // 8)} bytes" in found
    assert parse_jpeg(cut(data, 0), LIMITS).damage == (f"the base image is cut off: {found}",)


def test_pictures_of_one_colour_are_whole() -> None:
    for options in ({}, {"optimize": True}, {"progressive": True}, {"subsampling": 0, "optimize": True}):
        for codes in (np.full_like(CODES, 77), np.full_like(CODES[..., 0], 77)):
            assert problem(coded(codes, **options)) is None


def test_restart_markers_are_counted() -> None:
    data = coded(restart_marker_blocks=3)
    assert problem(data) is None
    assert problem(cut(data, 0.8)) is not None and "restart markers in the scan" in str(problem(cut(data, 0.8)))
    assert problem(cut(coded(), 0.8)) is None, "too little is missing to be seen"


def test_a_gain_map_is_judged_too() -> None:
    data = (FIXTURES / "jpeg/standard.jpg").read_bytes()
    file = parse_jpeg(data, LIMITS)
    assert file.gain_map is not None and file.damage == ()
    gain_map = file.gain_map.image.data
    big = gain_map.replace(gain_map[gain_map.index(b"\xff\xc0") + 5 :][:4], b"\x04\0\x04\0")
    damaged = parse_jpeg(data.removesuffix(gain_map) + big, LIMITS)
    assert damaged.damage[0].startswith("the gain map is cut off: expected a scan of at least ")


def test_broken_headers_are_nobodys_cut() -> None:
    data = coded()
    for marker in (b"\xff\xc4", b"\xff\xda", b"\xff\xc0"):
        start = data.index(marker) + 4
        for value in (0, 255):
            problem(data[:start] + bytes((value,)) * 9 + data[start + 9 :])
