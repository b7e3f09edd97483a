"""ICC profiles in JPEG XL codestreams: entropy-coded commands that say how a profile differs from what is expected.

Source: ISO/IEC 18181-1:2024 annex E.4; where its text leaves doubts, libjxl (lib/jxl/icc_codec.cc).
"""

from __future__ import annotations

from gainmap_codec.errors import FormatError
from gainmap_codec.files.cursor import Reader
from gainmap_codec.files.jxl.bits import BitReader, in_bits, in_u64
from gainmap_codec.files.jxl.entropy import EntropyDecoder

MOST_BYTES = 1 << 18
"""Of a profile's commands: those of displays and cameras take a few thousand, and time goes with them."""

_CONTEXTS = 41
_WHERE = "ICC profile"
_HEADER = 128
_EXPECTED = b"".join(
    (
        bytes(8) + b"\4\0\0\0" + b"mntrRGB XYZ ".ljust(24, b"\0"),
        b"acsp".ljust(32, b"\0") + bytes.fromhex("0000f6d6 00010000 0000d32d") + bytes(48),
    )
)
_PLATFORMS = (b"APPL", b"MSFT", b"SGI ", b"SUNW")

_TAGS = b"cprt wtpt bkpt rXYZ gXYZ bXYZ kXYZ rTRC gTRC bTRC kTRC chad desc chrm dmnd dmdd lumi".split()
_TYPES = (b"XYZ ", b"desc", b"text", b"mluc", b"para", b"curv", b"sf32", b"gbd ")
_OF_20_BYTES = (b"rXYZ", b"gXYZ", b"bXYZ", b"kXYZ", b"wtpt", b"bkpt", b"lumi")


def read_icc(reader: BitReader) -> bytes:
    """The profile that stands where the reader is, and which it goes behind.

    Raises:
        FormatError: It is broken, or larger than anybody's.
    """
    size = reader.u64()
    if size > MOST_BYTES:
        raise FormatError(reader.where, f"expected an ICC profile of at most {MOST_BYTES} bytes, got one of {size}")
    decoder = EntropyDecoder(reader, _CONTEXTS)
    coded = bytearray(2)  # as if zeros stood in front
    for place in range(size):
        number = decoder.read(_context(place, coded[-1], coded[-2]))
        coded.append(number & 255)
    decoder.check_end()
    return _unpredicted(bytes(coded[2:]))


def _context(place: int, last: int, before: int) -> int:
    return 0 if place <= _HEADER else 1 + _LAST_KINDS[last] + 8 * _BEFORE_KINDS[before]


def _kind(byte: int) -> int:
    """Letters, digits and marks, 0, 1, other small ones, large ones, 255, and the rest."""
    if chr(byte).isascii() and chr(byte).isalpha():
        return 0
    if chr(byte) in "0123456789.,":
        return 1
    if byte < 16:
        return min(2 + byte, 4)
    return 6 if byte == 255 else 5 if byte > 240 else 7


_LAST_KINDS = [_kind(byte) for byte in range(256)]
_BEFORE_KINDS = [(0, 1, 2, 2, 2, 3, 3, 4)[kind] for kind in _LAST_KINDS]


def _unpredicted(coded: bytes) -> bytes:
    """A profile by its commands and the bytes that they take."""
    reader = Reader(coded, _WHERE)
    size, commands_size = _varint(reader), _varint(reader)
    if size > MOST_BYTES:
        raise FormatError(_WHERE, f"expected at most {MOST_BYTES} bytes, got {size}")
    commands = Reader(reader.take(commands_size), _WHERE)
    profile = bytearray()
    _header(profile, reader, size)
    if size > _HEADER:
        _tag_table(profile, commands, reader)
    while commands.remaining:
        _content(profile, commands, reader)
    if len(profile) != size or reader.remaining:
        raise FormatError(_WHERE, f"expected {size} bytes, got {len(profile)} and {reader.remaining} more")
    return bytes(profile)


def _varint(reader: Reader) -> int:
    """A number of 7 bits a byte, the lowest first."""
    value = shift = 0
    while True:
        byte = reader.u8()
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128 or shift > 63:
            return value


def _header(profile: bytearray, reader: Reader, size: int) -> None:
    for place in range(min(size, _HEADER)):
        profile.append(reader.u8() + _expected(profile, place, size) & 255)


def _expected(profile: bytes | bytearray, place: int, size: int) -> int:
    """The byte that a header most likely has at a place, by those before."""
    if place < 4:
        return size.to_bytes(4, "big")[place]
    if 80 <= place < 84:  # the creator, most often the colour management module
        return profile[place - 76]
    if 41 <= place < 44:
        known = profile[40 : min(place, 42)] if profile[40:41] == b"S" else profile[40:41]
        likely = [name for name in _PLATFORMS if name.startswith(known)]
        return likely[0][place - 40] if len(likely) == 1 else 0
    return _EXPECTED[place]


def _tag_table(profile: bytearray, commands: Reader, reader: Reader) -> None:
    count = _varint(commands)
    if count == 0:
        return
    profile += _u32(count - 1)
    start, size = _HEADER + 12 * (count - 1), 0
    while commands.remaining and len(profile) <= MOST_BYTES:
        command = commands.u8()
        kind = command & 63
        if kind == 0:
            return
        tag = _tag(kind, reader)
        start = _varint(commands) if command & 64 else start + size
        size = 20 if tag in _OF_20_BYTES else size
        size = _varint(commands) if command & 128 else size
        profile += tag + _u32(start) + _u32(size)
        if kind == 2:
            profile += b"".join(other + _u32(start) + _u32(size) for other in (b"gTRC", b"bTRC"))
        if kind == 3:
            profile += b"gXYZ" + _u32(start + size) + _u32(size) + b"bXYZ" + _u32(start + 2 * size) + _u32(size)


def _tag(kind: int, reader: Reader) -> bytes:
    if kind == 1:
        return reader.take(4)
    if kind < 4:
        return (b"rTRC", b"rXYZ")[kind - 2]
    if kind - 4 >= len(_TAGS):
        raise FormatError(_WHERE, f"expected a command below {4 + len(_TAGS)}, got {kind}")
    return _TAGS[kind - 4]


def _u32(value: int) -> bytes:
    if value >= 1 << 32:
        raise FormatError(_WHERE, f"expected a number of 32 bits, got {value}")
    return value.to_bytes(4, "big")


def _content(profile: bytearray, commands: Reader, reader: Reader) -> None:
    """What the next command adds to a profile."""
    command = commands.u8()
    if command == 1:
        profile += reader.take(_varint(commands))
    elif command in (2, 3):
        profile += _interleaved(reader.take(_varint(commands)), 2 * command - 2)
    elif command == 4:
        _predict(profile, commands, reader)
    elif command == 10:
        profile += b"XYZ " + bytes(4) + reader.take(12)
    elif 16 <= command < 16 + len(_TYPES):
        profile += _TYPES[command - 16] + bytes(4)
    else:
        raise FormatError(_WHERE, f"expected a command that is known, got {command}")


def _interleaved(data: bytes, width: int) -> bytes:
    """Numbers of `width` bytes whose first bytes came first, then their second ones, and so on."""
    rows = -(-len(data) // width)
    columns = [data[start : start + rows] for start in range(0, len(data), rows or 1)]
    return bytes(column[row] for row in range(rows) for column in columns if row < len(column))


def _predict(profile: bytearray, commands: Reader, reader: Reader) -> None:
    """Add numbers by their differences from what up to three numbers before, `stride` bytes apart, lead to."""
    flags = commands.u8()
    width, order = (flags & 3) + 1, flags >> 2 & 3
    stride = _varint(commands) if flags & 16 else width
    count = _varint(commands)
    if width == 3 or order == 3 or stride < width or 4 * stride >= len(profile):
        raise FormatError(_WHERE, f"expected a prediction that is known, got {width} bytes, {order}, {stride} apart")
    data = reader.take(count)
    data = _interleaved(data, width) if width > 1 else data
    weights = ((1, 0, 0), (2, -1, 0), (3, -3, 1))[order]
    for start in range(0, count, width):
        end = len(profile)
        before = [int.from_bytes(profile[end - n * stride :][:width], "big") for n in (1, 2, 3)]
        wanted = sum(weight * number for weight, number in zip(weights, before, strict=True)) % (1 << 8 * width)
        differences = data[start : start + width]
        profile += bytes(a + b & 255 for a, b in zip(wanted.to_bytes(width, "big"), differences, strict=False))


def serialize_icc(profile: bytes) -> str:
    """A profile as bits of a codestream, as text of zeros and ones: each byte by 8 of them.

    A search for commands and statistics would save half of what is mostly half a kilobyte.
    """
    size = len(profile)
    header = bytes(profile[place] - _expected(profile, place, size) & 255 for place in range(min(size, _HEADER)))
    rest = profile[_HEADER:]
    commands = b"\0\1" + _in_varint(len(rest)) if rest else b""
    coded = _in_varint(size) + _in_varint(len(commands)) + commands + header + rest
    return in_u64(len(coded)) + _BYTES_AS_THEY_ARE + "".join(f"{byte:08b}" for byte in coded)


def _in_varint(value: int) -> bytes:
    low = bytes([value & 127 | (128 if value > 127 else 0)])
    return low + _in_varint(value >> 7) if value > 127 else low


_BYTES_AS_THEY_ARE = "".join(
    (
        "0",  # no LZ77
        "1" + in_bits(0, 2),  # all contexts have the first distribution
        "1",  # prefix codes
        in_bits(8, 4) + in_bits(0, 4) + in_bits(0, 4),  # tokens below 2^8 stand for themselves
        "1" + in_bits(7, 4) + in_bits(127, 7),  # 256 of them
        in_bits(0, 2)
        + 10 * "00"
        + in_bits(1, 2)
        + 7 * "00",  # the lengths of their words are told by one word: 8, each time
    )
)
"""What stands in front of bytes that are coded by 8 bits each."""
