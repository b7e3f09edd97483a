"""`GainMapFile` → JPEG, by one recipe that all known readers accept.

The MPF index comes last before the scan, the gain map right behind the primary image, other parts behind it in the
order of their file, and all sizes and places are true.
Source: ISO 21496-1 annex for JPEG as read by libultrahdr lib/src/jpegr.cpp and Skia SkJpegGainmapEncoder.cpp;
Ultra HDR image format v1.1; CIPA DC-007.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gainmap_codec.errors import LimitError
from gainmap_codec.files.jpeg.edit import XMP_EXTENSION_ID
from gainmap_codec.files.jpeg.jumbf import serialize_payload_bodies
from gainmap_codec.files.jpeg.metadata import (
    EXIF_ID,
    ICC_ID,
    ISO_ID,
    MAX_EXIF_BYTES,
    XMP_ID,
    icc_segments,
)
from gainmap_codec.files.jpeg.mpf import MPF_ID, MpfPicture, mpf_bytes, serialize_mpf
from gainmap_codec.files.jpeg.segments import (
    APP0,
    APP1,
    APP2,
    APP11,
    APP14,
    EOI,
    SOI,
    TRUSTED,
    JpegImage,
    Segment,
    image_header,
    make_segment,
    segments_of,
)
from gainmap_codec.files.jpeg.xmp_directory import directory_for, merge_map, merge_primary
from gainmap_codec.files.jpeg.xmp_segments import joined_xmp, xmp_segments
from gainmap_codec.files.jumbf import PAYLOAD_UUID
from gainmap_codec.files.map_metadata.apple import serialize_apple
from gainmap_codec.files.map_metadata.hdrgm import serialize_hdrgm
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.records import (
    AppleMetadata,
    CodedImage,
    GainMapFile,
    GainMapMetadata,
    OtherPart,
    StoredGainMap,
)
from gainmap_codec.files.tags.exif_layout import fitted_exif
from gainmap_codec.files.tags.motion_photo import with_video

_JFIF = make_segment(APP0, b"JFIF\0" + bytes((1, 1, 0, 0, 1, 0, 1, 0, 0)), "JFIF header")
"""Version 1.01, square pixels, no thumbnail."""


def serialize_jpeg(file: GainMapFile, notes: list[str] | None = None) -> bytes:
    """The file's bytes; coded bytes of base and gain map are bit for bit those of the record.

    EXIF, XMP, ICC profile, gain map and payload are the record's; all other segments come from `file.base.data`. EXIF
    that does not fit a segment is shortened, XMP goes on in an extension. An EOI is added to a base that lacks one.

    Args:
        file: What to write.
        notes: Gets a line for each thing that could not be written; None where nobody listens.
    Raises:
        ValueError: Pictures that are no JPEGs, metadata that the standard does not allow, or a payload of more than
            4 MiB.
        FormatError: The base or the gain map is a broken JPEG.
        UnsupportedError: The base or the gain map is not an 8-bit JPEG of one or three channels.
        LimitError: An ICC profile of more than 16 MB.
    Source: Ultra HDR image format v1.1; segment order of libultrahdr 2.0 (lib/src/jpegr.cpp).
    """
    _check_writable(file)
    base = segments_of(file.base)
    gain_map = b"" if file.gain_map is None else _serialize_gain_map(file.gain_map)
    head = SOI + b"".join(_base_header(file, base, len(gain_map), [] if notes is None else notes))
    scans = _scans(base)
    behind = (gain_map, *(part.data for part in file.others))
    pictures = tuple(_pictures(file, len(gain_map)))
    if not pictures:
        return b"".join((head, scans, *behind))
    primary_bytes = len(head) + mpf_bytes(len(pictures)) + len(scans)
    return b"".join((head, serialize_mpf(primary_bytes, pictures, len(head)), scans, *behind))


def _pictures(file: GainMapFile, gain_map_bytes: int) -> Iterator[MpfPicture]:
    """The gain map and others that the MPF index names."""
    if gain_map_bytes:
        yield MpfPicture(0, gain_map_bytes, 0)
    distance = gain_map_bytes
    for part in file.others:
        if part.mpf_attribute is not None:
            yield MpfPicture(part.mpf_attribute, len(part.data), distance)
        distance += len(part.data)


def _video_offset(others: tuple[OtherPart, ...]) -> int | None:
    """Bytes from the beginning of the first video to the file's end, or None."""
    first = next((index for index, part in enumerate(others) if part.kind == "video"), None)
    return None if first is None else sum(len(part.data) for part in others[first:])


def _check_writable(file: GainMapFile) -> None:
    for picture in (file.base, *([file.gain_map.image] if file.gain_map else [])):
        if picture.codec != "jpeg":
            raise ValueError(f"JPEG file: expected pictures coded as JPEG, got {picture.codec}")


def _base_header(file: GainMapFile, base: JpegImage, gain_map_bytes: int, notes: list[str]) -> Iterator[bytes]:
    """Segments from SOI to the first scan, without MPF."""
    iso = None if file.gain_map is None else file.gain_map.metadata
    if isinstance(iso, AppleMetadata):  # what Apple's readers look for is in the map's picture alone
        iso = None
    in_hdrgm = iso is not None and iso.use_base_colour_space
    whole = joined_xmp(file.xmp, file.base)
    yield _leading(base)
    if file.exif:
        yield make_segment(APP1, EXIF_ID + fitted_exif(file.exif, MAX_EXIF_BYTES, notes), "EXIF")
    yield _xmp(replace(file, xmp=whole or file.xmp), gain_map_bytes, in_hdrgm, notes)
    if file.base.icc_profile:
        yield icc_segments(file.base.icc_profile)
    if iso is not None:
        yield make_segment(APP2, ISO_ID + serialize_iso21496(iso)[:4], "ISO version")
    kept = (segment for segment in base.header if _is_kept(base, segment))
    yield from (base.raw(each) for each in kept if not (whole and base.body(each).startswith(XMP_EXTENSION_ID)))
    if file.payload:
        yield from (make_segment(APP11, body, "payload") for body in serialize_payload_bodies(file.payload))
    yield _coded_header(base)


def _xmp(file: GainMapFile, gain_map_bytes: int, in_hdrgm: bool, notes: list[str]) -> bytes:
    """The segments of the record's XMP with what they have to say of gain map and other parts; b"" for nothing."""
    items = directory_for(gain_map_bytes, in_hdrgm, file.others)
    xmp = file.xmp and with_video(file.xmp, _video_offset(file.others))
    packet = merge_primary(xmp, items, in_hdrgm, notes)
    try:
        return b"" if packet is None else xmp_segments(packet)
    except LimitError as error:
        notes.append(f"XMP is left out: {error}")
    packet = merge_primary(None, items, in_hdrgm, notes)
    return b"" if packet is None else xmp_segments(packet)


def _serialize_gain_map(stored: StoredGainMap) -> bytes:
    """The gain-map JPEG with its metadata; ICC only where the maths happen in the alternate's space."""
    image, metadata = segments_of(stored.image), stored.metadata
    parts = [SOI, _leading(image)]
    if isinstance(metadata, AppleMetadata):
        parts.append(xmp_segments(serialize_apple(metadata, stored.image)))
    else:
        parts += _iso_segments(stored.image, image, metadata)
    parts += [image.raw(segment) for segment in image.header if _is_kept(image, segment) or _is_exif(image, segment)]
    return b"".join((*parts, _coded_header(image), _scans(image)))


def without_map_metadata(image: CodedImage) -> bytes:
    """A gain map's JPEG without what `serialize_jpeg` says of gain maps by itself."""
    parsed = segments_of(image)
    kept = (parsed.raw(each) for each in parsed.header if _is_kept(parsed, each) or _is_exif(parsed, each))
    return b"".join((SOI, _leading(parsed), *kept, _coded_header(parsed), _scans(parsed)))


def _iso_segments(stored: CodedImage, image: JpegImage, metadata: GainMapMetadata) -> Iterator[bytes]:
    yield _map_xmp(image, metadata)
    yield make_segment(APP2, ISO_ID + serialize_iso21496(metadata), "ISO 21496-1 metadata")
    if not metadata.use_base_colour_space and stored.icc_profile:
        yield icc_segments(stored.icc_profile)


def _map_xmp(image: JpegImage, metadata: GainMapMetadata) -> bytes:
    """The segments of a gain map's XMP: its numbers, and what else its first packet says; b"" for nothing."""
    own = serialize_hdrgm(metadata) if metadata.use_base_colour_space else None
    try:
        packet = merge_map(own, next(iter(image.bodies(APP1, XMP_ID)), None))
        return b"" if packet is None else xmp_segments(packet)
    except LimitError:
        return b"" if own is None else xmp_segments(own)


def _is_exif(image: JpegImage, segment: Segment) -> bool:
    return segment.marker == APP1 and image.body(segment).startswith(EXIF_ID)


def _leading(image: JpegImage) -> bytes:
    """APP0 as found, or a JFIF header where that changes nothing about the colours.

    Decoders take channels called R, G, B for RGB only as long as there is no JFIF header.
    """
    found = b"".join(image.raw(segment) for segment in image.header if segment.marker == APP0)
    adobe = any(segment.marker == APP14 for segment in image.header)
    rgb = image_header(image, TRUSTED).component_ids == b"RGB"
    return found if found or adobe or rgb else _JFIF


def _is_kept(image: JpegImage, segment: Segment) -> bool:
    """Whether it is metadata that the writer does not make itself."""
    body = image.body(segment)
    if segment.marker == APP1:
        return not body.startswith((EXIF_ID, XMP_ID))
    if segment.marker == APP2:
        return not body.startswith((ICC_ID, ISO_ID, MPF_ID))
    if segment.marker == APP11:
        return PAYLOAD_UUID not in body
    return segment.is_metadata and segment.marker != APP0


def _coded_header(image: JpegImage) -> bytes:
    return b"".join(image.raw(segment) for segment in image.header if not segment.is_metadata)


def _scans(image: JpegImage) -> bytes:
    """From the first SOS to EOI, which is added where the image is cut off."""
    start, stop = image.tail[0].start, image.end
    return image.data[start:stop] + (b"" if image.complete else EOI)
