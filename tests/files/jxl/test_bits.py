"""Bits of codestreams: fields of all forms, and no step beyond the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.errors import FormatError
from gainmap_codec.files.jxl.bits import BitReader, Choices, Range, in_bits, in_bytes, in_enum, in_u32, in_u64

CHOICES: Choices = (Range(0), Range(7), Range(1, 4), Range(17, 10))


def reader_of(*fields: str) -> BitReader:
    return BitReader(in_bytes("".join(fields)), "a header")


def test_lowest_bit_comes_first() -> None:
    reader = BitReader(b"\x35\x80", "a header")
    assert [reader.bits(count) for count in (1, 3, 4, 7, 1)] == [1, 2, 3, 0, 1]


def test_fields_by_hand() -> None:
    reader = reader_of("00", "10", "01" + "1100", "11" + in_bits(1000, 10), "10", "01" + "0000", "11" + in_bits(3, 6))
    assert [reader.u32(CHOICES) for _ in range(4)] == [0, 7, 4, 1017]
    assert [reader.enum() for _ in range(3)] == [1, 2, 21]
    reader = reader_of(
        "00", "10" + in_bits(3, 4), "01" + in_bits(3, 8), "11" + in_bits(5, 12) + "1" + in_bits(1, 8) + "0"
    )
    assert [reader.u64() for _ in range(4)] == [0, 4, 20, 4101]


@given(st.integers(0, (1 << 20) - 1))
def test_numbers_come_back(value: int) -> None:
    assert reader_of(in_u64(value)).u64() == value
    if value <= 1040:
        assert reader_of(in_u32(value, CHOICES)).u32(CHOICES) == value
    if value <= 81:
        assert reader_of(in_enum(value)).enum() == value


def test_u64_of_64_bits() -> None:
    bits = "11" + in_bits(4095, 12) + 6 * ("1" + in_bits(255, 8)) + "1" + in_bits(15, 4)
    assert reader_of(bits).u64() == (1 << 64) - 1


def test_numbers_without_a_place_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a number that .* hold, got 2000"):
        in_u32(2000, CHOICES)


def test_end_and_whole_bytes() -> None:
    reader = BitReader(b"\x01\x02", "a header")
    with pytest.raises(FormatError, match="a header: expected a whole header, got one that is cut off"):
        reader.bits(1 << 70)
    reader.bits(1)
    assert reader.to_byte() == 1 and reader.to_byte() == 1
    reader.bits(1)
    with pytest.raises(FormatError, match="a header at byte 1: expected zeros up to the next byte"):
        reader.to_byte()
    assert reader.peek(20) == 0 and reader.since(8) == "01000000"
