"""Apple's own gain maps: what the map's XMP and the camera's maker note say about their headroom.

Source: Apple, "Applying Apple HDR effect to your photos" (the headroom of the maker note's two numbers), as coded by
libavif apps/shared/avifjpeg.c and libultrahdr lib/src/jpegrutils.cpp (`getExifAppleHeadroom`). The headroom in XMP is
linear; libultrahdr 2.0 takes it for log2.
"""

from __future__ import annotations

import math
import re

from lxml import etree

from gainmap_codec.errors import FormatError, GainMapError, Limits
from gainmap_codec.files.cursor import Reader, Writer
from gainmap_codec.files.records import AppleMetadata, CodedImage
from gainmap_codec.files.tags.exif import ENTRY_BYTES, MOST_ENTRIES, ifd_entries, maker_note
from gainmap_codec.files.tags.exif_edit import with_maker_note
from gainmap_codec.files.tags.rdf import resources, texts_of
from gainmap_codec.files.tags.xmp_packet import ABOUT, DESCRIPTION, new_packet, parse_packet, serialize_packet

APPLE_GAIN_MAP = "urn:com:apple:photo:2020:aux:hdrgainmap"
APPLE_HEADROOM = "http://ns.apple.com/HDRGainMap/1.0/"
"""The namespace of a map's headroom in XMP."""

VERSION = 131072
"""Of maps whose XMP tells their headroom, since iOS 17."""

_PIXEL_DATA = "http://ns.apple.com/pixeldatainfo/1.0/"
_GREY = str(int.from_bytes(b"L008"))  # Core Video's code of a picture of one channel and 8 bits
_NOTE_HEADER = b"Apple iOS\0\0\1MM"
_HEADROOM_TAG, _GAIN_TAG = 33, 48
_SIGNED_RATIONAL = 10
_DENOMINATOR = 1 << 24
_SMALL_GAIN, _MOST_IN_NOTE = 0.01, 3  # where the formula changes; stops
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


def serialize_apple(metadata: AppleMetadata, jpeg: CodedImage | None = None) -> bytes:
    """The packet that describes a gain map of Apple's: the reverse of `parse_apple`, with the headroom in it.

    Its properties are elements, as iPhones write them.

    Args:
        jpeg: The map's picture where that is a JPEG, which nothing but its packet tells to be a gain map.
    """
    said: list[tuple[str, str, str]] = []
    if jpeg is not None:
        formats = [("NativeFormat", _GREY), ("StoredFormat", _GREY)] if jpeg.channels == 1 else []
        said += ((_PIXEL_DATA, *each) for each in [("AuxiliaryImageType", APPLE_GAIN_MAP), *formats])
    if metadata.version is not None:
        said.append((APPLE_HEADROOM, "HDRGainMapVersion", str(metadata.version)))
    said.append((APPLE_HEADROOM, "HDRGainMapHeadroom", repr(metadata.headroom)))
    root, rdf = new_packet()
    names = {"HDRGainMap": APPLE_HEADROOM, **({} if jpeg is None else {"apdi": _PIXEL_DATA})}
    description = etree.SubElement(rdf, DESCRIPTION, nsmap=names)
    description.set(ABOUT, "")
    for namespace, name, text in said:
        etree.SubElement(description, f"{{{namespace}}}{name}").text = text
    return serialize_packet(root)


def headroom_of_maker_note(headroom: float, gain: float) -> float:
    """Headroom in stops, >= 0, of the maker note's numbers 33 (headroom) and 48 (gain).

    Source: Apple, "Applying Apple HDR effect to your photos".
    """
    if headroom < 1:
        stops = -20 * gain + 1.8 if gain <= _SMALL_GAIN else -0.101 * gain + 1.601
    else:
        stops = -70 * gain + 3.0 if gain <= _SMALL_GAIN else -0.303 * gain + 2.303
    return max(stops, 0.0)


def maker_note_of_headroom(stops: float) -> tuple[float, float]:
    """Numbers 33 and 48 that `headroom_of_maker_note` makes this headroom of, >= 0; of more than 3 stops, 3."""
    if stops > 2.303 - 0.303 * _SMALL_GAIN:
        return 1.0, min(max(3.0 - stops, 0.0) / 70, _SMALL_GAIN)
    if stops > 1.8:
        return 1.0, (2.303 - stops) / 0.303
    if stops > 1.601 - 0.101 * _SMALL_GAIN:
        return 0.0, min((1.8 - stops) / 20, _SMALL_GAIN)
    return 0.0, (1.601 - stops) / 0.101


def parse_maker_note(note: bytes) -> dict[int, float]:
    """The numbers 33 and 48 of an Apple maker note, as far as it has them.

    Raises:
        FormatError: Not Apple's, cut off, or a denominator of 0.
    """
    return {tag: value for tag, (_, value) in _numbers_of_note(note).items()}


def serialize_maker_note(headroom: float) -> bytes:
    """A note that says nothing but a gain map's headroom, which is linear: the reverse of `parse_maker_note`."""
    numbers = dict(zip((_HEADROOM_TAG, _GAIN_TAG), maker_note_of_headroom(math.log2(headroom)), strict=True))
    writer = Writer("Apple maker note")
    writer.raw(_NOTE_HEADER)
    writer.u16(len(numbers))
    values = len(_NOTE_HEADER) + 2 + ENTRY_BYTES * len(numbers) + 4
    for index, tag in enumerate(numbers):
        writer.u16(tag)
        writer.u16(_SIGNED_RATIONAL)
        writer.u32(1)
        writer.u32(values + 8 * index)
    writer.u32(0)
    writer.raw(b"".join(map(_rational, numbers.values())))
    return writer.getvalue()


def exif_with_headroom(exif: bytes, headroom: float, notes: list[str]) -> bytes:
    """The structure with a gain map's headroom in an Apple maker note, which readers before iOS 17, and others, ask.

    Another camera's note stays, and Apple's keeps all but the two numbers. A structure without room for the headroom
    comes back as it is.

    Args:
        exif: TIFF structure without an ``Exif`` prefix.
        headroom: Linear, >= 1.
        notes: Gets a line where the headroom is not told, or not in full.
    """
    stops = math.log2(headroom)
    try:
        new = with_maker_note(exif, _note_with_headroom(maker_note(exif), headroom))
    except GainMapError as error:
        notes.append(
            f"only the gain map's XMP tells its headroom, not EXIF, which Chrome and older iPhones ask: {error}"
        )
        return exif
    if stops > _MOST_IN_NOTE:
        told = f"the maker note tells {_MOST_IN_NOTE} stops of headroom, the most that it can, and XMP {stops:.2f}"
        notes.append(f"{told}: Apple's older readers show less")
    return new


def _note_with_headroom(note: bytes | None, headroom: float) -> bytes:
    if note is None:
        return serialize_maker_note(headroom)
    places = {tag: place for tag, (place, _) in _numbers_of_note(note).items()}
    if len(places) < 2:
        raise FormatError(
            "Apple maker note", f"expected numbers {_HEADROOM_TAG} and {_GAIN_TAG}, got {len(places)} of them"
        )
    new = bytearray(note)
    for tag, value in zip((_HEADROOM_TAG, _GAIN_TAG), maker_note_of_headroom(math.log2(headroom)), strict=True):
        new[places[tag] : places[tag] + 8] = _rational(value)
    return bytes(new)


def _rational(value: float) -> bytes:
    return b"".join(number.to_bytes(4, "big", signed=True) for number in (round(value * _DENOMINATOR), _DENOMINATOR))


def _numbers_of_note(note: bytes) -> dict[int, tuple[int, float]]:
    """Where numbers 33 and 48 stand in a note, and what they are."""
    if not note.startswith(_NOTE_HEADER):
        raise FormatError("maker note", "expected Apple's, got another maker's")
    reader = Reader(note, "Apple maker note", position=len(_NOTE_HEADER))  # big-endian whatever the file is
    found: dict[int, tuple[int, float]] = {}
    for entry in ifd_entries(reader):
        if entry.tag in (_HEADROOM_TAG, _GAIN_TAG) and (entry.kind, entry.values) == (_SIGNED_RATIONAL, 1):
            reader.position = entry.position
            reader.position = place = reader.u32()
            numerator, denominator = reader.s32(), reader.s32()
            if denominator == 0:
                raise FormatError(reader.where, f"tag {entry.tag}: expected a denominator other than 0, got 0")
            found.setdefault(entry.tag, (place, numerator / denominator))
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
