"""What a file holds beside its record: carried along, and left out with the pixels that it describes."""

from __future__ import annotations

import struct
from dataclasses import replace

from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.heif.extras import has_alpha, other_parts
from gainmap_codec.files.heif.items import XMP_TYPE, Group, Item, Property, Reference, item_data
from gainmap_codec.files.heif.picture_properties import crop_of, orientation_of
from gainmap_codec.files.heif.records import heif_extras
from gainmap_codec.files.heif.write import serialize_heif
from gainmap_codec.files.map_metadata.apple import APPLE_GAIN_MAP
from gainmap_codec.files.records import ContainerExtras, Crop, StoredGainMap
from gainmap_codec.pixels.formats.coded_image import code_picture
from support import heif_files
from support.cases import ONE_CHANNEL
from support.heif_files import BASE, tmap_file, turned
from support.heif_fixtures import apple_xmp
from support.heif_records import (
    ALTERNATE,
    EXIF,
    PAYLOAD,
    body_of,
    only,
    opened,
    ramp,
    read,
)
from support.paths import FIXTURES


def with_strangers() -> bytes:
    """An AVIF with a thumbnail, a depth map, a mime and a uri item, a property, a group and boxes of others."""
    draft = turned(tmap_file(ONE_CHANNEL), 1)
    small, data = heif_files.coded_item("map-4x4.avif", 11, hidden=True)
    depth = Property(b"auxC", bytes(4) + b"urn:mpeg:hevc:2015:auxid:2\0", essential=True)
    turns = (Property(b"irot", b"\1", essential=True),)
    plain = replace(small, properties=(*small.properties, *turns))
    draft = draft.with_item(plain, data, Reference(b"thmb", 11, (BASE,)))
    deep = replace(small, id=12, properties=(*small.properties, depth, *turns))
    draft = draft.with_item(deep, data, Reference(b"auxl", 12, (BASE,)))
    mime = Item(13, b"mime", "notes", "text/plain", "deflate", hidden=True)
    draft = draft.with_item(mime, b"packed", Reference(b"cdsc", 13, (12,)))
    uri = Item(14, b"uri ", content_type="tag:example.org,2026:x", hidden=True)
    draft = draft.with_item(uri, b"theirs", Reference(b"cdsc", 14, (BASE, heif_files.TMAP)))
    draft = draft.with_properties(BASE, Property(b"uuid", bytes(range(20))), Property(b"clli", b"\0\xcb\0\x40"))
    draft = draft.with_properties(heif_files.TMAP, Property(b"clli", b"\x03\xe8\0\x90"))
    draft = replace(draft, groups=(*draft.groups, Group(b"ster", 77, (BASE, 11), b"more")))
    data = draft.build()
    ftyp = int.from_bytes(data[:4], "big")
    return data[:ftyp] + make_box(b"uuid", b"C2PA" * 8) + data[ftyp:] + make_box(b"mpvd", b"a video")


def test_what_is_not_ours_survives() -> None:
    data = with_strangers()
    file = read(data)
    changed = serialize_heif(replace(file, exif=EXIF, payload=PAYLOAD))
    back, (bytes_, boxes, meta) = read(changed), opened(changed)
    assert (back.exif, back.payload, back.base_digest) == (EXIF, PAYLOAD, file.base_digest)
    assert [box.kind for box in boxes] == [b"ftyp", b"uuid", b"meta", b"mdat", b"mpvd"]
    assert make_box(b"uuid", b"C2PA" * 8) in changed and changed.endswith(make_box(b"mpvd", b"a video"))
    (thumbnail,) = meta.sources(b"thmb", meta.primary)
    (depth,) = meta.sources(b"auxl", meta.primary)
    (notes,) = meta.sources(b"cdsc", depth.id)
    assert body_of(depth, b"auxC")[4:] == b"urn:mpeg:hevc:2015:auxid:2\0"
    assert (notes.name, notes.content_type, notes.content_encoding) == ("notes", "text/plain", "deflate")
    assert item_data(bytes_, meta, notes.id) == b"packed"
    uri = only(item for item in meta.items.values() if item.content_type.endswith("2026:x"))
    tmap = only(item for item in meta.items.values() if item.kind == b"tmap")
    assert meta.targets(b"cdsc", uri.id) == (meta.primary, tmap.id)
    base = meta.items[meta.primary]
    assert body_of(base, b"uuid") == bytes(range(20)) and body_of(base, b"clli") == b"\0\xcb\0\x40"
    assert body_of(tmap, b"clli") == b"\x03\xe8\0\x90"
    stereo = only(group for group in meta.groups if group.kind == b"ster")
    assert (stereo.entities, stereo.extension) == ((meta.primary, thumbnail.id), b"more")


def test_a_new_base_leaves_its_thumbnail_and_depth_behind_with_a_note() -> None:
    file = read(with_strangers())
    new = code_picture(ramp(16, 16), "av1", quality=80, bits=8)
    notes: list[str] = []
    changed = serialize_heif(replace(file, base=new), notes)
    assert len(notes) == 1 and "other pictures (2 items) are not written" in notes[0]
    _, _, meta = opened(changed)
    kinds = sorted(item.kind for item in meta.items.values())
    assert kinds == [b"av01", b"av01", b"tmap", b"uri "]  # the notes described the depth map


def test_a_turn_takes_thumbnails_along() -> None:
    file = read(with_strangers())
    assert file.orientation == 8
    _, _, meta = opened(serialize_heif(replace(file, orientation=3)))
    pictures = [item for item in meta.items.values() if item.kind == b"av01"]
    assert [orientation_of(item) for item in pictures] == [3, 3, 3, 3]


def test_a_turn_leaves_the_part_that_a_thumbnail_shows() -> None:
    """Its aperture stood behind its turn, and its own order does not survive; one that is broken is left alone."""
    small, data = heif_files.coded_item("map-4x4.avif", 11, hidden=True)
    turn = Property(b"irot", b"\1", essential=True)
    for width, cut in ((3, (Crop(1, 0, 4, 4), 1, 3)), (9, None)):
        clap = Property(b"clap", struct.pack(">4I4i", width, 1, 1, 1, -1, 2, 1, 2), essential=True)
        thumbnail = replace(small, properties=(*small.properties, turn, clap))
        draft = turned(tmap_file(ONE_CHANNEL), 1).with_item(thumbnail, data, Reference(b"thmb", 11, (BASE,)))
        _, _, meta = opened(serialize_heif(replace(read(draft.build()), orientation=1)))
        (written,) = meta.sources(b"thmb", meta.primary)
        if cut:
            assert (orientation_of(written), crop_of(written, 4, 4)) == (1, cut)
        else:
            assert [p for p in written.properties if p.kind in (b"irot", b"clap")] == [turn, clap]


def test_a_turn_takes_the_inputs_of_a_map_that_is_not_read_along() -> None:
    """A tmap item shows what its inputs show: a turn of its own would come on top of theirs."""
    draft = replace(tmap_file(ONE_CHANNEL), brands=(b"avif", b"mif1", b"miaf"))
    file = read(draft.build())
    assert file.gain_map is None
    _, _, meta = opened(serialize_heif(replace(file, orientation=6)))
    tmap = only(item for item in meta.items.values() if item.kind == b"tmap")
    assert [orientation_of(meta.items[number]) for number in meta.targets(b"dimg", tmap.id)] == [6, 6]
    assert orientation_of(tmap) == 1


def test_alpha_is_told_by_its_urn() -> None:
    small, data = heif_files.coded_item("map-4x4.avif", 11, hidden=True)
    found, told = [], []
    for urn in ("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:hevc:2015:auxid:2"):
        kind = Property(b"auxC", bytes(4) + urn.encode() + b"\0", essential=True)
        item = replace(small, properties=(*small.properties, kind))
        draft = tmap_file(ONE_CHANNEL).with_item(item, data, Reference(b"auxl", 11, (BASE,)))
        extras = read(draft.build()).extras
        found.append(has_alpha(extras))
        told += other_parts(extras)
    assert found == [True, False]
    assert told == ["transparency", "other items: 1 (depth map)"]
    assert not has_alpha(None)


def test_a_new_gain_map_takes_the_place_of_all_others() -> None:
    file = read((FIXTURES / "invalid/tmap-broken-map-apple-spare.heic").read_bytes())
    image = code_picture(ramp(32, 32, 1), "hevc", quality=80, bits=8)
    new = StoredGainMap(replace(image, nclx=ALTERNATE), ONE_CHANNEL, "iso21496")
    for stored, kinds in ((new, [b"hvc1", b"hvc1", b"tmap"]), (None, [b"hvc1"])):
        data = serialize_heif(replace(file, gain_map=stored))
        assert sorted(item.kind for item in opened(data)[2].items.values()) == kinds
        assert read(data).spare_gain_map is None
        assert b"hdrgainmap" not in data


def test_what_cannot_be_kept_is_told_when_it_is_written() -> None:
    data = with_strangers() + make_box(b"moov", bytes(8))
    file = read(data)
    assert not file.warnings
    notes: list[str] = []
    assert b"moov" not in serialize_heif(file, notes)
    assert notes == ["box moov (a sequence of pictures?) is not kept"]


def test_items_that_share_their_bytes_do_not_multiply_the_file() -> None:
    """A hundred names for one place are one copy; places that overlap are kept until they are as large as the file."""
    draft = tmap_file(ONE_CHANNEL)
    for number in range(100, 200):
        draft = draft.with_item(Item(number, b"uri ", content_type="x", hidden=True), bytes(4000))
    data = draft.build()
    assert len(data) < 20_000
    written = serialize_heif(read(data))
    extras = heif_extras(read(written).extras)
    assert extras is not None and len(extras.items) == 100
    assert len(written) < 20_000


def test_references_to_what_is_not_there_are_left_out() -> None:
    draft = tmap_file(ONE_CHANNEL).with_item(
        Item(20, b"uri ", content_type="x", hidden=True), b"theirs", Reference(b"cdsc", 20, (BASE, 99))
    )
    written = serialize_heif(read(draft.build()))
    _, _, meta = opened(written)
    uri = only(item for item in meta.items.values() if item.kind == b"uri ")
    assert meta.targets(b"cdsc", uri.id) == (meta.primary,)


def test_items_that_a_jpeg_has_no_place_for_are_named() -> None:
    extras = read(with_strangers()).extras
    assert other_parts(extras) == [
        "other items: 4 (depth map, text/plain, thumbnail, uri)",
        "other boxes: 2 (mpvd, uuid)",
    ]
    plain = heif_extras(extras)
    assert plain is not None
    nothing = replace(plain, items=(), meta_boxes=make_box(b"dinf", b""), first_boxes=b"", last_boxes=b"")
    assert other_parts(nothing) == []
    assert other_parts(None) == []
    assert other_parts(ContainerExtras()) == []  # another container's


def test_the_xmp_that_is_a_gain_maps_numbers_is_no_other_part() -> None:
    """It is in the record; what describes the base, too, or nothing, is something else."""
    apple = heif_files.auxiliary_file(APPLE_GAIN_MAP, apple_xmp(131072, 4.5))
    assert other_parts(read(apple.build()).extras) == []
    told = []
    for targets in ((heif_files.MAP, BASE), ()):
        xmp = Item(21, b"mime", content_type=XMP_TYPE, hidden=True)
        links = (Reference(b"cdsc", 21, targets),) if targets else ()
        told += other_parts(read(apple.with_item(xmp, b"<x/>", *links).build()).extras)
    assert told == ["other items: 1 (XMP)"] * 2


def test_extras_are_narrowed_in_one_place() -> None:
    extras = read(with_strangers()).extras
    assert heif_extras(extras) is extras
    assert heif_extras(ContainerExtras()) is heif_extras(None) is None
