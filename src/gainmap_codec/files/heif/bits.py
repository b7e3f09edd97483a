"""Bits of the headers of AV1 and HEVC: numbers whose length is told by zeros in front."""

from __future__ import annotations

from gainmap_codec.errors import FormatError
from gainmap_codec.files.bits import BitReader

_MOST_ZEROS = 32  # no field of AV1 or HEVC has more


class Bits(BitReader):
    """A position among bits that never leaves them."""

    def golomb(self) -> int:
        """An Exp-Golomb number. Source: ITU-T H.265 clause 9.2 (ue), AV1 bitstream specification 4.10.3 (uvlc)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > _MOST_ZEROS:
                raise FormatError(self.where, f"expected a number of at most {_MOST_ZEROS} bits, got a longer one")
        return (1 << zeros) - 1 + self.take(zeros)

    def at_most(self, most: int) -> int:
        """An Exp-Golomb number that counts something, such as the passes of a loop."""
        value = self.golomb()
        if value > most:
            raise FormatError(self.where, f"expected a number up to {most}, got {value}")
        return value
