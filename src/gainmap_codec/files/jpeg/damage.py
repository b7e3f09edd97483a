"""Where the picture of a JPEG ends that is damaged, or whose end (EOI) is missing.

libjpeg stops decoding a scan at the first marker in it; the rest of the scan is grey. What follows adds nothing to the
picture, but stricter decoders refuse all of it: a trailer behind a missing EOI looks like more of the last scan.
Source: ITU-T T.81 annexes A and B; libjpeg-turbo src/jdhuff.c (`jpeg_fill_bit_buffer`) and src/jdmarker.c
(`jpeg_resync_to_restart`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from gainmap_codec.files.jpeg.segments import SCAN_DATA, TRUSTED, JpegImage, Segment, frame_of, image_header

_SOS, _DNL, _DRI = 0xDA, 0xDC, 0xDD
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
# At these, which mean nothing, libjpeg goes on from the next restart marker, if there is one.
_UNKNOWN = re.compile(rb"\xff[\x01-\xbf]")


def usable_part(image: JpegImage) -> JpegImage:
    """The image up to the end of what a decoder can use; the same record where that is all of it.

    Raises:
        FormatError, UnsupportedError: As `image_header`.
    """
    tail = list(_usable_tail(image))
    while tail and tail[-1].marker != SCAN_DATA:
        tail.pop()
    kept, behind = image.tail[: len(tail)], image.tail[len(tail) :]
    whole = image.complete and tuple(tail) == kept and all(each.is_metadata or each.marker == _DNL for each in behind)
    return image if whole or not tail else replace(image, tail=tuple(tail), end=tail[-1].stop, complete=False)


def _usable_tail(image: JpegImage) -> Iterator[Segment]:
    """Segments from the first scan on, up to one that is no part of this picture."""
    components = image_header(image, TRUSTED).component_ids
    header = image.tail[0]
    for segment in image.tail:
        if segment.marker == _SOS and not _fits(image.body(segment), components):
            return
        header = segment if segment.marker == _SOS else header
        stop = _scan_end(image, header, segment) if segment.marker == SCAN_DATA else segment.stop
        yield segment._replace(stop=stop)
        if stop < segment.stop:
            return


def _fits(scan_header: bytes, components: bytes) -> bool:
    """Whether a scan header is one of a frame with these components. Source: ITU-T T.81 B.2.3."""
    named = scan_header[1:-3:2]
    whole = len(scan_header) == 4 + 2 * len(named) and list(scan_header[:1]) == [len(named)]
    return whole and len(named) > 0 and set(named) <= set(components)


def _scan_end(image: JpegImage, header: Segment, scan: Segment) -> int:
    """Where a scan ends or its damage begins, without fill bytes."""
    marker = _MARKER.search(image.data, scan.start, scan.stop)
    stop = marker.start() if marker else scan.stop
    unknown = _UNKNOWN.search(image.data, scan.start, stop)
    if unknown:
        unknown = _UNKNOWN.search(image.data, _behind_restarts(image, header, scan), stop)
    stop = unknown.start() if unknown else stop
    return scan.start + len(image.data[scan.start : stop].rstrip(b"\xff"))


def _behind_restarts(image: JpegImage, header: Segment, scan: Segment) -> int:
    position = scan.start
    for match in islice(_RESTART.finditer(image.data, scan.start, scan.stop), _restarts(image, header)):
        position = match.end()
    return position


def _restarts(image: JpegImage, header: Segment) -> int:
    """How many restart markers a whole scan has. Source: ITU-T T.81 B.2.4.4."""
    before = (each for each in (*image.header, *image.tail) if each.marker == _DRI and each.start < header.start)
    interval = 0
    for segment in before:
        interval = int.from_bytes(image.body(segment)[:2], "big")
    return (_units(image, image.body(header)) - 1) // interval if interval else 0


def _units(image: JpegImage, scan_header: bytes) -> int:
    """MCUs of a scan: of several components as the largest sampling factors say, of one its blocks. Source: A.2."""
    frame = image.body(frame_of(image))
    width, height = int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big")
    factors = {number: divmod(both, 16) for number, both in zip(frame[6::3], frame[7::3], strict=False)}
    own = factors[scan_header[1]] if scan_header[0] == 1 else None
    count = 1
    for axis, side in enumerate((width, height)):
        most = max(1, *(each[axis] for each in factors.values()))
        count *= -(-side // (8 * most)) if own is None else -(-side * own[axis] // (8 * most))
    return count
