"""Records: numbers as stored, and a picture's structure that is found once and compared by nobody."""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.files.records import CodedImage, Fraction

PICTURE = CodedImage(b"coded", 4, 2, 3)


def test_fractions_stay_as_they_are_stored() -> None:
    assert float(Fraction(2, 4)) == 0.5
    assert Fraction(2, 4) != Fraction(1, 2)


def test_a_structure_is_found_once_and_follows_the_data() -> None:
    asked: list[bytes] = []

    def parse(data: bytes) -> int:
        asked.append(data)
        return len(data)

    picture = replace(PICTURE)
    assert (picture.structure(parse), picture.structure(parse)) == (5, 5)
    assert replace(picture, icc_profile=b"x").structure(parse) == 5
    assert asked == [b"coded"]
    assert replace(picture, data=b"coded anew").structure(parse) == 10
    assert asked == [b"coded", b"coded anew"]


def test_a_structure_is_neither_compared_nor_shown() -> None:
    picture = replace(PICTURE)
    picture.structure(len)
    assert picture == PICTURE and hash(picture) == hash(PICTURE) and repr(picture) == repr(PICTURE)
