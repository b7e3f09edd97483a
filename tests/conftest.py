"""Fixtures that many tests share."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes depends on what else the machine does.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

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


@pytest.fixture(scope="module")
def short_fits() -> Iterator[None]:
    """Fits of a second, of every preset, for tests of what becomes of a payload."""
    from support.short_fits import SHIPPED, shortened  # here, for it loads torch

    short = shortened({"steps": 150, "batch": 4096}, probe_steps=10, steps=100, rounds=1, refine_steps=50)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SHIPPED, short)
        yield


@pytest.fixture
def quiet() -> Iterator[None]:
    """Losses are looked for where they are the matter; elsewhere they do not end a test."""
    import gainmap_codec as gm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.GainMapWarning)
        yield
