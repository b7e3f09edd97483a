"""What a HEIC or AVIF file holds beside base and gain map, without places; or without all that no picture needs.

Source: ISO/IEC 23008-12 clauses 6.5 (properties) and A.2.1 (Exif items); XMP specification part 3 (Adobe, 2020), 1.1.7
(uuid box); C2PA specification 2.1, A.5.3 (uuid box).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from gainmap_codec.errors import GainMapError, Limits, printable
from gainmap_codec.files.boxes import Box, BoxFile, make_box
from gainmap_codec.files.geotags import exif, video, xmp
from gainmap_codec.files.geotags.foreign import has_geotag
from gainmap_codec.files.geotags.jpeg import clean_jpeg, pictures_without_geotags
from gainmap_codec.files.heif.extras import alpha_items, without_items
from gainmap_codec.files.heif.items import XMP_TYPE, Item, Property, item_data
from gainmap_codec.files.heif.meta import serialize_meta
from gainmap_codec.files.heif.records import HeifExtras
from gainmap_codec.files.heif.source import open_heif
from gainmap_codec.files.records import CodedImage

_FILLING = b"\0\t\n\r "
_XMP_BOX = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
_C2PA_BOX = bytes.fromhex("D8FEC3D61B0E483C92975828877EC481")
_VIDEO_BOXES = (b"mpvd",)
_NEEDED = frozenset(
    b"hvcC av1C ispe pixi colr pasp clap irot imir auxC a1op a1lx lsel clli mdcv cclv amve reve ndwt".split()
)
"""Properties that tell how a picture is shown."""
_TRUSTED = Limits(boxes=1 << 30, items=1 << 30, links=1 << 30, file_bytes=1 << 62)  # counted as the file was read


def without_geotags(extras: HeifExtras, notes: list[str]) -> HeifExtras:
    """The extras without places: EXIF and XMP of any picture, JPEG thumbnails, texts, boxes; equal where none is there.

    Args:
        notes: Gets a line for each thing that goes as a whole, and for what stays and may name a place.
    """
    shared: dict[tuple[object, ...], bytes | None] = {}  # items may share their bytes, thousands of them

    def clean(item: Item, data: bytes | None) -> bytes | None:
        key = item.kind, item.content_type, item.content_encoding, item.property(b"ispe") is None, data
        if key not in shared:
            shared[key] = _item_without_geotags(item, data, notes)
        return shared[key]

    cleaned = {item.id: clean(item, data) for item, data in extras.items}
    gone = {number for number, data in cleaned.items() if data is None}
    items = tuple((_described(item), cleaned[item.id] if data else data) for item, data in extras.items)
    meta, first, last = (_boxes_without_geotags(b, notes) for b in _boxes(extras))
    return replace(
        without_items(replace(extras, items=items), gone, set()) if gone else replace(extras, items=items),
        map_properties=tuple(p for p in extras.map_properties if not _tells(p)),
        tmap_properties=tuple(p for p in extras.tmap_properties if not _tells(p)),
        meta_boxes=meta,
        first_boxes=first,
        last_boxes=last,
    )


def bare(extras: HeifExtras) -> HeifExtras:
    """Of the extras, the base's transparency, and how gain map and tmap item are shown."""
    kept = alpha_items(extras)
    kept |= {target for r in extras.references if r.kind == b"dimg" and r.source in kept for target in r.targets}
    gone = {item.id for item, _ in extras.items} - kept
    new = without_items(extras, gone, set())
    return replace(
        new,
        items=tuple((_needed(item), data) for item, data in new.items),
        groups=(),
        map_properties=tuple(p for p in extras.map_properties if p.kind in _NEEDED),
        tmap_properties=tuple(p for p in extras.tmap_properties if p.kind in _NEEDED),
        meta_boxes=b"",
        first_boxes=b"",
        last_boxes=b"",
    )


def picture_without_geotags(image: CodedImage) -> CodedImage:
    """A HEVC or AV1 picture without properties that name a place; the same record where there are none."""
    return _with_properties(image, lambda found: not _tells(found))


def bare_picture(image: CodedImage) -> CodedImage:
    """A HEVC or AV1 picture without properties that nobody needs to show it."""
    return _with_properties(image, lambda found: found.kind in _NEEDED)


def _with_properties(image: CodedImage, stays: Callable[[Property], bool]) -> CodedImage:
    source = open_heif(image.data, _TRUSTED)
    meta = source.meta
    old = tuple(meta.items.values())
    new = tuple(replace(item, properties=tuple(filter(stays, item.properties))) for item in old)
    if new == old:
        return image
    start = next(box.start for box in source.boxes if box.kind == b"meta")
    contents = [item_data(source.file, meta, item.id) for item in old]
    data = image.data[:start] + serialize_meta(meta.primary, new, meta.references, contents)
    return replace(image, data=data, parsed=None)


def _needed(item: Item) -> Item:
    return replace(item, name="", properties=tuple(p for p in item.properties if p.kind in _NEEDED))


def _described(item: Item) -> Item:
    name = "" if has_geotag(item.name.encode()) else item.name
    return replace(item, name=name, properties=tuple(p for p in item.properties if not _tells(p)))


def _tells(found: Property) -> bool:
    return found.kind not in _NEEDED and has_geotag(found.body)


def _item_without_geotags(item: Item, data: bytes | None, notes: list[str]) -> bytes | None:
    """An item's data, or None where it goes."""
    if not data or item.kind == b"iden" or not data.strip(_FILLING):
        return data or b""
    try:
        return _cleaned(item, data, notes)
    except GainMapError as error:
        notes.append(f"an item ({_kind(item)}) is left out: damaged, so that the place may still be in it ({error})")
        return None


def _cleaned(item: Item, data: bytes, notes: list[str]) -> bytes | None:
    if item.kind == b"Exif":
        start = 4 + int.from_bytes(data[:4], "big")
        return data[:start] + exif.without_geotags(data[start:], clean_jpeg, notes)
    if item.kind == b"jpeg" or item.content_type == "image/jpeg":
        return pictures_without_geotags(data, notes)
    if item.content_type == XMP_TYPE and not item.content_encoding:
        return xmp.cleaned(data, clean_jpeg)
    if item.property(b"ispe") or not (item.content_encoding or has_geotag(data)):
        return data
    notes.append(f"an item ({_kind(item)}), which may name the place, is left out")
    return None


def _kind(item: Item) -> str:
    return printable(item.content_type or item.kind.decode("latin-1"))


def _boxes(extras: HeifExtras) -> tuple[bytes, bytes, bytes]:
    return extras.meta_boxes, extras.first_boxes, extras.last_boxes


def _boxes_without_geotags(boxes: bytes, notes: list[str]) -> bytes:
    file = BoxFile(boxes, _TRUSTED)
    return b"".join(_cleaned_boxes(file, notes))


def _cleaned_boxes(file: BoxFile, notes: list[str]) -> Iterator[bytes]:
    for box in file.top_level():
        whole, body = file.data[box.start : box.stop], file.data[box.body : box.stop]
        if box.kind == b"uuid" and body.startswith(_XMP_BOX):
            yield _xmp_box(whole, body[len(_XMP_BOX) :], notes)
        elif box.kind == b"uuid" and body.startswith(_C2PA_BOX):
            notes.append("the C2PA manifest may name the place too: it is kept")
            yield whole
        elif box.kind in _VIDEO_BOXES:
            notes.append(f"the video (box {box.name}) may name the place in its tracks too: it is kept")
            yield whole[: box.body - box.start] + video.without_geotags(body)
        elif _box_has_geotag(box, body):
            notes.append(f"box {box.name}, which may name the place, is left out")
        else:
            yield whole


def _box_has_geotag(box: Box, body: bytes) -> bool:
    """Source: 3GPP TS 26.244 clause 8.8 (loci), QuickTime file format (©xyz)."""
    return has_geotag(body) or (box.kind == b"udta" and (b"loci" in body or b"xyz" in body))


def _xmp_box(whole: bytes, packet: bytes, notes: list[str]) -> bytes:
    try:
        new = xmp.cleaned(packet, clean_jpeg)
    except GainMapError as error:
        notes.append(f"XMP in a box is left out: damaged, so that the place may still be in it ({error})")
        return b""
    return whole if new == packet else make_box(b"uuid", _XMP_BOX, new)
