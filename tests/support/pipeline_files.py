"""Small gain-map files of every kind, for the tests of what changes such files: made without fits."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.errors import Limits
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.segments import APP1, APP11, APP13, COM, make_segment, parse_segments
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.payload.format import serialize_payload
from gainmap_codec.files.payload.records import Binding, NeuralGainMap, Preset
from gainmap_codec.files.records import GainMapFile, StoredGainMap
from gainmap_codec.files.tags.exif_edit import with_orientation
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.formats.images import decode_jpeg, encode_jpeg
from gainmap_codec.pixels.maps.binding import soft_fingerprint
from gainmap_codec.pixels.maps.gain_map import compute_gain_map
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene
from support.jpeg_records import digest_of_jpeg
from support.networks import random_network
from support.paths import FIXTURES

WIDTH, HEIGHT, HEADROOM = 96, 64, 3.0
APPLE = (FIXTURES / "jpeg/apple-xmp.jpg").read_bytes()

EXIF = "{http://ns.adobe.com/exif/1.0/}"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="urn:dc" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
    b' xmlns:tiff="http://ns.adobe.com/tiff/1.0/" dc:rights="mine" exif:GPSLatitude="48,12.5N" tiff:Orientation="1"'
    b' exif:PixelXDimension="96"><exif:GPSLongitude>16,22E</exif:GPSLongitude></rdf:Description></rdf:RDF></x:xmpmeta>'
)
LATITUDE = bytes.fromhex("00000030 00000001 0000000C 00000001 0000001E 00000001")
C2PA = b"JP\x02\x11\0\0\0\x01\0\0\0\x1ejumb\0\0\0\x16jumdc2pa" + bytes(14)


def gps_exif(orientation: int = 1) -> bytes:
    """Little-endian EXIF with an orientation, the picture's size, a place, and a thumbnail in a second directory."""

    def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
        head = tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + count.to_bytes(4, "little")
        return head + value.ljust(4, b"\0")

    def number(value: int) -> bytes:
        return value.to_bytes(4, "little")

    first, exif, gps, second = 8, 50, 80, 110
    latitude, thumbnail = 140, 164
    data = b"II*\0" + number(first)
    data += b"\3\0" + entry(0x0112, 3, 1, bytes((orientation,))) + entry(0x8769, 4, 1, number(exif))
    data += entry(0x8825, 4, 1, number(gps)) + number(second)
    data += b"\2\0" + entry(0xA002, 3, 1, bytes((WIDTH,))) + entry(0xA003, 4, 1, number(HEIGHT)) + number(0)
    data += b"\2\0" + entry(1, 2, 2, b"N\0") + entry(2, 5, 3, number(latitude)) + number(0)
    data += b"\2\0" + entry(0x0201, 4, 1, number(thumbnail)) + entry(0x0202, 4, 1, number(8)) + number(0)
    return data + LATITUDE + b"\xff\xd8THUM\xff\xd9"


@cache
def pictures() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Codes of a base and its HDR rendition in the base's primaries."""
    hdr = render_scene(WIDTH, HEIGHT)
    return encode_base(tone_map(hdr, headroom=HEADROOM)), hdr


@cache
def plain(orientation: int = 1) -> bytes:
    """An SDR JPEG with all kinds of metadata, and an orientation."""
    coded = encode_jpeg(pictures()[0], quality=90, icc_profile=icc_profile_for("srgb"))
    file = replace(parse_jpeg(coded, Limits()), exif=gps_exif(orientation), xmp=XMP)
    segments = (
        make_segment(APP1, b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + bytes(8) + b"<x/>", "extension"),
        make_segment(APP13, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\0", "IPTC"),
        make_segment(APP11, C2PA, "C2PA"),
        make_segment(COM, b"a comment", "comment"),
    )
    data = file.base.data
    base = replace(file.base, data=data[:20] + b"".join(segments) + data[20:])
    return serialize_jpeg(replace(file, base=base))


def _stored_map(scale: int = 4, channels: int = 1) -> StoredGainMap:
    codes, hdr = pictures()
    base = ((codes / 255) ** 2.2).astype(np.float32)
    gains, metadata = compute_gain_map(base, hdr, alternate_headroom=HEADROOM, scale=scale, channels=channels)
    image = parse_jpeg(encode_jpeg(gains, quality=95), Limits()).base
    return StoredGainMap(image, metadata, "iso21496")


def network_for(base: bytes, preset: Preset = "balanced") -> NeuralGainMap:
    """A lively network that is bound to a base."""
    binding = Binding(digest_of_jpeg(base), soft_fingerprint(decode_jpeg(base)))
    return random_network(preset, seed=3, binding=binding, grid=(HEIGHT, WIDTH) if preset == "balanced" else (0, 0))


@cache
def made(
    *, standard: bool = False, neural: bool = False, orientation: int = 1, scale: int = 4, preset: Preset = "balanced"
) -> bytes:
    """The plain file with gain maps."""
    file = parse_jpeg(plain(orientation), Limits())
    payload = serialize_payload(network_for(plain(orientation), preset)) if neural else None
    return serialize_jpeg(replace(file, gain_map=_stored_map(scale) if standard else None, payload=payload))


def with_one_gain(**fields: Any) -> bytes:
    """The plain file with a network that predicts one gain for all channels, 32 x 48, with offsets of its own."""
    fields = {"base_offset": 1 / 128, "alternate_offset": 1 / 256, **fields, "binding": network_for(plain()).binding}
    network = random_network(seed=1, outputs=1, grid=(32, 48), **fields)
    return serialize_jpeg(replace(read(plain()), payload=serialize_payload(network)))


def both(orientation: int = 1) -> bytes:
    """Standard and neural map."""
    return made(standard=True, neural=True, orientation=orientation)


def with_base_coded_again(data: bytes, quality: int = 60) -> bytes:
    """A file whose base another program coded again, its gain maps left as they were."""
    file = read(data)
    base = parse_jpeg(encode_jpeg(decode_jpeg(file.base.data), quality=quality), Limits()).base
    return serialize_jpeg(replace(file, base=base))


def scans(picture: bytes) -> list[bytes]:
    """Everything of a JPEG that makes its pixels: tables, frame, scans."""
    image = parse_segments(picture, Limits())
    return [image.raw(segment) for segment in (*image.header, *image.tail) if not segment.is_metadata]


def read(data: bytes) -> GainMapFile:
    """The record of a JPEG."""
    return parse_jpeg(data, Limits())


def with_exif_orientation(data: bytes, orientation: int) -> bytes:
    """The file with another orientation, written by the record."""
    file = read(data)
    return serialize_jpeg(replace(file, exif=with_orientation(file.exif, orientation, [])))
