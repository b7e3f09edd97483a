"""The signs by which other programs find a JPEG's gain map; tests/readers has what Chromium does without each."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.jpeg.metadata import ISO_ID, XMP_ID
from gainmap_codec.files.jpeg.mpf import MPF_ID
from gainmap_codec.files.jpeg.segments import APP1, APP2
from gainmap_codec.files.jpeg.signs import Signs, signs_of
from support.jpeg_files import without_segments
from support.paths import FIXTURES

DATA = (FIXTURES / "jpeg/standard.jpg").read_bytes()


def signs(data: bytes) -> Signs:
    file = parse_file(data, "it", Limits())
    assert file.gain_map is not None
    return signs_of(file, file.gain_map)


def test_our_files_have_them_all() -> None:
    assert signs(DATA) == Signs(mpf=True, iso=True, xmp=True, attributes=True)


@pytest.mark.parametrize(
    ("marker", "prefix", "missing"),
    [(APP2, MPF_ID, "mpf"), (APP2, ISO_ID, "iso"), (APP1, XMP_ID, "xmp")],
)
def test_each_is_missed(marker: int, prefix: bytes, missing: str) -> None:
    assert signs(without_segments(DATA, marker, prefix)) == Signs(True, True, True, True)._replace(**{missing: False})


def test_numbers_that_are_no_attributes_are_missed() -> None:
    assert not signs(DATA.replace(b"hdrgm:HDRCapacityMax=", b"hdrgm:HDRCapacityTop=")).attributes
