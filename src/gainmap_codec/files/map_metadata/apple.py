"""Apple's own gain maps: what the map's XMP and the camera's maker note say about their headroom.

Source: Apple, "Applying Apple HDR effect to your photos" (the headroom of the maker note's two numbers), as coded by
libavif apps/shared/avifjpeg.c and libultrahdr lib/src/jpegrutils.cpp (`getExifAppleHeadroom`). The headroom in XMP is
linear; libultrahdr 2.0 takes it for log2.
"""

from __future__ import annotations

import math
import re

from lxml import etree

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.cursor import Reader
from gainmap_codec.files.records import AppleMetadata
from gainmap_codec.files.tags.exif import ENTRY_BYTES, MOST_ENTRIES, ifd_entries, maker_note
from gainmap_codec.files.tags.rdf import resources, texts_of
from gainmap_codec.files.tags.xmp_packet import ABOUT, DESCRIPTION, new_packet, parse_packet, serialize_packet

APPLE_GAIN_MAP = "urn:com:apple:photo:2020:aux:hdrgainmap"
APPLE_HEADROOM = "http://ns.apple.com/HDRGainMap/1.0/"
"""The namespace of a map's headroom in XMP."""

_PIXEL_DATA = "http://ns.apple.com/pixeldatainfo/1.0/"
_NOTE_HEADER = b"Apple iOS\0\0\1MM"
_HEADROOM_TAG, _GAIN_TAG = 33, 48
_SIGNED_RATIONAL = 10
_STEPS_PER_ENTRY = 20  # of work
_MAX_STOPS = 32
_DECIMAL = re.compile(r"\d{1,10}(\.\d{0,30})?", re.ASCII)


def parse_apple(packet: bytes, exif: bytes | None, limits: Limits, notes: list[str]) -> AppleMetadata | None:
    """What a map's XMP packet and the base's EXIF say, or None where the packet is not of an Apple gain map.

    The packet's headroom counts; without it the maker note's numbers do.

    Args:
        packet: XMP of the map.
        exif: TIFF structure of the base, or None.
        notes: Gets a line where one of the maker note's numbers is missing.
    Raises:
        FormatError: Broken XMP, a headroom that is none, or none at all.
        LimitError: Over `limits`.
    """
    values: dict[str, list[str]] = {}
    auxiliary: list[str] = []
    for resource in resources(parse_packet(packet, limits)):
        values |= texts_of(resource, APPLE_HEADROOM)
        auxiliary += texts_of(resource, _PIXEL_DATA).get("AuxiliaryImageType", [])
    if not values and APPLE_GAIN_MAP not in auxiliary:
        return None
    version = _version(values)
    if "HDRGainMapHeadroom" in values:
        return AppleMetadata(_xmp_headroom(values["HDRGainMapHeadroom"][0]), version, "xmp")
    limits.spend(_STEPS_PER_ENTRY * _most_entries(exif or b""))
    return AppleMetadata(2 ** _note_stops(exif, notes), version, "maker-note")


def serialize_apple(metadata: AppleMetadata) -> bytes:
    """The packet that describes a gain map of Apple's: the reverse of `parse_apple`, with the headroom in it."""
    root, rdf = new_packet()
    description = etree.SubElement(rdf, DESCRIPTION, nsmap={"HDRGainMap": APPLE_HEADROOM, "apdi": _PIXEL_DATA})
    description.set(ABOUT, "")
    description.set(f"{{{_PIXEL_DATA}}}AuxiliaryImageType", APPLE_GAIN_MAP)
    if metadata.version is not None:
        description.set(f"{{{APPLE_HEADROOM}}}HDRGainMapVersion", str(metadata.version))
    description.set(f"{{{APPLE_HEADROOM}}}HDRGainMapHeadroom", repr(metadata.headroom))
    return serialize_packet(root)


def headroom_of_maker_note(headroom: float, gain: float) -> float:
    """Headroom in stops, >= 0, of the maker note's numbers 33 (headroom) and 48 (gain).

    Source: Apple, "Applying Apple HDR effect to your photos".
    """
    if headroom < 1:
        stops = -20 * gain + 1.8 if gain <= 0.01 else -0.101 * gain + 1.601
    else:
        stops = -70 * gain + 3.0 if gain <= 0.01 else -0.303 * gain + 2.303
    return max(stops, 0.0)


def parse_maker_note(note: bytes) -> dict[int, float]:
    """The numbers 33 and 48 of an Apple maker note, as far as it has them.

    Raises:
        FormatError: Not Apple's, cut off, or a denominator of 0.
    """
    if not note.startswith(_NOTE_HEADER):
        raise FormatError("maker note", "expected Apple's, got another maker's")
    reader = Reader(note, "Apple maker note", position=len(_NOTE_HEADER))  # big-endian whatever the file is
    found: dict[int, float] = {}
    for entry in ifd_entries(reader):
        if entry.tag in (_HEADROOM_TAG, _GAIN_TAG) and (entry.kind, entry.values) == (_SIGNED_RATIONAL, 1):
            reader.position = entry.position
            reader.position = reader.u32()
            numerator, denominator = reader.s32(), reader.s32()
            if denominator == 0:
                raise FormatError(reader.where, f"tag {entry.tag}: expected a denominator other than 0, got 0")
            found.setdefault(entry.tag, numerator / denominator)
    return found


def _most_entries(exif: bytes) -> int:
    """That reading the maker note goes through: of the first directory, of EXIF's, and of its own."""
    return 3 * min(len(exif) // ENTRY_BYTES, MOST_ENTRIES)


def _note_stops(exif: bytes | None, notes: list[str]) -> float:
    note = None if exif is None else maker_note(exif)
    numbers = {} if note is None else parse_maker_note(note)
    if not numbers:
        raise FormatError("Apple gain map", "expected a headroom in its XMP or in the maker note, got none")
    for tag in (_HEADROOM_TAG, _GAIN_TAG):
        if tag not in numbers:
            notes.append(f"Apple maker note: number {tag} is missing and taken as 0")
    stops = headroom_of_maker_note(numbers.get(_HEADROOM_TAG, 0.0), numbers.get(_GAIN_TAG, 0.0))
    if stops > _MAX_STOPS:
        raise FormatError("Apple maker note", f"expected a headroom of at most {_MAX_STOPS} stops, got {stops:g}")
    return stops


def _xmp_headroom(text: str) -> float:
    text = text.strip()
    if not _DECIMAL.fullmatch(text):
        raise FormatError("HDRGainMap:HDRGainMapHeadroom", f"expected a decimal number, got {text[:64]!r}")
    value = float(text)
    if not 1 <= value <= math.ldexp(1, _MAX_STOPS):
        raise FormatError("HDRGainMap:HDRGainMapHeadroom", f"expected a number from 1 to 2^{_MAX_STOPS}, got {value:g}")
    return value


def _version(values: dict[str, list[str]]) -> int | None:
    text = values.get("HDRGainMapVersion", [""])[0].strip()
    return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else None
