"""The gain-map numbers of an XMP packet (namespace hdrgm) ⇄ `GainMapMetadata`.

Source: Ultra HDR image format v1.1, "Gain map metadata"; libavif apps/shared/avifjpeg.c (roles swapped for an
HDR base).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from lxml import etree

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.map_metadata.iso21496 import fraction_of, metadata_problem
from gainmap_codec.files.records import Fraction, GainMapChannel, GainMapMetadata
from gainmap_codec.files.tags.rdf import resources, texts_of
from gainmap_codec.files.tags.xmp_packet import (
    ABOUT,
    DESCRIPTION,
    HDRGM,
    HDRGM_VERSION,
    LI,
    SEQ,
    new_packet,
    parse_packet,
    serialize_packet,
)

_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_MAJOR_VERSION = re.compile(r"[^\d.]*(\d{1,9})", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_DEFAULTS = {
    "GainMapMin": Fraction(0, 1),
    "Gamma": Fraction(1, 1),
    "OffsetSDR": Fraction(1, 64),
    "OffsetHDR": Fraction(1, 64),
    "HDRCapacityMin": Fraction(0, 1),
}


def parse_hdrgm(packet: bytes, limits: Limits) -> GainMapMetadata | None:
    """Gain-map numbers of a packet, or None where it holds none (a primary's packet has the version only).

    Args:
        packet: UTF-8 XMP, with or without its ``<?xpacket`` wrapper and padding.
    Raises:
        FormatError: Broken XML, a document type, a missing required value, or numbers that break ISO 21496-1.
        LimitError: Larger or deeper than `limits` allow.
    Source: Ultra HDR image format v1.1, "Gain map metadata"; defaults as there.
    """
    for resource in resources(parse_packet(packet, limits)):
        values = texts_of(resource, HDRGM)
        if values.keys() - {"Version"}:
            return _metadata(values)
    return None


def serialize_hdrgm(metadata: GainMapMetadata) -> bytes:
    """The packet of a gain-map JPEG: all nine properties, attributes where one value is enough, else rdf:Seq.

    Raises:
        ValueError: The maths happen in the alternate's primaries, which hdrgm cannot say.
    Source: Ultra HDR image format v1.1, "Gain map metadata".
    """
    if not metadata.use_base_colour_space:
        raise ValueError("hdrgm XMP: expected use_base_colour_space to be True, got False, which XMP cannot say")
    root, rdf = new_packet()
    description = etree.SubElement(rdf, DESCRIPTION, nsmap={"hdrgm": HDRGM})
    description.set(ABOUT, "")
    description.set(f"{{{HDRGM}}}Version", HDRGM_VERSION)
    for name, values in _written_values(metadata).items():
        if len(set(values)) == 1:
            description.set(f"{{{HDRGM}}}{name}", values[0])
        else:
            sequence = etree.SubElement(etree.SubElement(description, f"{{{HDRGM}}}{name}"), SEQ)
            for value in values:
                etree.SubElement(sequence, LI).text = value
    return serialize_packet(root)


def _metadata(values: dict[str, list[str]]) -> GainMapMetadata:
    _check_version(values)
    base_is_hdr = _base_is_hdr(values)
    low, high = _one(values, "HDRCapacityMin"), _one(values, "HDRCapacityMax")
    if float(high) < float(low):
        least = f"HDRCapacityMin {float(low):g} or more"
        raise FormatError("hdrgm:HDRCapacityMax", f"expected {least}, got {float(high):g}")
    base_offset, alternate_offset = ("OffsetHDR", "OffsetSDR") if base_is_hdr else ("OffsetSDR", "OffsetHDR")
    names = ("GainMapMin", "GainMapMax", "Gamma", base_offset, alternate_offset)
    columns = [_numbers(values, name) for name in names]
    count = max(len(column) for column in columns)
    rows = zip(*(column * (count // len(column)) for column in columns), strict=True)
    channels = tuple(GainMapChannel(*row) for row in rows)
    metadata = GainMapMetadata(high if base_is_hdr else low, low if base_is_hdr else high, channels)
    problem = metadata_problem(metadata)
    if problem:
        raise FormatError("hdrgm XMP", problem)
    return metadata


def _check_version(values: dict[str, list[str]]) -> None:
    """Only a higher major version may mean something else: "1", "v1.1" and none at all are read."""
    text = ", ".join(values.get("Version", []))
    match = _MAJOR_VERSION.match(text)
    if match is not None and int(match[1]) > int(float(HDRGM_VERSION)):
        raise FormatError("hdrgm:Version", f"expected {HDRGM_VERSION}, got {text[:64]}")


def _base_is_hdr(values: dict[str, list[str]]) -> bool:
    text = ", ".join(values.get("BaseRenditionIsHDR", ["False"]))
    known = _BOOLEANS.get(text.strip().lower())
    if known is None:
        raise FormatError("hdrgm:BaseRenditionIsHDR", f"expected True or False, got {text[:64]}")
    return known


def _numbers(values: dict[str, list[str]], name: str) -> list[Fraction]:
    """One number or three."""
    if name not in values:
        if name not in _DEFAULTS:
            raise FormatError(f"hdrgm:{name}", "expected a value, got none")
        return [_DEFAULTS[name]]
    if len(values[name]) not in (1, 3):
        raise FormatError(f"hdrgm:{name}", f"expected 1 or 3 values, got {len(values[name])}")
    return [_parse_decimal(text, f"hdrgm:{name}") for text in values[name]]


def _one(values: dict[str, list[str]], name: str) -> Fraction:
    numbers = _numbers(values, name)
    if len(set(numbers)) != 1:  # some say it for each channel
        raise FormatError(f"hdrgm:{name}", f"expected 1 value, got {len(numbers)}")
    return numbers[0]


def _parse_decimal(text: str, where: str) -> Fraction:
    """The simplest fraction that equals the decimal number as a double, as far as 32 bits allow."""
    text = text.strip()
    if len(text) > 64 or not _DECIMAL.fullmatch(text):
        raise FormatError(where, f"expected a decimal number, got {text[:64]!r}")
    value = float(text)
    if not abs(value) <= 2**31 - 1:
        raise FormatError(where, f"expected a number within ±2^31, got {text}")
    short = fraction_of(value)
    return short if float(short) == value else fraction_of(value, max_denominator=2**32 - 1)


def _format_decimal(fraction: Fraction) -> str:
    """Shortest decimal text, without exponent, that reads back as the same double."""
    return format(Decimal(repr(float(fraction))), "f")


def _written_values(metadata: GainMapMetadata) -> dict[str, list[str]]:
    """Property → one text per channel (one where it belongs to the whole map)."""
    base, alternate = metadata.base_hdr_headroom, metadata.alternate_hdr_headroom
    base_is_hdr = float(base) > float(alternate)
    low, high = (alternate, base) if base_is_hdr else (base, alternate)

    def column(pick: Callable[[GainMapChannel], Fraction]) -> list[str]:
        return [_format_decimal(pick(channel)) for channel in metadata.channels]

    return {
        "GainMapMin": column(lambda channel: channel.gain_map_min),
        "GainMapMax": column(lambda channel: channel.gain_map_max),
        "Gamma": column(lambda channel: channel.gamma),
        "OffsetSDR": column(lambda channel: channel.alternate_offset if base_is_hdr else channel.base_offset),
        "OffsetHDR": column(lambda channel: channel.base_offset if base_is_hdr else channel.alternate_offset),
        "HDRCapacityMin": [_format_decimal(low)],
        "HDRCapacityMax": [_format_decimal(high)],
        "BaseRenditionIsHDR": ["True" if base_is_hdr else "False"],
    }
