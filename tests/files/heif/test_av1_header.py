"""The frame size that AV1 data announce."""

from __future__ import annotations

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.heif.av1_header import largest_frame
from gainmap_codec.files.heif.boxes import BoxFile
from gainmap_codec.files.heif.items import item_data
from gainmap_codec.files.heif.meta import parse_meta
from gainmap_codec.files.heif.read import parse_heif
from support.paths import FIXTURES

LIMITS = Limits()


def test_frame_size_of_av1_data() -> None:
    file = parse_heif((FIXTURES / "heif/base-16x16.avif").read_bytes(), LIMITS)
    alone = BoxFile(file.base.data, LIMITS)
    meta = parse_meta(alone, alone.top_level()[1])
    data = item_data(alone, meta, 1)
    assert largest_frame(data) == (16, 16)
    assert largest_frame(b"") == (0, 0)
    for size in range(1, 12):
        try:
            assert largest_frame(data[:size]) in ((0, 0), (16, 16))
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
    assert largest_frame(b"\x12\0" + bytes((0x0A, len(body))) + body) == (640, 480)
