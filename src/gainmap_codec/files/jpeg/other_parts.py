"""What stands beside base and gain maps in a JPEG file: previews, a motion photo's video, and bytes of unknown kinds.

Where such parts begin is told by the MPF index, by the GContainer directory, by the offset of a Micro Video, or else by
their first bytes. Nothing is searched for: what is not told stays one stretch.
Source: CIPA DC-007; Motion Photo format 1.0; Samsung's trailer as read by exiftool lib/Image/ExifTool/Samsung.pm.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from lxml import etree

from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.jpeg.gain_map import VERSION_ONLY_BYTES
from gainmap_codec.files.jpeg.metadata import ISO_ID, XMP_ID
from gainmap_codec.files.jpeg.mpf import MPF_ID, parse_mpf
from gainmap_codec.files.jpeg.segments import APP1, APP2, SOI, JpegImage, parse_segments
from gainmap_codec.files.jpeg.xmp_directory import directory_of
from gainmap_codec.files.records import OtherKind, OtherPart
from gainmap_codec.files.tags.motion_photo import video_offset

_SAMSUNG_VIDEO = re.compile(rb"MotionPhoto_Data....ftyp", re.DOTALL)
_MAP_MARKS = (b"http://ns.apple.com/HDRGainMap/", b"GainMapMax", b"HDRCapacityMax")


class _Named(NamedTuple):
    """A stretch that the file tells of; `stop` is None where only its beginning is told."""

    start: int
    stop: int | None
    mpf_attribute: int | None = None
    item: tuple[tuple[str, str], ...] = ()


def find_other_parts(
    base: JpegImage, xmp: etree._Element | None, known: Iterable[tuple[int, int]], limits: Limits
) -> tuple[OtherPart, ...]:
    """All that the file holds outside base and gain maps but zeros that only fill, in file order.

    What is more than `limits.mpf_entries` parts that are told, and as many pictures that are not, stays in one stretch
    with what it follows: each part is parsed again by whoever writes the file.

    Args:
        base: The file's first image.
        xmp: The rdf:RDF element of the base's packet, or None.
        known: Where each gain map begins and ends.
    """
    gaps = list(_gaps([(base.start, base.end), *known], len(base.data)))
    named = _named(base, xmp, gaps, limits)
    turns = iter(range(limits.mpf_entries))
    parts = (part for start, stop in gaps for part in _parts(base.data, start, stop, named, turns, limits))
    return tuple(part for part in parts if part.data.strip(b"\0"))


def _gaps(known: Iterable[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    position = 0
    for start, stop in (*sorted(known), (size, size)):
        if position < start:
            yield position, start
        position = max(position, stop)


def _named(base: JpegImage, xmp: etree._Element | None, gaps: list[tuple[int, int]], limits: Limits) -> list[_Named]:
    """Stretches that the file tells of, by their beginnings; what two sources tell of one is put together."""
    sources: tuple[Callable[[], Iterator[_Named]], ...] = (
        lambda: _by_directory(base, xmp, gaps),
        lambda: _by_index(base, limits),
        lambda: _by_micro_video(base, xmp),
    )
    found: dict[int, _Named] = {}
    for source in sources:
        try:
            for one in source():
                if any(start <= one.start and (one.stop or one.start + 1) <= stop for start, stop in gaps):
                    first = found.setdefault(one.start, one)
                    found[one.start] = first._replace(mpf_attribute=first.mpf_attribute or one.mpf_attribute)
        except GainMapError:
            continue  # whoever looks for the gain map tells of it
    return [found[start] for start in sorted(found)][: limits.mpf_entries]


def _by_index(base: JpegImage, limits: Limits) -> Iterator[_Named]:
    for segment in base.header:
        body = base.body(segment)
        if segment.marker == APP2 and body.startswith(MPF_ID):
            origin = segment.start + 4 + len(MPF_ID)
            for entry in parse_mpf(body[len(MPF_ID) :], limits):
                yield _Named(origin + entry.offset, origin + entry.offset + entry.size, entry.attribute)
            return


def _by_directory(base: JpegImage, xmp: etree._Element | None, gaps: list[tuple[int, int]]) -> Iterator[_Named]:
    """Counted from the base's end, or where that leads to something else, from the file's, as readers of videos do."""
    items = () if xmp is None else directory_of(xmp)
    sizes = [item.length + item.padding for item in items]
    from_base, from_end = base.end, len(base.data) - sum(sizes)
    for item, size in zip(items, sizes, strict=True):
        for start in (from_base, from_end):
            if item.length and item.semantic != "GainMap" and _looks_like(item.mime, base.data, start, gaps):
                yield _Named(start, start + item.length, item=item.said)
                break
        from_base, from_end = from_base + size, from_end + size


def _looks_like(mime: str, data: bytes, start: int, gaps: list[tuple[int, int]]) -> bool:
    """Whether a part of this type may begin there."""
    if not any(first <= start < last for first, last in gaps):
        return False
    if mime.startswith("video/"):
        return data[start + 4 : start + 8] == b"ftyp"
    return mime != "image/jpeg" or data[start : start + 2] == SOI


def _by_micro_video(base: JpegImage, xmp: etree._Element | None) -> Iterator[_Named]:
    offset = None if xmp is None else video_offset(xmp)
    start = len(base.data) - (offset or 0)
    if start > 0 and base.data[start + 4 : start + 8] == b"ftyp":
        yield _Named(start, None)


def _parts(
    data: bytes, start: int, stop: int, named: list[_Named], turns: Iterator[int], limits: Limits
) -> Iterator[OtherPart]:
    """The stretch cut where the file tells to cut it; `turns` has one for each untold picture of the whole file."""
    position = start
    inside = [one for one in named if start <= one.start < stop]
    for index, one in enumerate(inside):
        if one.start < position:
            continue  # within the one before
        yield from _untold(data, position, one.start, turns, limits)
        following = next((other.start for other in inside[index + 1 :] if other.start > one.start), stop)
        position = min(one.stop or following, stop)
        found = data[one.start : position]
        yield OtherPart(_kind(found, one.item, limits), found, one.start, one.mpf_attribute, one.item)
    yield from _untold(data, position, stop, turns, limits)


def _untold(data: bytes, start: int, stop: int, turns: Iterator[int], limits: Limits) -> Iterator[OtherPart]:
    """A stretch that nothing tells of: whole pictures at its beginning, and the rest."""
    for _ in turns if start < stop else ():
        try:
            image = parse_segments(data, limits, start=start, stop=stop)
        except GainMapError:
            break
        yield OtherPart(_kind(data[start : image.end], (), limits), data[start : image.end], start)
        start = image.end
    if start < stop:
        yield OtherPart(_kind(data[start:stop], (), limits), data[start:stop], start)


def _kind(data: bytes, item: tuple[tuple[str, str], ...], limits: Limits) -> OtherKind:
    try:
        return "gain map" if _is_gain_map(parse_segments(data, limits)) else "picture"
    except GainMapError:
        if data.startswith(SOI) and any(mark in data for mark in (ISO_ID, *_MAP_MARKS)):
            return "gain map"  # broken
    is_video = data[4:8] == b"ftyp" or _SAMSUNG_VIDEO.search(data) is not None
    return "video" if is_video or any(text.startswith("video/") for _, text in item) else "data"


def _is_gain_map(image: JpegImage) -> bool:
    blobs, packets = image.bodies(APP2, ISO_ID), image.bodies(APP1, XMP_ID)
    return any(len(blob) > VERSION_ONLY_BYTES for blob in blobs) or any(
        mark in packet for packet in packets for mark in _MAP_MARKS
    )
