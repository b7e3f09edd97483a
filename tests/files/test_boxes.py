"""Boxes of every form of size, and what is broken or too much."""

from __future__ import annotations

import struct

import pytest

from gainmap_codec.errors import FormatError, LimitError, Limits
from gainmap_codec.files.boxes import BoxFile, make_box, make_full_box

LIMITS = Limits()


def boxes(data: bytes, limits: Limits = LIMITS) -> list[bytes]:
    return [box.kind for box in BoxFile(data, limits).top_level()]


def test_boxes_of_all_size_forms() -> None:
    wide = struct.pack(">I4sQ", 1, b"wide", 20) + b"abcd"
    rest = bytes(4) + b"rest" + b"to the end"
    file = BoxFile(make_box(b"free", b"x") + wide + rest, LIMITS)
    found = file.top_level()
    assert [box.kind for box in found] == [b"free", b"wide", b"rest"]
    assert [file.data[box.body : box.stop] for box in found] == [b"x", b"abcd", b"to the end"]


def test_full_box_bytes() -> None:
    assert make_full_box(b"pitm", 1, 2, b"ab") == bytes.fromhex("0000000E 7069746D 01 000002 6162")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\0\0\0\x07free", "expected a box of 8 bytes or more, got 7"),
        (struct.pack(">I4sQ", 1, b"free", 15), "expected a box of 16 bytes or more, got 15"),
    ],
)
def test_boxes_smaller_than_their_header(data: bytes, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        boxes(data)


def test_a_last_box_that_is_cut_off_is_taken_as_far_as_it_goes() -> None:
    assert boxes(make_box(b"mdat", bytes(100))[:50]) == [b"mdat"]
    assert boxes(make_box(b"free") + b"\0\0") == [b"free"]


def test_a_child_may_not_leave_its_parent() -> None:
    file = BoxFile(make_box(b"meta", struct.pack(">I4s", 9, b"hdlr")), LIMITS)
    with pytest.raises(FormatError, match="box meta at byte 8: expected a box of at most 8 bytes, got 9"):
        file.children(file.top_level()[0])


def test_boxes_are_counted_over_all_levels() -> None:
    data = make_box(b"moov", make_box(b"free") * 3)
    file = BoxFile(data, Limits(boxes=3))
    with pytest.raises(LimitError, match="boxes: expected at most 3, got 4"):
        file.children(file.top_level()[0])
