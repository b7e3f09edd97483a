"""Metadata made fit for another container, or for other eyes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gainmap_codec.edit.metadata import for_container
from gainmap_codec.edit.report import Notes
from gainmap_codec.errors import Limits, UnsupportedError
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import parse_file
from gainmap_codec.pixels.color.code_points import color_of
from support.paths import FIXTURES

CODES = np.zeros((2, 2, 3), np.uint8)


def test_a_colour_by_code_points_becomes_a_profile_in_jpeg() -> None:
    file = parse_file((FIXTURES / "heif/tmap.avif").read_bytes(), "a", Limits())
    file = replace(file, base=replace(file.base, icc_profile=None, nclx=Nclx(12, 13, 6, True)))
    new, _ = for_container(file, "jpeg", CODES, color_of(file.base), Notes())
    assert new.base.nclx is None and new.base.icc_profile is not None and new.heif_extras is None


def test_primaries_that_no_profile_of_ours_has_are_refused() -> None:
    file = parse_file((FIXTURES / "heif/tmap.avif").read_bytes(), "a", Limits())
    file = replace(file, base=replace(file.base, icc_profile=None, nclx=Nclx(22, 13, 6, True)))
    with pytest.raises(UnsupportedError, match="expected a base of srgb"):
        for_container(file, "jpeg", CODES, color_of(file.base), Notes())
