"""EXIF without places: by every reader's account, and by its bytes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.errors import FormatError
from gainmap_codec.files.geotags.exif import without_geotags
from gainmap_codec.files.geotags.jpeg import clean_jpeg
from gainmap_codec.files.tags.exif import orientation
from support import geotag_files
from support import pipeline_files as files
from support.exif_readers import pillow, thumbnail

ORIENTATION_6 = bytes.fromhex("4D4D002A 00000008 0001 0112 0003 00000001 0006 0000 00000000")


def cleaned(exif: bytes) -> bytes:
    return without_geotags(exif, clean_jpeg, [])


def test_gps_goes_and_nothing_else() -> None:
    old = files.gps_exif(6)
    new = cleaned(old)
    assert len(new) == len(old)
    assert files.LATITUDE in old and files.LATITUDE not in new
    before, after = pillow(old), pillow(new)
    assert before.get_ifd(0x8825) != {} and 0x8825 not in after
    assert after.get_ifd(0x8769) == before.get_ifd(0x8769)
    assert (orientation(new), thumbnail(new)) == (6, b"\xff\xd8THUM\xff\xd9")
    assert cleaned(new) == new
    assert cleaned(ORIENTATION_6) == ORIENTATION_6


def test_a_gps_pointer_to_its_own_directory() -> None:
    looped = files.gps_exif(6)
    place = looped.index(b"\x25\x88") + 8
    new = cleaned(looped[:place] + bytes((8, 0, 0, 0)) + looped[place + 4 :])
    assert orientation(new) == 6


@given(st.integers(0, 175), st.binary(min_size=1, max_size=8), st.integers(0, 176))
def test_whatever_the_bytes(place: int, new: bytes, cut: int) -> None:
    exif = (files.gps_exif(1)[:place] + new + files.gps_exif(1)[place + len(new) :])[: cut or None]
    with suppress(FormatError):
        assert len(cleaned(exif)) == len(exif)


@pytest.mark.parametrize("name", geotag_files.EXIFS)
def test_every_layout(name: str) -> None:
    exif = geotag_files.EXIFS[name]()
    new = cleaned(exif)
    assert len(new) == len(exif) and not geotag_files.marks_in(new)
    assert orientation(new) == orientation(exif)
    assert cleaned(new) == new


def test_what_goes_as_a_whole_is_told() -> None:
    notes: list[str] = []
    without_geotags(geotag_files.EXIFS["a maker's note"](), clean_jpeg, notes)
    assert notes == ["EXIF: the maker note, which may name the place, is left out"]


def test_a_place_that_is_cut_off_is_refused() -> None:
    exif = geotag_files.EXIFS["plain"]()
    with pytest.raises(FormatError):
        cleaned(exif[:60])


def test_overlapping_directories_take_no_time() -> None:
    pointers = [(0x014A, geotag_files.LONG, b"".join((8 + 2 * n).to_bytes(4, "big") for n in range(16)))] * 1000
    with pytest.raises(FormatError):
        cleaned(geotag_files.tiff(pointers))
