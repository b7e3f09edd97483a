"""One photo in every container, with all that a gain-map file of ours can carry."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from gainmap_codec.errors import Limits
from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.heif.items import Item, Reference
from gainmap_codec.files.jpeg.segments import COM, make_segment
from gainmap_codec.files.payload.format import serialize_payload
from gainmap_codec.files.records import CODECS, Container, GainMapFile, StoredGainMap
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.formats.coded_image import code_picture
from gainmap_codec.pixels.maps.binding import soft_fingerprint
from gainmap_codec.pixels.maps.gain_map import compute_gain_map
from support import pipeline_files
from support.cases import ONE_CHANNEL
from support.heif_files import BASE, tmap_file
from support.networks import random_network
from support.paths import FIXTURES
from support.pipeline_files import HEADROOM, HEIGHT, WIDTH, gps_exif, pictures

CONTAINERS: tuple[Container, ...] = ("jpeg", "heic", "avif", "jxl")
ORIENTATION = 6
XMP = pipeline_files.XMP.replace(b'tiff:Orientation="1"', b'tiff:Orientation="6"')
UNKNOWN = b"nobody knows what this is"


def serialized(file: GainMapFile) -> bytes:
    return serialize_file(file, [])


def parsed(data: bytes) -> GainMapFile:
    return parse_file(data, "a file", Limits())


@cache
def record(container: Container) -> GainMapFile:
    """A base in Display P3, a standard map of three channels, a neural one, EXIF with a place, XMP, an orientation."""
    codes, hdr = pictures()
    codec = CODECS[container]
    icc = icc_profile_for("display-p3")
    base = code_picture(codes, codec, quality=92, icc_profile=icc, bits=8)
    exif = gps_exif(ORIENTATION)
    bare = parsed(serialized(GainMapFile(container, base, b"", exif=exif, xmp=XMP, orientation=ORIENTATION)))
    linear = ((codes / 255) ** 2.2).astype(np.float32)
    gains, metadata = compute_gain_map(linear, hdr, alternate_headroom=HEADROOM, scale=4, channels=3)
    gain_map = StoredGainMap(code_picture(gains, codec, quality=95, bits=8), metadata, "iso21496")
    network = random_network(seed=3, grid=(HEIGHT, WIDTH))
    network = replace(network, binding=replace(network.binding, strict=bare.base_digest, soft=soft_fingerprint(codes)))
    return replace(bare, gain_map=gain_map, payload=serialize_payload(network))


@cache
def photo(container: Container) -> bytes:
    return serialized(record(container))


def with_unknown_parts(container: Container) -> dict[str, bytes]:
    """Files with a part that means nothing to us, by the kind of part; `UNKNOWN` is in it."""
    if container == "jpeg":
        data = (FIXTURES / "jpeg/standard.jpg").read_bytes()
        segments = {"comment": make_segment(COM, UNKNOWN, "COM"), "APP9": make_segment(0xE9, UNKNOWN, "APP9")}
        return {name: data[:2] + segment + data[2:] for name, segment in segments.items()}
    if container == "jxl":
        data = (FIXTURES / "jxl/standard.jxl").read_bytes()
        packed = (FIXTURES / "jxl/packed-both.jxl").read_bytes()
        box = make_box(b"uuid", bytes(16), UNKNOWN)
        return {
            "box": data + box,
            "box in front": data[:32] + box + data[32:],
            "box beside a packed JPEG": packed + box,
        }
    pictures = ("base-64x64.heic", "map-32x32.heic") if container == "heic" else ("base-16x16.avif", "map-4x4.avif")
    draft = tmap_file(ONE_CHANNEL, *pictures)
    item = draft.with_item(Item(50, b"mine", hidden=True), UNKNOWN, Reference(b"cdsc", 50, (BASE,)))
    return {"item": item.build(), "box": draft.build() + make_box(b"uuid", bytes(16), UNKNOWN)}
