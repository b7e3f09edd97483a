"""ISO 21496-1 binary metadata ⇄ `GainMapMetadata`.

One field table, in wire order, drives reader, writer and validation. The reader also knows two private or
older layouts that are in circulation; the writer writes the published one only, with the reserved flags zero.
Source: ISO 21496-1:2025 C.2.2, as read by libavif src/read.c (`avifParseGainMapMetadata`); the variants are
libultrahdr's (lib/src/gainmapmetadata.cpp).
"""

from __future__ import annotations

import fractions
from collections.abc import Iterator
from typing import Literal, NamedTuple

from gainmap_codec.errors import FormatError, UnsupportedError
from gainmap_codec.files.cursor import Reader, Writer
from gainmap_codec.files.records import Fraction, GainMapChannel, GainMapMetadata

_WHERE = "ISO 21496-1 metadata"
_MULTICHANNEL = 0x80
_USE_BASE_COLOUR_SPACE = 0x40
_COMMON_DENOMINATOR = 0x08  # libultrahdr's own
_OLD_MULTICHANNEL = 0x01  # flags counted from the low end, as drafts and 2024 writers did
_OLD_USE_BASE_COLOUR_SPACE = 0x02
_LONG_SIZES = {61: 1, 141: 3}
_COMPACT_SIZES = {37: 1, 77: 3}
MAX_LOG2 = 32
"""Of a headroom or a gain, in stops: what is beyond is no picture."""

Rounding = Literal["nearest", "down", "up"]


class _Field(NamedTuple):
    name: str
    signed: bool
    log2: bool


_HEADROOMS = (
    _Field("base_hdr_headroom", signed=False, log2=True),
    _Field("alternate_hdr_headroom", signed=False, log2=True),
)
_CHANNEL = (
    _Field("gain_map_min", signed=True, log2=True),
    _Field("gain_map_max", signed=True, log2=True),
    _Field("gamma", signed=False, log2=False),
    _Field("base_offset", signed=True, log2=False),
    _Field("alternate_offset", signed=True, log2=False),
)


def parse_iso21496(data: bytes) -> GainMapMetadata:
    """Metadata of a gain map, with the numbers as stored.

    Args:
        data: The blob that follows the identifier in a JPEG segment: 61 or 141 bytes; 37 or 77 in
            libultrahdr's common-denominator form; one leading zero byte more where a `tmap` payload was
            copied.
    Raises:
        UnsupportedError: `minimum_version` is above 0.
        FormatError: Truncated, trailing bytes at writer version 0, or numbers that `metadata_problem`
            refuses.
    Source: ISO 21496-1 C.2.2.
    """
    if len(data) - 1 in _LONG_SIZES and not any(data[:5]):
        data = data[1:]
    reader = Reader(data, _WHERE)
    minimum_version, writer_version = _read_versions(reader)
    multichannel, use_base, rest = _read_flags(reader)
    count = 3 if multichannel else 1
    compact = bool(rest & _COMMON_DENOMINATOR) and _COMPACT_SIZES.get(len(data)) == count
    rest = rest & ~_COMMON_DENOMINATOR if compact else rest
    denominator = reader.u32() if compact else None
    headrooms = [_read_fraction(reader, field, denominator) for field in _HEADROOMS]
    channels = tuple(
        GainMapChannel(*[_read_fraction(reader, field, denominator) for field in _CHANNEL]) for _ in range(count)
    )
    if reader.remaining and writer_version == 0:
        more = f"{reader.remaining} bytes more"
        raise FormatError(_WHERE, f"expected the end behind the last field, got {more}", offset=reader.position)
    versions = minimum_version, writer_version
    metadata = GainMapMetadata(headrooms[0], headrooms[1], channels, use_base, *versions, rest)
    problem = metadata_problem(metadata)
    if problem:
        raise FormatError(_WHERE, problem)
    return metadata


def serialize_iso21496(metadata: GainMapMetadata) -> bytes:
    """The blob, 61 bytes for one channel and 141 for three.

    Raises:
        ValueError: Numbers that `metadata_problem` refuses, an offset below 0, or a minimum version above 0.
    Source: ISO 21496-1 C.2.2.
    """
    problem = metadata_problem(metadata) or _writer_problem(metadata)
    if problem:
        raise ValueError(f"{_WHERE}: {problem}")
    writer = Writer(_WHERE)
    writer.u16(metadata.minimum_version)
    writer.u16(metadata.writer_version)
    flags = _MULTICHANNEL if len(metadata.channels) == 3 else 0
    writer.u8(flags | (_USE_BASE_COLOUR_SPACE if metadata.use_base_colour_space else 0))
    for _, field, fraction in _fractions(metadata):
        put = writer.s32 if field.signed else writer.u32
        put(fraction.numerator)
        writer.u32(fraction.denominator)
    return writer.getvalue()


def metadata_problem(metadata: GainMapMetadata) -> str | None:
    """What makes these numbers unusable in one line, or None where they are fine.

    Asks for one or three channels, numbers that fit the wire, denominators above 0, headrooms of 0 or more,
    every log2 value within ±32, gamma above 0, and no maximum below its minimum (compared exactly).
    """
    if len(metadata.channels) not in (1, 3):
        return f"expected 1 or 3 channels, got {len(metadata.channels)}"
    for name, field, fraction in _fractions(metadata):
        problem = _fraction_problem(field, fraction)
        if problem:
            return f"{name}: {problem}, got {fraction.numerator}/{fraction.denominator}"
    for index, channel in enumerate(metadata.channels):
        low, high = channel.gain_map_min, channel.gain_map_max
        if high.numerator * low.denominator < low.numerator * high.denominator:
            return f"channel {index}: expected gain_map_max >= gain_map_min, got {float(high):g} and {float(low):g}"
    return None


def fraction_of(value: float, *, rounding: Rounding = "nearest", max_denominator: int = 1 << 24) -> Fraction:
    """The fraction closest to `value` that fits the wire; integers and 1/64 come out exactly.

    Args:
        rounding: "down" gives the closest fraction that is not above `value`, "up" not below.
        max_denominator: Largest denominator; less is used where the numerator would pass 31 bits.
    Raises:
        ValueError: Not finite, or too large for a signed 32-bit numerator.
    """
    if not abs(value) <= 2**31 - 1:
        raise ValueError(f"expected a finite number within ±2^31, got {value}")
    exact = fractions.Fraction(value)
    room = int((2**31 - 2) / max(abs(exact), fractions.Fraction(1, 4)))
    bound = min(max_denominator, max(room, 1))
    near = exact.limit_denominator(bound)
    if (rounding == "down" and near > exact) or (rounding == "up" and near < exact):
        near = _farey_neighbour(near, bound, 1 if rounding == "up" else -1)
    return Fraction(near.numerator, near.denominator)


def _farey_neighbour(fraction: fractions.Fraction, bound: int, side: int) -> fractions.Fraction:
    """The next fraction above (side 1) or below (-1) whose denominator is at most `bound`.

    Neighbours p/q and r/s of a Farey sequence satisfy r·q − p·s = side, so s is known modulo q.
    """
    p, q = fraction.numerator, fraction.denominator
    smallest = pow(-side * p, -1, q)
    s = smallest + (bound - smallest) // q * q
    return fractions.Fraction((p * s + side) // q, s)


def _read_versions(reader: Reader) -> tuple[int, int]:
    minimum_version, writer_version = reader.u16(), reader.u16()
    if writer_version < minimum_version:
        problem = f"expected writer_version >= minimum_version, got {writer_version} and {minimum_version}"
        raise FormatError(_WHERE, problem)
    if minimum_version > 0:
        raise UnsupportedError(f"{_WHERE}: expected minimum_version 0, got {minimum_version} (for newer readers)")
    return minimum_version, writer_version


def _read_flags(reader: Reader) -> tuple[bool, bool, int]:
    """(multichannel, use_base_colour_space, all other bits)."""
    flags = reader.u8()
    published = _MULTICHANNEL | _USE_BASE_COLOUR_SPACE
    old = _OLD_MULTICHANNEL | _OLD_USE_BASE_COLOUR_SPACE
    whole = len(reader.data) in _LONG_SIZES or len(reader.data) in _COMPACT_SIZES
    if not flags & published and flags & old and whole:
        return bool(flags & _OLD_MULTICHANNEL), bool(flags & _OLD_USE_BASE_COLOUR_SPACE), flags & ~old
    return bool(flags & _MULTICHANNEL), bool(flags & _USE_BASE_COLOUR_SPACE), flags & ~published


def _read_fraction(reader: Reader, field: _Field, denominator: int | None) -> Fraction:
    numerator = reader.s32() if field.signed else reader.u32()
    return Fraction(numerator, reader.u32() if denominator is None else denominator)


def _fractions(metadata: GainMapMetadata) -> Iterator[tuple[str, _Field, Fraction]]:
    """Every number in wire order, with its name for messages."""
    for field in _HEADROOMS:
        yield field.name, field, getattr(metadata, field.name)
    for index, channel in enumerate(metadata.channels):
        for field in _CHANNEL:
            yield f"{field.name}[{index}]", field, getattr(channel, field.name)


def _fraction_problem(field: _Field, fraction: Fraction) -> str | None:
    numerator, denominator = fraction
    if not 0 < denominator < 2**32:
        return "expected a denominator of 1 to 2^32 - 1"
    if not (-(2**31) <= numerator < 2**31 if field.signed else 0 <= numerator < 2**32):
        return f"expected {'a signed' if field.signed else 'an unsigned'} 32-bit numerator"
    if field.log2 and abs(numerator) > MAX_LOG2 * denominator:
        return f"expected at most {MAX_LOG2} stops"
    return "expected more than 0" if field.name == "gamma" and numerator == 0 else None


def _writer_problem(metadata: GainMapMetadata) -> str | None:
    if metadata.minimum_version:
        return f"expected minimum_version 0, got {metadata.minimum_version}"
    for index, channel in enumerate(metadata.channels):
        if channel.base_offset.numerator < 0 or channel.alternate_offset.numerator < 0:
            return f"channel {index}: expected offsets of 0 or more, got one below 0: such are read, but not written"
    return None
