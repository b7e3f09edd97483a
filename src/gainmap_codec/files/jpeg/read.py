"""JPEG files with a gain map and a neural payload → `GainMapFile`.

Reading is forgiving: whatever is wrong with metadata, gain map or payload becomes a warning in the record, and only a
broken base image raises.
Source: ISO 21496-1 annex for JPEG as read by libultrahdr lib/src/jpegr.cpp; Ultra HDR image format v1.1; CIPA DC-007.
"""

from __future__ import annotations

from gainmap_codec.errors import Limits
from gainmap_codec.files.cursor import open_tiff
from gainmap_codec.files.jpeg.damage import usable_part
from gainmap_codec.files.jpeg.gain_map import find_gain_maps, gain_map_notes
from gainmap_codec.files.jpeg.jumbf import find_payload
from gainmap_codec.files.jpeg.metadata import (
    EXIF_ID,
    ISO_ID,
    XMP_ID,
    coded_image,
    first_valid,
)
from gainmap_codec.files.jpeg.other_parts import find_other_parts
from gainmap_codec.files.jpeg.scan_size import missing_scan_data
from gainmap_codec.files.jpeg.segments import (
    APP1,
    APP2,
    APP11,
    JpegImage,
    coded_digest,
    parse_segments,
    segments_of,
)
from gainmap_codec.files.jumbf import LOST_PAYLOAD, tells_of_payload
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.files.tags.exif import orientation
from gainmap_codec.files.tags.xmp_packet import parse_packet


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
    damage: list[str] = []
    image = _base_image(data, limits, damage)
    notes = damage[:]
    base = coded_image(image, limits, notes)
    exif = first_valid("EXIF", image.bodies(APP1, EXIF_ID), lambda body: open_tiff(body, "EXIF"), notes)
    xmp = first_valid("XMP", image.bodies(APP1, XMP_ID), lambda body: parse_packet(body, limits), notes)
    packet, rdf = (None, None) if xmp is None else xmp
    map_notes: list[str] = []
    maps = find_gain_maps(image, rdf, None if exif is None else exif[0], limits, map_notes, damage)
    if not maps and not map_notes and image.bodies(APP2, ISO_ID):
        map_notes.append("the base says that there is a gain map (ISO 21496-1), but none was found")
    notes += map_notes
    if maps and (problem := missing_scan_data(segments_of(maps[0].stored.image))):
        damage.append(f"the gain map is cut off: {problem}")
    if maps:
        notes += gain_map_notes(image, base, maps[0].stored)
    bodies = image.bodies(APP11, b"")
    payload = find_payload(bodies)
    if payload is None and any(map(tells_of_payload, bodies)):
        damage.append(LOST_PAYLOAD)
    return GainMapFile(
        container="jpeg",
        base=base,
        base_digest=coded_digest(image),
        gain_map=maps[0].stored if maps else None,
        spare_gain_map=maps[1].stored if len(maps) > 1 else None,
        refused=() if maps else tuple(map_notes),
        payload=payload,
        exif=None if exif is None else exif[0],
        xmp=packet,
        orientation=1 if exif is None else orientation(exif[0]),
        others=find_other_parts(image, rdf, ((found.start, found.end) for found in maps), limits),
        warnings=tuple(dict.fromkeys([*notes, *damage])),
        damage=tuple(damage),
    )


def _base_image(data: bytes, limits: Limits, damage: list[str]) -> JpegImage:
    """The first image. One with its EOI stays as it is, because fingerprints cover damage as well."""
    image = parse_segments(data, limits)
    usable = usable_part(image)
    if image.complete and usable is not image:
        damage.append(f"the base image is damaged: from byte {usable.end} on it cannot be decoded")
    elif image.complete and (problem := missing_scan_data(image)):
        damage.append(f"the base image is cut off: {problem}")
    if image.complete:
        return image
    damage.append("the base image is cut off: its end (EOI) is missing")
    return usable
