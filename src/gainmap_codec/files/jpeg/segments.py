"""A JPEG image cut into its marker segments by walking their lengths; only what is no segment is searched for the next.

Source: ITU-T T.81 annex B.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from gainmap_codec.errors import FormatError, LimitError, Limits, UnsupportedError
from gainmap_codec.files.cursor import Reader
from gainmap_codec.files.payload.layout import STRICT_BYTES
from gainmap_codec.files.records import CodedImage, Sampling

SOI = b"\xff\xd8"
EOI = b"\xff\xd9"
APP0, APP1, APP2, APP11, APP13, APP14, COM = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xEE, 0xFE
SCAN_DATA = 0x00
"""Stands for the marker of an entropy-coded stretch, which has none."""

MAX_BODY_BYTES = 65_533

CUT_IN_HEADER = "the picture is cut off before its pixels begin"

TRUSTED = Limits(pixels=1 << 32, segments=1 << 30, scans=1 << 30)
"""For pictures that passed their reader's budget already."""

_WHERE = "JPEG"
_STEPS_PER_SEGMENT = 20  # of work
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_STANDALONE = frozenset({0x01, *range(0xD0, 0xDA)})
_SAMPLINGS: dict[tuple[float, float], Sampling] = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0"}
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_CMYK = 4  # channels
_READABLE_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
# What may follow a scan. Anything else after FF is damage inside it, which decoders show as damage.
_SCAN_END = re.compile(rb"\xff[\xc4\xcc\xd8-\xdd\xe0-\xef\xfe]")
_FILL = re.compile(rb"\xff+")
_MARKER = re.compile(rb"\xff[^\x00\xff]")


class Segment(NamedTuple):
    """`data[start:stop]` is a marker with its length and body, without fill bytes."""

    marker: int
    start: int
    stop: int

    @property
    def is_metadata(self) -> bool:
        """APPn or COM: a decoder's coded bytes are all the others."""
        return APP0 <= self.marker <= 0xEF or self.marker == COM


class ImageHeader(NamedTuple):
    """What the frame header says; `component_ids` has one byte per channel."""

    width: int
    height: int
    channels: int
    component_ids: bytes


@dataclass(frozen=True)
class JpegImage:
    """One JPEG image inside `data`.

    Attributes:
        header: Segments between SOI and the first scan.
        tail: Segments and scan data from the first SOS on, without EOI.
        end: Offset behind EOI, or behind the last whole segment of an image that is cut off.
        complete: EOI was found.
    """

    data: bytes
    start: int
    header: tuple[Segment, ...]
    tail: tuple[Segment, ...]
    end: int
    complete: bool

    def alone(self) -> JpegImage:
        """The same image in data that hold nothing else."""
        if (self.start, self.end) == (0, len(self.data)):
            return self
        data, start = self.data[self.start : self.end], self.start
        header, tail = (
            tuple(Segment(each.marker, each.start - start, each.stop - start) for each in part)
            for part in (self.header, self.tail)
        )
        return JpegImage(data, 0, header, tail, len(data), self.complete)

    @property
    def metadata(self) -> tuple[Segment, ...]:
        """The segments that decoding needs none of, those between the scans too."""
        return tuple(segment for segment in (*self.header, *self.tail) if segment.is_metadata)

    def raw(self, segment: Segment) -> bytes:
        return self.data[segment.start : segment.stop]

    def body(self, segment: Segment) -> bytes:
        return self.data[segment.start + 4 : segment.stop]

    def bodies(self, marker: int, prefix: bytes) -> list[bytes]:
        """What follows `prefix` in the header's segments of that marker, in file order."""
        found = (self.body(segment) for segment in self.header if segment.marker == marker)
        return [body[len(prefix) :] for body in found if body.startswith(prefix)]


def parse_segments(data: bytes, limits: Limits, *, start: int = 0, stop: int | None = None) -> JpegImage:
    """The JPEG image that starts at `start`, read up to its EOI, at most to `stop`.

    An image that ends, or breaks, after its first scan has begun is accepted as cut off. Bytes between the segments
    before it are passed over, as decoders do.

    Raises:
        FormatError: No SOI, damage before the first scan, or no scan at all.
        LimitError: More segments or scans than `limits` allow.
    """
    stop = len(data) if stop is None else min(stop, len(data))
    first = data[start : min(start + 2, stop)]
    if first != SOI:
        found = first.hex(" ") or "the end"
        raise FormatError(_WHERE, f"expected a JPEG image (FF D8), got {found}", offset=start)
    segments: list[Segment] = []
    first_scan: int | None = None
    scans, end, complete = 0, start + 2, False
    for segment in _segments(data, start + 2, stop):
        limits.check("segments", len(segments) + 1)
        limits.spend(_STEPS_PER_SEGMENT)
        if segment.marker in (_SOI, _EOI):
            complete = segment.marker == _EOI
            end = segment.stop if complete else segment.start
            break
        if segment.marker == _SOS:
            scans += 1
            limits.check("scans", scans)
            first_scan = len(segments) if first_scan is None else first_scan
        segments.append(segment)
        end = segment.stop
    if first_scan is None:
        if is_cut_in_header(data, start, stop):
            raise FormatError(_WHERE, f"{CUT_IN_HEADER}: expected a scan (SOS), got the end", offset=end)
        raise FormatError(_WHERE, "expected a scan (SOS), got the image's end", offset=end)
    return JpegImage(data, start, tuple(segments[:first_scan]), tuple(segments[first_scan:]), end, complete)


def is_cut_in_header(data: bytes, start: int, stop: int) -> bool:
    """Whether the data of an image at `start` end before its first scan, and before any other end.

    Raises:
        FormatError: Damage on the way.
    """
    return not any(segment.marker in (_SOS, _SOI, _EOI) for segment in _segments(data, start + len(SOI), stop))


def header_end(data: bytes, start: int, most: int, limits: Limits) -> int | None:
    """Where the first scan (SOS) of an image at `start` begins, or None without one behind at most `most` segments.

    Raises:
        LimitError: More work than `limits` allow.
    """
    try:
        for segment in islice(_segments(data, start + len(SOI), len(data), strict=True), most):
            limits.spend(_STEPS_PER_SEGMENT)
            if segment.marker == _SOS:
                return segment.start
            if segment.marker in (_SOI, _EOI):
                return None
    except FormatError:
        pass
    return None


def segments_of(image: CodedImage) -> JpegImage:
    """The segments of a JPEG picture, parsed once and kept with its record.

    Raises:
        FormatError: The picture is broken.
    """
    return image.structure(lambda data: parse_segments(data, TRUSTED))


def image_header(image: JpegImage, limits: Limits) -> ImageHeader:
    """Size and channels of an 8-bit JPEG of one or three channels.

    Raises:
        FormatError: Not exactly one sane frame header.
        UnsupportedError: Lossless or hierarchical coding, another depth, CMYK, or a height given after the
            scan.
        LimitError: More pixels than `limits` allow.
    Source: ITU-T T.81 B.2.2.
    """
    frame = frame_of(image)
    reader = Reader(image.body(frame), "JPEG frame header")
    depth, height, width, channels = reader.u8(), reader.u16(), reader.u16(), reader.u8()
    component_ids = bytes(reader.take(3)[0] for _ in range(channels))
    if frame.marker not in _READABLE_FRAMES:
        process = f"SOF{frame.marker - 0xC0}"
        raise UnsupportedError(f"JPEG: expected baseline, extended or progressive coding, got {process}")
    if depth != 8 or channels not in (1, 3):
        told = ": CMYK, as for printing" if channels == _CMYK else ""
        raise UnsupportedError(f"JPEG: expected 1 or 3 channels of 8 bits, got {channels} of {depth} bits{told}")
    if height == 0:
        raise UnsupportedError("JPEG: expected a height before the scan, got one behind it (DNL)")
    if width == 0:
        raise FormatError(reader.where, "expected a width above 0, got 0")
    if reader.remaining:
        raise FormatError(reader.where, f"expected {reader.position} bytes, got {len(reader.data)}")
    limits.check("pixels", width * height)
    return ImageHeader(width, height, channels, component_ids)


def frame_of(image: JpegImage) -> Segment:
    """The frame header (SOF).

    Raises:
        FormatError: There is not exactly one.
    """
    frames = [segment for segment in image.header if segment.marker in _FRAMES]
    if len(frames) != 1:
        raise FormatError(_WHERE, f"expected one frame header (SOF) before the scan, got {len(frames)}")
    return frames[0]


def sampling_of_frame(image: JpegImage) -> Sampling:
    """How the frame header says that chroma is stored, of a picture that `image_header` takes."""
    body = image.body(frame_of(image))
    luma, *chroma = ((factors >> 4, factors & 15) for factors in body[7::3])
    if not chroma:
        return "4:0:0"
    if chroma[0] != chroma[-1]:
        return "other"
    ratios = luma[0] / max(chroma[0][0], 1), luma[1] / max(chroma[0][1], 1)
    return _SAMPLINGS.get(ratios, "other")


def coded_digest(image: JpegImage) -> bytes:
    """First 4 bytes of SHA-256 over the coded bytes: all but SOI, APPn, COM and fill bytes, up to EOI.

    EOI counts as present where it is missing, because a writer has to add it.
    """
    digest = hashlib.sha256()
    view = memoryview(image.data)
    for segment in (*image.header, *image.tail):
        if not segment.is_metadata:
            digest.update(view[segment.start : segment.stop])
    digest.update(EOI)
    return digest.digest()[:STRICT_BYTES]


def make_segment(marker: int, body: bytes, name: str) -> bytes:
    """Marker, length and body.

    Raises:
        LimitError: The body does not fit a segment; the message calls it `name`.
    """
    if len(body) > MAX_BODY_BYTES:
        raise LimitError(f"{name}: expected at most {MAX_BODY_BYTES} bytes, a JPEG segment, got {len(body)}")
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def _segments(data: bytes, position: int, stop: int, *, strict: bool = False) -> Iterator[Segment]:
    """Segments and scan data in file order, up to the end of the data or to damage after the first scan.

    Unless `strict`, bytes before the first scan that belong to no segment are passed over.
    """
    scan_seen = False
    while True:
        if not scan_seen and not strict and (marker := _MARKER.search(data, position, stop)):
            position = marker.start()
        try:
            segment = _next_segment(data, position, stop)
        except FormatError:
            if scan_seen:
                return
            raise
        if segment is None:
            return
        yield segment
        position = segment.stop
        if segment.marker == _SOS:
            scan_seen = True
            yield (scan := _scan_data(data, position, stop))
            position = scan.stop


def _next_segment(data: bytes, position: int, stop: int) -> Segment | None:
    """The segment at `position` behind any fill bytes, or None where the data end before its end."""
    fill = _FILL.match(data, position, stop)
    if fill is None:
        if position >= stop:
            return None
        raise FormatError(_WHERE, f"expected a marker (FF), got {data[position]:02X}", offset=position)
    position = fill.end() - 1
    if position + 2 > stop:
        return None
    marker = data[position + 1]
    if marker in _STANDALONE:
        return Segment(marker, position, position + 2)
    length = int.from_bytes(data[position + 2 : position + 4], "big")
    if marker == 0 or (length < 2 and position + 4 <= stop):
        raise FormatError(_WHERE, f"expected a segment, got marker {marker:02X} with length {length}", offset=position)
    end = position + 2 + length
    return Segment(marker, position, end) if end <= stop and position + 4 <= stop else None


def _scan_data(data: bytes, start: int, stop: int) -> Segment:
    """Entropy-coded bytes with their restart markers, without the fill bytes before the next marker."""
    found = _SCAN_END.search(data, start, stop)
    end = found.start() if found else stop
    return Segment(SCAN_DATA, start, start + len(data[start:end].rstrip(b"\xff")))
