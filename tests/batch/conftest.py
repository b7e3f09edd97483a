"""Folders of photos."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.batches import make_many, make_photos, make_shots


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """See `make_photos`."""
    return make_photos(tmp_path / "photos")


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """See `make_shots`."""
    return make_shots(tmp_path / "shots")


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """See `make_many`."""
    return make_many(tmp_path / "many")
