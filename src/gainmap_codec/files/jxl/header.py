"""The header of a JPEG XL codestream: size, depth, colour; read, and written again in other words.

Source: ISO/IEC 18181-1:2024 annexes D (headers) and E (colour); libjxl lib/jxl/headers.cc, image_metadata.cc and
color_encoding_internal.cc.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import NamedTuple

from gainmap_codec.errors import FormatError, UnsupportedError
from gainmap_codec.files.jxl.bits import (
    BitReader,
    Choices,
    Range,
    in_bits,
    in_bytes,
    in_enum,
    in_u32,
)
from gainmap_codec.files.jxl.icc import read_icc, serialize_icc

CODESTREAM = b"\xff\x0a"
"""The first bytes of a codestream."""

RGB, GREY, XYB = 0, 1, 2
"""Colour spaces of a codestream, by number (table E.1)."""

DEFAULT_INTENSITY_TARGET = 255.0
"""Nits that 1.0 stands for where nothing else is said."""

_CUSTOM = 2  # of white points and primaries: told by their chromaticities

_SIDE: Choices = (Range(1, 9), Range(1, 13), Range(1, 18), Range(1, 30))
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SMALL_PREVIEW_SIDE: Choices = (Range(16), Range(32), Range(1, 5), Range(33, 9))
_PREVIEW_SIDE: Choices = (Range(1, 6), Range(65, 8), Range(321, 10), Range(1345, 12))
_TICKS: Choices = (Range(100), Range(1000), Range(1, 10), Range(1, 30))
_TICK_PARTS: Choices = (Range(1), Range(1001), Range(1, 8), Range(1, 10))
_LOOPS: Choices = (Range(0), Range(0, 3), Range(0, 16), Range(0, 32))
_INTEGER_BITS: Choices = (Range(8), Range(10), Range(12), Range(1, 6))
_FLOAT_BITS: Choices = (Range(32), Range(16), Range(24), Range(1, 6))
_CHANNELS: Choices = (Range(0), Range(1), Range(2, 4), Range(1, 12))
_SHIFT: Choices = (Range(0), Range(3), Range(4), Range(1, 3))
NAME: Choices = (Range(0), Range(0, 4), Range(16, 5), Range(48, 10))
"""Bytes of a name."""
_CFA_PATTERN: Choices = (Range(1), Range(0, 2), Range(3, 4), Range(19, 8))
_COORDINATE: Choices = (Range(0, 19), Range(524288, 19), Range(1048576, 20), Range(2097152, 21))

ALPHA, BLACK = 0, 4
"""Kinds of extra channels."""
_SPOT, _CFA = 2, 5  # which have fields of their own
_MOST_CHANNELS = 16  # beside the colours

Point = tuple[int, int]
"""x and y of CIE 1931, in millionths."""


@dataclass(frozen=True)
class ColorEncoding:
    """A colour as a codestream tells it.

    Attributes:
        space: `RGB`, `GREY`, `XYB`, or 3 where only a profile can tell.
        white_point: 1 is D65, 10 E, 11 that of DCI; 2 where `white` has it.
        white: Chromaticity of a white of its own.
        primaries: 1 are those of sRGB, 9 of BT.2020, 11 of P3; 2 where `chromaticities` has them.
        chromaticities: Of red, green and blue of its own.
        transfer: As in ITU-T H.273, but 17, which is a power of 2.6; without meaning where `gamma` is.
        gamma: The power that makes code values of light, in ten millionths, or None.
        intent: Rendering intent as in ICC profiles.
        has_icc: A profile tells all but the space.
    """

    space: int = RGB
    white_point: int = 1
    white: Point | None = None
    primaries: int = 1
    chromaticities: tuple[Point, Point, Point] | None = None
    transfer: int = 13
    gamma: int | None = None
    intent: int = 1
    has_icc: bool = False


@dataclass(frozen=True)
class ImageHeader:
    """What the header of a codestream says.

    Attributes:
        width: Columns of the stored raster.
        height: Rows of the stored raster.
        orientation: How decoders turn it, as in EXIF, 1…8.
        bits: Depth of a code value.
        exponent_bits: Of floating-point numbers; 0 of integers.
        extra_channels: Kinds of those beside the colours, such as `ALPHA`.
        is_xyb: The picture is coded in light, as eyes see it; decoders make code values of it as `color` says.
        color: What the code values mean.
        intensity_target: Nits that a linear 1.0 stands for.
        is_animation: There are several pictures, one after the other.
        has_timecodes: Each of them says when it is shown.
        preview: Width and height of a small picture in front of the others.
        icc_profile: The profile, where `color` has one.
        has_small_integers: 16 bits are enough for what a decoder computes with, where nothing is lost.
        times_and_previews: Bits of fields that are only kept, as text of zeros and ones, as are the next three: those
            behind the orientation,
        channels: of extra channels,
        tones: of what is told beside the intensity target,
        last: and of what stands between that and the profile.
        size: Bytes of the header: where the first frame begins.
    """

    width: int
    height: int
    orientation: int = 1
    bits: int = 8
    exponent_bits: int = 0
    extra_channels: tuple[int, ...] = ()
    is_xyb: bool = True
    color: ColorEncoding = ColorEncoding()
    intensity_target: float = DEFAULT_INTENSITY_TARGET
    is_animation: bool = False
    has_timecodes: bool = False
    preview: tuple[int, int] | None = None
    icc_profile: bytes | None = None
    has_small_integers: bool = True
    times_and_previews: str = "000"
    channels: str = "00"
    tones: str = 33 * "0"
    last: str = "001"
    size: int = 0

    @property
    def depth(self) -> int:
        """Bits of the code values that are made of it: 16 of floating-point and longer numbers, at least 8."""
        return 16 if self.exponent_bits else min(max(self.bits, 8), 16)

    @property
    def is_grey(self) -> bool:
        return self.color.space == GREY


def parse_header(codestream: bytes, where: str = "JPEG XL codestream") -> ImageHeader:
    """The header at the start of a codestream.

    Raises:
        FormatError: No codestream, or a broken header.
        UnsupportedError: More extra channels than anybody needs.
    """
    if not codestream.startswith(CODESTREAM):
        raise FormatError(where, f"expected {CODESTREAM.hex(' ')}, got {codestream[:2].hex(' ')}", offset=0)
    reader = BitReader(codestream, where, 8 * len(CODESTREAM))
    width, height = _size(reader)
    header = ImageHeader(width, height)
    if not reader.flag():  # all as usual
        header = _metadata(reader, header)
    start = reader.position
    _transforms(reader, header.is_xyb)
    header = replace(header, last=header.last[:-1] + reader.since(start))
    profile = read_icc(reader) if header.color.has_icc else None
    return replace(header, icc_profile=profile, size=reader.to_byte())


def serialize_header(header: ImageHeader) -> bytes:
    """The header as bytes, which frames follow; ValueError for what has no place in one."""
    has_more = (header.orientation, header.times_and_previews, _in_tones(header)) != (1, "000", "1")
    bits = [
        _in_size(header.width, header.height),
        "0",
        "1" + in_bits(header.orientation - 1, 3) + header.times_and_previews if has_more else "0",
        _in_depth(header.bits, header.exponent_bits),
        str(int(header.has_small_integers)),
        header.channels,
        str(int(header.is_xyb)),
        serialize_color(header.color),
        _in_tones(header) if has_more else "",
        header.last,
        serialize_icc(header.icc_profile) if header.icc_profile is not None else "",
    ]
    return CODESTREAM + in_bytes("".join(bits))


def _size(reader: BitReader) -> tuple[int, int]:
    is_small = reader.flag()
    height = 8 + 8 * reader.bits(5) if is_small else reader.u32(_SIDE)
    ratio = reader.bits(3)
    if ratio:
        return _across(height, ratio), height
    return (8 + 8 * reader.bits(5) if is_small else reader.u32(_SIDE)), height


def _across(height: int, ratio: int) -> int:
    across, down = _RATIOS[ratio - 1]
    return height * across // down


def _in_size(width: int, height: int) -> str:
    return "0" + in_u32(height, _SIDE) + "000" + in_u32(width, _SIDE)


def _metadata(reader: BitReader, header: ImageHeader) -> ImageHeader:
    orientation, times, kept = 1, _Times(), header.times_and_previews
    has_more = reader.flag()
    if has_more:
        orientation, start = 1 + reader.bits(3), reader.position
        times = _times_and_previews(reader)
        kept = reader.since(start)
    bits, exponent_bits = _depth(reader)
    has_small_integers, start = reader.flag(), reader.position
    kinds = _extra_channels(reader)
    channels, is_xyb, color = reader.since(start), reader.flag(), parse_color(reader)
    target, tones = _tones(reader, header) if has_more else (header.intensity_target, header.tones)
    start = reader.position
    skip_extensions(reader)
    return ImageHeader(
        header.width,
        header.height,
        orientation,
        bits,
        exponent_bits,
        kinds,
        is_xyb,
        color,
        target,
        *times,
        has_small_integers=has_small_integers,
        times_and_previews=kept,
        channels=channels,
        tones=tones,
        last=reader.since(start) + "1",
    )


class _Times(NamedTuple):
    """What `ImageHeader` has by these names."""

    is_animation: bool = False
    has_timecodes: bool = False
    preview: tuple[int, int] | None = None


def _times_and_previews(reader: BitReader) -> _Times:
    if reader.flag():
        _size(reader)
    preview = _preview(reader) if reader.flag() else None
    if not reader.flag():
        return _Times(preview=preview)
    for choices in (_TICKS, _TICK_PARTS, _LOOPS):
        reader.u32(choices)
    return _Times(True, reader.flag(), preview)


def _preview(reader: BitReader) -> tuple[int, int]:
    unit, side = (8, _SMALL_PREVIEW_SIDE) if reader.flag() else (1, _PREVIEW_SIDE)
    height = unit * reader.u32(side)
    ratio = reader.bits(3)
    return _across(height, ratio) if ratio else unit * reader.u32(side), height


def _depth(reader: BitReader) -> tuple[int, int]:
    """Bits of a number, and of its exponent."""
    if not reader.flag():
        bits, exponent_bits = reader.u32(_INTEGER_BITS), 0
    else:
        bits, exponent_bits = reader.u32(_FLOAT_BITS), 1 + reader.bits(4)
    if not (bits <= 31 if exponent_bits == 0 else 2 <= exponent_bits <= 8 and 3 <= bits - exponent_bits <= 24):
        raise FormatError(
            reader.where, f"expected a depth that there is, got {bits} bits, {exponent_bits} of exponents"
        )
    return bits, exponent_bits


def _in_depth(bits: int, exponent_bits: int) -> str:
    if exponent_bits:
        return "1" + in_u32(bits, _FLOAT_BITS) + in_bits(exponent_bits - 1, 4)
    return "0" + in_u32(bits, _INTEGER_BITS)


def _extra_channels(reader: BitReader) -> tuple[int, ...]:
    count = reader.u32(_CHANNELS)
    if count > _MOST_CHANNELS:
        raise UnsupportedError(f"{reader.where}: expected at most {_MOST_CHANNELS} extra channels, got {count}")
    return tuple(_extra_channel(reader) for _ in range(count))


def _extra_channel(reader: BitReader) -> int:
    if reader.flag():
        return ALPHA
    kind = reader.enum()
    _depth(reader)
    reader.u32(_SHIFT)
    reader.bits(8 * reader.u32(NAME))
    if kind == ALPHA:
        reader.flag()
    elif kind == _SPOT:
        reader.bits(4 * 16)
    elif kind == _CFA:
        reader.u32(_CFA_PATTERN)
    return kind


def parse_color(reader: BitReader) -> ColorEncoding:
    """The colour that stands where the reader is, in a header or elsewhere."""
    if reader.flag():
        return ColorEncoding()
    has_icc, space = reader.flag(), reader.enum()
    if has_icc:
        return ColorEncoding(space, has_icc=True)
    white_point, white, primaries, chromaticities, gamma, transfer = 1, None, 1, None, None, 13
    if space != XYB:
        white_point = reader.enum()
        white = _point(reader) if white_point == _CUSTOM else None
    if space not in (GREY, XYB):
        primaries = reader.enum()
        chromaticities = (_point(reader), _point(reader), _point(reader)) if primaries == _CUSTOM else None
    if space != XYB and reader.flag():
        gamma = reader.bits(24)
    elif space != XYB:
        transfer = reader.enum()
    return ColorEncoding(space, white_point, white, primaries, chromaticities, transfer, gamma, reader.enum())


def serialize_color(color: ColorEncoding) -> str:
    """A colour as bits, as text of zeros and ones."""
    if color == ColorEncoding():
        return "1"
    bits = "0" + str(int(color.has_icc)) + in_enum(color.space)
    if color.has_icc:
        return bits
    if color.space != XYB:
        bits += in_enum(color.white_point) + (_in_point(color.white) if color.white else "")
    if color.space not in (GREY, XYB):
        bits += in_enum(color.primaries) + "".join(map(_in_point, color.chromaticities or ()))
    if color.space != XYB:
        bits += "0" + in_enum(color.transfer) if color.gamma is None else "1" + in_bits(color.gamma, 24)
    return bits + in_enum(color.intent)


def _point(reader: BitReader) -> Point:
    return _coordinate(reader), _coordinate(reader)


def _coordinate(reader: BitReader) -> int:
    value = reader.u32(_COORDINATE)
    return -(value + 1 >> 1) if value & 1 else value >> 1


def _in_point(point: Point) -> str:
    return "".join(in_u32(-2 * value - 1 if value < 0 else 2 * value, _COORDINATE) for value in point)


def _tones(reader: BitReader, usual: ImageHeader) -> tuple[float, str]:
    """The intensity target, and the bits of what follows it."""
    if reader.flag():
        return usual.intensity_target, usual.tones
    (target,) = struct.unpack("<e", struct.pack("<H", reader.bits(16)))
    if not 0 < target < float("inf"):
        raise FormatError(reader.where, f"expected an intensity target above 0 nits, got {target}")
    start = reader.position
    reader.bits(len(usual.tones))
    return target, reader.since(start)


def _in_tones(header: ImageHeader) -> str:
    if header.intensity_target == DEFAULT_INTENSITY_TARGET and "1" not in header.tones:
        return "1"
    (target,) = struct.unpack("<H", struct.pack("<e", header.intensity_target))
    return "0" + in_bits(target, 16) + header.tones


def skip_extensions(reader: BitReader) -> None:
    """Go behind fields of later versions, each of which tells its size."""
    present = reader.u64()
    reader.bits(sum(reader.u64() for _ in range(present.bit_count())))


def _transforms(reader: BitReader, is_xyb: bool) -> None:
    """Go behind the numbers of a conversion and of enlargements that are not the usual ones."""
    if reader.flag():
        return
    if is_xyb and not reader.flag():
        reader.bits(16 * 16)
    chosen = reader.bits(3)
    reader.bits(16 * sum(count for bit, count in enumerate((15, 55, 210)) if chosen >> bit & 1))
