"""JPEG XL files → `GainMapFile`.

Reading is forgiving, as for JPEG and HEIC: what is wrong with metadata, gain map or payload becomes a warning in the
record, and only a broken base image raises. Of a packed JPEG, the JPEG is the base, with all that it holds; where boxes
of the file tell the same, they count.
Source: ISO/IEC 18181-1 and -2; libjxl lib/jxl/decode.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits
from gainmap_codec.files.boxes import Box
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jumbf import (
    LOST_PAYLOAD,
    MAX_PAYLOAD_BYTES,
    PAYLOAD,
    Superbox,
    parse_superbox,
    tells_of_payload,
)
from gainmap_codec.files.jxl.color import code_points_of
from gainmap_codec.files.jxl.gain_map import JHGM, MAP_JPEG, Bundle, parse_bundle, parse_map_jpeg
from gainmap_codec.files.jxl.header import ALPHA, ImageHeader
from gainmap_codec.files.jxl.packed_jpeg import EXIF, JBRD, XMP, PackedJpeg, parse_boxes, unpack_jpeg
from gainmap_codec.files.jxl.picture import coded_image, codestream_digest, read_header
from gainmap_codec.files.jxl.records import JxlExtras, KeptBox, Role
from gainmap_codec.files.jxl.source import CODESTREAM_BOXES, JUMB, JxlSource, open_jxl
from gainmap_codec.files.map_metadata.iso21496 import parse_iso21496
from gainmap_codec.files.map_metadata.oddities import odd_gain_map
from gainmap_codec.files.map_metadata.turned import turned_map
from gainmap_codec.files.payload.format import is_payload
from gainmap_codec.files.records import CodedImage, GainMapFile, OtherKind, OtherPart, StoredGainMap
from gainmap_codec.files.tags.exif import tiff_of_item
from gainmap_codec.files.tags.xmp_packet import parse_packet

_MOST_TRIED = 8
"""Of each kind of metadata: files have one or two."""
_MOST_EXIF = 1 << 22
_MOST_MAP_JPEG = 1 << 22
_OF_PICTURE = (b"jxll", b"jxli")  # level and index of frames
_MADE_ANEW = (b"JXL ", b"ftyp")

_Found = tuple[Box | None, bytes | None]
"""A box, and what it says."""


class _Base(NamedTuple):
    """The base as a record of its own: of a packed JPEG, all that the JPEG says."""

    file: GainMapFile
    jpeg: bytes | None = None
    packed: PackedJpeg | None = None


class _Map(NamedTuple):
    """A gain map, its box, and that of the JPEG that it was."""

    stored: StoredGainMap
    box: Box
    jpeg_box: Box | None


class _Metadata(NamedTuple):
    """What the boxes say beside the pictures, and which they are."""

    exif: _Found
    xmp: _Found
    payload: _Found


def parse_jxl(data: bytes, limits: Limits) -> GainMapFile:
    """Everything that we know in a JPEG XL file; `warnings` lists what was odd.

    Args:
        data: The whole file: boxes, or a codestream alone.
    Raises:
        FormatError: The boxes or the base image are broken.
        UnsupportedError: The base image is neither grey nor RGB.
        LimitError: The file or its base image asks for more than `limits` allow.
    """
    source = open_jxl(data, limits)
    header, cut_off = read_header(source.codestream, limits)
    missing = (cut_off, *source.missing) if cut_off else source.missing
    notes: list[str] = []
    base = _base(source, header, notes)
    found = _Metadata(
        _first(source, EXIF, _MOST_EXIF, tiff_of_item, notes),
        _first(source, XMP, limits.xmp_bytes, lambda data: _packet(data, limits), notes),
        _payload(source),
    )
    if found.payload[1] is None and not source.missing and _names_payload(source):
        missing = (*missing, LOST_PAYLOAD)
    if header.is_animation:
        notes.append("the picture moves: its first frame stands for all of it")
    map_notes: list[str] = []
    gain_map = _gain_map(source, base.file.base, header, map_notes)
    file = _with_map(base.file, gain_map, map_notes)
    record = replace(
        _with_metadata(file, found),
        container="jxl",
        orientation=header.orientation,
        others=(*file.others, *_behind_the_boxes(source)),
        warnings=tuple(dict.fromkeys([*notes, *file.warnings, *map_notes, *missing])),
        damage=(*file.damage, *missing),
    )
    return replace(record, extras=_extras(source, header, record, base, found, gain_map))


def _with_metadata(file: GainMapFile, found: _Metadata) -> GainMapFile:
    """The record with what boxes say, or else a packed JPEG."""
    exif, xmp, payload = (content for _, content in found)
    return replace(file, exif=exif or file.exif, xmp=xmp or file.xmp, payload=payload or file.payload)


def _extras(
    source: JxlSource,
    header: ImageHeader,
    record: GainMapFile,
    base: _Base,
    found: _Metadata,
    gain_map: _Map | None,
) -> JxlExtras:
    roles: dict[Box | None, Role] = {found.exif[0]: "exif", found.xmp[0]: "xmp", found.payload[0]: "payload"}
    if gain_map:
        roles |= {gain_map.jpeg_box: "map jpeg", gain_map.box: "gain map"}
    return JxlExtras(
        base=record.base,
        orientation=record.orientation,
        gain_map=record.gain_map if gain_map else None,
        exif=record.exif,
        xmp=record.xmp,
        boxes=tuple(_kept(source, roles)),
        codestream=source.codestream,
        jpeg=base.jpeg,
        packed=base.packed,
        has_alpha=ALPHA in header.extra_channels,
    )


def _base(source: JxlSource, header: ImageHeader, notes: list[str]) -> _Base:
    """The JPEG that was packed, or else the codestream."""
    boxes = {source.kind(box): box for box in reversed(source.boxes)}
    if JBRD in boxes:
        try:
            found = {kind: _readable(source, boxes[kind]) for kind in (JBRD, EXIF, XMP) if kind in boxes}
            packed = PackedJpeg(source.codestream, found)
            jpeg = unpack_jpeg(packed, source.file.limits)
            file = parse_jpeg(jpeg, source.file.limits)
            others = tuple(replace(part, place=boxes[JBRD].start) for part in file.others)  # compressed in there
            return _Base(replace(file, others=others), jpeg, packed)
        except GainMapError as error:
            notes.append(f"the packed JPEG cannot be restored: {error}")
    image = coded_image(source.codestream, header)
    return _Base(GainMapFile("jxl", image, codestream_digest(image)))


def _readable(source: JxlSource, box: Box) -> bytes:
    """What a box holds; nothing where that cannot be decompressed."""
    try:
        return source.content(box, _MOST_EXIF)
    except FormatError:
        return b""


def _first(
    source: JxlSource, kind: bytes, most: int, parse: Callable[[bytes], bytes | None], notes: list[str]
) -> _Found:
    """The first box of a kind that `parse` finds something in, and what."""
    boxes = (box for box in source.boxes if source.kind(box) == kind)
    for box in islice(boxes, _MOST_TRIED):
        try:
            found = parse(source.content(box, most))
        except GainMapError as error:
            notes.append(f"{'EXIF' if kind == EXIF else 'XMP'} ignored: {error}")
            if isinstance(error, LimitError):
                break
        else:
            if found:
                return box, found
    return None, None


def _packet(data: bytes, limits: Limits) -> bytes | None:
    if not data.strip(b"\0\t\n\r "):
        return None  # what exiftool leaves where it takes XMP out
    parse_packet(data, limits)
    return data


def _payload(source: JxlSource) -> _Found:
    """The payload's box, and the payload unless its first bytes are damaged: then there is nothing to hand on."""
    box, payload = _superbox(source, PAYLOAD, MAX_PAYLOAD_BYTES)
    return box, payload if payload and is_payload(payload) else None


def _superbox(source: JxlSource, kind: Superbox, most: int) -> _Found:
    """The first superbox of a kind of ours; no more of it than can be written again."""
    for box in source.boxes:
        if box.kind == JUMB and box.stop - box.body <= 2 * most:
            content = parse_superbox(source.whole(box), kind)
            if content is not None:
                return box, content[:most]
    return None, None


def _names_payload(source: JxlSource) -> bool:
    """Whether a box has the label of a neural map, whatever has become of its kind."""
    others = (box for box in source.boxes if box.kind not in CODESTREAM_BOXES)
    return any(tells_of_payload(source.file.data[box.body : box.stop]) for box in others)


def _with_map(file: GainMapFile, found: _Map | None, notes: list[str]) -> GainMapFile:
    """The record with the gain map of the file before that of a JPEG that was packed."""
    if found is None:
        return file if file.gain_map else replace(file, refused=(*file.refused, *notes))
    notes += odd_gain_map(file.base, found.stored)
    return replace(file, gain_map=found.stored, spare_gain_map=file.gain_map, refused=())


def _gain_map(source: JxlSource, base: CodedImage, header: ImageHeader, notes: list[str]) -> _Map | None:
    boxes = (box for box in source.boxes if box.kind == JHGM)
    for box in islice(boxes, _MOST_TRIED):
        try:
            bundle = parse_bundle(source.content(box, 0))
            metadata = parse_iso21496(bundle.metadata)
            own, cut_off = read_header(bundle.codestream, source.file.limits)
            if cut_off:
                raise FormatError("box jhgm", cut_off)
            jpeg_box, jpeg = _map_jpeg(source, bundle, notes)
            image = jpeg or coded_image(bundle.codestream, own)
            points = code_points_of(bundle.color) if bundle.color else None
            image = replace(image, icc_profile=bundle.icc_profile, nclx=points)
            image = turned_map(image, own.orientation, (base.width, base.height), header.orientation, notes)
            return _Map(StoredGainMap(image, metadata, "iso21496"), box, jpeg_box)
        except GainMapError as error:
            notes.append(f"gain map ignored: {error}")
    return None


def _map_jpeg(source: JxlSource, bundle: Bundle, notes: list[str]) -> tuple[Box | None, CodedImage | None]:
    """The JPEG that a gain map was, and the box that tells of it."""
    box, content = _superbox(source, MAP_JPEG, _MOST_MAP_JPEG)
    if content is None:
        return None, None
    limits = source.file.limits
    try:
        boxes = parse_boxes(parse_map_jpeg(content, bundle.codestream), limits)
        return box, parse_jpeg(unpack_jpeg(PackedJpeg(bundle.codestream, boxes), limits), limits).base
    except GainMapError as error:
        notes.append(f"the packed JPEG of the gain map cannot be restored: {error}")
        return box, None


def _behind_the_boxes(source: JxlSource) -> tuple[OtherPart, ...]:
    """Another file, such as a video."""
    place = source.boxes[-1].stop if source.boxes else len(source.file.data)
    found = source.file.data[place:]
    kind: OtherKind = "video" if found[4:8] == b"ftyp" else "data"
    return (OtherPart(kind, found, place),) if found.strip(b"\0") else ()


def _kept(source: JxlSource, roles: dict[Box | None, Role]) -> Iterator[KeptBox]:
    """What a writer needs of the boxes: of those that it makes itself, their places."""
    has_picture = False
    for box in source.boxes:
        role = roles.get(box)
        if role in ("exif", "xmp", "gain map", "map jpeg"):
            yield KeptBox(role, source.whole(box))
        elif role:
            yield KeptBox(role)
        elif box.kind in CODESTREAM_BOXES and not has_picture:
            has_picture = True
            yield KeptBox("picture")
        elif box.kind == JBRD:
            yield KeptBox("jbrd")
        elif box.kind in _OF_PICTURE:
            yield KeptBox("of picture", source.whole(box))
        elif box.kind not in (*CODESTREAM_BOXES, *_MADE_ANEW, JHGM) and not _is_ours(source, box):
            yield KeptBox("other", source.whole(box))


def _is_ours(source: JxlSource, box: Box) -> bool:
    """Whether it is a superbox that only we write, and that nothing in the record stands for."""
    if box.kind != JUMB:
        return False
    return any(parse_superbox(source.whole(box), kind) is not None for kind in (PAYLOAD, MAP_JPEG))
