"""JPEG pictures without the places that their segments name, between their scans too; coded bytes stay.

Source: EXIF 2.32 section 4.5.5; XMP specification part 3 (Adobe, 2020), 1.1.3; C2PA specification 2.1, A.3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gainmap_codec.errors import GainMapError
from gainmap_codec.files.geotags import exif, photoshop, xmp
from gainmap_codec.files.geotags.foreign import has_geotag
from gainmap_codec.files.jpeg.edit import (
    extension_segments,
    extensions,
    has_c2pa,
    photoshop_segments,
    segment_name,
    with_segments,
    without_metadata,
)
from gainmap_codec.files.jpeg.metadata import EXIF_ID, ICC_ID, ISO_ID, XMP_ID
from gainmap_codec.files.jpeg.mpf import MPF_ID
from gainmap_codec.files.jpeg.segments import (
    APP0,
    APP1,
    APP2,
    APP11,
    APP14,
    SOI,
    TRUSTED,
    JpegImage,
    Segment,
    make_segment,
    parse_segments,
    segments_of,
)
from gainmap_codec.files.jumbf import PAYLOAD_UUID
from gainmap_codec.files.records import CodedImage
from gainmap_codec.files.tags.xmp_edit import with_extensions

_OURS = (ICC_ID, ISO_ID, MPF_ID)
_HARMLESS = (APP0, APP2, APP14)

New = dict[Segment, bytes]
"""What is to stand in place of segments."""


def without_geotags(image: CodedImage, packet: bytes | None, notes: list[str]) -> tuple[CodedImage, bytes | None]:
    """A picture, and its main XMP packet, without places in any segment; the same record where none is named.

    The packet names its extension by a digest, which changes with it. Segments that nobody knows go where their bytes
    speak of a place; a C2PA manifest stays, with a line.

    Args:
        packet: Of the picture, without places already, or None.
        notes: Gets a line for each thing that goes as a whole, and for what stays and may name a place.
    """
    found = segments_of(image)
    digests: dict[str, str | None] = {}
    new = _extended_xmp(found, digests, notes) | _photoshop(found, notes)
    signed = has_c2pa(image)
    if signed:
        notes.append("the C2PA manifest may name the place too: it is kept")
    for segment in found.metadata:
        if segment not in new and not (signed and segment.marker == APP11):
            new[segment] = _cleaned(found, segment, digests, notes)
    return with_segments(image, new), with_extensions(packet, digests) if packet and digests else packet


def clean_jpeg(picture: bytes) -> bytes:
    """A small picture inside metadata: as it is where it has none of its own, else without them.

    What cannot be cut into segments stays unless it speaks of a place, which leaves nothing of it.
    """
    try:
        found = parse_segments(picture, TRUSTED)
    except GainMapError:
        return b"" if has_geotag(picture) else picture
    extra = any(segment.marker not in _HARMLESS for segment in found.metadata)
    alone = picture[: found.end]
    return without_metadata(CodedImage(alone, 0, 0, 3)).data if extra else alone


def _extended_xmp(image: JpegImage, digests: dict[str, str | None], notes: list[str]) -> New:
    """New extension segments at the place of the first old one; `digests` gets the new digest of each that changes."""
    new: New = {}
    for digest, (segments, packet) in extensions(image, image.metadata).items():
        try:
            cleaned = xmp.without_geotags(packet, clean_jpeg) if packet is not None else None
        except GainMapError:
            cleaned = None
        if packet is not None and cleaned == packet:
            continue
        if cleaned is None:
            notes.append("extended XMP is left out: damaged, so that the place may still be in it")
        new |= dict.fromkeys(segments, b"")
        digests[digest] = None
        if cleaned is not None:
            digests[digest], new[segments[0]] = extension_segments(cleaned)
    return new


def _photoshop(image: JpegImage, notes: list[str]) -> New:
    """Image resources without places."""

    def cleaned(resources: bytes) -> bytes:
        try:
            return photoshop.without_geotags(resources, clean_jpeg, notes)
        except GainMapError as error:
            notes.append(f"Photoshop data are left out: damaged, so that the place may still be in them ({error})")
            return b""

    return photoshop_segments(image, cleaned)


def _cleaned(image: JpegImage, segment: Segment, digests: Mapping[str, str | None], notes: list[str]) -> bytes:
    """A segment without places, or nothing."""
    body = image.body(segment)
    if body.startswith(_OURS) or (segment.marker == APP11 and PAYLOAD_UUID in body):
        return image.raw(segment)
    if segment.marker == APP1 and body.startswith(EXIF_ID):
        return _rewritten(EXIF_ID, body, lambda tiff: exif.without_geotags(tiff, clean_jpeg, []))
    if segment.marker == APP1 and body.startswith(XMP_ID):
        return _rewritten(XMP_ID, body, lambda xml: with_extensions(xmp.without_geotags(xml, clean_jpeg), digests))
    if not has_geotag(body):
        return image.raw(segment)
    notes.append(f"{segment_name(segment, body)}, which may name the place, is left out")
    return b""


def _rewritten(prefix: bytes, body: bytes, clean: Callable[[bytes], bytes]) -> bytes:
    """An APP1 segment anew, or nothing where it cannot be searched: of the base, the record has what is written."""
    try:
        return make_segment(APP1, prefix + clean(body[len(prefix) :]), "metadata")
    except GainMapError:
        return b""


def pictures_without_geotags(data: bytes, notes: list[str]) -> bytes:
    """JPEG pictures one behind the other, as files keep previews, and what follows them, without places."""
    done, position = b"", 0
    while data.startswith(SOI, position):
        try:
            image = parse_segments(data, TRUSTED, start=position)
        except GainMapError:
            break
        picture = CodedImage(data[position : image.end], 0, 0, 3)
        done += without_geotags(picture, None, notes)[0].data
        position = image.end
    rest = data[position:]
    if has_geotag(rest):
        notes.append(f"{len(rest):,} bytes behind a picture, which may name the place, are left out")
        return done
    return done + rest
