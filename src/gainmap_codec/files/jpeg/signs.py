"""What other programs look for in a JPEG with a gain map: each finds it, and reads it, by signs of its own.

Source: Chromium 156 and libultrahdr 1.4 with files that lack one of them; Skia src/codec/SkJpegMetadataDecoderImpl.cpp.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gainmap_codec.files.jpeg.metadata import ISO_ID, XMP_ID
from gainmap_codec.files.jpeg.mpf import MPF_ID
from gainmap_codec.files.jpeg.segments import APP1, APP2, segments_of
from gainmap_codec.files.records import GainMapFile, StoredGainMap
from gainmap_codec.files.tags.xmp_packet import HDRGM

_NEEDED = tuple(re.compile(rb"\bhdrgm:" + name + rb"\s*=") for name in (b"Version", b"GainMapMax", b"HDRCapacityMax"))


class Signs(NamedTuple):
    """The signs of a gain map.

    Attributes:
        mpf: The base has an MPF index of the file's pictures.
        iso: The map has ISO 21496-1 numbers, and the base a segment that announces them.
        xmp: The map has Ultra HDR XMP, and the base XMP that announces it.
        attributes: The map's XMP has its numbers as attributes with the prefix hdrgm.
    """

    mpf: bool = False
    iso: bool = False
    xmp: bool = False
    attributes: bool = False


def signs_of(file: GainMapFile, stored: StoredGainMap) -> Signs:
    """The signs of a JPEG's gain map."""
    base, image = segments_of(file.base), segments_of(stored.image)
    name = HDRGM.encode()
    packets = [packet for packet in image.bodies(APP1, XMP_ID) if name in packet]
    return Signs(
        mpf=bool(base.bodies(APP2, MPF_ID)),
        iso=bool(base.bodies(APP2, ISO_ID) and image.bodies(APP2, ISO_ID)),
        xmp=bool(packets) and name in b"".join(base.bodies(APP1, b"")),
        attributes=any(all(needed.search(packet) for needed in _NEEDED) for packet in packets),
    )
