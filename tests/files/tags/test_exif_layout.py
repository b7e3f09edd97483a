"""EXIF that a JPEG has no room for, or that stands among a picture's own tags; read back by piexif."""

from __future__ import annotations

import piexif
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.errors import FormatError
from gainmap_codec.files.jpeg.metadata import MAX_EXIF_BYTES
from gainmap_codec.files.tags.exif import maker_note, orientation
from gainmap_codec.files.tags.exif_layout import exif_of_picture, fitted_exif
from support.long_exif import GPS, exif

APPLE = b"Apple iOS\0\0\1MM" + bytes(80)


def check(data: bytes, note: bytes = b"") -> None:
    found = piexif.load(b"Exif\0\0" + data)
    assert found["0th"][piexif.ImageIFD.Make] == b"a camera of some make"
    assert found["0th"][piexif.ImageIFD.Orientation] == 6
    assert found["Exif"][piexif.ExifIFD.FNumber] == (28, 10)
    assert found["Exif"].get(piexif.ExifIFD.MakerNote, b"") == note
    assert found["GPS"] | {0: None} == GPS | {0: None}
    assert found["Interop"][piexif.InteropIFD.InteroperabilityIndex] == b"R98"
    assert found["thumbnail"] is None


def test_what_fits_stays_byte_for_byte() -> None:
    data, notes = exif(b"note", 8), list[str]()
    assert fitted_exif(data, len(data), notes) is data
    assert notes == []


def test_the_thumbnail_goes_first_and_nothing_moves() -> None:
    data, notes = exif(b"a note of its maker", 192_000), list[str]()
    shorter = fitted_exif(data, MAX_EXIF_BYTES, notes)
    assert len(shorter) < 1000
    check(shorter, b"a note of its maker")
    assert shorter.index(b"a note of its") == data.index(b"a note of its")
    assert notes == [f"EXIF of {len(data)} bytes does not fit a JPEG: it is written without its thumbnail"]


@pytest.mark.parametrize("small", [0, 100])
def test_then_the_maker_note(small: int) -> None:
    data, notes = exif(bytes(range(256)) * 750, small), list[str]()
    check(fitted_exif(data, MAX_EXIF_BYTES, notes))
    assert notes == [f"EXIF of {len(data)} bytes does not fit a JPEG: it is written without thumbnail and maker note"]


def test_apples_note_may_move_and_stays() -> None:
    data = exif(APPLE, 10)
    data += bytes(MAX_EXIF_BYTES)
    place = data.index(b"R98")
    far = data[:place] + data[place:].replace(b"R98", b"R97", 1)
    shorter = fitted_exif(far, 600, [])
    assert maker_note(shorter) == APPLE


def test_then_long_values() -> None:
    data, notes = exif(b"note", comment=bytes(70_000)), list[str]()
    shorter = fitted_exif(data, MAX_EXIF_BYTES, notes)
    check(shorter)
    assert piexif.ExifIFD.UserComment not in piexif.load(b"Exif\0\0" + shorter)["Exif"]
    how = "without thumbnail, maker note and long values"
    assert notes == [f"EXIF of {len(data)} bytes does not fit a JPEG: it is written {how}"]


def test_then_all_but_the_orientation() -> None:
    data, notes = exif(b"note", comment=bytes(70_000)), list[str]()
    place = data.index((0x8769).to_bytes(2, "big")) + 8
    data = data[:place] + b"\0\7\0\0" + data[place + 4 :]
    shorter = fitted_exif(data, MAX_EXIF_BYTES, notes)
    assert (len(shorter), orientation(shorter)) == (26, 6)
    assert notes == [f"EXIF of {len(data)} bytes does not fit a JPEG: only its orientation is written"]


@given(st.data())
def test_damaged_structures_become_short_too(data: st.DataObject) -> None:
    whole = bytearray(exif(b"x" * 300, 200, b"y" * 200))
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(8, len(whole) - 1))] = data.draw(st.integers(0, 255))
    most = data.draw(st.integers(26, len(whole)))
    assert len(fitted_exif(bytes(whole), most, [])) <= most


# Among a picture's own tags


def test_what_describes_a_picture_is_taken_out_of_its_tags() -> None:
    """As in a TIFF: its size, its pixels and how it is turned stay behind."""
    notes = list[str]()
    taken = exif_of_picture(exif(APPLE, comment=b"a comment"), notes)
    assert taken is not None and notes == []
    found = piexif.load(b"Exif\0\0" + taken)
    assert set(found["0th"]) == {piexif.ImageIFD.Make, piexif.ImageIFD.ExifTag, piexif.ImageIFD.GPSTag}
    assert found["Exif"][piexif.ExifIFD.UserComment] == b"a comment"
    assert found["Exif"][piexif.ExifIFD.MakerNote] == APPLE
    assert found["GPS"] | {0: None} == GPS | {0: None}


def test_a_maker_note_that_cannot_move_is_told() -> None:
    notes = list[str]()
    taken = exif_of_picture(exif(b"a note of its maker"), notes)
    assert taken is not None and maker_note(taken) is None
    assert notes == ["the maker note in EXIF is not kept: its offsets count from the beginning of the old file"]


def test_a_picture_that_nothing_describes_has_no_exif() -> None:
    assert exif_of_picture(piexif.dump({"0th": {piexif.ImageIFD.ImageWidth: 24}})[6:], []) is None


@given(st.data())
def test_damaged_pictures_have_what_is_left(data: st.DataObject) -> None:
    whole = bytearray(exif(b"x" * 300, 200, b"y" * 200))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        taken = exif_of_picture(bytes(whole), [])
    except FormatError:
        return
    assert taken is None or len(taken) <= 4 * len(whole)
