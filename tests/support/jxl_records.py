"""Records of small JPEG XL files with all that such a file can carry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gainmap_codec.files.jxl.header import parse_header
from gainmap_codec.files.jxl.picture import coded_image, codestream_digest
from gainmap_codec.files.records import CodedImage, GainMapFile, StoredGainMap
from support.cases import ONE_CHANNEL
from support.jpeg_records import EXIF, PAYLOAD, USER_XMP, full_record
from support.jxl_files import picture


def image(*size: int, bits: int = 8) -> CodedImage:
    """A picture of this width and height, and of so many channels."""
    data = picture(*size, bits=bits)
    return coded_image(data, parse_header(data))


def record(**fields: Any) -> GainMapFile:
    """A picture of codec "jxl" with a gain map of the same."""
    base, gain_map = image(24, 16, 3), replace(image(12, 8, 1), nclx=None)  # nothing told of the alternate's colour
    file = GainMapFile("jxl", base, codestream_digest(base))
    fields = {"gain_map": StoredGainMap(gain_map, ONE_CHANNEL, "iso21496"), **fields}
    return replace(file, **fields)


def full() -> GainMapFile:
    return record(payload=PAYLOAD, exif=EXIF, xmp=USER_XMP, orientation=6)


def full_of_jpegs() -> GainMapFile:
    """A packed JPEG and a gain map that is one, with metadata."""
    file = full_record()
    return replace(file, container="jxl", base=replace(file.base, icc_profile=None))
