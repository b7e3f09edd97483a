"""The frame size and the colour that AV1 data announce, whatever the file around them says.

Decoders make room for the size in the sequence header before anything else is known to be wrong. Its colour counts
where no property of the item tells one.
Source: AV1 bitstream specification 5.3 (OBU header), 5.5.1 (sequence header), 5.5.2 (colour), 4.10.5 (leb128).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.code_points import UNSPECIFIED, Matrix, Nclx, Primaries, Transfer
from gainmap_codec.files.heif.bits import Bits

SEQUENCE_HEADER, FRAME = 1, 6
"""Types of units."""

_STEPS_PER_UNIT, _STEPS_PER_HEADER = 8, 25  # of work
_WHERE = "AV1 data"


def largest_frame(data: bytes, limits: Limits) -> tuple[int, int]:
    """Width and height of the largest frame that any sequence header in `data` announces; (0, 0) without one.

    Raises:
        FormatError: A unit or a sequence header is cut off.
        LimitError: More work than `limits` allow.
    """
    sizes = [_frame_size(Bits(body, _WHERE)) for body in _headers(data, limits)]
    return max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))


def color_of_av1(record: bytes, data: bytes, limits: Limits) -> Nclx | None:
    """The code points of the first sequence header, in the data or else in the record; None without one.

    Args:
        record: The item's av1C.
        data: The item's data.
        limits: Budgets for going through them.
    Raises:
        FormatError: A unit or a sequence header is cut off.
        LimitError: More work than `limits` allow.
    """
    header = next(chain(_headers(data, limits), _headers(record[4:], limits)), None)
    return None if header is None else _color(Bits(header, _WHERE))


def _headers(data: bytes, limits: Limits) -> Iterator[bytes]:
    """The content of each sequence header."""
    for kind, content in units_of(data, limits):
        if kind == SEQUENCE_HEADER:
            limits.spend(_STEPS_PER_HEADER)
            yield content


def units_of(data: bytes, limits: Limits) -> Iterator[tuple[int, bytes]]:
    """The open bitstream units (OBU): the type of each, and its content.

    Raises:
        FormatError: One is cut off.
        LimitError: More work than `limits` allow.
    """
    position = 0
    while position < len(data):
        limits.spend(_STEPS_PER_UNIT)
        header = data[position]
        position += 2 if header & 4 else 1  # an extension byte
        size = len(data) - position
        if header & 2:
            size, position = _leb128(data, position)
        if size < 0 or position + size > len(data):
            raise FormatError(_WHERE, "expected a whole unit, got one that is cut off", offset=position)
        yield header >> 3 & 15, data[position : position + size]
        position += size


def _leb128(data: bytes, position: int) -> tuple[int, int]:
    """The number, and where the next byte is."""
    value = 0
    for index, byte in enumerate(data[position : position + 8]):
        value |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return value, position + index + 1
    raise FormatError(_WHERE, "expected the size of a unit, got none", offset=position)


def _frame_size(bits: Bits) -> tuple[int, int]:
    bits.take(4)  # profile, still picture
    _skip_levels(bits, is_reduced=bool(bits.take(1)))
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(width_bits) + 1, bits.take(height_bits) + 1


def _color(bits: Bits) -> Nclx:
    """The fields of 5.5.1 up to the colour, and that of 5.5.2."""
    profile = bits.take(3)
    bits.take(1)
    is_reduced = bool(bits.take(1))
    _skip_levels(bits, is_reduced=is_reduced)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    bits.take(width_bits + height_bits)
    _skip_tools(bits, is_reduced=is_reduced)
    if bits.take(1) and profile == 2:  # more than 8 bits
        bits.take(1)
    is_grey = profile != 1 and bool(bits.take(1))
    told = (bits.take(8), bits.take(8), bits.take(8)) if bits.take(1) else (UNSPECIFIED,) * 3
    if not is_grey and told == (Primaries.BT709, Transfer.SRGB, Matrix.IDENTITY):
        return Nclx(*told, full_range=True)
    return Nclx(*told, full_range=bool(bits.take(1)))


def _skip_levels(bits: Bits, *, is_reduced: bool) -> None:
    if is_reduced:
        bits.take(5)
    else:
        _skip_operating_points(bits, _skip_timing(bits))


def _skip_tools(bits: Bits, *, is_reduced: bool) -> None:
    if not is_reduced and bits.take(1):
        bits.take(7)  # lengths of frame ids
    bits.take(3)
    if not is_reduced:
        _skip_tools_of_sequences(bits)
    bits.take(3)


def _skip_tools_of_sequences(bits: Bits) -> None:
    bits.take(4)
    has_order = bits.take(1)
    bits.take(2 * has_order)
    may_be_screen = bool(bits.take(1) or bits.take(1))
    if may_be_screen and not bits.take(1):
        bits.take(1)  # whole pixels alone
    bits.take(3 * has_order)


def _skip_timing(bits: Bits) -> int:
    """Bits of a buffer delay; 0 where there is no decoder model."""
    if not bits.take(1):
        return 0
    bits.take(64)
    if bits.take(1):
        bits.golomb()
    if not bits.take(1):
        return 0
    delay_bits = bits.take(5) + 1
    bits.take(42)
    return delay_bits


def _skip_operating_points(bits: Bits, delay_bits: int) -> None:
    display_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if delay_bits and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if display_delay and bits.take(1):
            bits.take(4)
