"""JPEG files changed segment by segment: every byte that nobody asked about stays, pictures behind the base too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.cursor import open_tiff
from gainmap_codec.files.jpeg.jumbf import PAYLOAD_UUID
from gainmap_codec.files.jpeg.metadata import EXIF_ID, ICC_ID, ISO_ID, XMP_ID
from gainmap_codec.files.jpeg.mpf import MPF_ID, moved_mpf
from gainmap_codec.files.jpeg.segments import (
    APP0,
    APP1,
    APP2,
    APP11,
    APP13,
    APP14,
    COM,
    SOI,
    TRUSTED,
    JpegImage,
    Segment,
    make_segment,
    segments_of,
)
from gainmap_codec.files.records import CodedImage
from gainmap_codec.files.tags.exif_edit import with_orientation
from gainmap_codec.files.tags.xmp_edit import join_extension
from gainmap_codec.files.tags.xmp_edit import with_orientation as xmp_with_orientation

XMP_EXTENSION_ID = b"http://ns.adobe.com/xmp/extension/\0"
_EXTENSION_HEADER = 32 + 4 + 4  # digest in hexadecimal, length of the whole, offset of this part

_NAMES = {
    b"Photoshop 3.0\0": "Photoshop and IPTC data",
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
        notes: Gets a line where damaged EXIF is replaced.
    Raises:
        LimitError: The EXIF segment has no room left.
    """
    image = replace(segments_of(base), data=data)
    changes: list[_Change] = []
    exif = _first(image, EXIF_ID, lambda body: open_tiff(body, "EXIF"))
    place = exif.start if exif else _behind_app0(image)
    old = image.body(exif)[len(EXIF_ID) :] if exif else None
    new = make_segment(APP1, EXIF_ID + with_orientation(old, orientation, notes), "EXIF")
    changes.append(_Change(place, exif.stop if exif else place, new))
    for xmp in _bodies(image, APP1, XMP_ID):
        packet = image.body(xmp)[len(XMP_ID) :]
        try:
            turned = xmp_with_orientation(packet, orientation)
        except GainMapError:
            continue  # such a packet tells nobody anything
        if turned != packet:
            changes.append(_Change(xmp.start, xmp.stop, make_segment(APP1, XMP_ID + turned, "XMP")))
    return _with_changes(image, changes, limits)


def carry_segments(source: CodedImage, coded: CodedImage) -> CodedImage:
    """The newly coded picture with the metadata segments of its source.

    Left out are those about the old coding: APP0, and Adobe's APP14, which names the colour transform.
    """
    old, new = segments_of(source), segments_of(coded)
    kept = (old.raw(segment) for segment in old.header if segment.is_metadata and segment.marker not in (APP0, APP14))
    place = _behind_app0(new)
    return replace(coded, data=new.data[:place] + b"".join(kept) + new.data[place:], parsed=None)


def without_segments(image: CodedImage, unwanted: Callable[[bytes], bool]) -> CodedImage:
    """The picture without APP1 segments whose body is unwanted; the same record if there are none."""
    found = segments_of(image)
    gone = [each for each in found.header if each.marker == APP1 and unwanted(found.body(each))]
    if not gone:
        return image
    data = _with_changes(found, [_Change(segment.start, segment.stop, b"") for segment in gone], TRUSTED)
    return replace(image, data=data, parsed=None)


def without_metadata(image: CodedImage) -> CodedImage:
    """The picture without all segments that decoders do not need; APP0 and APP14 tell the meaning of its channels."""
    found = segments_of(image)
    needed = (APP0, APP14)
    gone = [each for each in (*found.header, *found.tail) if each.is_metadata and each.marker not in needed]
    if not gone:
        return image
    data = _with_changes(found, [_Change(segment.start, segment.stop, b"") for segment in gone], TRUSTED)
    return replace(image, data=data, parsed=None)


def extended_xmp(image: CodedImage) -> bytes | None:
    """The packet that a picture's extension segments hold together, or None where it is not whole.

    Source: XMP specification part 3 (Adobe, 2020), 1.1.3.1.
    """
    parts: dict[bytes, dict[int, bytes]] = {}
    lengths: dict[bytes, int] = {}
    for body in segments_of(image).bodies(APP1, XMP_EXTENSION_ID):
        digest, length, offset = body[:32], int.from_bytes(body[32:36], "big"), int.from_bytes(body[36:40], "big")
        parts.setdefault(digest, {})[offset] = body[_EXTENSION_HEADER:]
        lengths[digest] = length
    for digest, pieces in parts.items():
        joined = b"".join(pieces[offset] for offset in sorted(pieces))
        if len(joined) == lengths[digest]:
            return joined
    return None


def whole_xmp(image: CodedImage, packet: bytes | None, notes: list[str]) -> bytes | None:
    """A picture's packet with its extension, which only JPEG keeps apart; the packet alone, with a line, if they do not
    fit together."""
    extension = extended_xmp(image) if image.codec == "jpeg" and packet is not None else None
    if packet is None or extension is None:
        return packet
    try:
        return join_extension(packet, extension)
    except GainMapError as error:
        notes.append(f"the extended XMP packet is not kept: {error}")
        return packet


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
        yield f"{_name(segment, body)}, {len(body)} bytes"


def has_c2pa(image: CodedImage) -> bool:
    """Whether a picture holds a C2PA manifest, which signs the whole file.

    Source: C2PA specification 2.1, A.3.1 (JUMBF in APP11 with the label "c2pa").
    """
    return any(b"c2pa" in body for body in segments_of(image).bodies(APP11, b""))


def has_photoshop_thumbnail(image: CodedImage) -> bool:
    """Whether a picture's Photoshop resources hold a small picture of it.

    Source: Adobe Photoshop file formats specification (2019), image resource 1036.
    """
    bodies = segments_of(image).bodies(APP13, b"Photoshop 3.0\0")
    return any(b"8BIM\x04\x0c" in body for body in bodies)


def _name(segment: Segment, body: bytes) -> str:
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
