"""Records of HEIC and AVIF files with all that such a file can carry, and a look into what is written of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

import gainmap_codec as gm
from gainmap_codec.files.boxes import Box, BoxFile
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.heif.items import HeifMeta, Item
from gainmap_codec.files.heif.meta import parse_meta
from gainmap_codec.files.heif.write import serialize_heif
from gainmap_codec.files.records import Codec, Container, GainMapFile, StoredGainMap
from gainmap_codec.pixels.formats.coded_image import code_picture
from support.cases import ONE_CHANNEL

T = TypeVar("T")

LIMITS = gm.Limits()
EXIF = b"MM\0*\0\0\0\x08\0\0\0\0\0\0"
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<r:Description xmlns:d="urn:d" d:rights="mine"/></r:RDF></x:xmpmeta>'
)
PAYLOAD = b"\xf6A" + bytes(14)
ALTERNATE = Nclx(12, 16, 6, True)
CODECS: dict[Container, Codec] = {"heic": "hevc", "avif": "av1"}


def ramp(height: int, width: int, channels: int = 3, bits: int = 8) -> np.ndarray:
    y, x = np.mgrid[:height, :width] / max(height, width)
    codes = np.stack([x, y, (x + y) / 2], axis=2) * ((1 << bits) - 1)
    return (codes if channels == 3 else codes[..., 0]).astype(np.uint8 if bits == 8 else np.uint16)


def record(container: Container, bits: int = 8, channels: int = 1, **changes: Any) -> GainMapFile:
    """A file of 96 x 64 pixels with everything that a writer has to place."""
    codec = CODECS[container]
    base = code_picture(ramp(64, 96, bits=bits), codec, quality=90, bits=bits)
    image = code_picture(ramp(64, 96, channels), codec, quality=90, bits=8)
    stored = StoredGainMap(replace(image, nclx=ALTERNATE), ONE_CHANNEL, "iso21496")
    file = GainMapFile(container, base, b"", stored, payload=PAYLOAD, exif=EXIF, xmp=PACKET, orientation=6)
    return replace(file, **changes)


def opened(data: bytes) -> tuple[BoxFile, tuple[Box, ...], HeifMeta]:
    file = BoxFile(data, LIMITS)
    boxes = file.top_level()
    return file, boxes, parse_meta(file, next(box for box in boxes if box.kind == b"meta"))


def read(data: bytes) -> GainMapFile:
    return parse_file(data, "", LIMITS)


def rewritten(file: GainMapFile) -> GainMapFile:
    return read(serialize_heif(file))


def map_of(file: GainMapFile) -> StoredGainMap:
    """The gain map that the file must have."""
    assert file.gain_map is not None
    return file.gain_map


def body_of(item: Item, kind: bytes) -> bytes:
    """What the property of this kind, which the item must have, says."""
    found = item.property(kind)
    assert found is not None
    return found.body


def only(items: Iterable[T]) -> T:
    (item,) = items
    return item
