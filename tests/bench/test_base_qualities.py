"""Qualities of base pictures are compared in bytes, PSNR and a measure that is another package's."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import numpy as np
import pytest
from PIL import Image

from gainmap_bench.experiments.base_qualities import quality_rows
from support import pipeline_files as files


def stand_in(original: IO[bytes], distorted: IO[bytes]) -> float:
    """100 less the mean difference of code values."""
    first, second = (np.asarray(Image.open(each), float) for each in (original, distorted))
    return 100 - float(np.abs(first - second).mean())


def test_a_row_for_each_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ssimulacra2", SimpleNamespace(compute_ssimulacra2=stand_in))
    photos = [tmp_path / "upright.jpg", tmp_path / "turned.jpg"]
    for photo, orientation in zip(photos, (1, 6), strict=True):
        photo.write_bytes(files.made(orientation=orientation))
    _, _, *rows = quality_rows(photos, (("jpeg", 50, 8), ("jpeg", 95, 8), ("avif", 90, 10)), side=24)
    names, kilobytes, psnr, score, lowest, _ = zip(*(row.strip("| ").split(" | ") for row in rows), strict=True)
    assert names == ("jpeg 50, 8 bits", "jpeg 95, 8 bits", "avif 90, 10 bits")
    assert int(kilobytes[0]) <= int(kilobytes[1]) and float(psnr[0]) + 5 < float(psnr[1])
    assert float(score[0]) < float(score[1]) and all(map(float.__le__, map(float, lowest), map(float, score)))
