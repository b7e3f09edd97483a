"""Small JPEG files with a gain map, put together from two coded pictures: what the fixtures vary."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gainmap_codec.errors import Limits
from gainmap_codec.files.jpeg.metadata import XMP_ID
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.segments import APP1, make_segment, parse_segments
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.records import CodedImage, GainMapFile, GainMapMetadata, StoredGainMap
from support.cases import ONE_CHANNEL
from support.paths import FIXTURES

BASE, MAP = "jpeg/base-16x16.jpg", "jpeg/map-4x4.jpg"


def read(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def record() -> GainMapFile:
    """The base with a standard map, and neither payload nor EXIF."""
    return replace(parse_jpeg(read(BASE), Limits()), gain_map=StoredGainMap(map_image(), ONE_CHANNEL, "iso21496"))


def map_image() -> CodedImage:
    return parse_jpeg(read(MAP), Limits()).base


def standard(**fields: Any) -> bytes:
    return serialize_jpeg(replace(record(), **fields))


def alternate_space() -> bytes:
    """The maths in the alternate's space: such a map has no hdrgm XMP that could stand in for ISO 21496-1."""
    metadata = replace(ONE_CHANNEL, use_base_colour_space=False)
    return standard(gain_map=StoredGainMap(map_image(), metadata, "iso21496"))


def without_segments(data: bytes, marker: int, prefix: bytes) -> bytes:
    """The file without such segments of its base."""
    image = parse_segments(data, Limits())
    gone = [each for each in image.header if each.marker == marker and image.body(each).startswith(prefix)]
    assert gone
    for segment in reversed(gone):
        data = data[: segment.start] + data[segment.start + len(image.raw(segment)) :]
    return data


def patched(data: bytes, position: int, new: bytes) -> bytes:
    return data[:position] + new + data[position + len(new) :]


def iso(data: bytes, offset: int, new: bytes) -> bytes:
    """The file with some bytes of its ISO 21496-1 metadata changed."""
    return patched(data, data.index(blob_of(data)) + offset, new)


def blob_of(data: bytes) -> bytes:
    """The ISO 21496-1 metadata of the file's gain map."""
    stored = parse_jpeg(data, Limits()).gain_map
    assert stored is not None and isinstance(stored.metadata, GainMapMetadata)
    return serialize_iso21496(stored.metadata)


def packet_of(data: bytes) -> bytes:
    """The file's XMP."""
    packet = parse_jpeg(data, Limits()).xmp
    assert packet is not None
    return packet


def with_xmp(data: bytes, old: bytes, new: bytes) -> bytes:
    return data.replace(make_segment(APP1, XMP_ID + old, "XMP"), make_segment(APP1, XMP_ID + new, "XMP"), 1)
