"""Photoshop's blocks without places."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import FormatError
from gainmap_codec.files.geotags.photoshop import iptc_without_geotags, without_geotags
from support.geotag_files import CITY, IPTC, data_set, resource


def test_names_of_places_leave_iptc_data_and_the_rest_stays() -> None:
    assert iptc_without_geotags(IPTC) == data_set(116, "mine")
    assert iptc_without_geotags(data_set(116, CITY)) == data_set(116, CITY)


def test_data_sets_of_extended_size() -> None:
    extended = bytes((0x1C, 2, 90, 0x80, 4)) + (3).to_bytes(4, "big") + b"Ulm"
    assert iptc_without_geotags(extended + data_set(5, "a title")) == data_set(5, "a title")


def test_a_damaged_block_goes_with_a_line() -> None:
    notes: list[str] = []
    blocks = resource(0x0404, b"\x1c\x02\x5a\x7f\xff") + resource(0x03ED, bytes(16))
    assert without_geotags(blocks, bytes, notes) == resource(0x03ED, bytes(16))
    assert len(notes) == 1 and "a block is left out: damaged" in notes[0]


def test_blocks_without_geotags_come_back_as_they_are() -> None:
    blocks = resource(0x0404, data_set(116, "mine")) + resource(0x03ED, bytes(15)) + bytes(3)
    assert without_geotags(blocks, bytes, []) is blocks


def test_what_is_no_block_is_refused() -> None:
    with pytest.raises(FormatError):
        without_geotags(b"8BIM\x04\x04\0\0\0\0\1\0", bytes, [])
