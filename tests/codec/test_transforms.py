"""Turns and crops of HEIC pictures: in the order of their association, as libheif has it, through every edit."""

from __future__ import annotations

import io
import itertools
import struct
from dataclasses import replace
from functools import cache

import numpy as np
import pillow_heif
import pytest

import gainmap_codec as gm
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.heif.items import Item, Property
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.raster.geometry import to_upright
from support.codestreams import coded_item
from support.heif_files import Draft
from support.heif_records import ramp, read

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
}
ORDERS = [names for count in (1, 2, 3) for names in itertools.permutations(TRANSFORMS, count)]
ORDERS += [("left", "left"), ("left", "left", "left"), ("left-right", "left", "left-right"), ("right", "cut", "right")]


@cache
def picture() -> tuple[Item, bytes]:
    item, data = coded_item(ramp(48, 80), "hevc", SRGB)
    return replace(item, properties=(*item.properties, Property(b"colr", b"nclx\0\1\0\x0d\0\6\x80"))), data


def file(names: tuple[str, ...]) -> bytes:
    item, data = picture()
    properties = (*item.properties, *(TRANSFORMS[name] for name in names))
    return Draft((replace(item, properties=properties),), (data,), brands=(b"heic", b"mif1")).build()


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
