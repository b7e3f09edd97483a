"""An adaptive binary range coder, and the integers it codes: docs/format.md, "Entropy coding".

All arithmetic that drives the coder is integer arithmetic below 2^32, so that every platform, JavaScript included,
decodes the same symbols. Carries are resolved in the bytes already written; the decoder reads zeros past the end of its
data, so the encoder drops trailing zero bytes.

Source: the coder is G. N. N. Martin's range coding (1979) with binary symbols; adaptive bit models with a faster start
follow common practice. `constriction` was tried instead: its models are floating point.
"""

from __future__ import annotations

_TOP = 1 << 24  # below this range a byte is shifted out, so (range >> 16) × p never loses the probability
_MASK = (1 << 32) - 1

_SHIFTS = (1, 2, 2, 3, 3, 4, 4, 4, 5)
"""Adaptation shift by the number of bits a model has seen; the last one stays."""

_LAST_SHIFT = len(_SHIFTS) - 1


class BitModel:
    """The probability, of 65536, that the next bit is 0."""

    __slots__ = ("probability", "seen")

    def __init__(self) -> None:
        self.probability = 1 << 15
        self.seen = 0

    def update(self, bit: int) -> None:
        """Move towards `bit`; the probability stays within 32…65504."""
        seen = self.seen
        if seen < _LAST_SHIFT:
            self.seen = seen + 1
        moved = self.probability + ((0 if bit else 65536) - self.probability >> _SHIFTS[seen])
        self.probability = 32 if moved < 32 else 65504 if moved > 65504 else moved  # min and max would take longer


class RangeEncoder:
    """Bits in, bytes out."""

    def __init__(self) -> None:
        self._low = 0
        self._range = _MASK
        self._data = bytearray()

    def encode(self, bit: int, model: BitModel) -> None:
        """Code one bit by a model, which then adapts."""
        bound = (self._range >> 16) * model.probability
        self._narrow(bit, bound)
        model.update(bit)

    def encode_even(self, bit: int) -> None:
        """Code one bit whose values are equally likely."""
        self._narrow(bit, self._range >> 1)

    def _narrow(self, bit: int, bound: int) -> None:
        if bit:
            self._low += bound
            self._range -= bound
        else:
            self._range = bound
        while self._range < _TOP:
            self._shift_byte()

    def _shift_byte(self) -> None:
        if self._low > _MASK:
            self._carry()
        self._data.append(self._low >> 24 & 0xFF)
        self._low = self._low << 8 & _MASK
        self._range <<= 8

    def _carry(self) -> None:
        place = len(self._data) - 1
        while self._data[place] == 0xFF:
            self._data[place] = 0
            place -= 1
        self._data[place] += 1
        self._low &= _MASK

    def finish(self) -> bytes:
        """The shortest bytes that decode to what was coded."""
        end = self._low + self._range - 1
        for zeros in (32, 24, 16, 8, 0):  # the value inside [low, end] that ends in most zero bytes
            value = end >> zeros << zeros
            if value >= self._low:
                break
        self._low = value
        for _ in range(4):
            self._shift_byte()
        return bytes(self._data).rstrip(b"\0")


class RangeDecoder:
    """Bytes in, bits out: the mirror of `RangeEncoder`. Any bytes decode to some bits."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 4
        self._code = int.from_bytes(data[:4].ljust(4, b"\0"), "big")
        self._range = _MASK

    def decode(self, model: BitModel) -> int:
        """The next bit, by a model, which then adapts."""
        bit = self._narrow((self._range >> 16) * model.probability)
        model.update(bit)
        return bit

    def decode_even(self) -> int:
        """The next bit whose values are equally likely."""
        return self._narrow(self._range >> 1)

    @property
    def exhausted(self) -> bool:
        """True once the last byte of the data has been taken in."""
        return self._position >= len(self._data)

    def _narrow(self, bound: int) -> int:
        if self._code >= bound:
            self._code -= bound
            self._range -= bound
            bit = 1
        else:
            self._range = bound
            bit = 0
        while self._range < _TOP:
            byte = self._data[self._position] if self._position < len(self._data) else 0
            self._code = (self._code << 8 | byte) & _MASK
            self._position += 1
            self._range <<= 8
        return bit


class IntegerModel:
    """Adaptive models for small signed integers: zero flag, sign, then the magnitude as an Elias-gamma number.

    The bit count of the magnitude is coded in unary and its bits below the leading one from high to low; the first of
    those has a model per bit count, the rest are even.
    """

    _MAX_BITS = 16

    def __init__(self) -> None:
        self._zero = BitModel()
        self._sign = BitModel()
        self._longer = [BitModel() for _ in range(self._MAX_BITS)]
        self._second = [BitModel() for _ in range(self._MAX_BITS)]

    def encode(self, value: int, coder: RangeEncoder) -> None:
        """Code `value`, −65535…65535."""
        coder.encode(int(value == 0), self._zero)
        if value == 0:
            return
        coder.encode(int(value < 0), self._sign)
        magnitude = abs(value)
        bits = magnitude.bit_length() - 1
        for n in range(bits):
            coder.encode(1, self._longer[n])
        if bits < self._MAX_BITS - 1:
            coder.encode(0, self._longer[bits])
        for n in reversed(range(bits)):
            bit = magnitude >> n & 1
            if n == bits - 1:
                coder.encode(bit, self._second[bits])
            else:
                coder.encode_even(bit)

    def decode(self, coder: RangeDecoder) -> int:
        """The next value: the mirror of `encode`."""
        if coder.decode(self._zero):
            return 0
        negative = coder.decode(self._sign)
        bits = 0
        while bits < self._MAX_BITS - 1 and coder.decode(self._longer[bits]):
            bits += 1
        magnitude = 1
        for n in reversed(range(bits)):
            bit = coder.decode(self._second[bits]) if n == bits - 1 else coder.decode_even()
            magnitude = magnitude << 1 | bit
        return -magnitude if negative else magnitude
