"""Small JPEG files with a gain map, put together from two coded pictures: what the fixtures vary."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gainmap_codec.errors import Limits
from gainmap_codec.files.jpeg.metadata import XMP_ID
from gainmap_codec.files.jpeg.read import parse_jpeg, serialize_jpeg
from gainmap_codec.files.jpeg.segments import APP1, make_segment
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.records import GainMapFile, StoredGainMap
from support.cases import ONE_CHANNEL
from support.paths import FIXTURES

BASE, MAP = "jpeg/base-16x16.jpg", "jpeg/map-4x4.jpg"


def read(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def record() -> GainMapFile:
    """The base with a standard map, and neither payload nor EXIF."""
    base, gain_map = (parse_jpeg(read(name), Limits()) for name in (BASE, MAP))
    return replace(base, gain_map=StoredGainMap(gain_map.base, ONE_CHANNEL, "iso21496"))


def standard(**fields: Any) -> bytes:
    return serialize_jpeg(replace(record(), **fields))


def alternate_space() -> bytes:
    """The maths in the alternate's space: such a map has no hdrgm XMP that could stand in for ISO 21496-1."""
    file = record()
    metadata = replace(ONE_CHANNEL, use_base_colour_space=False)
    return serialize_jpeg(replace(file, gain_map=StoredGainMap(file.gain_map.image, metadata, "iso21496")))


def patched(data: bytes, position: int, new: bytes) -> bytes:
    return data[:position] + new + data[position + len(new) :]


def iso(data: bytes, offset: int, new: bytes) -> bytes:
    """The file with some bytes of its ISO 21496-1 metadata changed."""
    stored = parse_jpeg(data, Limits()).gain_map
    return patched(data, data.index(serialize_iso21496(stored.metadata)) + offset, new)


def with_xmp(data: bytes, old: bytes, new: bytes) -> bytes:
    return data.replace(make_segment(APP1, XMP_ID + old, "XMP"), make_segment(APP1, XMP_ID + new, "XMP"), 1)
