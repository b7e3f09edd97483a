"""Bits of headers: numbers of fixed and of varying width, and no step beyond the end."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import FormatError
from gainmap_codec.files.heif.bits import Bits
from support.codestreams import packed


def test_numbers_come_back() -> None:
    fields = [(5, 3), (0, 0), (1, 0), (300, 0), (1 << 31, 32), ((1 << 31) - 2, 0), (0, 1)]
    bits = Bits(packed(fields), "a header")
    assert [bits.take(width) if width else bits.golomb() for _, width in fields] == [value for value, _ in fields]


def test_numbers_without_end_are_refused() -> None:
    with pytest.raises(FormatError, match="a header: expected a number of at most 32 bits, got a longer one"):
        Bits(bytes(1000), "a header").golomb()
    for data, read in ((b"", Bits.golomb), (b"\0", Bits.golomb), (b"\xff", lambda bits: bits.take(9))):
        with pytest.raises(FormatError, match=r"a header at byte \d: expected \d bits, got \d"):
            read(Bits(data, "a header"))


def test_counts_have_a_limit() -> None:
    assert Bits(packed([(16, 0)]), "a header").at_most(16) == 16
    with pytest.raises(FormatError, match="a header: expected a number up to 16, got 17"):
        Bits(packed([(17, 0)]), "a header").at_most(16)
