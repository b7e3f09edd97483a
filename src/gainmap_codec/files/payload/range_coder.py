"""An adaptive binary range coder, and the magnitudes it codes: docs/format.md, "Entropy coding".

All arithmetic that drives the coder is integer arithmetic below 2^32, so that every platform, JavaScript included,
decodes the same symbols. Carries are resolved in the bytes already written; the decoder reads zeros past the end of its
data, so the encoder drops trailing zero bytes.

Source: the coder is G. N. N. Martin's range coding (1979) with binary symbols; adaptive bit models with a faster start
follow common practice. `constriction` was tried instead: its models are floating point.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

_TOP = 1 << 24  # below this range a byte is shifted out, so (range >> 16) × p never loses the probability
_MASK = (1 << 32) - 1

RATES = tuple(8192 // (2 * seen + 3) for seen in range(126))
"""How far a model moves, in 4096ths, by the number of bits it has seen; the last one stays."""

_LAST = len(RATES) - 1

State = tuple[int, int]
"""Where a bit model starts: the probability of a 0 in 256ths, 1…255, and by how many bits it is sure of that, 0…125."""


class BitModel:
    """The probability, of 65536, that the next bit is 0: the mean of the bits it has seen, later a decaying one."""

    __slots__ = ("probability", "seen")

    def __init__(self, state: State) -> None:
        self.probability = state[0] << 8
        self.seen = state[1]

    def update(self, bit: int) -> None:
        """Move towards `bit`; the probability stays within 32…65504."""
        seen = self.seen
        if seen < _LAST:
            self.seen = seen + 1
        moved = self.probability + (((0 if bit else 65536) - self.probability) * RATES[seen] >> 12)
        self.probability = 32 if moved < 32 else 65504 if moved > 65504 else moved  # min and max would take longer


class Coder(Protocol):
    """An encoder, which takes the bits that it is given, or a decoder, which reads them: both walk the same way."""

    def bit(self, model: BitModel, bit: int) -> int:
        """Code a bit by a model, which then adapts; the bit."""
        ...

    def even_bit(self, bit: int) -> int:
        """Code a bit whose values are equally likely; the bit."""
        ...


class RangeEncoder:
    """Bits in, bytes out."""

    def __init__(self) -> None:
        self._low = 0
        self._range = _MASK
        self._data = bytearray()

    def bit(self, model: BitModel, bit: int) -> int:
        """See `Coder`."""
        self._narrow(bit, (self._range >> 16) * model.probability)
        model.update(bit)
        return bit

    def even_bit(self, bit: int) -> int:
        """See `Coder`."""
        self._narrow(bit, self._range >> 1)
        return bit

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

    def bit(self, model: BitModel, bit: int = 0) -> int:
        """See `Coder`; the bit is the next one, whatever is given."""
        bit = self._narrow((self._range >> 16) * model.probability)
        model.update(bit)
        return bit

    def even_bit(self, bit: int = 0) -> int:
        """See `Coder`; the bit is the next one, whatever is given."""
        return self._narrow(self._range >> 1)

    @property
    def exhausted(self) -> bool:
        """True once the last byte of the data has been taken in."""
        return self._position >= len(self._data)

    def _narrow(self, bound: int) -> int:
        bit = 0
        if self._code >= bound:
            self._code -= bound
            bound = self._range - bound
            bit = 1
        while bound < _TOP:
            byte = self._data[self._position] if self._position < len(self._data) else 0
            self._code = (self._code << 8 | byte) & _MASK
            self._position += 1
            bound <<= 8
        self._range = bound
        return bit


class MagnitudeStates(NamedTuple):
    """Where the models of a magnitude start.

    Attributes:
        nonzero: Of the flag of what is not 0.
        longer: Of whether it has more than 1, 2, 3 … bits; the last one is of all that follow, too.
    """

    nonzero: State
    longer: tuple[State, ...]


class MagnitudeModel:
    """Adaptive models of small numbers from 0 on: a flag of what is not 0, then an Elias-gamma number.

    The bit count is coded in unary and the bits below the leading one from high to low; the first of those has a model
    by the bit count, which several sets of models share, the rest are even.
    """

    __slots__ = ("_longer", "_nonzero", "_second")

    def __init__(self, states: MagnitudeStates, second: Sequence[BitModel], most_bits: int) -> None:
        self._nonzero = BitModel(states.nonzero)
        longer = [BitModel(state) for state in states.longer]
        self._longer = (longer + longer[-1:] * most_bits)[: most_bits - 1]
        self._second = second

    def code(self, coder: Coder, magnitude: int) -> int:
        """Code a magnitude of at most `most_bits` bits; the magnitude."""
        if not coder.bit(self._nonzero, int(magnitude > 0)):
            return 0
        longest, bits = magnitude.bit_length() - 1, 0
        for model in self._longer:
            if not coder.bit(model, int(bits < longest)):
                break
            bits += 1
        if bits == 0:
            return 1
        second = self._second[min(bits, len(self._second)) - 1]
        found = 2 | coder.bit(second, magnitude >> bits - 1 & 1)
        for n in reversed(range(bits - 1)):
            found = found << 1 | coder.even_bit(magnitude >> n & 1)
        return found

    def code_signed(self, coder: Coder, value: int) -> int:
        """Code a number and, by an even bit, its sign; the number."""
        magnitude = self.code(coder, abs(value))
        return -magnitude if magnitude and coder.even_bit(int(value < 0)) else magnitude
