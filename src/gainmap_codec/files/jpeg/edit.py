"""JPEG files changed segment by segment: every byte that nobody asked about stays, pictures behind the base too."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.cursor import open_tiff
from gainmap_codec.files.jpeg.metadata import EXIF_ID, ICC_ID, ISO_ID, MAX_EXIF_BYTES, XMP_ID
from gainmap_codec.files.jpeg.mpf import MPF_ID, moved_mpf
from gainmap_codec.files.jpeg.segments import (
    APP0,
    APP1,
    APP2,
    APP11,
    APP13,
    APP14,
    COM,
    MAX_BODY_BYTES,
    SOI,
    TRUSTED,
    JpegImage,
    Segment,
    make_segment,
    segments_of,
)
from gainmap_codec.files.jumbf import PAYLOAD_UUID
from gainmap_codec.files.records import CodedImage
from gainmap_codec.files.tags.exif_edit import with_orientation
from gainmap_codec.files.tags.exif_layout import fitted_exif
from gainmap_codec.files.tags.xmp_edit import edited, orientation_is

JFIF_ID, PHOTOSHOP_ID = b"JFIF\0", b"Photoshop 3.0\0"
XMP_EXTENSION_ID = b"http://ns.adobe.com/xmp/extension/\0"
JFIF_BYTES = 12  # up to the size of its small picture
_EXTENSION_HEADER = 32 + 4 + 4  # digest in hexadecimal, length of the whole, offset of this part

_NAMES = {
    PHOTOSHOP_ID: "Photoshop and IPTC data",
    XMP_EXTENSION_ID: "an extended XMP packet",
    b"FPXR\0": "FlashPix data",
    b"JFXX\0": "a JFIF thumbnail",
    b"JP": "JUMBF boxes",
}


def with_jpeg_orientation(data: bytes, base: CodedImage, orientation: int, limits: Limits, notes: list[str]) -> bytes:
    """The file with another orientation in EXIF, and in XMP where it has one; all other bytes stay.

    Args:
        data: The whole file.
        base: The picture that it begins with.
        orientation: 1…8.
        limits: Those that the file was read with.
        notes: Gets a line where damaged EXIF is replaced, and where a segment has no room left.
    """
    image = replace(segments_of(base), data=data)
    changes: list[_Change] = []
    exif = _first(image, EXIF_ID, lambda body: open_tiff(body, "EXIF"))
    place = exif.start if exif else _behind_app0(image)
    old = image.body(exif)[len(EXIF_ID) :] if exif else None
    turned_exif = with_orientation(old, orientation, notes)
    new = make_segment(APP1, EXIF_ID + fitted_exif(turned_exif, MAX_EXIF_BYTES, notes), "EXIF")
    changes.append(_Change(place, exif.stop if exif else place, new))
    for xmp in _bodies(image, APP1, XMP_ID):
        packet = image.body(xmp)[len(XMP_ID) :]
        try:
            turned = edited(packet, orientation_is(orientation))
        except GainMapError:
            continue  # such a packet tells nobody anything
        if len(XMP_ID + turned) > MAX_BODY_BYTES:
            notes.append("XMP keeps its orientation of before: the packet fills its segment")
        elif turned != packet:
            changes.append(_Change(xmp.start, xmp.stop, make_segment(APP1, XMP_ID + turned, "XMP")))
    return _with_changes(image, changes, limits)


def carry_segments(source: CodedImage, coded: CodedImage) -> CodedImage:
    """The newly coded picture with the metadata segments of its source, those between its scans too.

    Left out is what is about the old coding: Adobe's APP14, which names the colour transform, and APP0 where only one
    of the two has JFIF's header, which names it as well.
    """
    old, new = segments_of(source), segments_of(coded)
    metadata = [each for each in old.metadata if each.marker != APP14]
    place = _behind_app0(new)
    leading = new.data[len(SOI) : place]
    if _is_jfif(old) and _is_jfif(new):
        leading = b"".join(old.raw(each) for each in metadata if each.marker == APP0)
    kept = (old.raw(each) for each in metadata if each.marker != APP0)
    return replace(coded, data=b"".join((SOI, leading, *kept, new.data[place:])), parsed=None)


def _is_jfif(image: JpegImage) -> bool:
    return any(body.startswith(JFIF_ID) for body in image.bodies(APP0, b""))


def photoshop_segments(image: JpegImage, change: Callable[[bytes], bytes]) -> dict[Segment, bytes]:
    """What stands in place of the segments of Photoshop's resources, which go on from one to the next.

    Args:
        change: Takes all resources, and gives what is to be written; the same bytes leave the segments as they are.
    """
    segments = [each for each in image.metadata if each.marker == APP13 and image.body(each).startswith(PHOTOSHOP_ID)]
    if not segments:
        return {}
    resources = b"".join(image.body(segment)[len(PHOTOSHOP_ID) :] for segment in segments)
    changed = change(resources)
    if changed == resources:
        return {segment: image.raw(segment) for segment in segments}
    step = MAX_BODY_BYTES - len(PHOTOSHOP_ID)
    chunks = (changed[start : start + step] for start in range(0, len(changed), step))
    new = b"".join(make_segment(APP13, PHOTOSHOP_ID + chunk, "Photoshop data") for chunk in chunks)
    return {**dict.fromkeys(segments, b""), segments[0]: new}


def with_segments(image: CodedImage, new: Mapping[Segment, bytes]) -> CodedImage:
    """The picture with these bytes in place of some segments; the same record if they are what stands there."""
    found = segments_of(image)
    changes = [_Change(each.start, each.stop, data) for each, data in new.items() if data != found.raw(each)]
    return replace(image, data=_with_changes(found, changes, TRUSTED), parsed=None) if changes else image


def without_metadata(image: CodedImage) -> CodedImage:
    """The picture with no segments but those that decoders need: APP14 and JFIF's header tell what channels mean."""
    found = segments_of(image)
    return with_segments(image, {each: _needed(found, each) for each in found.metadata})


def _needed(image: JpegImage, segment: Segment) -> bytes:
    """What decoders need of a metadata segment: JFIF's header is left without its small picture."""
    body = image.body(segment)
    if segment in image.tail:
        return b""
    if segment.marker == APP0 and body.startswith(JFIF_ID):
        return bare_jfif(body)
    return image.raw(segment) if segment.marker == APP14 and body.startswith(b"Adobe") else b""


def bare_jfif(body: bytes) -> bytes:
    """The segment of JFIF's header without its small picture."""
    return make_segment(APP0, body[:JFIF_BYTES] + bytes(2), "JFIF header")


def extensions(image: JpegImage, segments: Iterable[Segment]) -> dict[str, tuple[list[Segment], bytes | None]]:
    """Extended XMP by its digest: the segments of a packet, and the packet, or None where it is not whole.

    Source: XMP specification part 3 (Adobe, 2020), 1.1.3.1.
    """
    parts: dict[str, list[Segment]] = {}
    for segment in segments:
        body = image.body(segment)
        if segment.marker == APP1 and body.startswith(XMP_EXTENSION_ID):
            parts.setdefault(_extension(body)[0], []).append(segment)
    return {
        digest: (found, _joined([_extension(image.body(each)) for each in found])) for digest, found in parts.items()
    }


def extension_segments(packet: bytes) -> tuple[str, bytes]:
    """The digest of extended XMP, and its segments."""
    digest = hashlib.md5(packet, usedforsecurity=False).hexdigest().upper()
    step = MAX_BODY_BYTES - len(XMP_EXTENSION_ID) - _EXTENSION_HEADER
    segments = []
    for offset in range(0, len(packet), step):
        head = digest.encode() + len(packet).to_bytes(4, "big") + offset.to_bytes(4, "big")
        body = XMP_EXTENSION_ID + head + packet[offset : offset + step]
        segments.append(make_segment(APP1, body, "extended XMP"))
    return digest, b"".join(segments)


def _extension(body: bytes) -> tuple[str, int, int, bytes]:
    """Digest, length of the whole, offset of this part, and the part."""
    reader = body[len(XMP_EXTENSION_ID) :]
    digest, length, offset = reader[:32], int.from_bytes(reader[32:36], "big"), int.from_bytes(reader[36:40], "big")
    return digest.decode("latin-1"), length, offset, reader[_EXTENSION_HEADER:]


def _joined(parts: list[tuple[str, int, int, bytes]]) -> bytes | None:
    whole = b"".join(part for _, part in sorted((offset, part) for _, _, offset, part in parts))
    return whole if len(whole) == parts[0][1] else None


def other_segments(image: CodedImage) -> Iterator[str]:
    """A line about each metadata segment that no field of a record holds, and that only a JPEG can carry."""
    found = segments_of(image)
    known = (EXIF_ID, XMP_ID, ICC_ID, ISO_ID, MPF_ID, XMP_EXTENSION_ID)
    for segment in found.header:
        body = found.body(segment)
        if not segment.is_metadata or segment.marker in (APP0, APP14) or body.startswith(known):
            continue
        if segment.marker == APP11 and (PAYLOAD_UUID in body or b"c2pa" in body):
            continue
        yield f"{segment_name(segment, body)}, {len(body)} bytes"


def has_c2pa(image: CodedImage) -> bool:
    """Whether a picture holds a C2PA manifest, which signs the whole file.

    Source: C2PA specification 2.1, A.3.1 (JUMBF in APP11 with the label "c2pa").
    """
    return any(b"c2pa" in body for body in segments_of(image).bodies(APP11, b""))


def segment_name(segment: Segment, body: bytes) -> str:
    """What a segment is, in words."""
    if segment.marker == COM:
        return "a comment"
    kind = next((name for start, name in _NAMES.items() if body.startswith(start)), "")
    return f"APP{segment.marker - APP0}" + (f" ({kind})" if kind else "")


def _first(image: JpegImage, prefix: bytes, parse: Callable[[bytes], object]) -> Segment | None:
    """The first APP1 segment of a kind that can be read: the one that readers use."""
    for segment in _bodies(image, APP1, prefix):
        try:
            parse(image.body(segment)[len(prefix) :])
        except GainMapError:
            continue
        return segment
    return None


def _bodies(image: JpegImage, marker: int, prefix: bytes) -> Iterator[Segment]:
    return (each for each in image.header if each.marker == marker and image.body(each).startswith(prefix))


def _behind_app0(image: JpegImage) -> int:
    place = image.start + len(SOI)
    for segment in image.header:
        if segment.marker != APP0:
            break
        place = segment.stop
    return place


class _Change(NamedTuple):
    """New bytes for `data[start:stop]`."""

    start: int
    stop: int
    new: bytes

    @property
    def grown(self) -> int:
        return len(self.new) - (self.stop - self.start)


def _with_changes(image: JpegImage, changes: list[_Change], limits: Limits) -> bytes:
    """The file with stretches replaced; an MPF index still finds its pictures."""
    grown = sum(change.grown for change in changes)
    if grown:
        for segment in _bodies(image, APP2, MPF_ID):
            behind = sum(change.grown for change in changes if change.start >= segment.stop)
            body = MPF_ID + moved_mpf(image.body(segment)[len(MPF_ID) :], grown, behind, limits)
            changes = [*changes, _Change(segment.start, segment.stop, make_segment(APP2, body, "MPF"))]
    parts, position = [], 0
    for start, stop, new in sorted(changes):
        parts += [image.data[position:start], new]
        position = stop
    return b"".join((*parts, image.data[position:]))
