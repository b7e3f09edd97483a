"""Bits of a codestream's headers, least significant first, and the codes of numbers in them.

Source: ISO/IEC 18181-1:2024 clause 9.2 (field types).
"""

from __future__ import annotations

from typing import NamedTuple

from gainmap_codec.errors import FormatError


class Range(NamedTuple):
    """Numbers from `start` on that a field tells by so many bits; 0 bits are that number alone."""

    start: int
    bits: int = 0


Choices = tuple[Range, Range, Range, Range]
"""What each value of a U32 field's two selecting bits stands for."""

ENUM: Choices = (Range(0), Range(1), Range(2, 4), Range(18, 6))


class CutOffError(FormatError):
    """There are fewer bits than are to be read."""


class BitReader:
    """A position among bits that never leaves them.

    Attributes:
        where: The header being read, for error messages.
        position: Of the next bit.
    """

    def __init__(self, data: bytes, where: str, position: int = 0) -> None:
        self.where = where
        self.position = position
        self._data = data

    def bits(self, count: int) -> int:
        """The next `count` bits as a number; CutOffError where fewer are left."""
        if self.position + count > 8 * len(self._data):
            raise CutOffError(self.where, "expected a whole header, got one that is cut off")
        value = self.peek(count)
        self.position += count
        return value

    def peek(self, count: int) -> int:
        """The same, without going on; behind the end there are zeros."""
        first, last = self.position // 8, (self.position + count + 7) // 8
        return int.from_bytes(self._data[first:last], "little") >> self.position % 8 & (1 << count) - 1

    def flag(self) -> bool:
        return self.bits(1) == 1

    def u32(self, choices: Choices) -> int:
        start, bits = choices[self.bits(2)]
        return start + self.bits(bits)

    def enum(self) -> int:
        return self.u32(ENUM)

    def u64(self) -> int:
        selector = self.bits(2)
        if selector < 3:
            return (0, 1, 17)[selector] + self.bits(4 * selector)
        value, shift = self.bits(12), 12
        while self.flag():
            value |= self.bits(4 if shift == 60 else 8) << shift
            if shift == 60:
                break
            shift += 8
        return value

    def since(self, position: int) -> str:
        """The bits from a position up to here, in their order, as text of zeros and ones."""
        here, self.position = self.position, position
        value = self.bits(here - position)
        return in_bits(value, here - position)

    def to_byte(self) -> int:
        """Skip to the next whole byte, and give its offset; FormatError where the bits skipped are no zeros."""
        start = self.position // 8
        if self.bits(-self.position % 8):
            raise FormatError(self.where, "expected zeros up to the next byte, got other bits", offset=start)
        return self.position // 8


def in_bits(value: int, count: int) -> str:
    """A number as bits in their order, as text of zeros and ones."""
    return f"{value:0{count}b}"[::-1] if count else ""


def in_u32(value: int, choices: Choices) -> str:
    """A U32 field, in as few bits as it takes; ValueError for a number that none of the choices holds."""
    fitting = [n for n, (start, bits) in enumerate(choices) if start <= value < start + (1 << bits)]
    if not fitting:
        raise ValueError(f"expected a number that {choices} hold, got {value}")
    selector = min(fitting, key=lambda n: choices[n].bits)
    start, bits = choices[selector]
    return in_bits(selector, 2) + in_bits(value - start, bits)


def in_enum(value: int) -> str:
    return in_u32(value, ENUM)


def in_u64(value: int) -> str:
    """A U64 field of a number below 2^20, in one of the forms that hold it."""
    if value == 0:
        return in_bits(0, 2)
    if value <= 16:
        return in_bits(1, 2) + in_bits(value - 1, 4)
    if value <= 272:
        return in_bits(2, 2) + in_bits(value - 17, 8)
    high = value >> 12
    return in_bits(3, 2) + in_bits(value & 4095, 12) + (f"1{in_bits(high, 8)}" if high else "") + "0"


def in_bytes(bits: str) -> bytes:
    """Bits, filled up with zeros, in bytes."""
    size = (len(bits) + 7) // 8
    return int(bits[::-1] or "0", 2).to_bytes(size, "little")
