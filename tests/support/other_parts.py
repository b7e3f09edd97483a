"""JPEG files with more than base and gain map, and where such files say that these are, without our parsers."""

from __future__ import annotations

import re
import struct
from functools import cache
from io import BytesIO

from PIL import Image

from gainmap_codec.files.jpeg.metadata import XMP_ID
from gainmap_codec.files.jpeg.segments import APP1, APP2, make_segment
from support.jpeg_files import standard

VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\1\x08mdat" + b"\xff\xd8\xff\xc0 and more" * 17
SEF = b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + VIDEO + b"SEFH" + bytes(20) + b"\x18\0\0\0SEFT"
_ITEM = '<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{}" Item:Mime="{}"{}/></rdf:li>'


@cache
def preview() -> bytes:
    """A small picture."""
    stream = BytesIO()
    Image.linear_gradient("L").resize((48, 32)).save(stream, "JPEG")
    return stream.getvalue()


def item(semantic: str, mime: str, length: int = 0, padding: int = 0) -> str:
    counts = f' Item:Length="{length}"' if length else ""
    return _ITEM.format(semantic, mime, counts + (f' Item:Padding="{padding}"' if padding else ""))


def xmp(items: str, claims: str = "", rights: str = 'dc:rights="mine"') -> bytes:
    """A packet as phones write it: a directory of these items, claims of a video, and something of the user's."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"'
        ' xmlns:Container="http://ns.google.com/photos/1.0/container/" xmlns:dc="urn:dc"'
        ' xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
        f' xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" hdrgm:Version="1.0" {rights} {claims}>'
        f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def index(sizes: list[int], attributes: list[int], starts: list[int], position: int) -> bytes:
    """An MPF segment that will stand at `position`."""
    count = len(sizes)
    head = b"MPF\0MM\0*" + struct.pack(">IH", 8, 3)
    head += struct.pack(">HHI4sHHIIHHIII", 0xB000, 7, 4, b"0100", 0xB001, 4, 1, count, 0xB002, 7, 16 * count, 50, 0)
    offsets = [start and start - (position + 8) for start in starts]
    rows = zip(attributes, sizes, offsets, strict=True)
    return make_segment(APP2, head + b"".join(struct.pack(">IIIHH", *row, 0, 0) for row in rows), "MPF")


def file_of(parts: list[bytes], packet: bytes = b"", attributes: tuple[int, ...] = (), map_at: int = 0) -> bytes:
    """A file with this packet and these parts behind its base, the gain map put in before part `map_at`.

    The index names base, gain map, and the parts whose attribute is above 0.
    """
    base, gain_map = _base_and_map()
    segment = make_segment(APP1, XMP_ID + packet, "XMP") if packet else b""
    parts = [*parts[:map_at], gain_map, *parts[map_at:]]
    attributes = attributes or (0,) * len(parts)
    kinds = [*attributes[:map_at], 0, *attributes[map_at:]]
    named = [n for n, kind in enumerate(kinds) if kind or n == map_at]
    size = len(base) + len(segment) + 58 + 16 * (1 + len(named))
    starts = [0, *(size + sum(map(len, parts[:n])) for n in named)]
    sizes, types = [size, *(len(parts[n]) for n in named)], [0x030000, *(kinds[n] for n in named)]
    mpf = index(sizes, types, starts, 2 + len(segment))
    return base[:2] + segment + mpf + base[2:] + b"".join(parts)


def map_bytes() -> int:
    """Size of the gain map in such files."""
    return len(_base_and_map()[1])


@cache
def _base_and_map() -> tuple[bytes, bytes]:
    """A base without XMP and MPF, and a gain map."""
    data = standard()
    start = listed(data)[1][0]
    base = data[:start]
    for prefix in (XMP_ID, b"MPF\0"):
        place = base.index(prefix) - 4
        base = base[:place] + base[place + 2 + int.from_bytes(base[place + 2 : place + 4], "big") :]
    return base, data[start:]


def listed(data: bytes) -> list[tuple[int, int, int]]:
    """Start, size and attribute of each picture of the MPF index, the first with its own."""
    place = data.find(b"MPF\0MM\0*")
    if place < 0:
        return []
    origin = place + 4
    (count,) = struct.unpack_from(">I", data, origin + 8 + 2 + 12 + 8)
    (table,) = struct.unpack_from(">I", data, origin + 8 + 2 + 24 + 8)
    rows = [struct.unpack_from(">III", data, origin + table + 16 * n) for n in range(count)]
    return [(offset and origin + offset, size, attribute) for attribute, size, offset in rows]


def items(data: bytes) -> list[tuple[str, int, int]]:
    """Semantic, start and length of each item of the GContainer directory but the first."""
    found = re.findall(rb"<Container:Item[^>]*>", data[: data.index(b"\xff\xda")])
    values = [{n.decode(): v.decode() for n, v in re.findall(rb'Item:(\w+)="([^"]*)"', each)} for each in found]
    position = listed(data)[0][1] if listed(data) else data.index(b"\xff\xd9") + 2
    rows = []
    for value in values:
        length = int(value.get("Length", 0))
        rows.append((value["Semantic"], position, length))
        position += length + int(value.get("Padding", 0))
    return rows[1:]


def micro_video(data: bytes) -> int | None:
    """Where the packet says that a Micro Video begins."""
    found = re.search(rb'MicroVideoOffset="(\d+)"', data)
    return None if found is None else len(data) - int(found[1])
