"""Pictures of HEIC and AVIF whose colour no property tells: the codestream does, and every verb believes it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.heif.items import Property
from gainmap_codec.files.heif.picture_properties import nclx_of, nclx_property
from gainmap_codec.files.heif.write import serialize_heif
from gainmap_codec.files.records import Codec
from gainmap_codec.pixels.color.light import pq_encode
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.formats.hdr_files import read_hdr
from support.cases import ONE_CHANNEL
from support.codestreams import coded_item, without_color
from support.heif_files import BASE, MAP, Draft, tmap_file
from support.heif_records import map_of, opened, ramp, read

CODECS: tuple[Codec, ...] = ("hevc", "av1")
PQ = Nclx(9, 16, 9, True)
P3 = Nclx(12, 13, 6, True)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("tiles", [1, 2])
def test_a_pq_picture_is_pq(codec: Codec, tiles: int) -> None:
    codes = ramp(64, 96, bits=10)
    data = without_color(codes, codec, PQ, bits=10, tiles=tiles)
    image = gm.decode(data)
    wanted = np.tile(codes, (1, tiles, 1))
    assert np.abs(pq_encode(image.pixels) * 1023 - wanted).max() <= 12, "chroma is rounded, its last bits matter little"
    assert np.abs(pq_encode(image.pixels) * 1023 - wanted).mean() < 1.5
    assert np.array_equal(read_hdr(data).pixels, image.pixels)
    assert read(data).base.nclx == PQ


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("nclx", [Nclx(12, 13, 1, True), Nclx(12, 13, 6, False), Nclx(9, 13, 9, False)])
def test_matrix_and_range(codec: Codec, nclx: Nclx) -> None:
    if codec == "av1":
        nclx = nclx._replace(full_range=True)
    codes = ramp(64, 96)
    for tiles in (1, 2):
        record = read(without_color(codes, codec, nclx, tiles=tiles))
        assert record.base.nclx == nclx
        assert np.abs(decode_coded_image(record.base)[:, :96].astype(int) - codes).max() <= 3


@pytest.mark.parametrize("codec", CODECS)
def test_properties_win_where_they_tell_a_colour(codec: Codec) -> None:
    """Unspecified primaries and curves tell none; the matrix and the range of the property count all the same."""
    item, data = coded_item(ramp(64, 64, bits=10), codec, PQ, bits=10)

    def color(*properties: Property) -> Nclx | None:
        described = replace(item, properties=(*item.properties, *properties))
        return read(Draft((described,), (data,), brands=(b"mif1",)).build()).base.nclx

    assert color() == PQ
    assert color(nclx_property(P3)) == P3
    assert color(nclx_property(Nclx(2, 2, 6, True))) == PQ._replace(matrix=6)
    assert color(nclx_property(Nclx(12, 2, 6, False))) == Nclx(12, 16, 6, False)


def file_without_colors(codec: Codec, base: Nclx) -> bytes:
    """A tmap file whose base and map have no `colr`."""
    draft = tmap_file(ONE_CHANNEL, *(("base-64x64.heic", "map-32x32.heic") if codec == "hevc" else ()))
    items = dict(
        zip((BASE, MAP), (coded_item(ramp(64, 64), codec, base), coded_item(ramp(16, 16), codec, P3)), strict=True)
    )
    size = Property(b"ispe", bytes(4) + (64).to_bytes(4, "big") * 2)
    written = [
        replace(items[item.id][0], id=item.id, hidden=item.id == MAP)
        if item.id in items
        else replace(item, properties=(size, *(p for p in item.properties if p.kind != b"ispe")))
        for item in draft.items
    ]
    data = [items[item.id][1] if item.id in items else old for item, old in zip(draft.items, draft.data, strict=True)]
    return replace(draft, items=tuple(written), data=tuple(data)).build()


@pytest.mark.parametrize("codec", CODECS)
def test_the_base_of_a_gain_map_file(codec: Codec) -> None:
    """Both pictures come back as they were coded, and the file written again says the colour by a property."""
    data = file_without_colors(codec, P3)
    record = read(data)
    assert record.warnings == ()
    assert record.base.nclx == P3
    assert np.abs(decode_coded_image(map_of(record).image).astype(int) - ramp(16, 16)).max() <= 3
    again = serialize_heif(record)
    _, _, meta = opened(again)
    assert [nclx_of(item) for item in meta.items.values() if item.kind in (b"hvc1", b"av01")] == [P3, P3]
    assert np.array_equal(gm.decode(again).pixels, gm.decode(data).pixels)
    assert gm.decode(gm.transcode(data, container="jpeg")).pixels.shape == (64, 64, 3)
    assert read_p3(gm.transcode(data, container="jpeg"))


def read_p3(data: bytes) -> bool:
    profile = read(data).base.icc_profile
    return profile is not None and "Display P3".encode("utf-16-be") in profile


def test_the_colour_of_broken_data_is_a_note() -> None:
    data = without_color(ramp(64, 96), "hevc", P3)
    at = data.index(b"hvcC") + 4 + 23
    unit = data.index(b"\x42\x01", at)
    broken = data[: unit + 2] + b"\xff" * 8 + data[unit + 10 :]
    assert any("the colour that the HEVC data may tell cannot be read" in line for line in read(broken).warnings)


def test_reserved_numbers_in_the_data_count_as_unspecified() -> None:
    """libheif refuses properties that repeat them, so what is written says unspecified; the picture is kept."""
    plain = without_color(ramp(64, 96), "hevc", Nclx(9, 16, 9, True))
    said, reserved = ("".join(f"{number:08b}" for number in numbers) for numbers in ((9, 16, 9), (3, 200, 9)))
    bits = bin(int.from_bytes(plain, "big"))[2:]
    assert bits.count(said) == 1
    data = int(bits.replace(said, reserved), 2).to_bytes(len(plain), "big")
    assert read(data).base.nclx == Nclx(2, 2, 9, True)
    with pytest.warns(gm.GainMapWarning, match="code points without a meaning count as unspecified"):
        turned = gm.rotate(data, 90)
    assert read(turned).base_digest == read(data).base_digest


def test_a_turned_avif_is_read_upright() -> None:
    """libavif leaves turning to its callers."""
    codes = ramp(32, 48, bits=10)
    item, data = coded_item(codes, "av1", PQ, bits=10)
    turned = replace(item, properties=(*item.properties, Property(b"irot", b"\1", essential=True)))
    image = read_hdr(Draft((turned,), (data,)).build())
    plain = np.rot90(decode_coded_image(read(Draft((item,), (data,)).build()).base))
    np.testing.assert_allclose(pq_encode(image.pixels) * 1023, plain, atol=0.01)
