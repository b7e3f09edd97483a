"""Small files that would make much work: each of at most a megabyte, and of one kind of work."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import replace

from gainmap_codec.errors import Limits
from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.heif.items import Item, Property, Reference
from gainmap_codec.files.heif.places import serialize_places
from gainmap_codec.files.jpeg.metadata import EXIF_ID, ISO_ID, XMP_ID
from gainmap_codec.files.jpeg.segments import APP1, APP2, APP11, make_segment
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.payload.format import empty_latents, sealed, serialize_payload
from gainmap_codec.files.payload.inputs import layer_shapes
from gainmap_codec.files.payload.integers import Integers, code_integers
from gainmap_codec.files.payload.layout import read_fields, write_fields
from gainmap_codec.files.payload.range_coder import RangeEncoder
from gainmap_codec.files.payload.records import LatentGrid, QuantizedLayer
from support import jpeg_files
from support.heif_files import BASE, EXIF, MAP, XMP, Draft, auxiliary_file, coded_item, with_exif
from support.networks import random_network
from support.xmp_packets import REQUIRED, packet

URN = "urn:com:photo:aux:hdrgainmap"
_FIRST, _FIRST_MAP = 100, 10_000  # ids


def xmp_of(size: int) -> bytes:
    """A packet of so many bytes that says nothing of gain maps, in the many ways of RDF."""
    each = '<a:b xmlns:a="n:{0}" a:c="1" a:d="2"><rdf:Seq><rdf:li/><rdf:li/></rdf:Seq></a:b>'
    whole = packet("", "".join(each.format(n) for n in range(size // 80)))
    return whole[:size] if len(whole) < size else packet("", "".join(each.format(n) for n in range(size // 95)))


def plain() -> Draft:
    """A base, and an auxiliary gain map whose XMP tells of none."""
    return auxiliary_file(URN, packet())


def many_items(draft: Draft, kind: bytes, data: bytes, count: int, target: int) -> Draft:
    """So many items of one kind at one place, all of which describe an item."""
    content = "application/rdf+xml" if kind == b"mime" else ""
    numbers = range(_FIRST, _FIRST + count)
    return replace(
        draft,
        items=(*draft.items, *(Item(number, kind, content_type=content, hidden=True) for number in numbers)),
        data=(*draft.data, *([data] * count)),
        references=(*draft.references, *(Reference(b"cdsc", number, (target,)) for number in numbers)),
    )


def many_xmp() -> bytes:
    return many_items(plain(), b"mime", xmp_of(800_000), 3500, MAP).build()


def many_maps_with_xmp() -> bytes:
    """Eight auxiliary images that share one packet, which tells of none."""
    draft = auxiliary_file(URN, xmp_of(900_000))
    (item,) = (item for item in draft.items if item.id == MAP)
    for number in range(_FIRST, _FIRST + 7):
        draft = draft.with_item(replace(item, id=number), draft.data[1], Reference(b"auxl", number, (BASE,)))
    targets = Reference(b"cdsc", XMP, (MAP, *range(_FIRST, _FIRST + 7)))
    return replace(draft, references=(*(r for r in draft.references if r.kind != b"cdsc"), targets)).build()


def large_xmp_of_base() -> bytes:
    return many_items(plain(), b"mime", xmp_of(990_000), 1, BASE).build()


def many_exif() -> bytes:
    return many_items(plain(), b"Exif", bytes(4) + b"nonsense" * 100_000, 4000, BASE).build()


def one_exif_named_often() -> bytes:
    draft = with_exif(plain(), b"nonsense" * 100_000)
    return replace(draft, references=(*draft.references, *[Reference(b"cdsc", EXIF, (BASE,))] * 8000)).build()


def long_exif() -> bytes:
    """A directory of 65 535 entries, which is its own EXIF directory and maker note as well."""
    entries = [struct.pack(">HHII", 0xC000, 7, 1, 0)] * 65_532
    entries += [struct.pack(">HHII", 0x8769, 4, 1, 8), struct.pack(">HHII", 0x927C, 7, 786_000, 8)]
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">H", 65_535) + b"".join(entries) + bytes(20)
    headroom = 'xmlns:a="http://ns.apple.com/HDRGainMap/1.0/" a:HDRGainMapVersion="65536"'
    return with_exif(auxiliary_file("urn:com:apple:photo:2020:aux:hdrgainmap", packet(headroom)), tiff).build()


def grid_of(rows: int, columns: int, *, extra_properties: int = 0, broken: bool = False) -> Draft:
    """A grid of one tile, named again and again."""
    tile, data = coded_item("base-16x16.avif", 2, hidden=True)
    more = tuple(Property(b"free", bytes((n % 256,))) for n in range(extra_properties))
    tile = replace(tile, properties=(*more, *tile.properties))
    size = Property(b"ispe", bytes(4) + struct.pack(">II", 16 * columns, 16 * rows))
    grid = Item(BASE, b"grid", properties=(size,))
    body = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, 16 * columns, 16 * rows)
    references = (Reference(b"dimg", BASE, (2,) * (rows * columns - broken)),)
    return Draft((grid, tile), (body, data), references, brands=(b"avif", b"mif1", b"miaf"))


def large_grid() -> bytes:
    return grid_of(255, 256).build()


def grid_of_allowed_size() -> bytes:
    return grid_of(64, 64).build()


def grid_of_many_properties() -> bytes:
    return grid_of(64, 64, extra_properties=240).build()


def payload_of_ones() -> bytes:
    """A payload of a few hundred bytes whose latents are 1 in every cell, as many as are allowed."""
    network = random_network(latents=0, details=0, neurons=1, outputs=1)
    found, _ = read_fields(serialize_payload(network))
    full = replace(found, grid=(220, 220), latent_count=7, detail_count=7)
    shapes = layer_shapes("multiscale", full.position_octaves, full.color_octaves, 1, 1, 7)
    layers = tuple(QuantizedLayer(*shape, (0,) * math.prod(shape), 0) for shape in shapes)
    latents, details = (tuple(map(_of_ones, grids)) for grids in empty_latents(220, 220, 7, 7))
    coder = RangeEncoder()
    code_integers(Integers(layers, latents, details), coder, Limits())
    payload = sealed(write_fields(full) + coder.finish())
    return serialize_jpeg(replace(jpeg_files.record(), gain_map=None, payload=payload), [])


def _of_ones(grid: LatentGrid) -> LatentGrid:
    return replace(grid, values=(1,) * (grid.rows * grid.columns))


def many_starts() -> bytes:
    """Behind the base, marks of gain maps, each after the beginnings of images that have hundreds of segments."""
    beginning = b"\xff\xd8" + b"\xff\xe0\0\2" * 511
    name = b"\xff\xe2\0\x1eurn:iso:std:iso:ts:21496:-1\0"
    return jpeg_files.read(jpeg_files.BASE) + (beginning * 8 + name * 30) * 55


def many_images() -> bytes:
    """Behind the base, images of many packets that tell of no gain map."""
    packets = make_segment(APP1, XMP_ID + xmp_of(60_000), "XMP") * 8
    name = make_segment(APP2, ISO_ID + bytes(4), "ISO")
    image = jpeg_files.read(jpeg_files.MAP)
    return jpeg_files.read(jpeg_files.BASE) + (image[:2] + name + packets + image[2:]) * 2


def many_segments() -> bytes:
    image = jpeg_files.read(jpeg_files.BASE)
    return image[:2] + make_segment(APP11, b"JP\0\1\0\0\0\1" + b"\0\0\0\x08free" * 30, "JUMBF") * 3900 + image[2:]


def many_attributes() -> bytes:
    """One element of tens of thousands of them, of which each is searched among all."""
    return auxiliary_file(URN, packet(" ".join(f'dc:a{n}="1"' for n in range(50_000)))).build()


def with_maps(draft: Draft, count: int, *more: Property) -> Draft:
    """The auxiliary map again and again, described by the same packet."""
    (item,) = (item for item in draft.items if item.id == MAP)
    numbers = range(_FIRST_MAP, _FIRST_MAP + count)
    items = tuple(replace(item, id=number, properties=(*more, *item.properties)) for number in numbers)
    auxiliary = (Reference(b"auxl", number, (BASE,)) for number in numbers)
    return replace(
        draft,
        items=(*draft.items, *items),
        data=(*draft.data, *[draft.data[1]] * count),
        references=(*draft.references, Reference(b"cdsc", XMP, tuple(numbers)), *auxiliary),
    )


def many_maps_of_one_type() -> bytes:
    """Their property, which tells the type, is long and shared."""
    return with_maps(plain(), 3400, Property(b"auxC", bytes(800_000))).build()


def many_extents_named_often() -> bytes:
    """An item in tens of thousands of pieces, which might be a payload of ours, describes the base over and over."""
    number, pieces = 50, 57_000
    item = Item(number, b"mime", content_type="a/b", hidden=True)
    draft = plain().with_item(item, b"piece", *[Reference(b"cdsc", number, (BASE,))] * 7500)
    places, data = serialize_places(draft.items, list(draft.data))
    head, tail = places[8:-16], places[-16:]  # the last item is ours
    many = make_box(b"iloc", head, tail[:6], struct.pack(">H", pieces), tail[8:] * pieces)
    meta = draft.build()[len(make_box(b"ftyp", bytes(4 * len(draft.brands) + 8))) :]
    return draft.build()[: -len(meta)] + make_box(b"meta", meta[8:].replace(places, many, 1).removesuffix(data), data)


def _apple_maps_without_headroom(exif: bytes) -> Draft:
    tells_nothing = packet('xmlns:a="http://ns.apple.com/HDRGainMap/1.0/" a:HDRGainMapVersion="65536"')
    draft = with_maps(auxiliary_file("urn:com:apple:photo:2020:aux:hdrgainmap", tells_nothing), 7)
    return with_exif(many_items(draft, b"mime", tells_nothing, 7, MAP), exif)


def _slow_maker_note(entries: int) -> bytes:
    """A directory whose last but one entry is a maker note of nobody, and the last the directory itself."""
    found = [struct.pack(">HHII", 0xC000, 7, 1, 0)] * (entries - 2)
    found += [struct.pack(">HHII", 0x927C, 7, 14, 10), struct.pack(">HHII", 0x8769, 4, 1, 8)]
    return b"MM\0*\0\0\0\x08" + struct.pack(">H", entries) + b"".join(found) + bytes(4)


def maker_note_of_many_maps() -> bytes:
    return _apple_maps_without_headroom(_slow_maker_note(65_000)).build()


def maker_note_of_many_images() -> bytes:
    tells_nothing = packet('xmlns:a="http://ns.apple.com/HDRGainMap/1.0/" a:HDRGainMapVersion="65536"')
    base, image = jpeg_files.read(jpeg_files.BASE), jpeg_files.read(jpeg_files.MAP)
    exif = make_segment(APP1, EXIF_ID + _slow_maker_note(5400), "EXIF")
    packets = make_segment(APP1, XMP_ID + tells_nothing, "XMP") * 8
    return base[:2] + exif + base[2:] + (image[:2] + packets + image[2:]) * 16


def many_units_of_av1() -> bytes:
    """Maps whose coded data end in hundreds of thousands of empty units."""
    draft = auxiliary_file(URN, packet(REQUIRED))
    base, gain_map, xmp = draft.data
    return with_maps(replace(draft, data=(base, gain_map + b"\x12\0" * 450_000, xmp)), 7).build()


def _of_hevc(units: bytes) -> bytes:
    """Maps that share a configuration, and tell their colour nowhere else."""
    draft = auxiliary_file(URN, packet(REQUIRED), "base-64x64.heic", "map-32x32.heic")
    base, gain_map, xmp = draft.items
    record = next(p.body for p in gain_map.properties if p.kind == b"hvcC")[:22]
    kept = (p for p in gain_map.properties if p.kind not in (b"hvcC", b"colr"))
    gain_map = replace(gain_map, properties=(*kept, Property(b"hvcC", record + units, essential=True)))
    return with_maps(replace(draft, items=(base, gain_map, xmp)), 7).build()


def many_units_of_hevc() -> bytes:
    return _of_hevc(b"\7" + (b"\x20" + struct.pack(">H", 65_535) + bytes(2 * 65_535)) * 7)


def numbers_without_end() -> bytes:
    """A parameter set whose first number has half a million bits."""
    parameters = b"\x42\1" + bytes(65_000)
    return _of_hevc(b"\1\x21\0\1" + struct.pack(">H", len(parameters)) + parameters)


def many_parts() -> bytes:
    """A directory of a thousand pictures, and dozens between each two of them that it does not name."""
    tiny = b"\xff\xd8\xff\xda\0\2\0\xff\xd9"
    listed = f'<rdf:li I:Length="{len(tiny)}" I:Padding="{40 * len(tiny)}"/>' * 1300
    children = f'<C:Directory><rdf:Seq><rdf:li I:Semantic="Primary"/>{listed}</rdf:Seq></C:Directory>'
    base = jpeg_files.read(jpeg_files.BASE)
    return base[:2] + make_segment(APP1, XMP_ID + packet("", children), "XMP") + base[2:] + tiny * 41 * 1300


HEAVY: dict[str, Callable[[], bytes]] = {
    made.__name__: made
    for made in (
        many_xmp,
        many_maps_with_xmp,
        large_xmp_of_base,
        many_exif,
        one_exif_named_often,
        long_exif,
        large_grid,
        grid_of_allowed_size,
        grid_of_many_properties,
        payload_of_ones,
        many_starts,
        many_images,
        many_segments,
        many_attributes,
        many_maps_of_one_type,
        many_extents_named_often,
        maker_note_of_many_maps,
        maker_note_of_many_images,
        many_units_of_av1,
        many_units_of_hevc,
        numbers_without_end,
        many_parts,
    )
}

BASES_OF_MANY_TILES = {"large_grid", "grid_of_many_properties"}
"""Those whose base itself is too much."""
