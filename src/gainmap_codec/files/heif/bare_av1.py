"""One AV1 frame without anything around it ⇄ an AVIF file of that picture.

A still picture's sequence header says little that is not known where a frame of 8 bits stands inside of something that
tells its size and channels: seven bits, here the *tools*. So a frame is kept with these alone, and what decoders need
around it is made anew; no size that it names itself can then lead anybody astray.
Source: AV1 bitstream specification 5.3 (OBU header), 5.5 (sequence header), 5.10 (frame OBU); AV1-ISOBMFF 2.3 (av1C).
"""

from __future__ import annotations

from typing import NamedTuple

from gainmap_codec.errors import NO_LIMITS, UnsupportedError
from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.code_points import UNSPECIFIED, Matrix, Nclx
from gainmap_codec.files.heif.av1_header import FRAME, SEQUENCE_HEADER, units_of
from gainmap_codec.files.heif.bits import Bits
from gainmap_codec.files.heif.items import Item, Property, item_data
from gainmap_codec.files.heif.meta import serialize_meta_and_data
from gainmap_codec.files.heif.picture_properties import nclx_property
from gainmap_codec.files.heif.source import open_heif

_TOOLS = 6  # superblocks of 128, intra filter, intra edges, scaled frames, CDEF, restoration
_LEVEL = 31  # whatever it takes
_COLOR = Nclx(UNSPECIFIED, UNSPECIFIED, Matrix.BT601, full_range=True)


class BareFrame(NamedTuple):
    """A frame of 8 bits a channel, full range: one channel as 4:0:0, or RGB as 4:4:4 of BT.601.

    Attributes:
        tools: What its sequence header switches on, the highest bit first: the six fields from use_128x128_superblock
            to enable_restoration, then separate_uv_delta_q (0 where there is one channel).
        data: The frame OBU without its header and size.
    """

    tools: int
    data: bytes


def bare_frame(avif: bytes, channels: int) -> BareFrame:
    """The frame of an AVIF file that holds one picture of so many channels, 1 or 3.

    Raises:
        UnsupportedError: It is coded in another way than a `BareFrame` can be.
        FormatError: A broken file.
    """
    source = open_heif(avif, NO_LIMITS)
    units = dict(units_of(item_data(source.file, source.meta, source.meta.primary), NO_LIMITS))
    if not {SEQUENCE_HEADER, FRAME} <= units.keys():
        raise UnsupportedError("AV1: expected a sequence header and a frame in one unit")
    tools = _tools_of(Bits(units[SEQUENCE_HEADER], "AV1 data"), channels)
    return BareFrame(tools, units[FRAME])


def avif_of(frame: BareFrame, width: int, height: int, channels: int) -> bytes:
    """An AVIF file that holds a frame of `width` × `height`, each up to 65536, and of 1 or 3 channels."""
    header = _sequence_header(frame.tools, width, height, channels)
    data = bytes((SEQUENCE_HEADER << 3 | 2, len(header))) + header + bytes((FRAME << 3,)) + frame.data
    start = make_box(b"ftyp", b"avif", bytes(4), b"avif", b"mif1", b"miaf")
    config = bytes((0x81, (channels == 3) << 5 | _LEVEL, 0 if channels == 3 else 0x1C, 0))
    properties = (
        Property(b"ispe", bytes(4) + width.to_bytes(4, "big") + height.to_bytes(4, "big")),
        Property(b"pixi", bytes(4) + bytes((channels, *[8] * channels))),
        Property(b"av1C", config, essential=True),
        nclx_property(_COLOR),
    )
    items = (Item(1, b"av01", properties=properties),)
    return start + serialize_meta_and_data(1, items, (), (), {1: data}, len(start))


def _sequence_header(tools: int, width: int, height: int, channels: int) -> bytes:
    """That of a still picture in its reduced form, with one bit behind it and filled up to whole bytes."""
    sides = [(width - 1).bit_length() or 1, (height - 1).bit_length() or 1]
    fields = [(channels == 3, 3), (1, 1), (1, 1), (_LEVEL, 5), (sides[0] - 1, 4), (sides[1] - 1, 4)]
    fields += [(width - 1, sides[0]), (height - 1, sides[1]), (tools >> 1, _TOOLS), (0, 1)]
    if channels == 1:
        fields += [(1, 1), (0, 1), (1, 1)]  # one channel, no code points, full range
    else:
        fields += [(1, 1), (_COLOR.primaries, 8), (_COLOR.transfer, 8), (_COLOR.matrix, 8), (1, 1), (tools & 1, 1)]
    fields += [(0, 1), (1, 1)]  # no film grain; where the header ends
    bits = "".join(f"{int(value):0{count}b}" for value, count in fields)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _tools_of(bits: Bits, channels: int) -> int:
    profile, still = bits.take(3), bits.take(2)
    bits.take(5)
    sides = bits.take(4) + 1, bits.take(4) + 1
    bits.take(sum(sides))
    tools, depth = bits.take(_TOOLS), bits.take(1)
    is_grey = profile == 0 and bool(bits.take(1))
    if still != 3 or depth or (channels == 1) != is_grey or (channels == 3) != (profile == 1):
        raise UnsupportedError(f"AV1: expected a still picture of 8 bits and {channels} channels, got another")
    if bits.take(1):
        bits.take(24)
    is_full = bits.take(1)
    separate = 0 if is_grey else bits.take(1)
    if not is_full or bits.take(1):
        raise UnsupportedError("AV1: expected full range and no film grain")
    return tools << 1 | separate
