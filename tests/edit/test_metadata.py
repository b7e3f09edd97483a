"""Metadata made fit for another container, or for other eyes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gainmap_codec.edit.metadata import for_container, stripped_of_gps
from gainmap_codec.edit.report import Notes
from gainmap_codec.errors import Limits, UnsupportedError
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import parse_file
from gainmap_codec.pixels.color.code_points import color_of
from support import pipeline_files as files
from support.paths import FIXTURES

CODES = np.zeros((2, 2, 3), np.uint8)


def test_the_place_goes_and_the_rest_stays() -> None:
    notes = Notes()
    file = parse_file(files.both(), "both", Limits())
    file = replace(file, exif=files.gps_exif())
    stripped = stripped_of_gps(file, notes)
    assert stripped.exif is not None and files.LATITUDE not in stripped.exif and files.LATITUDE in files.gps_exif()
    assert "GPS: removed" in notes.done
    assert stripped_of_gps(stripped, notes).exif == stripped.exif


def test_damaged_exif_goes_as_a_whole() -> None:
    notes = Notes()
    file = replace(parse_file((FIXTURES / "jpeg/standard.jpg").read_bytes(), "a", Limits()), exif=b"MM\0*broken")
    stripped_of_gps(file, notes)
    assert any(line.startswith("EXIF is left out") for line in notes.lost)


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
