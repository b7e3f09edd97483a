"""The sections of a gain-map file, byte by byte: what they are and where."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from gainmap_codec.errors import Limits
from gainmap_codec.files.boxes import Box
from gainmap_codec.files.heif.gain_map import auxiliary_maps, tmap_items
from gainmap_codec.files.heif.items import TMAP, XMP_TYPE, Item
from gainmap_codec.files.heif.read import payload_item
from gainmap_codec.files.heif.source import HeifSource, open_heif
from gainmap_codec.files.jpeg.jumbf import find_payload
from gainmap_codec.files.jpeg.metadata import EXIF_ID, ICC_ID, ISO_ID, XMP_ID
from gainmap_codec.files.jpeg.mpf import MPF_ID
from gainmap_codec.files.jpeg.segments import APP0, APP1, APP2, APP11, COM, JpegImage, Segment, segments_of
from gainmap_codec.files.jumbf import PAYLOAD, parse_superbox
from gainmap_codec.files.jxl.gain_map import JHGM, MAP_JPEG
from gainmap_codec.files.jxl.packed_jpeg import JBRD
from gainmap_codec.files.jxl.source import JUMB, JxlSource, open_jxl
from gainmap_codec.files.records import GainMapFile

BASE, MAP, NEURAL, OTHER = "base image", "standard gain map", "neural gain map", "other bytes"

_SEGMENTS = (
    (APP1, EXIF_ID, "EXIF"),
    (APP1, XMP_ID, "XMP"),
    (APP2, ICC_ID, "ICC profile"),
    (APP2, ISO_ID, "ISO 21496-1 metadata"),
    (APP2, MPF_ID, "index of pictures (MPF)"),
)
_FRAMES = {
    b"ftyp": "kind of file",
    b"JXL ": "kind of file",
    b"meta": "list of the file's contents",
    b"mdat": "rest of the coded data",
    b"free": "unused space",
    b"skip": "unused space",
}
_BOXES = {b"jxlc": BASE, b"jxlp": BASE, JBRD: BASE, b"Exif": "EXIF", b"xml ": "XMP", JHGM: MAP}
_SUPERBOXES = ((PAYLOAD, NEURAL), (MAP_JPEG, MAP))
_ITEMS = {b"Exif": "EXIF", TMAP: "ISO 21496-1 metadata"}


class Section(NamedTuple):
    """`data[start:stop]` of a file."""

    start: int
    stop: int
    name: str


def sections_of(data: bytes, file: GainMapFile, limits: Limits) -> tuple[Section, ...]:
    """All bytes of a file, in file order, without gaps and overlaps.

    Args:
        data: The file.
        file: What it was parsed to within `limits`, so that its structure is known to be sound.
    """
    limits = limits.of_one_file()
    if file.container == "jpeg":
        found = _laid_out(_jpeg_sections(data, file), [Section(0, len(data), OTHER)])
    else:
        found = (_jxl_sections if file.container == "jxl" else _heif_sections)(data, limits)
    merged = (list(run) for _, run in groupby(found, key=lambda section: section.name))
    return tuple(Section(run[0].start, run[-1].stop, run[0].name) for run in merged)


def sums_of(sections: Iterable[Section]) -> Counter[str]:
    """Bytes of all sections of a name together, by name."""
    sums: Counter[str] = Counter()
    for section in sections:
        sums[section.name] += section.stop - section.start
    return sums


def _jpeg_sections(data: bytes, file: GainMapFile) -> Iterator[Section]:
    image = replace(segments_of(file.base), data=data)
    position = 0
    for segment in (*image.header, *image.tail):
        yield Section(position, segment.stop, _segment_name(image, segment))  # with the fill bytes before it
        position = segment.stop
    yield Section(position, image.end, BASE)
    for stored, name in ((file.gain_map, MAP), (file.spare_gain_map, "second gain map")):
        if stored:  # as it stands in the file
            start = data.index(stored.image.data)
            yield Section(start, start + len(stored.image.data), name)


def _segment_name(image: JpegImage, segment: Segment) -> str:
    if not segment.is_metadata:
        return BASE
    body = image.body(segment)
    if segment.marker == APP11 and find_payload([body]):
        return NEURAL
    names = (name for marker, prefix, name in _SEGMENTS if segment.marker == marker and body.startswith(prefix))
    return next(names, "comment" if segment.marker == COM else f"other metadata (APP{segment.marker - APP0})")


def _heif_sections(data: bytes, limits: Limits) -> Iterator[Section]:
    source = open_heif(data, limits)
    names, boxes = _item_names(source), source.boxes
    extents = (
        Section(start, stop, names[number])
        for number, place in source.meta.places.items()
        for start, stop in place.extents
        if number in names
    )
    frames = [Section(box.start, box.stop, _frame_name(box.kind)) for box in boxes]
    return _laid_out(extents, [*frames, Section(boxes[-1].stop, len(data), OTHER)])


def _jxl_sections(data: bytes, limits: Limits) -> Iterator[Section]:
    source = open_jxl(data, limits)
    boxes = [Section(box.start, box.stop, _box_name(source, box)) for box in source.boxes]
    return _laid_out(boxes, [Section(0, len(data), OTHER if boxes else BASE)])


def _box_name(source: JxlSource, box: Box) -> str:
    if box.kind == JUMB:
        superbox = source.whole(box)
        return next(
            (name for kind, name in _SUPERBOXES if parse_superbox(superbox, kind) is not None), _frame_name(JUMB)
        )
    kind = source.kind(box)
    return _BOXES.get(kind) or _frame_name(kind)


def _frame_name(kind: bytes) -> str:
    """What a box is that holds no picture."""
    name = kind.decode("latin-1").strip()
    return f"{_FRAMES.get(kind, 'other data')} ({name if name.isprintable() else 'unnamed'})"


def _item_names(source: HeifSource) -> dict[int, str]:
    """What each item is, by its id."""
    meta, base = source.meta, source.base
    names = {number: _item_name(item) for number, item in meta.items.items()}
    maps = [number for tmap in tmap_items(meta) for number in meta.targets(b"dimg", tmap.id)[1:]]
    pictures = {base: BASE} | dict.fromkeys([*maps, *auxiliary_maps(meta, base)], MAP)
    for picture, name in pictures.items():
        names |= dict.fromkeys((picture, *meta.tiles(picture)), name)
    payload = payload_item(source.file, meta, base)
    return names if payload is None else names | {payload: NEURAL}


def _item_name(item: Item) -> str:
    if item.content_type == XMP_TYPE:
        return "XMP"
    kind = item.kind.decode("latin-1")
    return _ITEMS.get(item.kind, f"other item ({kind if kind.isprintable() else 'unnamed'})")


def _laid_out(sections: Iterable[Section], frames: list[Section]) -> Iterator[Section]:
    """Sections in their order, and between them what the frames, which cover the whole file, say of the gaps."""
    starts = [frame.start for frame in frames]

    def between(start: int, stop: int) -> Iterator[Section]:
        index = max(bisect_right(starts, start) - 1, 0)
        while start < stop:
            end = min(frames[index].stop, stop)
            if end > start:
                yield Section(start, end, frames[index].name)
                start = end
            index += 1

    position = 0
    for section in sorted(sections):
        if section.start >= position and section.stop > section.start:  # items may share their bytes
            yield from between(position, section.start)
            yield section
            position = section.stop
    yield from between(position, frames[-1].stop)
