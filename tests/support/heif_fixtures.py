"""HEIC and AVIF files for the tests: some that are fine, and some that are broken in one way each."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

from gainmap_codec.errors import Limits
from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.heif.items import Group, Item, Property, Reference
from gainmap_codec.files.heif.read import parse_heif
from gainmap_codec.files.map_metadata.apple import APPLE_GAIN_MAP
from gainmap_codec.files.map_metadata.hdrgm import serialize_hdrgm
from support import heif_files as draft
from support.cases import ONE_CHANNEL
from support.heif_files import BASE, MAP, TMAP, Draft, auxiliary_file, tmap_file, turned, with_exif, with_payload
from support.jpeg_oddities import Row, maker_note_exif

HEIF_INPUTS = {
    "heif/base-16x16.avif": "a base of 8 bits, 4:4:4",
    "heif/map-4x4.avif": "a gain map of one channel",
    "heif/base-10-bit.avif": "a base of 10 bits, BT.2020 PQ",
    "heif/base-64x64.heic": "a base of 8 bits, 4:4:4",
    "heif/map-32x32.heic": "a gain map of one channel",
    "flat/8-bit.avif": "8192 x 8192 pixels of one colour, for tests/test_memory.py",
    "flat/10-bit.avif": "the same with 10 bits",
    "flat/8-bit.heic": "the same of HEVC",
}
ADOBE, SAMSUNG = "urn:com:photo:aux:hdrgainmap", "urn:com:samsung:photo:2024:aux:hdrgainmap"
_APPLE_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:g="http://ns.apple.com/HDRGainMap/1.0/">'
    b"<g:HDRGainMapVersion>%d</g:HDRGainMapVersion>%s</rdf:Description></rdf:RDF></x:xmpmeta>"
)
_HEADROOM = b"<g:HDRGainMapHeadroom>%.1f</g:HDRGainMapHeadroom>"


def apple_xmp(version: int, headroom: float | None = None) -> bytes:
    """The packet that describes one of Apple's own maps."""
    return _APPLE_XMP % (version, b"" if headroom is None else _HEADROOM % headroom)


def readable_files(payload_for: Callable[[bytes], bytes]) -> dict[str, Row]:
    """Files that are fine.

    Args:
        payload_for: Gives a payload that is bound to a base, by its digest.
    """
    heic = tmap_file(ONE_CHANNEL, "base-64x64.heic", "map-32x32.heic")
    plain = tmap_file(ONE_CHANNEL)
    hdr = replace(
        ONE_CHANNEL,
        base_hdr_headroom=ONE_CHANNEL.alternate_hdr_headroom,
        alternate_hdr_headroom=ONE_CHANNEL.base_hdr_headroom,
    )
    apple = auxiliary_file(APPLE_GAIN_MAP, apple_xmp(131072, 4.5), "base-64x64.heic", "map-32x32.heic")
    noted = auxiliary_file(APPLE_GAIN_MAP, apple_xmp(65536), "base-64x64.heic", "map-32x32.heic")
    files = {
        "tmap.avif": (plain.build(), "a tmap item, as libavif writes it"),
        "tmap.heic": (heic.build(), "the same with HEVC"),
        "tmap-turned.avif": (turned(plain, 1, 0).build(), "irot and imir on base and map"),
        "tmap-apple-turned.heic": (_apple_turned(heic).build(), "irot on the tmap item too, as Apple writes it"),
        "tmap-primary.avif": (replace(plain, primary=TMAP).build(), "the tmap item is the primary one"),
        "tmap-hdr-base.avif": (tmap_file(hdr, "base-10-bit.avif").build(), "a base of 10 bits, PQ; the map makes SDR"),
        "adobe-auxiliary.avif": (auxiliary_file(ADOBE, serialize_hdrgm(ONE_CHANNEL)).build(), "hdrgm XMP of the map"),
        "samsung-auxiliary.heic": (
            auxiliary_file(SAMSUNG, serialize_hdrgm(ONE_CHANNEL), "base-64x64.heic", "map-32x32.heic").build(),
            "hdrgm XMP of the map",
        ),
        "apple-auxiliary.heic": (apple.build(), "headroom in the map's XMP"),
        "apple-maker-note.heic": (with_exif(noted, maker_note_exif((1, 1), (1, 100))).build(), "headroom in EXIF"),
    }
    rows = {f"heif/{name}": (data, exercises, "standard", "") for name, (data, exercises) in files.items()}
    for name, file in (("payload.avif", plain), ("payload.heic", heic)):
        digest = parse_heif(file.build(), Limits()).base_digest
        data = with_payload(file, payload_for(digest)).build()
        rows[f"heif/{name}"] = (data, "our payload in a hidden uri item", "neural", "")
    cut = "a base of four tiles that share their bytes, cropped"
    rows["heif/grid.heic"] = (_grid().build(), cut, "standard", "another aspect ratio")
    return rows


def broken_files() -> dict[str, Row]:
    """Broken files: the base comes back all the same, where there is one."""
    tables = (_broken_tmaps(), _broken_boxes(), _broken_places(), _broken_pictures())
    return {name: row for table in tables for name, row in table.items()}


def _broken_tmaps() -> dict[str, Row]:
    plain = tmap_file(ONE_CHANNEL)
    wrong_group = replace(plain, groups=(Group(b"altr", 10, (BASE, TMAP)),))
    no_brand = replace(plain, brands=(b"avif", b"mif1", b"miaf"))
    version = replace(plain, data=(plain.data[0], b"\x01" + plain.data[1][1:], plain.data[2]))
    small = plain.with_properties(TMAP, Property(b"irot", b"\x01"))
    files = {
        "tmap-no-inputs": (plain.with_references(b"dimg"), "two different inputs"),
        "tmap-one-input": (plain.with_references(b"dimg", BASE), "two different inputs"),
        "tmap-three-inputs": (plain.with_references(b"dimg", BASE, MAP, MAP), "two different inputs"),
        "tmap-same-input-twice": (plain.with_references(b"dimg", BASE, BASE), "two different inputs"),
        "tmap-of-itself": (plain.with_references(b"dimg", BASE, TMAP), "expected a picture as its second input"),
        "tmap-other-base": (plain.with_references(b"dimg", MAP, BASE), "expected the base"),
        "tmap-missing-map": (plain.with_references(b"dimg", BASE, 99), "expected item 99"),
        "tmap-wrong-group": (wrong_group, "expected a group altr"),
        "tmap-no-group": (replace(plain, groups=()), "expected a group altr"),
        "tmap-no-brand": (no_brand, "expected the brand tmap"),
        "tmap-version-1": (version, "expected version 0, got 1"),
        "tmap-rotated-by-itself": (small, "expected neither rotation"),
        "truncated-tmap": (replace(plain, data=(plain.data[0], plain.data[1][:40], plain.data[2])), "expected 4 bytes"),
        "auxiliary-without-xmp": (_without_xmp(), "expected XMP"),
    }
    rows = {
        f"{name}.avif": (file.build(), "the map is ignored", "base", warning) for name, (file, warning) in files.items()
    }
    spare = _with_spare(tmap_file(ONE_CHANNEL, "base-64x64.heic", "map-32x32.heic"))
    rows["tmap-broken-map-apple-spare.heic"] = (spare.build(), "Apple's map stands in", "standard", "cannot be used")
    return rows


def _broken_boxes() -> dict[str, Row]:
    data = tmap_file(ONE_CHANNEL).build()
    meta = data.index(b"meta") - 4
    iinf, iprp, pitm = (data.index(kind) - 4 for kind in (b"iinf", b"iprp", b"pitm"))
    files = {
        "box-size-4": (_patched(data, iinf, struct.pack(">I", 4)), "smaller than its header"),
        "box-size-huge": (_patched(data, iinf, struct.pack(">I", 0x7FFFFFFF)), "expected a box of at most"),
        "box-size-0-inside": (_patched(data, iinf, bytes(4)), "expected a box"),
        "box-size-64-bit": (
            _patched(data, iinf, struct.pack(">I4sQ", 1, b"iinf", 1 << 63)),
            "expected a box of at most",
        ),
        "no-pitm": (_patched(data, pitm + 4, b"free"), "expected a box pitm"),
        "no-meta": (_patched(data, meta + 4, b"free"), "expected a box meta"),
        "no-properties": (_patched(data, iprp + 4, b"free"), "expected a size"),
        "truncated-meta": (data[: iprp + 20], "expected a box"),
        "primary-missing": (_patched(data, pitm + 12, b"\0\x63"), "expected item 99"),
        "many-items": (_patched(data, iinf + 12, b"\xff\xff"), "items"),
        "property-missing": (_patched(data, data.index(b"ipma") + 15, b"\x80\x7f"), "expected a property of"),
    }
    return {
        f"{name}.avif": (file, warning, "LimitError" if name == "many-items" else "FormatError", "")
        for name, (file, warning) in files.items()
    }


def _broken_places() -> dict[str, Row]:
    """Places of items: the entries of iloc are 16 bytes each, in the order of the items."""
    data = tmap_file(ONE_CHANNEL).build()
    entries = data.index(b"iloc") + 4 + 4 + 2 + 2
    past_end = struct.pack(">II", 0x7FFFFFFF, 0xFFFFFFFF)

    def at(index: int) -> int:
        return entries + 16 * index + 8

    return {
        "iloc-base-past-end.avif": (_patched(data, at(0), past_end), "the base is nowhere", "FormatError", ""),
        "iloc-map-past-end.avif": (_patched(data, at(2), past_end), "the map is nowhere", "base", "expected a place"),
        "iloc-tmap-past-end.avif": (
            _patched(data, at(1), past_end),
            "its blob is nowhere",
            "base",
            "expected a place",
        ),
        "iloc-64-bit-sums.avif": (_wide_iloc(), "base and extent offsets of 2^64", "base", "expected a place"),
        "iloc-many-extents.avif": (_patched(data, at(1) - 2, b"\xff\xff"), "65535 extents", "LimitError", ""),
        "iloc-odd-sizes.avif": (_patched(data, entries - 4, b"\x55"), "fields of 5 bytes", "FormatError", ""),
    }


def _broken_pictures() -> dict[str, Row]:
    plain = tmap_file(ONE_CHANNEL)
    data = plain.build()
    size = data.index(b"ispe") + 8
    broken_map = replace(plain, data=(*plain.data[:2], plain.data[2][:10]))
    grid = _grid()
    too_few = replace(
        grid, references=tuple(r if r.source == TMAP else r._replace(targets=r.targets[:3]) for r in grid.references)
    )
    big = replace(grid, data=(struct.pack(">BBBBHH", 0, 0, 1, 1, 60000, 60000), *grid.data[1:]))
    crop = Property(b"clap", struct.pack(">8I", 16, 0, 16, 1, 0, 1, 0, 1))
    far = Property(b"clap", struct.pack(">8I", 16, 1, 16, 1, 100, 1, 0, 1))
    return {
        "base-huge-ispe.avif": (_patched(data, size, b"\xff" * 8), "2^32 x 2^32 pixels", "LimitError", ""),
        "base-wrong-ispe.avif": (
            _patched(data, size, struct.pack(">II", 18, 16)),
            "another size than is coded: libavif scales the picture",
            "standard",
            "",
        ),
        "base-zero-ispe.avif": (_patched(data, size, bytes(8)), "0 x 0 pixels", "FormatError", ""),
        "base-larger-than-ispe.avif": (_hidden_giant(), "32768 x 32768 pixels of AV1", "LimitError", ""),
        "map-broken.avif": (broken_map.build(), "the map cannot be decoded", "base", "cut off"),
        "grid-too-few-tiles.heic": (too_few.build(), "three of four", "FormatError", ""),
        "grid-too-large.heic": (big.build(), "tiles do not cover it", "FormatError", ""),
        "clap-zero-denominator.avif": (
            plain.with_properties(BASE, crop).build(),
            "16/0",
            "FormatError",
            "",
        ),
        "clap-outside.avif": (
            plain.with_properties(BASE, far).build(),
            "outside",
            "FormatError",
            "",
        ),
        "base-of-unknown-type.avif": (data.replace(b"av01", b"vp09", 1), "no codec of ours", "UnsupportedError", ""),
    }


def _patched(data: bytes, position: int, new: bytes) -> bytes:
    return data[:position] + new + data[position + len(new) :]


def _apple_turned(file: Draft) -> Draft:
    """Base and map turned, and the tmap item too, with the size that it has after the turn."""
    turns = turned(file, 3)
    return turns.with_properties(TMAP, Property(b"irot", b"\0", essential=True))


def _grid() -> Draft:
    """A base of 2 x 2 tiles of 64 x 64, cut to 120 x 100."""
    plain = tmap_file(ONE_CHANNEL, "base-64x64.heic", "map-32x32.heic")
    tile, tile_data = plain.items[0], plain.data[0]
    size = Property(b"ispe", struct.pack(">4xII", 120, 100))
    kept = tuple(p for p in tile.properties if p.kind not in (b"ispe", b"hvcC"))
    grid = Item(BASE, b"grid", properties=(size, *kept))
    tmap = replace(plain.items[1], properties=(size, draft.ALTERNATE_COLOR))
    numbers = (21, 22, 23, 24)
    tiles = tuple(replace(tile, id=number, hidden=True) for number in numbers)
    return replace(
        plain,
        items=(grid, tmap, plain.items[2], *tiles),
        data=(struct.pack(">BBBBHH", 0, 0, 1, 1, 120, 100), *plain.data[1:], *[tile_data] * 4),
        references=(*plain.references, Reference(b"dimg", BASE, numbers)),
    )


def _without_xmp() -> Draft:
    file = auxiliary_file(ADOBE, b"")
    return replace(file, items=file.items[:2], data=file.data[:2], references=file.references[:1])


def _with_spare(file: Draft) -> Draft:
    """The tmap's map is broken, Apple's is not."""
    apple = auxiliary_file(APPLE_GAIN_MAP, apple_xmp(131072, 4.5), "base-64x64.heic", "map-32x32.heic")
    number = 31
    item = replace(apple.items[1], id=number)
    broken = replace(file, data=(*file.data[:2], b"\0\0\0\x04" + bytes(4)))
    with_map = broken.with_item(item, apple.data[1], Reference(b"auxl", number, (BASE,)))
    return draft.with_xmp(with_map, apple.data[2], number)


def _wide_iloc() -> bytes:
    """The map's place by a base offset and an extent offset of 8 bytes whose sum is beyond 2^64."""
    file = tmap_file(ONE_CHANNEL)
    data = file.build()
    start = data.index(b"iloc") - 4
    (size,) = struct.unpack_from(">I", data, start)
    entries = []
    for index in range(3):
        number, method, _, _, offset, length = struct.unpack_from(">HHHHII", data, start + 16 + 16 * index)
        base, offset = (2**64 - 1, 2**64 - 1) if number == MAP else (0, offset)
        entries.append(struct.pack(">HHHQHQQ", number, method, 0, base, 1, offset, length))
    iloc = make_box(b"iloc", b"\x01\0\0\0\x88\x80", struct.pack(">H", 3), *entries)
    grown = len(iloc) - size
    meta = data.index(b"meta") - 4
    (meta_size,) = struct.unpack_from(">I", data, meta)
    data = _patched(data, meta, struct.pack(">I", meta_size + grown))
    return data[:start] + iloc + data[start + size :]


def _hidden_giant() -> bytes:
    """An AV1 sequence header of 32768 x 32768 where `ispe` says 16 x 16.

    The small base's header with its two size fields widened to 16 bits; the frame behind it is that of 16 x 16.
    """
    plain = tmap_file(ONE_CHANNEL)
    return replace(plain, data=(_giant_sequence(plain.data[0]), *plain.data[1:])).build()


def _giant_sequence(data: bytes) -> bytes:
    """Source: AV1 specification 5.5.1 (reduced still-picture header: profile 3 bits, two flags, level 5 bits)."""
    position = 0
    out = b""
    while position < len(data):
        kind, size = data[position] >> 3 & 15, data[position + 1]
        body = data[position + 2 : position + 2 + size]
        if kind == 1:
            bits = "".join(f"{byte:08b}" for byte in body)
            width_bits, height_bits = int(bits[10:14], 2) + 1, int(bits[14:18], 2) + 1
            rest = bits[18 + width_bits + height_bits :].rstrip("0")[:-1]
            wide = bits[:10] + "11111111" + f"{32767:016b}" * 2 + rest + "1"
            wide += "0" * (-len(wide) % 8)
            body = int(wide, 2).to_bytes(len(wide) // 8, "big")
        out += bytes((data[position], len(body))) + body
        position += 2 + size
    return out
