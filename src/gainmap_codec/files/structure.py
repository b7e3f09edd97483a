"""The parts of a gain-map file, byte by byte: what they are and where."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from gainmap_codec.errors import Limits
from gainmap_codec.files.heif.boxes import BoxFile
from gainmap_codec.files.heif.gain_map import is_auxiliary_map
from gainmap_codec.files.heif.items import HeifMeta, Item
from gainmap_codec.files.heif.meta import parse_meta
from gainmap_codec.files.jpeg.jumbf import find_payload
from gainmap_codec.files.jpeg.metadata import EXIF_ID, ICC_ID, ISO_ID, XMP_ID
from gainmap_codec.files.jpeg.segments import APP0, APP1, APP2, APP11, COM, JpegImage, Segment, parse_segments
from gainmap_codec.files.payload.format import MAGIC
from gainmap_codec.files.records import GainMapFile

BASE, MAP, NEURAL, OTHER = "base image", "standard gain map", "neural gain map", "other bytes"

_SEGMENTS = (
    (APP1, EXIF_ID, "EXIF"),
    (APP1, XMP_ID, "XMP"),
    (APP2, ICC_ID, "ICC profile"),
    (APP2, ISO_ID, "ISO 21496-1 metadata"),
    (APP2, b"MPF\0", "index of pictures (MPF)"),
)
_ITEMS = {b"Exif": "EXIF", b"tmap": "ISO 21496-1 metadata"}
_XMP_TYPE = "application/rdf+xml"


class Part(NamedTuple):
    """`data[start:stop]` of a file."""

    start: int
    stop: int
    name: str


def parts_of(data: bytes, file: GainMapFile, limits: Limits) -> tuple[Part, ...]:
    """All bytes of a file, in file order, without gaps and overlaps.

    Args:
        data: The file.
        file: What it was parsed to within `limits`, so that its structure is known to be sound.
    """
    if file.container == "jpeg":
        found = _laid_out(_jpeg_parts(data, file, limits), [Part(0, len(data), OTHER)])
    else:
        found = _heif_parts(data, limits)
    merged = (list(run) for _, run in groupby(found, key=lambda part: part.name))
    return tuple(Part(run[0].start, run[-1].stop, run[0].name) for run in merged)


def _jpeg_parts(data: bytes, file: GainMapFile, limits: Limits) -> Iterator[Part]:
    image = parse_segments(data, limits)
    position = 0
    for segment in (*image.header, *image.tail):
        yield Part(position, segment.stop, _segment_name(image, segment, limits))  # with the fill bytes before it
        position = segment.stop
    yield Part(position, image.end, BASE)
    for stored, name in ((file.gain_map, MAP), (file.spare_gain_map, "second gain map")):
        start = data.find(stored.image.data, image.end) if stored else -1
        if stored and start >= 0:
            yield Part(start, start + len(stored.image.data), name)


def _segment_name(image: JpegImage, segment: Segment, limits: Limits) -> str:
    if not segment.is_metadata:
        return BASE
    body = image.body(segment)
    if segment.marker == APP11 and find_payload([body], limits):
        return NEURAL
    names = (name for marker, prefix, name in _SEGMENTS if segment.marker == marker and body.startswith(prefix))
    return next(names, "comment" if segment.marker == COM else f"other metadata (APP{segment.marker - APP0})")


def _heif_parts(data: bytes, limits: Limits) -> Iterator[Part]:
    file = BoxFile(data, limits)
    boxes = file.top_level()
    meta = parse_meta(file, next(box for box in boxes if box.kind == b"meta"))
    names = _item_names(data, meta)
    extents = (
        Part(start, stop, names[number])
        for number, place in meta.places.items()
        for start, stop in place.extents
        if number in names
    )
    frames = [Part(box.start, box.stop, f"box {box.name}") for box in boxes]
    return _laid_out(extents, [*frames, Part(boxes[-1].stop, len(data), OTHER)])


def _item_names(data: bytes, meta: HeifMeta) -> dict[int, str]:
    """What each item is, by its id."""
    inputs = next((meta.targets(b"dimg", item.id) for item in meta.items.values() if item.kind == b"tmap"), ())
    base = inputs[0] if inputs else meta.primary
    maps = {number for number, item in meta.items.items() if is_auxiliary_map(item)} | set(inputs[1:])
    names = {number: _item_name(data, meta, item) for number, item in meta.items.items()}
    for name, pictures in ((BASE, {base}), (MAP, maps)):
        for picture in pictures & names.keys():
            tiles = meta.targets(b"dimg", picture) if meta.items[picture].kind == b"grid" else ()
            names |= dict.fromkeys((picture, *tiles), name)
    return names


def _item_name(data: bytes, meta: HeifMeta, item: Item) -> str:
    place = meta.places.get(item.id)
    if place and place.extents and data[slice(*place.extents[0])].startswith(MAGIC):
        return NEURAL
    if item.content_type == _XMP_TYPE:
        return "XMP"
    kind = item.kind.decode("latin-1")
    return _ITEMS.get(item.kind, f"other item ({kind if kind.isprintable() else 'unnamed'})")


def _laid_out(parts: Iterable[Part], frames: list[Part]) -> Iterator[Part]:
    """Parts in their order, and of the frames, which cover the file, what lies between them."""
    starts = [frame.start for frame in frames]

    def between(start: int, stop: int) -> Iterator[Part]:
        index = max(bisect_right(starts, start) - 1, 0)
        while start < stop:
            end = min(frames[index].stop, stop)
            if end > start:
                yield Part(start, end, frames[index].name)
                start = end
            index += 1

    position = 0
    for part in sorted(parts):
        if part.start >= position and part.stop > part.start:  # items may share their bytes
            yield from between(position, part.start)
            yield part
            position = part.stop
    yield from between(position, frames[-1].stop)
