"""HEIC and AVIF files, the boxes in them, and what becomes of what is broken."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gainmap_codec as gm
from gainmap_codec.errors import FormatError, LimitError, Limits, UnsupportedError
from gainmap_codec.files.heif.av1_header import largest_frame
from gainmap_codec.files.heif.boxes import BoxFile, make_box, make_full_box
from gainmap_codec.files.heif.items import Group, Item, Property, Reference, item_data
from gainmap_codec.files.heif.meta import parse_meta, serialize_meta
from gainmap_codec.files.heif.picture_properties import orientation_of
from gainmap_codec.files.heif.read import parse_heif
from gainmap_codec.files.records import CodedImage, Fraction, Nclx
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.raster.geometry import to_upright
from support import heif_files
from support.cases import ONE_CHANNEL
from support.heif_files import BASE, MAP, tmap_file, turned
from support.paths import FIXTURES

LIMITS = Limits()


def boxes(data: bytes, limits: Limits = LIMITS) -> list[bytes]:
    return [box.kind for box in BoxFile(data, limits).top_level()]


def test_boxes_of_all_size_forms() -> None:
    wide = struct.pack(">I4sQ", 1, b"wide", 20) + b"abcd"
    rest = bytes(4) + b"rest" + b"to the end"
    file = BoxFile(make_box(b"free", b"x") + wide + rest, LIMITS)
    found = file.top_level()
    assert [box.kind for box in found] == [b"free", b"wide", b"rest"]
    assert [file.data[box.body : box.stop] for box in found] == [b"x", b"abcd", b"to the end"]


def test_full_box_bytes() -> None:
    assert make_full_box(b"pitm", 1, 2, b"ab") == bytes.fromhex("0000000E 7069746D 01 000002 6162")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\0\0\0\x07free", "wanted a box of 8 bytes or more, found 7"),
        (struct.pack(">I4sQ", 1, b"free", 15), "wanted a box of 16 bytes or more, found 15"),
    ],
)
def test_boxes_smaller_than_their_header(data: bytes, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        boxes(data)


def test_a_last_box_that_is_cut_off_is_taken_as_far_as_it_goes() -> None:
    assert boxes(make_box(b"mdat", bytes(100))[:50]) == [b"mdat"]
    assert boxes(make_box(b"free") + b"\0\0") == [b"free"]


def test_a_child_may_not_leave_its_parent() -> None:
    file = BoxFile(make_box(b"meta", struct.pack(">I4s", 9, b"hdlr")), LIMITS)
    with pytest.raises(FormatError, match="box meta at byte 8: wanted a box of at most 8 bytes, found 9"):
        file.children(file.top_level()[0])


def test_boxes_are_counted_over_all_levels() -> None:
    data = make_box(b"moov", make_box(b"free") * 3)
    file = BoxFile(data, Limits(boxes=3))
    with pytest.raises(LimitError, match="boxes: at most 3 allowed, 4 found"):
        file.children(file.top_level()[0])


ITEMS = (
    Item(1, b"av01", "Color", properties=(Property(b"ispe", bytes(12)), Property(b"av1C", b"\x81", essential=True))),
    Item(7, b"mime", "", "application/rdf+xml", hidden=True, properties=(Property(b"ispe", bytes(12)),)),
    Item(9, b"uri ", "n", "tag:x,2026:y"),
)
REFERENCES = (Reference(b"cdsc", 7, (1,)), Reference(b"dimg", 9, (1, 7)))
GROUPS = (Group(b"altr", 12, (9, 1)),)


def test_meta_comes_back_as_it_was_written() -> None:
    data = serialize_meta(1, ITEMS, REFERENCES, [b"one", b"two", b"one"], GROUPS)
    file = BoxFile(data, LIMITS)
    meta = parse_meta(file, file.top_level()[0])
    assert (meta.primary, tuple(meta.items.values())) == (1, ITEMS)
    assert (meta.references, meta.groups) == (REFERENCES, GROUPS)
    assert [item_data(file, meta, item.id) for item in ITEMS] == [b"one", b"two", b"one"]
    assert meta.places[1] == meta.places[9]  # equal contents are stored once
    assert [item.id for item in meta.sources(b"cdsc", 1)] == [7]
    assert meta.targets(b"dimg", 9) == (1, 7)


def test_unknown_boxes_of_meta_are_kept() -> None:
    inner = serialize_meta(1, ITEMS, (), [b"", b"", b""])[8:]
    file = BoxFile(make_box(b"meta", inner, make_box(b"uuid", b"mine")), LIMITS)
    meta = parse_meta(file, file.top_level()[0])
    assert [file.data[box.start : box.stop] for box in meta.unknown] == [make_box(b"uuid", b"mine")]


@pytest.mark.parametrize(("limit", "value"), [("items", 2), ("links", 5), ("boxes", 10)])
def test_budgets_of_meta(limit: str, value: int) -> None:
    file = BoxFile(serialize_meta(1, ITEMS, REFERENCES, [b"", b"", b""], GROUPS), Limits(**{limit: value}))
    with pytest.raises(LimitError, match=f"{limit}: at most {value} allowed"):
        parse_meta(file, file.top_level()[0])


def iloc_file(version: int, sizes: int, entry: bytes, idat: bytes = b"") -> BoxFile:
    """A file whose item 1 lies where an entry of iloc says."""
    count = (1).to_bytes(4 if version == 2 else 2, "big")
    meta = make_full_box(
        b"meta",
        0,
        0,
        make_full_box(b"pitm", 0, 0, b"\0\1"),
        make_full_box(b"iinf", 0, 0, b"\0\0"),
        make_full_box(b"iloc", version, 0, sizes.to_bytes(2, "big"), count, entry),
        make_box(b"idat", idat),
    )
    return BoxFile(meta + make_box(b"mdat", b"0123456789"), LIMITS)


@pytest.mark.parametrize(
    ("version", "sizes", "entry", "found"),
    [
        (0, 0x4400, ">HHH II", (1, 0, 1, -10, 4)),
        (1, 0x4400, ">HHHH II", (1, 0, 0, 1, -10, 4)),
        (1, 0x4444, ">HHHI HIII", (1, 0, 0, -8, 1, 0, 2, 2)),
        (2, 0x8800, ">IHHH QQ", (1, 0, 0, 1, -10, 4)),
        (2, 0x4088, ">IHHQH QI", (1, 0, 0, -8, 1, 7, 2)),
        (1, 0x4400, ">HHHH II", (1, 1, 0, 1, 2, 3)),
    ],
)
def test_places_in_every_version_of_iloc(version: int, sizes: int, entry: str, found: tuple[int, ...]) -> None:
    """Negative numbers stand for offsets from the file's end."""
    layout = entry.replace(" ", "")
    size = struct.calcsize(layout)
    file = iloc_file(version, sizes, bytes(size), b"abcdefgh")
    end = len(file.data)
    numbers = [value + end if value < 0 else value for value in found]
    if sizes == 0x4444:  # base, then index, offset, length
        layout, numbers = ">HHHIHIII", [1, 0, 0, end - 10, 1, 5, 0, 4]
    if sizes == 0x4088:  # no length field: up to the end
        layout, numbers = ">IHHQHQI", [1, 0, 0, end - 6, 1, 7, 2]
    file = iloc_file(version, sizes, struct.pack(layout, *numbers), b"abcdefgh")
    parsed = parse_meta(file, file.top_level()[0])
    wanted = {0x4088: b"6789"}.get(sizes, b"cde" if numbers[1] == 1 else b"0123")
    assert item_data(file, parsed, 1) == wanted


def test_items_without_a_place_in_this_file() -> None:
    for method in (1, 2):
        file = iloc_file(1, 0x4400, struct.pack(">HHHHII", 1, method, 0, 1, 100, 4))
        meta = parse_meta(file, file.top_level()[0])
        with pytest.raises(FormatError, match="wanted a place for item 1, found none"):
            item_data(file, meta, 1)


def test_versions_that_are_not_known() -> None:
    file = iloc_file(3, 0x4400, b"")
    with pytest.raises(UnsupportedError, match="box iloc: version 3 is not read"):
        parse_meta(file, file.top_level()[0])


def test_overlapping_extents_do_not_multiply_the_file() -> None:
    extents = struct.pack(">II", 0, 100) * 50
    file = iloc_file(1, 0x4400, struct.pack(">HHHH", 1, 0, 0, 50) + extents)
    meta = parse_meta(file, file.top_level()[0])
    with pytest.raises(FormatError, match="item 1: wanted at most"):
        item_data(file, meta, 1)


# What irot and imir do to a picture, by their definition: np.rot90 turns anticlockwise.
TRANSFORMS = [
    ([], lambda p: p),
    *[([(b"irot", n)], lambda p, n=n: np.rot90(p, n)) for n in range(4)],
    ([(b"imir", 0)], lambda p: p[::-1]),
    ([(b"imir", 1)], lambda p: p[:, ::-1]),
    *[([(b"irot", n), (b"imir", 0)], lambda p, n=n: np.rot90(p, n)[::-1]) for n in range(4)],
    *[([(b"imir", 1), (b"irot", n)], lambda p, n=n: np.rot90(p[:, ::-1], n)) for n in range(4)],
]


@pytest.mark.parametrize(("transforms", "turn"), TRANSFORMS)
def test_orientation_of_irot_and_imir(
    transforms: list[tuple[bytes, int]], turn: Callable[[NDArray[Any]], NDArray[Any]]
) -> None:
    item = Item(1, b"av01", properties=tuple(Property(kind, bytes((value,))) for kind, value in transforms))
    picture = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(to_upright(picture, orientation_of(item)), turn(picture))


def test_a_tmap_file_gives_the_record_of_a_jpeg() -> None:
    file = parse_heif(tmap_file(ONE_CHANNEL).build(), LIMITS)
    assert (file.container, file.base.codec, file.base.bits, file.base.width, file.base.height) == (
        "avif",
        "av1",
        8,
        16,
        16,
    )
    assert file.base.nclx == Nclx(1, 13, 6, True)
    assert file.gain_map is not None and file.gain_map.metadata == ONE_CHANNEL
    assert (file.gain_map.image.width, file.gain_map.image.channels) == (4, 1)
    assert file.gain_map.image.nclx == Nclx(1, 16, 6, True)  # the alternate's, by the tmap item
    assert file.warnings == file.refused == ()


def test_a_picture_stands_by_itself() -> None:
    """What is cut out of a file opens alone, unturned, with the same pixels."""
    plain = parse_heif(tmap_file(ONE_CHANNEL).build(), LIMITS)
    turns = parse_heif(turned(tmap_file(ONE_CHANNEL), 1, 0).build(), LIMITS)
    assert (plain.orientation, turns.orientation) == (1, 5)
    pictures: tuple[Callable[[Any], CodedImage], ...] = (lambda file: file.base, lambda file: file.gain_map.image)
    for picture in pictures:
        alone = parse_heif(picture(turns).data, LIMITS)
        assert alone.orientation == 1
        np.testing.assert_array_equal(decode_coded_image(picture(turns)), decode_coded_image(picture(plain)))
        np.testing.assert_array_equal(decode_coded_image(alone.base), decode_coded_image(picture(plain)))


def test_the_digest_ignores_all_but_the_coded_base() -> None:
    plain = tmap_file(ONE_CHANNEL)
    digest = parse_heif(plain.build(), LIMITS).base_digest
    assert parse_heif(turned(plain, 3).build(), LIMITS).base_digest == digest
    assert parse_heif(heif_files.with_exif(plain, b"MM\0*\0\0\0\x08\0\0").build(), LIMITS).base_digest == digest
    other = replace(plain, data=(plain.data[0][:-1] + b"\xff", *plain.data[1:]))
    assert parse_heif(other.build(), LIMITS).base_digest != digest


def test_base_and_map_turn_together() -> None:
    draft = tmap_file(ONE_CHANNEL)
    stored = gm.decode(draft.build()).pixels
    for quarters in (1, 2, 3):
        data = turned(draft, quarters).build()
        np.testing.assert_array_equal(gm.decode(data, orientation="stored").pixels, stored)
        np.testing.assert_allclose(gm.decode(data).pixels, np.rot90(stored, quarters), rtol=1e-5)


def test_a_map_that_is_turned_otherwise_is_told() -> None:
    draft = tmap_file(ONE_CHANNEL).with_properties(BASE, Property(b"irot", b"\1"))
    with pytest.warns(gm.GainMapWarning, match="another rotation than the base"):
        assert gm.decode(draft.build()).rendered_from == "standard"


def test_clean_aperture_crops_after_decoding() -> None:
    crop = Property(b"clap", struct.pack(">IIIIiIiI", 10, 1, 12, 1, -1, 1, 1, 1))
    whole = parse_heif(tmap_file(ONE_CHANNEL).build(), LIMITS).base
    cut = parse_heif(tmap_file(ONE_CHANNEL).with_properties(BASE, crop).build(), LIMITS).base
    assert (cut.width, cut.height) == (10, 12)
    np.testing.assert_array_equal(decode_coded_image(cut), decode_coded_image(whole)[3:15, 2:12])


def test_exif_and_xmp_of_the_base() -> None:
    draft = heif_files.with_exif(tmap_file(ONE_CHANNEL), b"MM\0*\0\0\0\x08\0\0\0\0\0\0")
    packet = b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
    file = parse_heif(heif_files.with_xmp(draft, packet, BASE).build(), LIMITS)
    assert (file.exif, file.xmp) == (b"MM\0*\0\0\0\x08\0\0\0\0\0\0", packet)
    file = parse_heif(heif_files.with_exif(tmap_file(ONE_CHANNEL), b"nonsense").build(), LIMITS)
    assert file.exif is None
    assert "EXIF ignored" in file.warnings[0]


def test_xmp_of_more_than_a_megabyte_is_left_out() -> None:
    packet = b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>' + b" " * (1 << 20)
    file = parse_heif(heif_files.with_xmp(tmap_file(ONE_CHANNEL), packet, BASE).build(), LIMITS)
    assert file.xmp is None
    assert "xmp_bytes: at most 1048576 allowed" in file.warnings[0]


@pytest.mark.parametrize("kind", [b"uri ", b"mime", b"abcd"])
def test_the_payload_is_told_by_its_first_bytes(kind: bytes) -> None:
    payload = b"GNN\0" + (20).to_bytes(2, "big") + bytes(14)
    item = Item(40, kind, content_type="" if kind == b"abcd" else "x/y", hidden=True)
    draft = tmap_file(ONE_CHANNEL).with_item(item, payload + b"pad", Reference(b"cdsc", 40, (BASE,)))
    assert parse_heif(draft.build(), LIMITS).payload == payload
    elsewhere = tmap_file(ONE_CHANNEL).with_item(item, payload, Reference(b"cdsc", 40, (MAP,)))
    assert parse_heif(elsewhere.build(), LIMITS).payload is None


def test_a_broken_payload_over_a_deep_base_is_left_out_with_a_warning() -> None:
    draft = heif_files.with_payload(tmap_file(ONE_CHANNEL, "base-10-bit.avif"), b"GNN\0\0\x14" + bytes(14))
    with pytest.warns(gm.GainMapWarning, match="the neural gain map is ignored"):
        assert gm.decode(draft.build()).rendered_from == "standard"


def test_the_base_is_limited_before_it_is_copied() -> None:
    data = tmap_file(ONE_CHANNEL).build()
    for limits in (Limits(pixels=255), Limits(file_bytes=100), Limits(items=2)):
        with pytest.raises(LimitError):
            gm.decode(data, limits=limits)
    assert gm.decode(data, limits=Limits(pixels=256)).rendered_from == "standard"


def test_frame_size_of_av1_data() -> None:
    file = parse_heif((FIXTURES / "heif/base-16x16.avif").read_bytes(), LIMITS)
    alone = BoxFile(file.base.data, LIMITS)
    meta = parse_meta(alone, alone.top_level()[1])
    data = item_data(alone, meta, 1)
    assert largest_frame(data) == (16, 16)
    assert largest_frame(b"") == (0, 0)
    for size in range(1, 12):
        try:
            assert largest_frame(data[:size]) in ((0, 0), (16, 16))
        except FormatError as error:
            assert "cut off" in str(error) or "size of a unit" in str(error)


def test_full_sequence_headers_are_read() -> None:
    """Timing, decoder model, two operating points with delays: fields of AV1's specification 5.5.1, then 640 x 480."""
    fields = [(0, 3), (0, 1), (0, 1), (1, 1), (1, 32), (30, 32), (1, 1), (1, 1)]  # ends with uvlc 0
    fields += [(1, 1), (9, 5), (1, 32), (4, 5), (4, 5), (1, 1), (1, 5)]
    for _ in range(2):
        fields += [(0, 12), (9, 5), (0, 1), (1, 1), (5, 10), (5, 10), (0, 1), (1, 1), (3, 4)]
    fields += [(9, 4), (8, 4), (639, 10), (479, 9)]
    bits = "".join(f"{value:0{width}b}" for value, width in fields)
    bits += "0" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big")
    assert largest_frame(b"\x12\0" + bytes((0x0A, len(body))) + body) == (640, 480)


def test_a_spare_map_serves_when_the_first_is_broken() -> None:
    data = (FIXTURES / "invalid/tmap-broken-map-apple-spare.heic").read_bytes()
    spare = parse_heif(data, LIMITS).spare_gain_map
    assert spare is not None and spare.carrier == "apple"
    with pytest.warns(gm.GainMapWarning, match="the standard gain map cannot be used: HEVC"):
        image = gm.decode(data)
    assert image.rendered_from == "standard" and image.headroom == pytest.approx(np.log2(4.5))


def test_flag_0_takes_the_primaries_of_the_tmap_item() -> None:
    """Gains of three channels that differ, applied to an sRGB base in Display P3."""
    channels = tuple(replace(ONE_CHANNEL.channels[0], gain_map_max=Fraction(n, 1)) for n in (1, 2, 3))
    three = replace(ONE_CHANNEL, channels=channels)
    space = replace(three, use_base_colour_space=False)
    wide = Property(b"colr", b"nclx" + bytes((0, 12, 0, 16, 0, 6, 0x80)))
    draft = tmap_file(space)
    tmap = replace(draft.items[1], properties=(draft.items[1].properties[0], wide))
    p3 = gm.decode(replace(draft, items=(draft.items[0], tmap, draft.items[2])).build()).pixels
    same = gm.decode(tmap_file(three).build()).pixels
    assert np.abs(p3 - same).max() > 0.005
    unknown = replace(tmap, properties=(draft.items[1].properties[0],))
    none = gm.decode(replace(draft, items=(draft.items[0], unknown, draft.items[2])).build()).pixels
    np.testing.assert_array_equal(none, same)
