"""Fixtures that many tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Fits in tests are small: threads gain them nothing, and on a busy machine they wait for one another, a hundred times
# longer than the work takes. OpenMP reads this when torch is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real files that GAINMAP_DATA names; tests that need it are skipped without it."""
    name = os.environ.get("GAINMAP_DATA")
    if not name:
        pytest.skip("GAINMAP_DATA is not set")
    folder = Path(name)
    if not folder.is_dir():
        pytest.skip(f"GAINMAP_DATA names no folder: {name}")
    return folder
