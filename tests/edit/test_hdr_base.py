"""An HDR base and its SDR alternate change places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gainmap_codec.codec.opening import open_file
from gainmap_codec.codec.rendering import STORED, render
from gainmap_codec.edit.hdr_base import with_sdr_base
from gainmap_codec.edit.report import Notes
from gainmap_codec.errors import Limits, UnsupportedError
from gainmap_codec.files.records import GainMapMetadata
from gainmap_codec.pixels.color.code_points import is_hdr
from support.paths import FIXTURES


def test_the_maps_headrooms_change_places() -> None:
    opened = open_file((FIXTURES / "heif/tmap-hdr-base.avif").read_bytes(), "a", Limits())
    notes = Notes()
    new = with_sdr_base(opened, None, 95, notes)
    old_map, new_map = opened.file.gain_map, new.file.gain_map
    assert old_map is not None and new_map is not None
    assert isinstance(old_map.metadata, GainMapMetadata) and isinstance(new_map.metadata, GainMapMetadata)
    assert is_hdr(opened.file.base) and not is_hdr(new.file.base)
    assert new_map.metadata.base_hdr_headroom == old_map.metadata.alternate_hdr_headroom
    assert new_map.metadata.alternate_hdr_headroom == old_map.metadata.base_hdr_headroom
    assert any("changed places" in line or "exchanged" in line for line in notes.done)


def test_the_new_base_is_the_old_alternate() -> None:
    opened = open_file((FIXTURES / "heif/tmap-hdr-base.avif").read_bytes(), "a", Limits())
    new = with_sdr_base(opened, 100, 95, Notes())
    stored = opened.file.gain_map
    assert stored is not None and isinstance(stored.metadata, GainMapMetadata)
    sdr = render(opened, "standard", replace(STORED, headroom=float(stored.metadata.alternate_hdr_headroom)))
    base = render(new, "base", STORED)
    assert np.abs(base - np.clip(sdr, 0, 1)).mean() < 0.02


def test_without_a_map_down_to_sdr_there_is_none() -> None:
    opened = open_file((FIXTURES / "heif/tmap.avif").read_bytes(), "a", Limits())
    with pytest.raises(UnsupportedError, match="expected an SDR base"):
        with_sdr_base(opened, None, 95, Notes())
