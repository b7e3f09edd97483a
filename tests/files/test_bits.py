"""Numbers bit by bit."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import FormatError
from gainmap_codec.files.bits import BitReader, BitWriter


def test_the_most_significant_bit_comes_first() -> None:
    writer = BitWriter()
    for number, count in ((0, 1), (5, 3), (0, 0), (0x123, 9), (1, 1)):
        writer.put(number, count)
    writer.put_bytes(b"\x80\x01")
    writer.align()
    assert writer.getvalue() == bytes((0b0_101_1001, 0b00011_1_10, 0b00000000, 0b000001_00))


def test_what_is_written_is_read() -> None:
    reader = BitReader(bytes((0xFF, 0b0_101_1001, 0b00011_1_10, 0b00000000, 0b000001_00)) + b"rest", "here", position=8)
    assert [reader.take(count) for count in (1, 3, 0, 9, 1)] == [0, 5, 0, 0x123, 1]
    assert reader.take_bytes(2) == b"\x80\x01"
    reader.align()
    assert reader.rest() == b"rest"


def test_a_reader_does_not_leave_its_data() -> None:
    reader = BitReader(b"\xff\x0f", "here")
    assert reader.take(12) == 0xFF0
    with pytest.raises(FormatError, match="here at byte 1: expected 5 bits, got 4"):
        reader.take(5)
    assert reader.take(4) == 15 and reader.rest() == b""


def test_bits_that_fill_the_last_byte_are_zeros() -> None:
    reader = BitReader(b"\x08", "here")
    reader.take(4)
    with pytest.raises(FormatError, match="here at byte 0: expected zeros up to the next byte"):
        reader.align()


@pytest.mark.parametrize(("number", "count"), [(4, 2), (-1, 8), (1, 0)])
def test_a_number_keeps_to_its_bits(number: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"expected a number of {count} bits, got {number}"):
        BitWriter().put(number, count)
