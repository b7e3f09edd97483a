import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.files.tags.exif import orientation


def exif(order: str, *entries: tuple[int, int, int, int], ifd: int = 8) -> bytes:
    header = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", ifd)
    body = b"".join(struct.pack(order + "HHIHH", tag, kind, count, value, 0) for tag, kind, count, value in entries)
    return header + struct.pack(order + "H", len(entries)) + body + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(1, 9))
def test_orientation_in_both_byte_orders(order: str, value: int) -> None:
    assert orientation(exif(order, (0x010F, 2, 1, 0), (0x0112, 3, 1, value))) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MM\0*",
        b"PNG\0\0\0\0\x08",
        exif(">", (0x0112, 3, 1, 0)),
        exif(">", (0x0112, 3, 1, 9)),
        exif(">", (0x0112, 4, 1, 6)),
        exif(">", (0x0112, 3, 0xFFFFFFFF, 6)),
        exif(">", (0x0110, 3, 1, 6)),
        exif("<", (0x0112, 3, 1, 6), ifd=0xFFFFFFF0),
        exif("<", (0x0112, 3, 1, 6))[:-8],
    ],
)
def test_one_where_absent_out_of_range_or_broken(data: bytes) -> None:
    assert orientation(data) == 1


@given(st.binary(max_size=80))
def test_never_raises(data: bytes) -> None:
    assert 1 <= orientation(b"MM\0*" + data) <= 8
