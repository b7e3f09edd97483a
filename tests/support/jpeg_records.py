"""Records of small JPEG files with all that such a file can carry."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from typing import Any

from PIL import Image

from gainmap_codec.errors import Limits
from gainmap_codec.files.jpeg.segments import coded_digest, image_header, make_segment, parse_segments
from gainmap_codec.files.records import CodedImage, GainMapFile, StoredGainMap
from support.cases import ONE_CHANNEL

LIMITS = Limits()
EXIF = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
USER_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="urn:dc" dc:rights="mine"/></rdf:RDF></x:xmpmeta>'
)
PAYLOAD = b"\xf6A" + bytes(range(100))


def tiny(mode: str = "RGB", size: tuple[int, int] = (24, 16), **options: Any) -> bytes:
    image = Image.radial_gradient("L").resize(size).convert(mode)
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def coded(data: bytes, icc_profile: bytes | None = None) -> CodedImage:
    header = image_header(parse_segments(data, LIMITS), LIMITS)
    return CodedImage(data, header.width, header.height, header.channels, icc_profile)


def digest_of_jpeg(data: bytes) -> bytes:
    """The digest of the first picture in a file."""
    return coded_digest(parse_segments(data, LIMITS))


def record(base: bytes | None = None, **fields: Any) -> GainMapFile:
    base = tiny() if base is None else base
    fields = {"gain_map": StoredGainMap(coded(tiny("L", (12, 8))), ONE_CHANNEL, "iso21496"), **fields}
    return replace(GainMapFile("jpeg", coded(base), digest_of_jpeg(base)), **fields)


def full_record() -> GainMapFile:
    base = tiny()
    other = make_segment(0xED, b"Photoshop 3.0\0", "IPTC") + make_segment(0xFE, b"a comment", "COM")
    other += make_segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(50), "extended XMP")
    base = base[:20] + other + base[20:]
    assert parse_segments(base, LIMITS).complete
    return replace(
        record(base, payload=PAYLOAD, exif=EXIF, xmp=USER_XMP, orientation=6),
        base=coded(base, b"profile" * 20_000),
    )


def little_endian_mpf(size: int, offset: int, count: int = 2) -> bytes:
    entries = struct.pack("<IIIHH", 0x030000, 7, 0, 0, 0) + struct.pack("<IIIHH", 0, size, offset, 0, 0) * (count - 1)
    tags = ((0xB000, 7, 4, b"0100"), (0xB001, 4, 1, struct.pack("<I", count)))
    table = struct.pack("<HHII", 0xB002, 7, 16 * count, 50)
    ifd = b"".join(struct.pack("<HHI", *tag[:3]) + tag[3] for tag in tags) + table
    return b"II*\0\x08\0\0\0\x03\0" + ifd + bytes(4) + entries
