from __future__ import annotations

import pytest

from gainmap_codec.errors import FormatError
from gainmap_codec.files.cursor import Reader, Writer, open_tiff


def test_reads_what_the_writer_wrote() -> None:
    writer = Writer("test")
    writer.u8(0x12)
    writer.u16(0x3456)
    writer.u32(0x789ABCDE)
    writer.s32(-2)
    writer.raw(b"end")
    data = writer.getvalue()
    assert data == bytes.fromhex("12 3456 789ABCDE FFFFFFFE") + b"end"
    reader = Reader(data, "test")
    assert (reader.u8(), reader.u16(), reader.u32(), reader.s32()) == (0x12, 0x3456, 0x789ABCDE, -2)
    assert reader.take(3) == b"end"
    assert reader.remaining == 0


def test_little_endian() -> None:
    assert Reader(b"\x01\x02\x03\x04", "test", byte_order="little").u32() == 0x04030201


def test_reading_past_the_end_names_place_and_sizes() -> None:
    reader = Reader(bytes(6), "Box[tmap]", position=4)
    with pytest.raises(FormatError, match=r"Box\[tmap\] at byte 4: expected 4 bytes, got 2") as caught:
        reader.u32()
    assert (caught.value.where, caught.value.offset) == ("Box[tmap]", 4)
    assert reader.position == 4


@pytest.mark.parametrize("position", [-1, 5, 2**40])
def test_positions_outside_the_data_read_nothing(position: int) -> None:
    reader = Reader(b"abcd", "test", position=position)
    assert reader.remaining == 0
    with pytest.raises(FormatError, match="got 0"):
        reader.u8()


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(FormatError, match="expected -8 bytes"):
        Reader(b"abcd", "test").take(-8)


@pytest.mark.parametrize(("method", "value"), [("u8", 256), ("u16", -1), ("u32", 2**32), ("s32", 2**31)])
def test_writer_refuses_what_does_not_fit(method: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"blob: expected a number of .* bytes, got {value}"):
        getattr(Writer("blob"), method)(value)


@pytest.mark.parametrize(("data", "order"), [(b"MM\0*\0\0\0\x08", "big"), (b"II*\0\x08\0\0\0", "little")])
def test_open_tiff_in_both_orders(data: bytes, order: str) -> None:
    reader = open_tiff(data, "test")
    assert (reader.byte_order, reader.position) == (order, 8)


@pytest.mark.parametrize("data", [b"", b"MM\0*\0\0", b"MM*\0\0\0\0\x08", b"XX\0*\0\0\0\x08"])
def test_open_tiff_refuses_other_headers(data: bytes) -> None:
    with pytest.raises(FormatError, match="test"):
        open_tiff(data, "test")
