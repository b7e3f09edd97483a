"""JPEG files with a gain map and a neural payload ⇄ `GainMapFile`.

Reading is forgiving: whatever is wrong with metadata, gain map or payload becomes a warning in the record,
and only a broken base image raises. Writing follows one recipe that all known readers accept: MPF last before
the scan, the gain map right behind the primary, true sizes everywhere.
Source: ISO 21496-1 annex for JPEG as read by libultrahdr lib/src/jpegr.cpp and Skia SkJpegGainmapEncoder.cpp;
Ultra HDR image format v1.1; CIPA DC-007.
"""

from __future__ import annotations

from collections.abc import Iterator

from gainmap_codec.errors import Limits
from gainmap_codec.files.cursor import open_tiff
from gainmap_codec.files.jpeg.gain_map import find_gain_maps, gain_map_notes
from gainmap_codec.files.jpeg.jumbf import PAYLOAD_UUID, find_payload, serialize_payload_body
from gainmap_codec.files.jpeg.metadata import (
    EXIF_ID,
    ICC_ID,
    ISO_ID,
    XMP_ID,
    coded_image,
    first_valid,
    icc_segments,
)
from gainmap_codec.files.jpeg.mpf import MPF_ID, SEGMENT_BYTES, serialize_mpf
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
    coded_digest,
    image_header,
    make_segment,
    parse_segments,
)
from gainmap_codec.files.jpeg.xmp_directory import merge_primary
from gainmap_codec.files.map_metadata.hdrgm import serialize_hdrgm
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.records import AppleMetadata, GainMapFile, GainMapMetadata, StoredGainMap
from gainmap_codec.files.tags.exif import orientation
from gainmap_codec.files.tags.xmp_packet import parse_packet

_JFIF = make_segment(APP0, b"JFIF\0" + bytes((1, 1, 0, 0, 1, 0, 1, 0, 0)), "JFIF header")
"""Version 1.01, square pixels, no thumbnail."""


def parse_jpeg(data: bytes, limits: Limits) -> GainMapFile:
    """Everything that we know in a JPEG file; `warnings` lists what was odd.

    Args:
        data: The whole file. An image that is cut off after its scan began is accepted.
    Raises:
        FormatError: The base image is broken.
        UnsupportedError: The base image is not an 8-bit JPEG of one or three channels.
        LimitError: The base image asks for more than `limits` allow.
    """
    limits.check("file_bytes", len(data))
    image = parse_segments(data, limits)
    notes = [] if image.complete else ["the base image is cut off: its end (EOI) is missing"]
    base = coded_image(image, limits, notes)
    exif = first_valid("EXIF", image.bodies(APP1, EXIF_ID), lambda body: open_tiff(body, "EXIF"), notes)
    xmp = first_valid("XMP", image.bodies(APP1, XMP_ID), lambda body: parse_packet(body, limits), notes)
    packet = None if xmp is None else xmp[0]
    map_notes: list[str] = []
    maps = find_gain_maps(image, packet, None if exif is None else exif[0], limits, map_notes)
    if not maps and image.bodies(APP2, ISO_ID):
        map_notes.append("the base says that there is a gain map (ISO 21496-1), none was found")
    notes += map_notes
    if maps:
        notes += gain_map_notes(image, base, maps[0].stored)
    return GainMapFile(
        container="jpeg",
        base=base,
        base_digest=coded_digest(image),
        gain_map=maps[0].stored if maps else None,
        spare_gain_map=maps[1].stored if len(maps) > 1 else None,
        refused=() if maps else tuple(map_notes),
        payload=find_payload(image.bodies(APP11, b""), limits),
        exif=None if exif is None else exif[0],
        xmp=packet,
        orientation=1 if exif is None else orientation(exif[0]),
        trailer_bytes=len(data) - max([image.end, *(found.end for found in maps)]),
        warnings=tuple(dict.fromkeys(notes)),
    )


def serialize_jpeg(file: GainMapFile, notes: list[str] | None = None) -> bytes:
    """The file's bytes; coded bytes of base and gain map are bit for bit those of the record.

    EXIF, XMP, ICC profile, gain map and payload are the record's; all other segments come from
    `file.base.data`. Trailing bytes are not written. An EOI is added to a base that lacks one.

    Args:
        file: What to write.
        notes: Gets a line for each thing that could not be written; None where nobody listens.
    Raises:
        ValueError: Pictures that are no JPEGs, metadata that the standard does not allow (those of an Apple gain map,
            for one), or a payload of more than 65 000 bytes.
        FormatError: The base or the gain map is a broken JPEG.
        UnsupportedError: The base or the gain map is not an 8-bit JPEG of one or three channels.
        LimitError: EXIF, XMP or ICC profile that do not fit their segments.
    Source: Ultra HDR image format v1.1; segment order of libultrahdr 2.0 (lib/src/jpegr.cpp).
    """
    _check_writable(file)
    base = parse_segments(file.base.data, TRUSTED)
    gain_map = b"" if file.gain_map is None else _serialize_gain_map(file.gain_map)
    head = SOI + b"".join(_base_header(file, base, len(gain_map), [] if notes is None else notes))
    scans = _scans(base)
    if not gain_map:
        return head + scans
    primary_bytes = len(head) + SEGMENT_BYTES + len(scans)
    return head + serialize_mpf(primary_bytes, len(gain_map), len(head)) + scans + gain_map


def _check_writable(file: GainMapFile) -> None:
    pictures = [file.base, *([file.gain_map.image] if file.gain_map else [])]
    if any(picture.codec != "jpeg" for picture in pictures):
        raise ValueError("JPEG file: JPEG pictures wanted, another codec found")


def _writable_metadata(stored: StoredGainMap) -> GainMapMetadata:
    if isinstance(stored.metadata, AppleMetadata):
        raise ValueError("gain map: ISO 21496-1 metadata wanted, Apple's found, which are read only")
    return stored.metadata


def _base_header(file: GainMapFile, base: JpegImage, gain_map_bytes: int, notes: list[str]) -> Iterator[bytes]:
    """Segments from SOI to the first scan, without MPF."""
    stored = file.gain_map
    in_hdrgm = stored is not None and _writable_metadata(stored).use_base_colour_space
    packet = merge_primary(file.xmp, gain_map_bytes if in_hdrgm else None, notes)
    yield _leading(base)
    if file.exif:
        yield make_segment(APP1, EXIF_ID + file.exif, "EXIF")
    if packet:
        yield make_segment(APP1, XMP_ID + packet, "XMP")
    if file.base.icc_profile:
        yield icc_segments(file.base.icc_profile)
    if stored is not None:
        yield make_segment(APP2, ISO_ID + serialize_iso21496(_writable_metadata(stored))[:4], "ISO version")
    yield from (base.raw(segment) for segment in base.header if _is_kept(base, segment))
    if file.payload:
        yield make_segment(APP11, serialize_payload_body(file.payload), "payload")
    yield _coded_header(base)


def _serialize_gain_map(stored: StoredGainMap) -> bytes:
    """The gain-map JPEG with its metadata; ICC only where the maths happen in the alternate's space."""
    image, metadata = parse_segments(stored.image.data, TRUSTED), _writable_metadata(stored)
    parts = [SOI, _leading(image)]
    if metadata.use_base_colour_space:
        parts.append(make_segment(APP1, XMP_ID + serialize_hdrgm(metadata), "gain-map XMP"))
    parts.append(make_segment(APP2, ISO_ID + serialize_iso21496(metadata), "ISO 21496-1 metadata"))
    if not metadata.use_base_colour_space and stored.image.icc_profile:
        parts.append(icc_segments(stored.image.icc_profile))
    # Adobe's APP14 says whether the coded channels are YCbCr or RGB.
    parts += [image.raw(segment) for segment in image.header if segment.marker == APP14]
    return b"".join((*parts, _coded_header(image), _scans(image)))


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
