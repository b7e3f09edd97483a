"""Where items are, in every version of iloc."""

from __future__ import annotations

import struct

import pytest

from gainmap_codec.errors import FormatError, Limits, UnsupportedError
from gainmap_codec.files.boxes import BoxFile, make_box, make_full_box
from gainmap_codec.files.heif.items import item_data
from gainmap_codec.files.heif.meta import parse_meta

LIMITS = Limits()


def iloc_file(version: int, sizes: int, entry: bytes, idat: bytes = b"") -> BoxFile:
    """A file whose item 1 lies where an entry of iloc says."""
    count = (1).to_bytes(4 if version == 2 else 2, "big")
    meta = make_full_box(
        b"meta",
        0,
        0,
        make_full_box(b"pitm", 0, 0, b"\0\1"),
        make_full_box(b"iinf", 0, 0, b"\0\0"),
        make_full_box(b"iloc", version, 0, sizes.to_bytes(2, "big"), count, entry),
        make_box(b"idat", idat),
    )
    return BoxFile(meta + make_box(b"mdat", b"0123456789"), LIMITS)


@pytest.mark.parametrize(
    ("version", "sizes", "entry", "found"),
    [
        (0, 0x4400, ">HHH II", (1, 0, 1, -10, 4)),
        (1, 0x4400, ">HHHH II", (1, 0, 0, 1, -10, 4)),
        (1, 0x4444, ">HHHI HIII", (1, 0, 0, -8, 1, 0, 2, 2)),
        (2, 0x8800, ">IHHH QQ", (1, 0, 0, 1, -10, 4)),
        (2, 0x4088, ">IHHQH QI", (1, 0, 0, -8, 1, 7, 2)),
        (1, 0x4400, ">HHHH II", (1, 1, 0, 1, 2, 3)),
    ],
)
def test_places_in_every_version_of_iloc(version: int, sizes: int, entry: str, found: tuple[int, ...]) -> None:
    """Negative numbers stand for offsets from the file's end."""
    layout = entry.replace(" ", "")
    size = struct.calcsize(layout)
    file = iloc_file(version, sizes, bytes(size), b"abcdefgh")
    end = len(file.data)
    numbers = [value + end if value < 0 else value for value in found]
    if sizes == 0x4444:  # base, then index, offset, length
        layout, numbers = ">HHHIHIII", [1, 0, 0, end - 10, 1, 5, 0, 4]
    if sizes == 0x4088:  # no length field: up to the end
        layout, numbers = ">IHHQHQI", [1, 0, 0, end - 6, 1, 7, 2]
    file = iloc_file(version, sizes, struct.pack(layout, *numbers), b"abcdefgh")
    parsed = parse_meta(file, file.top_level()[0])
    wanted = {0x4088: b"6789"}.get(sizes, b"cde" if numbers[1] == 1 else b"0123")
    assert item_data(file, parsed, 1) == wanted


def test_items_without_a_place_in_this_file() -> None:
    for method in (1, 2):
        file = iloc_file(1, 0x4400, struct.pack(">HHHHII", 1, method, 0, 1, 100, 4))
        meta = parse_meta(file, file.top_level()[0])
        with pytest.raises(FormatError, match="expected a place of item 1 in the file, got"):
            item_data(file, meta, 1)


def test_versions_that_are_not_known() -> None:
    file = iloc_file(3, 0x4400, b"")
    with pytest.raises(UnsupportedError, match="box iloc: expected version 0 or 1 or 2, got 3"):
        parse_meta(file, file.top_level()[0])


def test_overlapping_extents_do_not_multiply_the_file() -> None:
    extents = struct.pack(">II", 0, 100) * 50
    file = iloc_file(1, 0x4400, struct.pack(">HHHH", 1, 0, 0, 50) + extents)
    meta = parse_meta(file, file.top_level()[0])
    with pytest.raises(FormatError, match="item 1: expected at most"):
        item_data(file, meta, 1)
