"""The frame size and the colour that AV1 data announce."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.boxes import BoxFile
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.heif.av1_header import color_of_av1, largest_frame
from gainmap_codec.files.heif.items import item_data
from gainmap_codec.files.heif.meta import parse_meta
from gainmap_codec.files.heif.read import parse_heif
from support.codestreams import Fields, packed
from support.paths import FIXTURES

LIMITS = Limits()


def test_frame_size_of_av1_data() -> None:
    file = parse_heif((FIXTURES / "heif/base-16x16.avif").read_bytes(), LIMITS)
    alone = BoxFile(file.base.data, LIMITS)
    meta = parse_meta(alone, alone.top_level()[1])
    data = item_data(alone, meta, 1)
    assert largest_frame(data, LIMITS) == (16, 16)
    assert largest_frame(b"", LIMITS) == (0, 0)
    for size in range(1, 12):
        try:
            assert largest_frame(data[:size], LIMITS) in ((0, 0), (16, 16))
        except FormatError as error:
            assert "cut off" in str(error) or "size of a unit" in str(error)


def test_full_sequence_headers_are_read() -> None:
    """Timing, decoder model, two operating points with delays: fields of AV1's specification 5.5.1, then 640 x 480."""
    fields = [(0, 3), (0, 1), (0, 1), (1, 1), (1, 32), (30, 32), (1, 1), (1, 1)]  # ends with uvlc 0
    fields += [(1, 1), (9, 5), (1, 32), (4, 5), (4, 5), (1, 1), (1, 5)]
    for _ in range(2):
        fields += [(0, 12), (9, 5), (0, 1), (1, 1), (5, 10), (5, 10), (0, 1), (1, 1), (3, 4)]
    fields += [(9, 4), (8, 4), (639, 10), (479, 9)]
    bits = "".join(f"{value:0{width}b}" for value, width in fields)
    bits += "0" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big")
    assert largest_frame(b"\x12\0" + bytes((0x0A, len(body))) + body, LIMITS) == (640, 480)


RECORD = bytes((0x81, 0, 0, 0))
COLOR: Fields = [(1, 1), (9, 8), (16, 8), (9, 8)]


def sequence(color: Fields, *, profile: int = 0, tools: Fields | None = None) -> bytes:
    """A sequence header of 64 x 64 as a unit; reduced, as stills have it, unless its tools are given."""
    fields: Fields = [(profile, 3), (1, 1), (1, 1), (5, 5)]
    if tools is not None:  # no timing, one operating point of level 9 with a tier
        fields = [(profile, 3), (0, 1), (0, 1), (0, 1), (0, 1), (0, 5), (0, 12), (9, 5), (1, 1)]
    fields += [(5, 4), (5, 4), (63, 6), (63, 6)]
    fields += [(0, 3)] if tools is None else tools
    body = packed([*fields, (0, 3), *color])
    return bytes((0x0A, len(body))) + body


NO_IDS: Fields = [(0, 1), (0, 3)]
IDS: Fields = [(1, 1), (3, 4), (2, 3), (0, 3)]
NO_ORDER: Fields = [(0, 4), (0, 1), (1, 1), (1, 1)]  # screen content and whole pixels are chosen by frames
ORDER: Fields = [(0, 4), (1, 1), (3, 2), (0, 1), (1, 1), (0, 1), (1, 1), (6, 3)]
NO_SCREEN: Fields = [(0, 4), (1, 1), (3, 2), (0, 1), (0, 1), (6, 3)]


@pytest.mark.parametrize(
    ("unit", "color"),
    [
        (sequence([(1, 1), (0, 1), *COLOR, (1, 1)]), Nclx(9, 16, 9, True)),
        (sequence([(0, 1), (0, 1), *COLOR, (0, 1)]), Nclx(9, 16, 9, False)),
        (sequence([(0, 1), (1, 1), (0, 1), (1, 1)]), Nclx(2, 2, 2, True)),
        (sequence([(1, 1), (0, 1), (0, 1), (0, 1)]), Nclx(2, 2, 2, False)),
        (sequence([(1, 1), *COLOR, (1, 1)], profile=1), Nclx(9, 16, 9, True)),
        (sequence([(1, 1), (1, 1), (0, 1), *COLOR, (1, 1)], profile=2), Nclx(9, 16, 9, True)),
        (sequence([(0, 1), (1, 1), (1, 8), (13, 8), (0, 8)], profile=1), Nclx(1, 13, 0, True)),
        (sequence([(0, 1), (0, 1), *COLOR, (1, 1)], tools=[*NO_IDS, *NO_ORDER]), Nclx(9, 16, 9, True)),
        (sequence([(0, 1), (0, 1), *COLOR, (1, 1)], tools=[*IDS, *ORDER]), Nclx(9, 16, 9, True)),
        (sequence([(0, 1), (0, 1), *COLOR, (1, 1)], tools=[*NO_IDS, *NO_SCREEN]), Nclx(9, 16, 9, True)),
    ],
)
def test_the_colour_of_a_sequence_header(unit: bytes, color: Nclx) -> None:
    """Source: AV1 bitstream specification 5.5.1 and 5.5.2."""
    assert color_of_av1(RECORD, b"\x12\0" + unit, LIMITS) == color
    assert color_of_av1(RECORD + unit, b"\x12\0", LIMITS) == color
    assert largest_frame(unit, LIMITS) == (64, 64)


def test_the_header_in_the_data_counts() -> None:
    one, other = (sequence([(0, 1), (0, 1), *COLOR, (full, 1)]) for full in (0, 1))
    assert color_of_av1(RECORD + one, other, LIMITS) == Nclx(9, 16, 9, True)
    assert color_of_av1(RECORD, b"", LIMITS) is None
    with pytest.raises(FormatError, match="cut off"):
        color_of_av1(RECORD, b"\x0a\x02\0\0", LIMITS)
