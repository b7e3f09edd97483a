"""Turns and crops of HEIC pictures: in the order of their association, as libheif has it, through every edit."""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pillow_heif
import pytest

import gainmap_codec as gm
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.heif.items import Item, Property
from gainmap_codec.files.map_metadata.apple import APPLE_GAIN_MAP
from gainmap_codec.pixels.color.light import pq_psnr, srgb_decode
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.maps.gain_map import apply_gain_map
from gainmap_codec.pixels.raster.geometry import to_upright
from support.cases import ONE_CHANNEL
from support.codestreams import coded_item
from support.heif_files import ALTERNATE_COLOR, BASE, MAP, TMAP, Draft, auxiliary_file, tmap_file
from support.heif_fixtures import apple_xmp
from support.heif_records import map_of, ramp, read

SRGB = Nclx(1, 13, 6, True)


def clap(width: int, height: int, twice_x: int, twice_y: int) -> Property:
    body = struct.pack(">4IiIiI", width, 1, height, 1, twice_x, 2, twice_y, 2)
    return Property(b"clap", body, essential=True)


TRANSFORMS = {
    "left": Property(b"irot", b"\1"),
    "over": Property(b"irot", b"\2"),
    "right": Property(b"irot", b"\3"),
    "top-bottom": Property(b"imir", b"\0"),
    "left-right": Property(b"imir", b"\1"),
    "cut": clap(40, 24, 4, -6),
    "cut off centre": clap(22, 20, -6, 2),
    "small": clap(20, 12, 2, -4),
}
ORDERS = [names for count in (1, 2, 3) for names in itertools.permutations(list(TRANSFORMS)[:-1], count)]
ORDERS += [("left", "left"), ("left", "left", "left"), ("left-right", "left", "left-right"), ("right", "cut", "right")]


@cache
def picture() -> tuple[Item, bytes]:
    item, data = coded_item(ramp(48, 80), "hevc", SRGB)
    return replace(item, properties=(*item.properties, Property(b"colr", b"nclx\0\1\0\x0d\0\6\x80"))), data


def file(names: tuple[str, ...]) -> bytes:
    item, data = picture()
    properties = (*item.properties, *(TRANSFORMS[name] for name in names))
    return Draft((replace(item, properties=properties),), (data,), brands=(b"heic", b"mif1")).build()


@cache
def gain_map() -> tuple[Item, bytes]:
    """Of 24 x 40 pixels: as it stands, it fits the base after a quarter turn."""
    return coded_item(ramp(40, 24)[..., ::-1].copy(), "hevc", SRGB)


def gain_map_file(draft: Draft, base: tuple[str, ...], own: tuple[str, ...]) -> bytes:
    """The same file with `picture` and `gain_map` in it, each with transforms of its own."""
    properties = {item.id: item.properties for item in draft.items}
    kept = [p for p in properties[MAP] if p.kind == b"auxC"]
    for number, item, names in ((BASE, picture()[0], base), (MAP, gain_map()[0], own)):
        turns = (TRANSFORMS[name] for name in names)
        properties[number] = (*item.properties, *(kept if number == MAP else ()), *turns)
    properties[TMAP] = (next(p for p in properties[BASE] if p.kind == b"ispe"), ALTERNATE_COLOR)
    items = tuple(replace(item, properties=properties[item.id]) for item in draft.items)
    pictures = {BASE: picture()[1], MAP: gain_map()[1]}
    data = tuple(pictures.get(item.id, old) for item, old in zip(draft.items, draft.data, strict=True))
    return replace(draft, items=items, data=data).build()


def iso_file(base: tuple[str, ...], own: tuple[str, ...]) -> bytes:
    return gain_map_file(tmap_file(ONE_CHANNEL, "base-64x64.heic", "map-32x32.heic"), base, own)


def apple_file(base: tuple[str, ...], own: tuple[str, ...]) -> bytes:
    draft = auxiliary_file(APPLE_GAIN_MAP, apple_xmp(131072, 4.5), "base-64x64.heic", "map-32x32.heic")
    return gain_map_file(draft, base, own)


def shown(data: bytes) -> np.ndarray:
    record = read(data)
    return to_upright(decode_coded_image(record.base), record.orientation)


def by_libheif(data: bytes) -> np.ndarray:
    return np.asarray(pillow_heif.open_heif(io.BytesIO(data)))


def test_every_order_shows_what_libheif_shows() -> None:
    """Two apertures where the second leaves the first one's part are an error of the file."""
    compared = 0
    for names in ORDERS:
        data = file(names)
        try:
            mine = shown(data)
        except gm.FormatError as error:
            assert len([name for name in names if name.startswith("cut")]) == 2
            assert "box clap: expected a part of" in str(error)
            continue
        np.testing.assert_array_equal(mine, by_libheif(data), err_msg=" ".join(names))
        compared += 1
    assert compared > 200


def test_edges_between_pixels_are_rounded_as_libheif_does() -> None:
    item, data = picture()
    for parts, step, turn in itertools.product((1, 2, 3, 4), (1, 5, 7), (TRANSFORMS["left"], TRANSFORMS["over"])):
        numbers = (21 * parts + step, parts, 17 * parts + step, parts, step - 3, parts, 2 - step, parts)
        cut = Property(b"clap", struct.pack(">4IiIiI", *numbers), essential=True)
        for order in ((cut, turn), (turn, cut)):
            cropped = replace(item, properties=(*item.properties, *order))
            file = Draft((cropped,), (data,), brands=(b"heic", b"mif1")).build()
            np.testing.assert_array_equal(shown(file), by_libheif(file), err_msg=str(numbers))


@pytest.mark.parametrize(
    "names",
    [("left", "cut"), ("cut", "left"), ("right", "top-bottom", "cut"), ("left-right", "cut", "left"), ("cut", "over")],
)
def test_edits_keep_what_is_shown(names: tuple[str, ...]) -> None:
    """A file written again has another order of the same meaning; a crop and a turn begin at what is shown."""
    data = file(names)
    before = shown(data)
    assert np.array_equal(by_libheif(gm.transcode(data)), before)
    assert np.array_equal(by_libheif(gm.rotate(data, 90)), np.rot90(before, -1))
    assert np.array_equal(by_libheif(gm.flip(data, "vertical")), before[::-1])
    part = by_libheif(gm.crop(data, (3, 5, 19, 17), quality=100)).astype(int)
    assert np.abs(part - before[5:17, 3:19]).max() <= 6
    jpeg = gm.decode(gm.transcode(data, container="jpeg", quality=100))
    assert np.abs(jpeg.pixels - gm.decode(data).pixels).max() < 0.05


def test_a_small_part_of_a_turned_picture() -> None:
    """An aperture that would leave the raster as it is stored, but not as it is turned."""
    item, data = picture()
    tall = clap(20, 70, 0, 2)
    turned = replace(item, properties=(*item.properties, TRANSFORMS["left"], tall))
    record = read(Draft((turned,), (data,), brands=(b"heic", b"mif1")).build())
    whole = np.rot90(decode_coded_image(read(file(("over",))).base))
    np.testing.assert_array_equal(to_upright(decode_coded_image(record.base), record.orientation), whole[6:76, 14:34])


OWN_TURNS = [
    (("left",), ()),
    ((), ("right",)),
    (("right",), ("over",)),
    (("left", "top-bottom"), ("left-right",)),
    (("left", "cut"), ("over", "top-bottom", "small")),
    (("cut", "left"), ("small", "right")),
]


@pytest.mark.parametrize(("base", "own"), OWN_TURNS)
def test_base_and_map_are_turned_each_by_its_own(base: tuple[str, ...], own: tuple[str, ...]) -> None:
    """The inputs of a tmap item are pictures as they are shown."""
    data = iso_file(base, own)
    item, coded = gain_map()
    turned = replace(item, id=BASE, properties=(*item.properties, *(TRANSFORMS[name] for name in own)))
    upright_map = by_libheif(Draft((turned,), (coded,), brands=(b"heic", b"mif1")).build())
    linear = srgb_decode((by_libheif(data) / 255).astype(np.float32))
    wanted = apply_gain_map(linear, upright_map, ONE_CHANNEL, headroom=np.inf)
    image = gm.decode(data, color_space="srgb")
    np.testing.assert_allclose(image.pixels, wanted, atol=2e-5)


@pytest.mark.parametrize("make", [iso_file, apple_file])
@pytest.mark.parametrize(("base", "own"), OWN_TURNS)
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_edits_keep_what_a_map_with_a_turn_of_its_own_gives(
    make: Callable[[tuple[str, ...], tuple[str, ...]], bytes], base: tuple[str, ...], own: tuple[str, ...]
) -> None:
    data = make(base, own)
    before = gm.decode(data).pixels
    assert np.array_equal(gm.decode(gm.transcode(data)).pixels, before)
    assert np.array_equal(gm.decode(gm.transcode(data, strip="gps")).pixels, before)
    np.testing.assert_allclose(gm.decode(gm.rotate(data, 90)).pixels, np.rot90(before, -1), rtol=1e-5)
    np.testing.assert_allclose(gm.decode(gm.flip(data, "horizontal")).pixels, before[:, ::-1], rtol=1e-5)
    for edited, wanted in (
        (gm.crop(data, (2, 4, 22, 20), quality=100, map_quality=100), before[4:20, 2:22]),
        (gm.transcode(data, container="jpeg", quality=100, map_quality=100), before),
    ):
        found = gm.decode(edited)
        assert found.rendered_from == "standard"
        assert pq_psnr(found.pixels, np.ascontiguousarray(wanted)) > 38


def test_a_map_that_fits_its_base_only_without_its_turn_is_taken_as_stored() -> None:
    """Its writer forgot to turn it: a map of 24 x 40 for a base of 48 x 80 that is turned."""
    item, coded = coded_item(ramp(24, 40), "hevc", SRGB)
    draft = tmap_file(ONE_CHANNEL, "base-64x64.heic", "map-32x32.heic")
    base, data = picture()
    size = next(p for p in base.properties if p.kind == b"ispe")
    found = []
    for turns in ((), (TRANSFORMS["left"],)):
        items = (
            replace(base, properties=(*base.properties, TRANSFORMS["left"])),
            replace(draft.items[1], properties=(size, ALTERNATE_COLOR)),
            replace(item, id=MAP, hidden=True, properties=(*item.properties, *turns)),
        )
        found.append(read(replace(draft, items=items, data=(data, draft.data[1], coded)).build()))
    assert map_of(found[0]).image == map_of(found[1]).image
    assert found[1].warnings == ()
    line = "the gain map has another rotation than the base, and only fits it without: taken as stored"
    assert found[0].warnings == (line,)
