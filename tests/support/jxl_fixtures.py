"""JPEG XL files for the tests: packed JPEGs that are fine, and files that are broken in one way each."""

from __future__ import annotations

from collections.abc import Iterator

from gainmap_codec.files.jumbf import PAYLOAD, serialize_superbox
from gainmap_codec.files.jxl.bits import in_bits, in_bytes
from gainmap_codec.files.jxl.gain_map import MAP_JPEG, serialize_map_jpeg
from gainmap_codec.files.jxl.header import parse_header
from gainmap_codec.files.jxl.picture import turned_codestream
from support.cases import ISO_CASES
from support.jpeg_oddities import Row
from support.jxl_files import CODESTREAM, START, box, boxed, boxes, codestream_of
from support.paths import FIXTURES

JXL_INPUTS = {
    "jxl/base-24x16.jxl": "a codestream alone: a base of 8 bits, without loss",
    "jxl/base-lossy.jxl": "the same with loss",
    "jxl/base-10-bit.jxl": "a base of 10 bits, BT.2020 PQ",
    "jxl/map-12x8.jxl": "a gain map of one channel",
    "jxl/packed-base.jxl": "base-16x16.jpg, packed",
    "jxl/packed-map.jxl": "map-4x4.jpg, packed",
    "jxl/packed-both.jxl": "both.jpg, packed with all that stands behind its end",
}
_NO_COLOUR_NO_PROFILE = bytes(5)
_PQ_NO_PROFILE = bytes.fromhex("03 90470F 00000000")
_BROTLI_EXIF = bytes.fromhex("1B1D00000471633B82982DD1D42D592C8A34E0DF6124AB28800D00")
"""Four zeros and `support.jpeg_records.EXIF`, compressed once: another version of Brotli may do it otherwise."""


def _parts(name: str) -> tuple[bytes, bytes]:
    """The codestream of an input, and its box jbrd."""
    file = (FIXTURES / "jxl" / name).read_bytes()
    return codestream_of(file), box(b"jbrd", dict(boxes(file))[b"jbrd"])


def _jhgm(codestream: bytes | None = None, colour: bytes = _NO_COLOUR_NO_PROFILE) -> bytes:
    """What the box holds; the map is that of the JPEG files if no other is given."""
    codestream = _parts("packed-map.jxl")[0] if codestream is None else codestream
    return bytes.fromhex("00 003D") + ISO_CASES["one-channel"][1] + colour + codestream


def _coded(name: str) -> bytes:
    return (FIXTURES / "jxl" / name).read_bytes()


def _on_its_side(codestream: bytes) -> bytes:
    """With an orientation of 6."""
    return turned_codestream(codestream, parse_header(codestream), 6)


def _map_boxes() -> tuple[bytes, bytes]:
    """A gain map, and what makes it a JPEG again."""
    codestream, jbrd = _parts("packed-map.jxl")
    return box(b"jhgm", _jhgm()), serialize_superbox(MAP_JPEG, serialize_map_jpeg(jbrd, codestream))


def readable_files(payload: bytes) -> Iterator[tuple[str, Row]]:
    """Files that are fine; the payload is bound to the base of the JPEG files."""
    base, jbrd = _parts("packed-base.jxl")
    maps = _map_boxes()
    in_parts = box(b"jxlp", bytes(4) + base[:40]) + jbrd + box(b"jxlp", b"\x80\0\0\1" + base[40:])
    unknown = box(b"abcd", b"nobody knows what this is")
    both = boxed(base, *maps, serialize_superbox(PAYLOAD, payload), front=jbrd)
    yield "standard.jxl", (boxed(base, *maps, front=jbrd), "the writer's layout: a standard map", "standard", "")
    yield "both.jxl", (both, "the writer's layout: a standard map and a neural payload", "neural", "")
    yield "parts.jxl", (START + in_parts + b"".join(maps), "a codestream in parts", "standard", "")
    base, gain_map = _coded("base-24x16.jxl"), _coded("map-12x8.jxl")
    jhgm = box(b"jhgm", _jhgm(gain_map, _PQ_NO_PROFILE))
    exif = box(b"brob", b"Exif" + _BROTLI_EXIF)
    turned = box(b"jhgm", _jhgm(_on_its_side(gain_map)))
    yield "jhgm.jxl", (boxed(base, jhgm, exif), "pictures coded as JPEG XL; compressed EXIF", "standard", "")
    yield "turned.jxl", (boxed(_on_its_side(base), turned), "base and map with orientation 6", "standard", "")
    base, jbrd = _parts("packed-base.jxl")
    yield "other-boxes.jxl", (boxed(base, unknown, *maps, unknown, front=jbrd), "unknown boxes", "standard", "")


def broken_files() -> Iterator[tuple[str, Row]]:
    base, jbrd = _parts("packed-base.jxl")
    jhgm, map_jpeg = _map_boxes()
    gain_map = _jhgm()
    side = "11" + in_bits((1 << 30) - 1, 30)
    huge = CODESTREAM + in_bytes(f"0{side}000{side}11")  # all else as usual
    maps = {
        "version-1": (b"\1" + gain_map[1:], "a version that is not known", "expected version 0, got 1"),
        "truncated": (gain_map[:30], "its metadata end early", "box jhgm"),
        "iso-truncated": (bytes.fromhex("00 0004") + bytes(9), "metadata of four bytes", "ISO 21496-1"),
        "no-codestream": (gain_map.replace(CODESTREAM, b"\xff\0"), "no picture", "JPEG XL codestream"),
        "huge-size": (gain_map[: -len(_parts("packed-map.jxl")[0])] + huge, "2^30 x 2^30 pixels", "pixels"),
    }
    for name, (data, exercises, warning) in maps.items():
        yield f"jhgm-{name}.jxl", (boxed(base, box(b"jhgm", data), front=jbrd), exercises, "base", warning)
    yield (
        "jbrd-broken.jxl",
        (
            boxed(base, jhgm, front=jbrd[:60] + bytes(len(jbrd) - 60)),
            "its picture serves",
            "standard",
            "the packed JPEG",
        ),
    )
    whole = boxed(base, jhgm, map_jpeg, front=jbrd)
    yield "truncated-map.jxl", (whole[:-40], "the box with the map's JPEG ends early", "standard", "cut off")
    yield "no-codestream.jxl", (START + jbrd, "a file without a picture", "FormatError", "")
    yield "codestream-header-cut.jxl", (boxed(base[:4]), "a header that ends early", "FormatError", "")
    yield "codestream-huge-size.jxl", (huge, "2^30 x 2^30 pixels", "LimitError", "")
    yield "box-size-4.jxl", (START + b"\0\0\0\4jxlc" + base, "a box smaller than its header", "FormatError", "")
