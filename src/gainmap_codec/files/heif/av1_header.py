"""The frame size that AV1 data ask their decoder for, whatever the file around them says.

Decoders make room for the size in the sequence header before anything else is known to be wrong.
Source: AV1 bitstream specification 5.3 (OBU header), 5.5.1 (sequence header), 4.10.5 (leb128).
"""

from __future__ import annotations

from collections.abc import Iterator

from gainmap_codec.errors import FormatError

_SEQUENCE_HEADER = 1
_WHERE = "AV1 data"


def largest_frame(data: bytes) -> tuple[int, int]:
    """Width and height of the largest frame that any sequence header in `data` announces; (0, 0) without one.

    Raises:
        FormatError: A unit or a sequence header is cut off.
    """
    sizes = [_frame_size(_Bits(body)) for kind, body in _units(data) if kind == _SEQUENCE_HEADER]
    return max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))


class _Bits:
    """Bits of a unit, most significant first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def read(self, count: int) -> int:
        start, stop = self._position, self._position + count
        if stop > 8 * len(self._data):
            raise FormatError(_WHERE, "expected a whole sequence header, got one that is cut off")
        first, last = start // 8, (stop + 7) // 8
        value = int.from_bytes(self._data[first:last], "big") >> (8 * last - stop)
        self._position = stop
        return value & ((1 << count) - 1)

    def skip_uvlc(self) -> None:
        zeros = 0
        while not self.read(1):
            zeros += 1
        self.read(zeros if zeros < 32 else 0)


def _units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and content of each open bitstream unit."""
    position = 0
    while position < len(data):
        header = data[position]
        position += 2 if header & 4 else 1  # an extension byte
        size = len(data) - position
        if header & 2:
            size, position = _leb128(data, position)
        if size < 0 or position + size > len(data):
            raise FormatError(_WHERE, "expected a whole unit, got one that is cut off", offset=position)
        kind = header >> 3 & 15
        yield kind, data[position : position + size] if kind == _SEQUENCE_HEADER else b""
        position += size


def _leb128(data: bytes, position: int) -> tuple[int, int]:
    """The number, and where the next byte is."""
    value = 0
    for index, byte in enumerate(data[position : position + 8]):
        value |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return value, position + index + 1
    raise FormatError(_WHERE, "expected the size of a unit, got none", offset=position)


def _frame_size(bits: _Bits) -> tuple[int, int]:
    bits.read(4)  # profile, still picture
    if bits.read(1):  # reduced header
        bits.read(5)
    else:
        _skip_operating_points(bits, _skip_timing(bits))
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    return bits.read(width_bits) + 1, bits.read(height_bits) + 1


def _skip_timing(bits: _Bits) -> int:
    """Bits of a buffer delay; 0 where there is no decoder model."""
    if not bits.read(1):
        return 0
    bits.read(64)
    if bits.read(1):
        bits.skip_uvlc()
    if not bits.read(1):
        return 0
    delay_bits = bits.read(5) + 1
    bits.read(42)
    return delay_bits


def _skip_operating_points(bits: _Bits, delay_bits: int) -> None:
    display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if display_delay and bits.read(1):
            bits.read(4)
