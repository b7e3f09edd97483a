"""The iprp box: properties that come back, and associations that name none."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.boxes import BoxFile, LinkBudget, make_box, make_full_box
from gainmap_codec.files.heif.items import Item, Property
from gainmap_codec.files.heif.properties import parse_properties, serialize_properties

SIZE, TURN = Property(b"ispe", bytes(12)), Property(b"irot", b"\1", essential=True)
ITEMS = (Item(1, b"av01", properties=(SIZE, TURN)), Item(2, b"av01", properties=(SIZE,)))


def parsed(data: bytes) -> dict[int, Item]:
    file = BoxFile(data, Limits())
    bare = {number: Item(number, b"av01") for number in (1, 2)}
    return parse_properties(file, file.top_level()[0], bare, LinkBudget(file))


def iprp(associations: bytes, *, stores: int = 1, flags: int = 0) -> bytes:
    store = make_box(b"ipco", make_box(b"irot", b"\1"))
    return make_box(b"iprp", store * stores, make_full_box(b"ipma", 0, flags, associations))


def test_properties_come_back_and_equal_ones_are_stored_once() -> None:
    data = serialize_properties(ITEMS)
    assert tuple(parsed(data).values()) == ITEMS
    assert data.count(b"ispe") == 1


def test_narrow_associations_and_number_0_for_none() -> None:
    found = parsed(iprp(bytes.fromhex("00000001 0001 02 81 00")))
    assert found[1].properties == (TURN,)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (iprp(bytes.fromhex("00000001 0001 01 02")), "box ipma: expected a property of 1 to 1, got 2"),
        (iprp(bytes.fromhex("00000002 0001 00 0001 00")), "box ipma: expected each item once, got item 1 twice"),
        (iprp(bytes(4), stores=2), "box iprp: expected one box ipco, got 2"),
        (iprp(bytes.fromhex("00000001 0001 01")), "expected 1 bytes, got 0"),
    ],
)
def test_broken_associations(data: bytes, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        parsed(data)
