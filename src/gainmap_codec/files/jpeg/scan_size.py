"""Whether a scan has data for its whole picture: what recovery programs cut off and close with an end looks complete.

Source: ITU-T T.81 A.2 (MCUs), B.2.2 (frame header), B.2.3 (scan header), B.2.4 (tables), C (Huffman code lengths).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gainmap_codec.errors import FormatError
from gainmap_codec.files.cursor import Reader
from gainmap_codec.files.jpeg.segments import SCAN_DATA, JpegImage

_SEQUENTIAL = (0xC0, 0xC1)
_HUFFMAN_TABLES, _RESTART_INTERVAL = 0xC4, 0xDD
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_AC = 0x10


class _Component(NamedTuple):
    """Its sampling factors."""

    across: int
    down: int


def missing_scan_data(image: JpegImage) -> str | None:
    """What shows that the scan ends too early, or None; only Huffman-coded pictures of one sequential scan are judged.

    Each block takes at least the shortest codes of its two tables. That is a bound which no valid scan falls below, not
    the size that it should have: a picture that lacks little passes.
    """
    frames = [segment for segment in image.header if segment.marker in _SEQUENTIAL]
    if len(frames) != 1 or [segment.marker for segment in image.tail].count(SCAN_DATA) != 1:
        return None
    try:
        return _problem(image, Reader(image.body(frames[0]), "JPEG frame header"))
    except (FormatError, KeyError, ZeroDivisionError):  # a table or a sampling factor is missing: others tell
        return None


def _problem(image: JpegImage, frame: Reader) -> str | None:
    frame.u8()
    height, width = frame.u16(), frame.u16()
    components = [_component(frame) for _ in range(frame.u8())]
    scan = Reader(image.body(image.tail[0]), "JPEG scan header")
    if scan.u8() != len(components):
        return None
    if len(components) == 1:
        components = [_Component(1, 1)]
    across, down = (8 * max(sizes) for sizes in zip(*components, strict=True))
    units = -(-width // across) * -(-height // down)
    shortest = dict(_shortest_codes(image))
    bits = sum(one.across * one.down * _least_bits(scan, shortest) for one in components)
    data = image.raw(image.tail[1])
    if 8 * len(data) < units * bits:
        return f"expected a scan of at least {-(-units * bits // 8)} bytes, got {len(data)}"
    interval = _restart_interval(image)
    expected = -(-units // interval) - 1 if interval else 0
    found = len(_RESTART.findall(data)) if expected else 0
    return f"expected {expected} restart markers in the scan, got {found}" if found < expected else None


def _component(frame: Reader) -> _Component:
    frame.u8()
    sampling = frame.u8()
    frame.u8()
    return _Component(sampling >> 4, sampling & 15)


def _least_bits(scan: Reader, shortest: dict[int, int]) -> int:
    """Of a block of the scan header's next component."""
    scan.u8()
    tables = scan.u8()
    return shortest[tables >> 4] + shortest[_AC | tables & 15]


def _shortest_codes(image: JpegImage) -> Iterator[tuple[int, int]]:
    """Each table's class and number, and the bits of its shortest code."""
    for segment in image.header:
        if segment.marker == _HUFFMAN_TABLES:
            reader = Reader(image.body(segment), "Huffman tables")
            while reader.remaining:
                table, counts = reader.u8(), reader.take(16)
                reader.take(sum(counts))
                yield table, next((bits for bits, count in enumerate(counts, 1) if count), 0)


def _restart_interval(image: JpegImage) -> int:
    """MCUs between two restart markers; 0 for none."""
    said = [image.body(segment) for segment in image.header if segment.marker == _RESTART_INTERVAL]
    return int.from_bytes(said[-1][:2], "big") if said else 0
