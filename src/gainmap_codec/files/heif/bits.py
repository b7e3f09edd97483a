"""Bits of a codestream's headers, most significant first."""

from __future__ import annotations

from gainmap_codec.errors import FormatError

_MOST_ZEROS = 32  # no field of AV1 or HEVC has more


class Bits:
    """A position among bits that never leaves them.

    Attributes:
        where: The header being read, for error messages.
        position: Of the next bit.
    """

    def __init__(self, data: bytes, where: str) -> None:
        self.where = where
        self.position = 0
        self._data = data

    def read(self, count: int) -> int:
        """The next `count` bits as a number; FormatError where fewer are left."""
        start, stop = self.position, self.position + count
        if stop > 8 * len(self._data):
            raise FormatError(self.where, "expected a whole header, got one that is cut off")
        first, last = start // 8, (stop + 7) // 8
        value = int.from_bytes(self._data[first:last], "big") >> (8 * last - stop)
        self.position = stop
        return value & ((1 << count) - 1)

    def golomb(self) -> int:
        """An Exp-Golomb number. Source: ITU-T H.265 clause 9.2 (ue), AV1 bitstream specification 4.10.3 (uvlc)."""
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > _MOST_ZEROS:
                raise FormatError(self.where, f"expected a number of at most {_MOST_ZEROS} bits, got a longer one")
        return (1 << zeros) - 1 + self.read(zeros)

    def at_most(self, most: int) -> int:
        """An Exp-Golomb number that counts something, such as the passes of a loop."""
        value = self.golomb()
        if value > most:
            raise FormatError(self.where, f"expected a number up to {most}, got {value}")
        return value
