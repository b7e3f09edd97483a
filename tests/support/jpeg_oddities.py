"""JPEG files that are odd or broken in one way each: what has been met in the wild, and what fuzzers find."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

from gainmap_codec.errors import Limits
from gainmap_codec.files.jpeg.metadata import EXIF_ID, ICC_ID, ISO_ID, XMP_ID
from gainmap_codec.files.jpeg.mpf import MPF_ID, mpf_bytes
from gainmap_codec.files.jpeg.segments import APP1, APP2, SOI, make_segment, parse_segments
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.map_metadata.hdrgm import serialize_hdrgm
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.records import CodedImage, StoredGainMap
from support.cases import ONE_CHANNEL
from support.jpeg_files import (
    BASE,
    MAP,
    alternate_space,
    blob_of,
    iso,
    map_image,
    packet_of,
    patched,
    read,
    record,
    standard,
    with_xmp,
)

Row = tuple[bytes, str, str, str]
"""Bytes, what it exercises, what comes of it, part of a warning."""

_APPLE_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/"'
    b' HDRGainMap:HDRGainMapVersion="%d"%s/></rdf:RDF></x:xmpmeta>'
)
_HEADROOM = b' HDRGainMap:HDRGainMapHeadroom="%s"'


def readable_files() -> dict[str, Row]:
    """Files that are fine, in forms that are rarer than our writer's."""
    data = standard()
    xmp = packet_of(data)
    other_prefixes = xmp.replace(b"Container:", b"C:").replace(b"xmlns:Container=", b"xmlns:C=").replace(b'"', b"'")
    padded = b'<?xpacket begin="\xef\xbb\xbf" id="x"?>' + xmp + b" " * 200 + b'<?xpacket end="w"?>\0'
    flat = iso(data, 21, bytes.fromhex("00000001 00000001 00000001 00000001"))
    apple = {
        "apple-xmp": (apple_file(xmp=_apple_xmp(131072, b"4.5")), "headroom in the map's XMP, linear"),
        "apple-maker-note": (apple_file(exif=maker_note_exif((1, 1), (1, 100))), "headroom in the maker note"),
    }
    return {
        **{f"jpeg/{name}.jpg": (file, exercises, "standard", "") for name, (file, exercises) in apple.items()},
        "jpeg/flat-map.jpg": (flat, "gain_map_min == gain_map_max: one gain everywhere", "standard", ""),
        "jpeg/xmp-other-prefixes.jpg": (with_xmp(data, xmp, other_prefixes), "namespaces count", "standard", ""),
        "jpeg/xmp-padded.jpg": (with_xmp(data, xmp, padded), "xpacket wrapper, padding, NUL", "standard", ""),
        "jpeg/mpf-little-endian.jpg": (_with_mpf(data, _mpf("<")), "an index in the other order", "standard", ""),
        "jpeg/iso-old-flags.jpg": (
            iso(alternate_space(), 4, b"\x02"),
            "flags counted from the low end",
            "standard",
            "",
        ),
        "jpeg/iso-compact.jpg": (_compact(), "libultrahdr's common denominator", "standard", ""),
        "jpeg/motion-photo.jpg": (data + b"\0\0\0\x18ftypmp42" + bytes(100), "a video behind the map", "standard", ""),
        "jpeg/exif-thumbnail.jpg": (standard(exif=_thumbnail_exif()), "a JPEG inside EXIF is no map", "standard", ""),
        "jpeg/exif-orientation-0.jpg": (standard(exif=_orientation_exif(0)), "counts as 1", "standard", ""),
    }


def broken_files() -> dict[str, Row]:
    """Files that are broken: the base comes back all the same, where there is one."""
    tables = (_broken_blobs(), _broken_xmp(), _broken_segments(), _broken_maps(), _broken_apple())
    return {f"{name}.jpg": row for table in tables for name, row in table.items()}


def _broken_blobs() -> dict[str, Row]:
    data, alternate = standard(), alternate_space()
    one, low = bytes.fromhex("00000001 00000001"), bytes.fromhex("00000000 00000001")
    huge = bytes.fromhex("7FFFFFFF 00000001")
    negative = iso(data, 45, bytes.fromhex("FFFFFFFF"))
    return {
        "iso-max-below-min": (
            iso(alternate, 21, one + low),
            "the range is upside down",
            "base",
            "gain_map_max >=",
        ),
        "iso-huge-gain": (iso(alternate, 29, huge), "2^31 stops", "base", "at most 32 stops"),
        "iso-huge-headroom": (iso(alternate, 13, huge), "2^31 stops", "base", "at most 32 stops"),
        "iso-negative-offset": (negative, "read, not written", "standard", "offsets below 0"),
        "iso-equal-headrooms": (iso(data, 13, low), "the weight is 0", "standard", "the same headroom"),
        "iso-reserved-flags": (iso(data, 4, b"\x51"), "ignored", "standard", "reserved flags (11)"),
        "iso-truncated": (_with_blob(data, lambda blob: blob[:50]), "hdrgm stands in", "standard", "ISO 21496-1"),
        "iso-trailing-bytes": (_with_blob(data, lambda blob: blob + b"xy"), "hdrgm stands in", "standard", "behind"),
        "iso-twice": (_with_blob(data, _twice), "the first counts", "standard", "more than one"),
        "iso-no-version-segment": (_without_version(data), "found all the same", "standard", "version segment"),
    }


def _broken_xmp() -> dict[str, Row]:
    """hdrgm XMP alone, with numbers that are none."""
    files = {
        "xmp-nan": ("GainMapMax", b"nan", "expected a decimal number"),
        "xmp-infinite": ("GainMapMax", b"inf", "expected a decimal number"),
        "xmp-overflow": ("GainMapMax", b"1e999", "within"),
        "xmp-negative-headroom": ("HDRCapacityMin", b"-1", "unsigned"),
        "xmp-zero-gamma": ("Gamma", b"0", "gamma"),
        "xmp-swapped-capacities": ("HDRCapacityMin", b"3", "expected HDRCapacityMin 3 or more"),
        "xmp-base-is-maybe": ("BaseRenditionIsHDR", b"maybe", "expected True or False"),
    }
    rows = {
        name: (_hdrgm_only(field, value), f"hdrgm:{field} is {value.decode()}", "base", warning)
        for name, (field, value, warning) in files.items()
    }
    data = standard()
    xmp = packet_of(data)
    deep = xmp.replace(b"</rdf:RDF>", b"<a>" * 40 + b"</a>" * 40 + b"</rdf:RDF>")
    extension = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + struct.pack(">II", 1 << 31, 1 << 31) + b"loop"
    rows["xmp-deep"] = (with_xmp(data, xmp, deep), "40 levels of elements", "standard", "xmp_depth")
    rows["xmp-extended-loop"] = (_with_segment(data, APP1, extension), "extended XMP is not read", "standard", "")
    return rows


def _broken_segments() -> dict[str, Row]:
    data = standard()
    icc = make_segment(APP2, ICC_ID + bytes((1, 3)) + b"profile", "ICC")
    crowd = _mpf(">", entries=1000)
    packet = XMP_ID + packet_of(data)
    two_exifs = _with_segment(_with_segment(data, APP1, _EXIF), APP1, _EXIF)
    return {
        "icc-count-lies": (data[:20] + icc + data[20:], "the profile is left out", "standard", "chunks"),
        "xmp-twice": (_with_segment(data, APP1, packet), "two packets", "standard", "more than"),
        "exif-twice": (two_exifs, "two of them", "standard", "more than one"),
        "mpf-wrong-order-mark": (_with_mpf(data, b"XX" + _mpf(">")[2:]), "the directory helps", "standard", "TIFF"),
        "mpf-size-0": (_with_mpf(data, _mpf(">", size=0)), "the directory helps", "standard", "MPF index"),
        "mpf-crowd": (_with_mpf(data, crowd), "1000 pictures", "standard", "mpf_entries"),
        "mpf-overlap": (_with_mpf(data, _mpf(">", entries=3)), "two pictures in one place", "standard", "overlap"),
        "base-cmyk": (_with_frame(read(BASE), 16, 16, channels=4), "four channels", "UnsupportedError", ""),
        "after-jpegtran": (
            data[: parse_segments(data, Limits()).end],
            "the map was cut away",
            "base",
            "the gain map is missing",
        ),
    }


def _broken_maps() -> dict[str, Row]:
    data = standard()
    frame = data.rindex(b"\xff\xc0")
    wide = replace(map_image(), data=_with_frame(read(MAP), 9, 4), width=9, height=4)
    scan = parse_segments(read(MAP), Limits()).tail
    scans = read(MAP)[scan[0].start : -2] * 101
    many = read(MAP)[: scan[0].start] + scans + b"\xff\xd9"
    return {
        "map-12-bit": (patched(data, frame + 4, b"\x0c"), "12-bit samples", "base", "12 bits"),
        "map-4-channels": (_with_map(_with_frame(read(MAP), 4, 4, channels=4)), "CMYK", "base", "4 of 8 bits"),
        "map-other-aspect": (_standard_with(wide), "used all the same", "standard", "another aspect ratio"),
        "map-many-scans": (_with_map(many), "101 scans", "base", "scans: expected at most 100"),
        "map-no-scan": (_with_map(read(MAP)[: scan[0].start] + b"\xff\xd9"), "tables alone", "base", "expected a scan"),
    }


def _broken_apple() -> dict[str, Row]:
    overflow = maker_note_exif((1, 1), (0, 1))
    overflow = overflow.replace(struct.pack(">HHI", 33, 10, 1), struct.pack(">HHI", 33, 10, 0xFFFFFFFF))
    nan, dark = (apple_file(xmp=_apple_xmp(131072, value)) for value in (b"nan", b"0.5"))
    return {
        "apple-no-headroom": (apple_file(), "neither XMP nor a maker note tells", "base", "expected a headroom"),
        "apple-headroom-nan": (nan, "no number", "base", "expected a decimal number"),
        "apple-headroom-below-1": (dark, "darker", "base", "expected a number from 1 to"),
        "apple-note-zero-denominator": (apple_file(exif=maker_note_exif((1, 0), (0, 1))), "1/0", "base", "denominator"),
        "apple-note-huge-count": (apple_file(exif=overflow), "the number is missing", "standard", "33 is missing"),
        "apple-note-offset-past-end": (
            apple_file(exif=maker_note_exif((1, 1), (0, 1), offset=1 << 30)),
            "its numbers lie outside",
            "base",
            "expected 4 bytes",
        ),
        "apple-note-of-another-make": (
            apple_file(exif=maker_note_exif((1, 1), (0, 1)).replace(b"Apple iOS", b"Other iOS")),
            "another maker's note",
            "base",
            "expected Apple's",
        ),
        "exif-loop": (apple_file(exif=_looping_exif()), "directories that point to themselves", "base", "headroom"),
    }


_EXIF = EXIF_ID + b"MM\0*\0\0\0\x08\0\0\0\0\0\0"


def apple_file(xmp: bytes | None = None, exif: bytes | None = None) -> bytes:
    """A base and behind it a map with Apple's XMP, which the MPF index names."""
    packet = _apple_xmp(65536) if xmp is None else xmp
    gain_map = SOI + make_segment(APP1, XMP_ID + packet, "XMP") + read(MAP)[2:]
    return _with_mpf(standard(exif=exif), _mpf(">", size=len(gain_map)), gain_map, strip=True)


def maker_note_exif(
    headroom: tuple[int, int] | None, gain: tuple[int, int] | None, *, offset: int | None = None
) -> bytes:
    """EXIF with an Apple maker note that holds the numbers 33 and 48 as signed rationals."""
    numbers = [(tag, value) for tag, value in ((33, headroom), (48, gain)) if value is not None]
    start = 14 + 2 + 12 * len(numbers) + 4
    note = b"Apple iOS\0\0\1MM" + struct.pack(">H", len(numbers))
    for index, (tag, _) in enumerate(numbers):
        note += struct.pack(">HHII", tag, 10, 1, start + 8 * index if offset is None else offset)
    note += bytes(4) + b"".join(struct.pack(">ii", *value) for _, value in numbers)
    ifd0 = struct.pack(">HHHIII", 1, 0x8769, 4, 1, 26, 0)
    exif_ifd = struct.pack(">HHHIII", 1, 0x927C, 7, len(note), 44, 0)
    return b"MM\0*\0\0\0\x08" + ifd0 + exif_ifd + note


def _apple_xmp(version: int, headroom: bytes | None = None) -> bytes:
    return _APPLE_XMP % (version, b"" if headroom is None else _HEADROOM % headroom)


def _looping_exif() -> bytes:
    """The first directory names itself as the EXIF directory and as the next one."""
    return b"MM\0*\0\0\0\x08" + struct.pack(">HHHIII", 1, 0x8769, 4, 1, 8, 8)


def _orientation_exif(value: int) -> bytes:
    return b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, value, 0, 0)


def _thumbnail_exif() -> bytes:
    return b"MM\0*\0\0\0\x08\0\0\0\0\0\0" + read(MAP)


def _compact() -> bytes:
    """The map's metadata in libultrahdr's form of 37 bytes, for a map without hdrgm XMP."""
    blob = bytes.fromhex("00000000 08 00000040 00000000 00000080 00000000 00000080 00000040 00000001 00000001")
    return _with_blob(alternate_space(), lambda _: blob)


def _with_blob(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The file with its ISO 21496-1 segment changed; the map is then found by the scan for images."""
    blob = blob_of(data)
    old = make_segment(APP2, ISO_ID + blob, "ISO")
    new = change(blob)
    body = new if new.startswith(b"\xff\xe2") else make_segment(APP2, ISO_ID + new, "ISO")
    end = parse_segments(data, Limits()).end
    return _with_mpf(data, _mpf(">", size=len(data) - end - len(old) + len(body)), data[end:].replace(old, body, 1))


def _twice(blob: bytes) -> bytes:
    return make_segment(APP2, ISO_ID + blob, "ISO") * 2


def _without_version(data: bytes) -> bytes:
    return data.replace(make_segment(APP2, ISO_ID + bytes(4), "ISO"), b"", 1)


def _hdrgm_only(field: str, value: bytes) -> bytes:
    """A map with hdrgm XMP and no ISO 21496-1, one property changed."""
    packet = serialize_hdrgm(ONE_CHANNEL)
    start = packet.index(f'hdrgm:{field}="'.encode()) + len(field) + 8
    packet = packet[:start] + value + packet[packet.index(b'"', start) :]
    return _with_map(SOI + make_segment(APP1, XMP_ID + packet, "XMP") + read(MAP)[2:], describe=False)


def _with_map(gain_map: bytes, *, describe: bool = True) -> bytes:
    """The base, and behind it another gain-map image; `describe` gives it metadata."""
    if describe:
        segment = make_segment(APP2, ISO_ID + serialize_iso21496(ONE_CHANNEL), "ISO")
        gain_map = SOI + segment + gain_map[2:]
    return _with_mpf(standard(), _mpf(">", size=len(gain_map)), gain_map, strip=True)


def _standard_with(image: CodedImage) -> bytes:
    return serialize_jpeg(replace(record(), gain_map=StoredGainMap(image, ONE_CHANNEL, "iso21496")))


def _with_segment(data: bytes, marker: int, body: bytes) -> bytes:
    """A segment more, right behind SOI; the index is counted from itself and stays right."""
    return SOI + make_segment(marker, body, "segment") + data[2:]


def _with_frame(data: bytes, width: int, height: int, *, channels: int | None = None) -> bytes:
    """The picture with another size, or number of channels, in its frame header; its scan stays as it is."""
    image = parse_segments(data, Limits())
    frame = next(segment for segment in image.header if segment.marker == 0xC0)
    body = image.body(frame)
    components = body[6:] if channels is None else body[6:9] * channels
    new = body[:1] + struct.pack(">HHB", height, width, len(components) // 3) + components
    return data[: frame.start] + make_segment(0xC0, new, "frame") + data[frame.stop :]


def _mpf(order: str, *, size: int | None = None, entries: int = 2) -> bytes:
    """An index of so many pictures; offset and size of those but the first are filled in by `_with_mpf`."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, 3)
    tags = struct.pack(order + "HHI4s", 0xB000, 7, 4, b"0100")
    tags += struct.pack(order + "HHII", 0xB001, 4, 1, entries)
    tags += struct.pack(order + "HHIII", 0xB002, 7, 16 * entries, 50, 0)
    first = struct.pack(order + "IIIHH", 0x030000, 0, 0, 0, 0)
    rest = struct.pack(order + "IIIHH", 0, 0xFFFFFFFF if size is None else size, 0, 0, 0)
    return head + tags + first + rest * (entries - 1)


def _with_mpf(data: bytes, index: bytes, gain_map: bytes | None = None, *, strip: bool = False) -> bytes:
    """The file with another MPF index (its offsets made right) and, if given, another gain map.

    Args:
        strip: Leave the GContainer directory, hdrgm and ISO 21496-1 out of the base.
    """
    image = parse_segments(data, Limits())
    tail = data[image.end :] if gain_map is None else gain_map
    old = next(s for s in image.header if s.marker == APP2 and image.body(s).startswith(MPF_ID))
    assert old.stop - old.start == mpf_bytes(1)
    before, after = data[2 : old.start], data[old.stop : image.end]
    if strip:
        kept = (s for s in image.header if s.start < old.start)
        unwanted = (XMP_ID, ISO_ID)
        before = b"".join(image.raw(s) for s in kept if not image.body(s).startswith(unwanted))
    segment_bytes = 4 + len(MPF_ID) + len(index)
    mark = 2 + len(before) + 4 + len(MPF_ID)
    offset = 2 + len(before) + segment_bytes + len(after) - mark
    order = "<" if index[:2] == b"II" else ">"
    filled = bytearray(index)
    for position in range(50 + 16, len(index), 16):
        (size,) = struct.unpack_from(order + "I", index, position + 4)
        size = len(tail) if size == 0xFFFFFFFF else size
        struct.pack_into(order + "II", filled, position + 4, size, offset)
    return SOI + before + make_segment(APP2, MPF_ID + bytes(filled), "MPF") + after + tail
