"""Files that say where a picture was taken, one for each layout that hides it: always the same place."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise
from typing import Any, Literal

from PIL import Image

from gainmap_codec.errors import Limits
from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.heif.items import BASE_ID, MAP_ID, TMAP_ID, XMP_TYPE, Item, Property, Reference, item_data
from gainmap_codec.files.heif.meta import serialize_meta
from gainmap_codec.files.heif.records import HeifExtras, heif_extras
from gainmap_codec.files.heif.source import open_heif
from gainmap_codec.files.jpeg.segments import APP0, APP1, APP2, APP11, APP13, COM, make_segment, parse_segments
from gainmap_codec.files.tags.exif_edit import without_thumbnail
from support.paths import FIXTURES

Order = Literal["big", "little"]
Entry = tuple[int, int, "bytes | int | Sequence[Entry]"]
"""Tag, type and values of TIFF; a number is a LONG or SHORT, further entries a directory of their own."""

SHORT, LONG, RATIONAL, ASCII, UNDEFINED, BYTE, IFD = 3, 4, 5, 2, 7, 1, 13
CITY = "Gluckstadt-Nord"
_LATITUDE, _LONGITUDE = (47, 1, 36, 1, 4329, 100), (122, 1, 20, 1, 111, 100)
_TEXTS = ("47,36.7215", "122,20.0185", "47.612025", "122.333642", CITY)
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def rationals(numbers: Sequence[int], order: Order) -> bytes:
    return b"".join(number.to_bytes(4, order) for number in numbers)


ORDERS: tuple[Order, Order] = ("big", "little")
MARKS = (
    *(rationals(numbers, order) for numbers in (_LATITUDE, _LONGITUDE) for order in ORDERS),
    *(text.encode(encoding) for text in _TEXTS for encoding in ("ascii", "utf-16-le", "utf-16-be", "utf-32-le")),
)


def marks_in(data: bytes) -> list[bytes]:
    """The encodings of the place that are in the bytes, or in what base64 inside them says."""
    return [mark for mark in MARKS if mark in data or any(part in data for part in _in_base64(mark))]


@cache
def _in_base64(mark: bytes) -> tuple[bytes, ...]:
    """The bytes inside base64 that began 0, 1 or 2 bytes earlier, without the letters that neighbours share."""
    whole = (base64.b64encode(bytes(shift) + mark) for shift in range(3))
    return tuple(text[4:-4] for text in whole)


def gps(order: Order = "big") -> list[Entry]:
    return [
        (1, ASCII, b"N\0"),
        (2, RATIONAL, rationals(_LATITUDE, order)),
        (3, ASCII, b"W\0"),
        (4, RATIONAL, rationals(_LONGITUDE, order)),
    ]


def tiff(first: Sequence[Entry], second: Sequence[Entry] = (), order: Order = "big") -> bytes:
    """A TIFF structure of a directory and perhaps a second one."""
    data = bytearray((b"MM\0*" if order == "big" else b"II*\0") + (8).to_bytes(4, order))
    link = _add_directory(data, first, order)
    if second:
        data[link : link + 4] = len(data).to_bytes(4, order)
        _add_directory(data, second, order)
    return bytes(data)


def _add_directory(data: bytearray, entries: Sequence[Entry], order: Order) -> int:
    """Where the link to the next directory stands."""
    sizes = {SHORT: 2, LONG: 4, RATIONAL: 8, IFD: 4}
    place = len(data) + 2
    data += len(entries).to_bytes(2, order) + bytes(12 * len(entries) + 4)
    for index, (tag, kind, value) in enumerate(entries):
        if isinstance(value, int):
            raw = value.to_bytes(sizes[kind], order)
        elif isinstance(value, bytes):
            raw = value
        else:
            raw = len(data).to_bytes(4, order)
            _add_directory(data, value, order)
        count = len(raw) // sizes.get(kind, 1)
        if len(raw) > 4:
            data += raw + bytes(len(raw) % 2)
            raw = (len(data) - len(raw) - len(raw) % 2).to_bytes(4, order)
        entry = tag.to_bytes(2, order) + kind.to_bytes(2, order) + count.to_bytes(4, order) + raw.ljust(4, b"\0")
        data[place + 12 * index : place + 12 * index + 12] = entry
    return place + 12 * len(entries)


def xmp(properties: str, attributes: str = "", spaces: str = "") -> bytes:
    """A packet of one description."""
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about=""'
        ' xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"'
        ' xmlns:core="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/" xmlns:note="http://ns.adobe.com/xmp/note/"'
        f' {spaces} dc:rights="mine" {attributes}>{properties}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


POSITION = 'exif:GPSLatitude="47,36.7215N" exif:GPSLongitude="122,20.0185W"'
_ELEMENTS = "<exif:GPSLatitude>47,36.7215N</exif:GPSLatitude><exif:GPSLongitude>122,20.0185W</exif:GPSLongitude>"


def thumbnail() -> bytes:
    """A small JPEG whose own EXIF has the place."""
    picture = (FIXTURES / "jpeg/standard.jpg").read_bytes()
    image = parse_segments(picture, Limits())
    coded = b"".join(image.raw(s) for s in (*image.header, *image.tail) if not s.is_metadata)
    return b"\xff\xd8" + exif_segment(tiff([(0x8825, LONG, gps())])) + coded + b"\xff\xd9"


def exif_segment(structure: bytes) -> bytes:
    return make_segment(APP1, b"Exif\0\0" + structure, "EXIF")


def xmp_segment(packet: bytes) -> bytes:
    return make_segment(APP1, b"http://ns.adobe.com/xap/1.0/\0" + packet, "XMP")


def resource(kind: int, data: bytes) -> bytes:
    return b"8BIM" + kind.to_bytes(2, "big") + b"\0\0" + len(data).to_bytes(4, "big") + data + bytes(len(data) % 2)


def data_set(number: int, text: str) -> bytes:
    return bytes((0x1C, 2, number)) + len(text).to_bytes(2, "big") + text.encode()


def photoshop_segment(*resources: bytes) -> bytes:
    return make_segment(APP13, b"Photoshop 3.0\0" + b"".join(resources), "Photoshop")


def extended(parts: Sequence[int], packet: bytes | None = None, *, whole: bool = True) -> bytes:
    """Extended XMP cut at these offsets, and the main packet that names it."""
    packet = packet or xmp(_ELEMENTS + "<dc:source>kept</dc:source>")
    digest = hashlib.md5(packet).hexdigest().upper().encode()
    cuts = [0, *parts, len(packet)]
    segments = []
    for start, stop in pairwise(cuts):
        head = digest + len(packet).to_bytes(4, "big") + start.to_bytes(4, "big")
        body = b"http://ns.adobe.com/xmp/extension/\0" + head + packet[start:stop]
        segments.append(make_segment(APP1, body, "extension"))
    return xmp_segment(xmp("", f'note:HasExtendedXMP="{digest.decode()}"')) + b"".join(
        segments if whole else segments[:-1]
    )


IPTC = data_set(90, CITY) + data_set(92, CITY) + data_set(95, CITY) + data_set(101, CITY) + data_set(116, "mine")
_PANASONIC = b"Panasonic\0\0\0"


def panasonic() -> bytes:
    """EXIF with a maker note whose city stands at an offset of the whole structure."""
    note = _PANASONIC + b"\0\1" + (0x6F).to_bytes(2, "big") + b"\0\7" + (16).to_bytes(4, "big") + b"PLAC" + bytes(4)
    data = tiff([(0x8769, LONG, [(0x927C, UNDEFINED, note + CITY.encode().ljust(16, b"\0"))])])
    return data.replace(b"PLAC", (data.index(CITY.encode())).to_bytes(4, "big"))


EXIFS: dict[str, Callable[[], bytes]] = {
    "plain": lambda: tiff([(0x0112, SHORT, 6), (0x8825, LONG, gps())]),
    "little-endian": lambda: tiff([(0x0112, SHORT, 6), (0x8825, LONG, gps("little"))], order="little"),
    "two pointers": lambda: tiff([(0x8825, LONG, gps()), (0x8825, LONG, gps())]),
    "in the EXIF directory": lambda: tiff([(0x8769, LONG, [(0xA002, SHORT, 32), (0x8825, LONG, gps())])]),
    "in the directory of interoperability": lambda: tiff(
        [(0x8769, LONG, [(0xA005, LONG, [(1, ASCII, b"R98\0"), (0x8825, LONG, gps())])])]
    ),
    "in a sub-directory": lambda: tiff([(0x014A, LONG, [(0x8825, LONG, gps())])]),
    "in the thumbnail's directory": lambda: tiff([(0x0112, SHORT, 6)], [(0x8825, LONG, gps())]),
    "pointer of type IFD": lambda: tiff([(0x8825, IFD, gps())]),
    "in the thumbnail": lambda: _with_thumbnail(thumbnail()),
    "XMP inside": lambda: tiff([(0x02BC, BYTE, xmp("", POSITION))]),
    "IPTC inside": lambda: tiff([(0x83BB, UNDEFINED, IPTC)]),
    "Photoshop inside": lambda: tiff([(0x8649, BYTE, resource(0x0404, IPTC))]),
    "a maker's note": panasonic,
    "a picture in a maker's note": lambda: tiff([(0x8769, LONG, [(0x927C, UNDEFINED, b"Maker" + thumbnail())])]),
    "cut off from its directory": lambda: without_thumbnail(EXIFS["in the thumbnail's directory"]()),
    "coordinates in a comment": lambda: tiff(
        [(0x8769, LONG, [(0x9286, UNDEFINED, b"UNICODE\0" + "47.612025, -122.333642".encode("utf-16-be"))])]
    ),
    "GeoTIFF": lambda: tiff([(0x87B1, ASCII, CITY.encode() + b"|\0"), (0x0112, SHORT, 1)]),
    "a copy": lambda: tiff([(0x8825, LONG, gps())]) + rationals(_LATITUDE, "big") + rationals(_LONGITUDE, "big"),
}
"""TIFF structures."""


def _with_thumbnail(picture: bytes) -> bytes:
    data = tiff([(0x0112, SHORT, 1)], [(0x0201, LONG, 0x77777777), (0x0202, LONG, len(picture))])
    return data.replace(b"\x77" * 4, len(data).to_bytes(4, "big")) + picture


PACKETS: dict[str, Callable[[], bytes]] = {
    "attributes": lambda: xmp("", POSITION),
    "elements": lambda: xmp(_ELEMENTS),
    "another prefix": lambda: xmp("", 'e:GPSLatitude="47,36.7215N"', 'xmlns:e="http://ns.adobe.com/exif/1.0/"'),
    "DJI": lambda: xmp("", 'drone-dji:GpsLatitude="47.612025" drone-dji:GpsLongtitude="122.333642"'),
    "DJI before": lambda: xmp("", 'drone-dji:Latitude="47.612025" drone-dji:Longitude="122.333642"'),
    "another maker": lambda: xmp("", 'cam:GPSXYZ="47.612025"', 'xmlns:cam="http://pix4d.com/camera/1.0"'),
    "a structure": lambda: xmp(
        f'<ext:LocationShown><rdf:Bag><rdf:li rdf:parseType="Resource"><ext:City>{CITY}</ext:City>{_ELEMENTS}</rdf:li>'
        "</rdf:Bag></ext:LocationShown>"
    ),
    "a structure in a structure": lambda: xmp(
        f'<ext:Artwork><rdf:Bag><rdf:li><rdf:Description {POSITION} dc:title="kept"/></rdf:li></rdf:Bag></ext:Artwork>'
    ),
    "a typed node": lambda: xmp("").replace(b"</rdf:RDF>", b"<exif:Photo " + _declared() + b"/></rdf:RDF>"),
    "a node of its own": lambda: xmp('<ext:LocationCreated rdf:nodeID="p"/>').replace(
        b"</rdf:RDF>", b'<rdf:Description rdf:nodeID="p" ' + _declared() + b"/></rdf:RDF>"
    ),
    "a value with qualifiers": lambda: xmp(
        f'<dc:title rdf:parseType="Resource"><rdf:value>kept</rdf:value>{_ELEMENTS}</dc:title>'
    ),
    "a second RDF": lambda: xmp("").replace(b"</x:xmpmeta>", xmp("", POSITION).partition(b'"adobe:ns:meta/">')[2]),
    "a comment": lambda: xmp("<!-- 47.612025, 122.333642 -->"),
    "IPTC core": lambda: xmp("", f'core:Location="{CITY}" photoshop:City="{CITY}" photoshop:State="{CITY}"'),
    "W3C": lambda: xmp("", 'geo:lat="47.612025" geo:long="122.333642"'),
    "Darwin Core": lambda: xmp(
        "", f'dwc:locality="{CITY}" dwc:county="{CITY}"', 'xmlns:dwc="http://rs.tdwg.org/dwc/terms/"'
    ),
    "short names": lambda: xmp("", 'cam:lat="47.612025" cam:lon="122.333642"', 'xmlns:cam="http://example.org/"'),
    "coverage": lambda: xmp(f"<dc:coverage>{CITY}</dc:coverage>"),
    "words": lambda: xmp("<dc:description>Latitude: 47.612025</dc:description>"),
    "a link": lambda: xmp("<dc:source>https://example.org/?q=47.612025,-122.333642</dc:source>"),
    "a thumbnail": lambda: xmp(
        '<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource"><xmpGImg:image>'
        + base64.b64encode(thumbnail()).decode()
        + "</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails>"
    ),
}
"""XMP packets, which keep dc:rights."""


def _declared() -> bytes:
    return f'xmlns:exif="http://ns.adobe.com/exif/1.0/" {POSITION}'.encode()


SEGMENTS: dict[str, Callable[[], bytes]] = {
    "a second EXIF": lambda: exif_segment(tiff([(0x0112, SHORT, 1)])) + exif_segment(EXIFS["plain"]()),
    "a second XMP": lambda: xmp_segment(xmp("")) + xmp_segment(PACKETS["attributes"]()),
    "UTF-16": lambda: xmp_segment("\ufeff".encode("utf-16-le") + PACKETS["attributes"]().decode().encode("utf-16-le")),
    "extended XMP": lambda: extended(()),
    "extended XMP, cut": lambda: extended((PACKETS["elements"]().index(b"47,36") + 3,)),
    "extended XMP, not whole": lambda: extended((len(xmp(_ELEMENTS)),), whole=False),
    "IPTC": lambda: photoshop_segment(resource(0x03ED, bytes(16)), resource(0x0404, IPTC), resource(0x0425, bytes(16))),
    "IPTC over two segments": lambda: (
        photoshop_segment(resource(0x0404, IPTC)[:40]) + photoshop_segment(resource(0x0404, IPTC)[40:])
    ),
    "EXIF in Photoshop data": lambda: photoshop_segment(resource(0x0422, EXIFS["plain"]())),
    "XMP in Photoshop data": lambda: photoshop_segment(resource(0x0424, PACKETS["attributes"]())),
    "a thumbnail in Photoshop data": lambda: photoshop_segment(resource(0x040C, bytes(28) + thumbnail())),
    "a comment": lambda: make_segment(COM, b"GPSLatitude=47.612025", "comment"),
    "a caption": lambda: photoshop_segment(resource(0x0404, data_set(120, "47.612025, -122.333642") + IPTC)),
    "a comment of numbers": lambda: make_segment(COM, b"47.612025, -122.333642", "comment"),
    "NMEA": lambda: make_segment(COM, b"$GPGGA,120000,4736.7215,N,47.612025", "comment"),
    "EXIF of another name": lambda: make_segment(APP1, b"Meta\0\0" + EXIFS["plain"](), "EXIF"),
    "EXIF in another segment": lambda: make_segment(0xE9, b"COPY\0" + EXIFS["little-endian"](), "copy"),
    "FlashPix": lambda: make_segment(APP2, b"FPXR\0" + "GPSLatitude 47.612025".encode("utf-16-le"), "FlashPix"),
    "JFIF's thumbnail": lambda: make_segment(APP0, b"JFXX\0\x10" + thumbnail(), "JFXX"),
    "JUMBF": lambda: make_segment(APP11, b"JP\0\1\0\0\0\1\0\0\0\x30jumb exif:GPSLatitude 47,36.7215", "JUMBF"),
}
"""Segments of a JPEG, between SOI and the picture."""


def _noise(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(4, "big")).digest()


NO_PLACES: dict[str, Callable[[], bytes]] = {
    "EXIF": lambda: exif_segment(
        tiff([(0x0112, SHORT, 1), (0x8769, LONG, [(0x927C, UNDEFINED, b"Maker\0" + bytes(99))])])
    ),
    "EXIF whose last directory has no link": lambda: exif_segment(tiff([(0x8769, LONG, [(0xA002, SHORT, 32)])])[:-4]),
    "a damaged thumbnail": lambda: exif_segment(_with_thumbnail(b"\xff\xd8\xff\xd9")),
    "XMP": lambda: xmp_segment(xmp("<dc:title>GPS devices</dc:title>")),
    "Photoshop data": lambda: photoshop_segment(resource(0x0404, data_set(116, "mine")), resource(0x0425, bytes(16))),
    "extended XMP": lambda: extended((300,), xmp("<dc:source>far away</dc:source>")),
    "XMP with megabytes of base64": lambda: extended(
        range(50_000, 900_000, 50_000),
        xmp("<dc:source>iVBOR" + base64.b64encode(b"".join(map(_noise, range(20_000)))).decode() + "</dc:source>"),
    ),
    "a comment": lambda: make_segment(COM, b"made at home", "comment"),
}
"""Segments that no `strip="gps"` is to change."""


@cache
def source() -> bytes:
    """A JPEG with a standard map and nothing about a place."""
    file = parse_file((FIXTURES / "jpeg/standard.jpg").read_bytes(), "standard", Limits())
    return serialize_file(replace(file, exif=None, xmp=None), [])


def behind_soi(segments: bytes) -> bytes:
    """The file with segments in front; the index of pictures counts from itself, so that it stays true."""
    return b"\xff\xd8" + segments + source()[2:]


def between_scans(segments: bytes) -> bytes:
    """The file with segments between the scans of its base, which is progressive."""
    file = parse_file(source(), "source", Limits())
    progressive = _progressive()
    image = parse_segments(progressive, Limits())
    place = image.tail[2].start
    base = replace(file.base, data=progressive[:place] + segments + progressive[place:], parsed=None)
    return serialize_file(replace(file, base=base), [])


@cache
def _progressive() -> bytes:
    with Image.open(io.BytesIO(source())) as image:
        stream = io.BytesIO()
        image.copy().save(stream, "JPEG", progressive=True, quality=90)
    return stream.getvalue()


def jpegs() -> dict[str, Callable[[], bytes]]:
    """All JPEG layouts, by name."""
    made: dict[str, Callable[[], bytes]] = {}
    for name, exif in EXIFS.items():
        made[f"EXIF: {name}"] = partial(_in_front, exif_segment, exif)
    for name, packet in PACKETS.items():
        made[f"XMP: {name}"] = partial(_in_front, xmp_segment, packet)
        made[f"extended XMP: {name}"] = partial(_in_front, partial(extended, ()), packet)
    for name, segments in SEGMENTS.items():
        made[f"segments: {name}"] = partial(_in_front, bytes, segments)
        made[f"between scans: {name}"] = partial(_between, segments)
    return made


def avif(change: Callable[[HeifExtras], HeifExtras], name: str = "tmap.avif") -> bytes:
    """A fixture with a gain map, and with other extras."""
    file = parse_file((FIXTURES / "heif" / name).read_bytes(), name, Limits())
    extras = heif_extras(file.extras)
    assert extras is not None
    return serialize_file(replace(file, extras=change(extras)), [])


def with_item(kind: bytes, data: bytes, target: int = BASE_ID, link: bytes = b"cdsc", **fields: Any) -> bytes:
    """A file with one more item, linked to its base, or to another one of those that it has."""
    item = Item(999, kind, hidden=True, **fields)
    return avif(
        lambda extras: replace(
            extras,
            items=(*extras.items, (item, data)),
            references=(*extras.references, Reference(link, 999, (target,))),
        )
    )


def exif_item(structure: bytes) -> bytes:
    return bytes(4) + structure


def with_boxes(**boxes: Any) -> bytes:
    return avif(lambda extras: replace(extras, **boxes))


def with_property(role: str, kind: bytes, body: bytes) -> bytes:
    def change(extras: HeifExtras) -> HeifExtras:
        more: dict[str, Any] = {role: (*getattr(extras, role), Property(kind, body))}
        return replace(extras, **more)

    return avif(change)


def video() -> bytes:
    """A film whose user data name the place."""
    text = b"+47.612025-122.333642/"
    place = make_box(b"\xa9xyz", len(text).to_bytes(2, "big") + b"\x15\xc7" + text)
    moov = make_box(b"moov", make_box(b"udta", place))
    return make_box(b"ftyp", b"mp42" + bytes(4)) + moov + make_box(b"mdat", b"the film itself")


def udes(text: str) -> bytes:
    return bytes(4) + b"en\0" + b"name\0" + text.encode() + b"\0" + b"\0"


XMP_BOX = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
HEIFS: dict[str, Callable[[], bytes]] = {
    "EXIF of the base": lambda: with_item(b"Exif", exif_item(EXIFS["plain"]())),
    "EXIF of the map": lambda: with_item(b"Exif", exif_item(EXIFS["little-endian"]()), MAP_ID),
    "EXIF of the tmap item": lambda: with_item(b"Exif", exif_item(EXIFS["plain"]()), TMAP_ID),
    "EXIF behind an offset": lambda: with_item(b"Exif", b"\0\0\0\6Exif\0\0" + EXIFS["plain"]()),
    "XMP of the map": lambda: with_item(b"mime", PACKETS["a structure"](), MAP_ID, content_type=XMP_TYPE),
    "XMP in UTF-16": lambda: with_item(
        b"mime", PACKETS["attributes"]().decode().encode("utf-16"), content_type=XMP_TYPE
    ),
    "packed XMP": lambda: with_item(b"mime", b"47.612025", content_type=XMP_TYPE, content_encoding="deflate"),
    "a JPEG thumbnail": lambda: with_item(b"jpeg", thumbnail(), link=b"thmb"),
    "a JPEG of another kind": lambda: with_item(b"mime", thumbnail(), content_type="image/jpeg"),
    "JSON": lambda: with_item(b"mime", b'{"latitude": 47.612025}', content_type="application/json"),
    "the name of an item": lambda: with_item(b"mime", b"{}", name="latitude 47.612025", content_type="text/plain"),
    "an item of a maker": lambda: with_item(b"uri ", b"GPSLatitude 47.612025", content_type="urn:x"),
    "a description of the base": lambda: _described(),
    "a description of the map": lambda: with_property("map_properties", b"udes", udes("latitude 47.612025")),
    "a description of the tmap item": lambda: with_property("tmap_properties", b"udes", udes("latitude 47.612025")),
    "XMP in a box": lambda: with_boxes(last_boxes=make_box(b"uuid", XMP_BOX, PACKETS["elements"]())),
    "XMP in a box in front": lambda: with_boxes(first_boxes=make_box(b"uuid", XMP_BOX, PACKETS["DJI"]())),
    "EXIF in a box": lambda: with_boxes(last_boxes=make_box(b"uuid", b"JpgTiffExif->JP2", EXIFS["plain"]())),
    "user data": lambda: with_boxes(last_boxes=make_box(b"udta", make_box(b"\xa9xyz", b"\0\x12\x15\xc7+47.612025/"))),
    "user data of 3GPP": lambda: with_boxes(last_boxes=make_box(b"udta", make_box(b"loci", bytes(6) + CITY.encode()))),
    "in the meta box": lambda: with_boxes(meta_boxes=make_box(b"uuid", XMP_BOX, PACKETS["elements"]())),
    "behind the boxes": lambda: avif(lambda extras: extras) + bytes(4) + b"\0\0 GPSLatitude 47.612025",
}
"""AVIF files that hide the place, but in a video."""


def _described() -> bytes:
    data = (FIXTURES / "heif/tmap.avif").read_bytes()
    file = parse_file(data, "file", Limits())
    source = open_heif(file.base.data, Limits())
    more = Property(b"udes", udes("latitude 47.612025"))
    items = tuple(replace(item, properties=(*item.properties, more)) for item in source.meta.items.values())
    contents = [item_data(source.file, source.meta, item.id) for item in items]
    start = next(box.start for box in source.boxes if box.kind == b"meta")
    base = file.base.data[:start] + serialize_meta(source.meta.primary, items, source.meta.references, contents)
    return serialize_file(replace(file, base=replace(file.base, data=base, parsed=None)), [])


def _in_front(wrap: Callable[[bytes], bytes], make: Callable[[], bytes]) -> bytes:
    return behind_soi(wrap(make()))


def _between(segments: Callable[[], bytes]) -> bytes:
    return between_scans(segments())
