"""Small HEIC and AVIF files with gain maps, put together from coded pictures: what the fixtures and tests vary."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gainmap_codec.errors import Limits
from gainmap_codec.files.boxes import BoxFile, make_box
from gainmap_codec.files.heif.items import Group, Item, Property, Reference, item_data
from gainmap_codec.files.heif.meta import parse_meta, serialize_meta
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.records import GainMapMetadata
from support.paths import FIXTURES

BASE, TMAP, MAP, EXIF, XMP, PAYLOAD = 1, 2, 3, 4, 5, 6

ALTERNATE_COLOR = Property(b"colr", b"nclx" + bytes((0, 1, 0, 16, 0, 6, 0x80)))
DATA_COLOR = Property(b"colr", b"nclx" + bytes((0, 2, 0, 2, 0, 6, 0x80)))
_HIDDEN_MIME = "application/rdf+xml"


@dataclass(frozen=True)
class Draft:
    """A file to be: items with their data, and what links them.

    Attributes:
        brands: The major brand, then the compatible ones.
    """

    items: tuple[Item, ...]
    data: tuple[bytes, ...]
    references: tuple[Reference, ...] = ()
    groups: tuple[Group, ...] = ()
    brands: tuple[bytes, ...] = (b"avif", b"mif1", b"miaf", b"tmap")
    primary: int = BASE

    def build(self) -> bytes:
        ftyp = make_box(b"ftyp", self.brands[0], bytes(4), *self.brands)
        return ftyp + serialize_meta(self.primary, self.items, self.references, list(self.data), self.groups)

    def with_item(self, item: Item, data: bytes, *references: Reference) -> Draft:
        return replace(
            self,
            items=(*self.items, item),
            data=(*self.data, data),
            references=(*self.references, *references),
        )

    def with_references(self, kind: bytes, *targets: int) -> Draft:
        """The tmap item's references of a kind replaced by one to other targets; by none where there are none."""
        kept = tuple(r for r in self.references if (r.kind, r.source) != (kind, TMAP))
        return replace(self, references=(*kept, *([Reference(kind, TMAP, targets)] if targets else [])))

    def with_properties(self, number: int, *properties: Property) -> Draft:
        """More properties of an item."""
        return replace(
            self,
            items=tuple(
                replace(item, properties=(*item.properties, *properties)) if item.id == number else item
                for item in self.items
            ),
        )


def coded_item(name: str, number: int, *, hidden: bool = False, color: Property | None = None) -> tuple[Item, bytes]:
    """The picture of a file of fixtures/heif as an item, and its data."""
    file = BoxFile((FIXTURES / "heif" / name).read_bytes(), Limits())
    meta = parse_meta(file, next(box for box in file.top_level() if box.kind == b"meta"))
    item = meta.items[meta.primary]
    kept = tuple(p for p in item.properties if p.kind != b"colr" or color is None)
    properties = kept if color is None else (*kept, color)
    return replace(item, id=number, name="", hidden=hidden, properties=properties), item_data(file, meta, item.id)


def tmap_file(metadata: GainMapMetadata, base: str = "base-16x16.avif", gain_map: str = "map-4x4.avif") -> Draft:
    """A base, a hidden gain map and the tmap item that joins them, as libavif writes it."""
    base_item, base_data = coded_item(base, BASE)
    map_item, map_data = coded_item(gain_map, MAP, hidden=True, color=DATA_COLOR)
    size = tuple(p for p in base_item.properties if p.kind == b"ispe")
    tmap = Item(TMAP, b"tmap", properties=(*size, ALTERNATE_COLOR))
    major = b"avif" if base.endswith("avif") else b"heic"
    return Draft(
        items=(base_item, tmap, map_item),
        data=(base_data, b"\0" + serialize_iso21496(metadata), map_data),
        references=(Reference(b"dimg", TMAP, (BASE, MAP)),),
        groups=(Group(b"altr", 10, (TMAP, BASE)),),
        brands=(major, b"mif1", b"miaf", b"tmap"),
    )


def auxiliary_file(urn: str, xmp: bytes, base: str = "base-16x16.avif", gain_map: str = "map-4x4.avif") -> Draft:
    """A base and an auxiliary gain map that XMP describes, as Apple, Adobe and Samsung write it."""
    base_item, base_data = coded_item(base, BASE)
    map_item, map_data = coded_item(gain_map, MAP, hidden=True)
    auxiliary = Property(b"auxC", bytes(4) + urn.encode() + b"\0", essential=True)
    draft = Draft(
        items=(base_item, replace(map_item, properties=(*map_item.properties, auxiliary))),
        data=(base_data, map_data),
        references=(Reference(b"auxl", MAP, (BASE,)),),
        brands=(b"avif" if base.endswith("avif") else b"heic", b"mif1", b"miaf"),
    )
    return with_xmp(draft, xmp, MAP)


def with_xmp(draft: Draft, packet: bytes, target: int) -> Draft:
    item = Item(XMP, b"mime", content_type=_HIDDEN_MIME, hidden=True)
    return draft.with_item(item, packet, Reference(b"cdsc", XMP, (target,)))


def with_exif(draft: Draft, exif: bytes) -> Draft:
    return draft.with_item(Item(EXIF, b"Exif", hidden=True), bytes(4) + exif, Reference(b"cdsc", EXIF, (BASE,)))


def with_payload(draft: Draft, payload: bytes) -> Draft:
    """Our payload, as docs/format.md places it: a hidden `uri ` item that describes the base."""
    item = Item(PAYLOAD, b"uri ", content_type="tag:gainmap-codec.invalid,2026:gainmap-nn", hidden=True)
    return draft.with_item(item, payload, Reference(b"cdsc", PAYLOAD, (BASE,)))


def turned(draft: Draft, quarters: int, axis: int | None = None) -> Draft:
    """Base and map with the same rotation (anticlockwise) and mirroring."""
    transforms = [Property(b"irot", bytes((quarters,)), essential=True)]
    transforms += [] if axis is None else [Property(b"imir", bytes((axis,)), essential=True)]
    return draft.with_properties(BASE, *transforms).with_properties(MAP, *transforms)


def places_of(data: bytes) -> dict[int, set[int]]:
    """The positions of each item's data in a file."""
    boxes = BoxFile(data, Limits())
    meta = parse_meta(boxes, next(box for box in boxes.top_level() if box.kind == b"meta"))
    return {
        item: {position for start, stop in place.extents for position in range(start, stop)}
        for item, place in meta.places.items()
    }
