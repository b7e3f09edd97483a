"""Bit by bit reading and writing of whole numbers, the most significant bit first."""

from __future__ import annotations

from gainmap_codec.errors import FormatError


class BitReader:
    """A place in `data` that never leaves it.

    Attributes:
        where: What is being read, for error messages.
        position: Of the next bit.
    """

    def __init__(self, data: bytes, where: str, *, position: int = 0) -> None:
        self._data = data
        self.where = where
        self.position = position

    def take(self, count: int) -> int:
        """The next bits as a whole number; no bits are the number 0.

        Raises:
            FormatError: Fewer are left.
        """
        left = 8 * len(self._data) - self.position
        if count > left:
            problem = f"expected {count} bits, got {max(left, 0)}: cut off"
            raise FormatError(self.where, problem, offset=self.position // 8)
        start, self.position = self.position, self.position + count
        stop = -(-self.position // 8)
        number = int.from_bytes(self._data[start // 8 : stop], "big") >> (8 * stop - self.position)
        return number & ((1 << count) - 1)

    def take_bytes(self, count: int) -> bytes:
        """The next bits as bytes."""
        return self.take(8 * count).to_bytes(count, "big")

    def align(self) -> None:
        """Go on at the next whole byte.

        Raises:
            FormatError: A bit on the way there is not 0.
        """
        if self.take(-self.position % 8):
            raise FormatError(self.where, "expected zeros up to the next byte", offset=self.position // 8 - 1)

    def rest(self) -> bytes:
        """The whole bytes that are left."""
        return self._data[-(-self.position // 8) :]


class BitWriter:
    """Whole numbers in, bytes out: the mirror of `BitReader`."""

    def __init__(self) -> None:
        self._number = 1  # a bit in front keeps the zeros behind it

    def put(self, number: int, count: int) -> None:
        """Write a whole number.

        Raises:
            ValueError: It takes more bits.
        """
        if number not in range(1 << count):
            raise ValueError(f"expected a number of {count} bits, got {number}")
        self._number = self._number << count | number

    def put_bytes(self, data: bytes) -> None:
        """Write bytes, wherever they begin."""
        self.put(int.from_bytes(data, "big"), 8 * len(data))

    def align(self) -> None:
        """Write zeros up to a whole byte."""
        self.put(0, -(self._number.bit_length() - 1) % 8)

    def getvalue(self) -> bytes:
        """What was written, whole bytes."""
        count = (self._number.bit_length() - 1) // 8
        return self._number.to_bytes(count + 1, "big")[1:]
