"""A JPEG's other segments, and those inside its gain map's picture, stay; thumbnails of what it was do not."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec import pillow
from gainmap_codec.errors import Limits
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.segments import APP0, APP1, APP2, APP13, COM, JpegImage, make_segment, parse_segments
from gainmap_codec.files.jpeg.write import serialize_jpeg
from support import pipeline_files as files
from support.xmp_packets import packet

IPTC = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x0c\x1c\x02\x78\0\x07caption"
THUMBNAIL = b"8BIM\x04\x0c\0\0\0\0\0\x20" + bytes(28) + b"\xff\xd8\xff\xd9"
JFIF = b"JFIF\0\1\2\1\1\x2c\1\x2c"  # 300 dots per inch
OTHERS = [
    (0xEC, b"Ducky\0\1\0\4"),
    (COM, b"a comment"),
    (APP2, b"FPXR\0\0\1"),
    (APP13, IPTC + THUMBNAIL),
]
OF_MAP = [(COM, b"inside the map"), (APP13, IPTC), (APP1, b"Exif\0\0" + files.gps_exif(1))]
MAP_XMP = packet('hdrgm:Version="1.0" hdrgm:GainMapMax="9" hdrgm:HDRCapacityMax="9" dc:creator="a program"')


def segments(rows: list[tuple[int, bytes]]) -> bytes:
    return b"".join(make_segment(marker, body, "segment") for marker, body in rows)


@cache
def photo() -> bytes:
    """With segments of every kind in base and map, thumbnails among them."""
    file = parse_jpeg(gm.transcode(files.made(standard=True), strip="all"), Limits())
    stored = file.gain_map
    assert stored is not None
    leading = segments([(APP0, JFIF + b"\2\1" + bytes(6)), (APP0, b"JFXX\0\x11\1\1" + bytes(4))])
    base = replace(file.base, data=b"\xff\xd8" + leading + segments(OTHERS) + file.base.data[20:])
    of_map = segments(OF_MAP) + make_segment(APP1, b"http://ns.adobe.com/xap/1.0/\0" + MAP_XMP, "XMP")
    image = replace(stored.image, data=b"\xff\xd8" + of_map + stored.image.data[2:])
    return serialize_jpeg(replace(file, base=base, gain_map=replace(stored, image=image)))


def parts(data: bytes) -> tuple[JpegImage, JpegImage]:
    """The segments of base and gain map."""
    base = parse_segments(data, Limits())
    return base, parse_segments(data, Limits(), start=base.end)


def bodies(image: JpegImage) -> list[tuple[int, bytes]]:
    return [(each.marker, image.body(each)) for each in image.header]


def saved(data: bytes, box: tuple[int, int, int, int] | None = None) -> bytes:
    stream = io.BytesIO()
    image = pillow.open(data)
    pillow.save(pillow.crop(image, box) if box else image, stream, format="JPEG", quality=90)
    return stream.getvalue()


WHOLE: dict[str, Callable[[bytes], bytes]] = {
    "transcode": gm.transcode,
    "quality": lambda data: gm.transcode(data, quality=85),
    "map quality": lambda data: gm.transcode(data, quality=85, map_quality=70),
    "resize": lambda data: gm.resize(data, (48, 32)),
    "rotate": lambda data: gm.rotate(data, 180),
}
CUT: dict[str, Callable[[bytes], bytes]] = {
    "crop": lambda data: gm.crop(data, (0, 0, 48, 32)),
    "pillow": lambda data: saved(data, (0, 0, 48, 32)),
}


def check(data: bytes) -> None:
    base, gain_map = parts(data)
    for row in OTHERS[:3]:
        assert row in bodies(base)
    for row in OF_MAP:
        assert row in bodies(gain_map)
    (xmp,) = gain_map.bodies(APP1, b"http://ns.adobe.com/xap/1.0/\0")
    assert b'dc:creator="a program"' in xmp and b'GainMapMax="9"' not in xmp
    assert gm.inspect(data).warnings == ()
    with Image.open(io.BytesIO(data)) as image:
        assert image.info["dpi"] == (300, 300)


@pytest.mark.parametrize("verb", WHOLE)
@pytest.mark.filterwarnings("error")
def test_segments_stay_with_the_whole_picture(verb: str) -> None:
    data = WHOLE[verb](photo())
    check(data)
    found = bodies(parts(data)[0])
    assert OTHERS[3] in found
    assert (APP0, JFIF + b"\2\1" + bytes(6)) in found and (APP0, b"JFXX\0\x11\1\1" + bytes(4)) in found


@pytest.mark.parametrize("verb", CUT)
def test_thumbnails_do_not_show_what_was_cut_away(verb: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = CUT[verb](photo())
    assert {str(one.message) for one in caught} == {"FlashPix data are kept, and may show the picture as it was"}
    check(data)
    found = bodies(parts(data)[0])
    assert (APP13, IPTC) in found
    assert [body for marker, body in found if marker == APP0] == [JFIF + bytes(2)]


@pytest.mark.parametrize("quality", [None, 80])
def test_an_sdr_picture_brings_its_segments(quality: int | None) -> None:
    data = gm.encode(files.made(standard=True), photo(), carry="standard", quality=quality)
    found = bodies(parts(data)[0])
    assert all(row in found for row in OTHERS)


def test_elsewhere_each_is_named() -> None:
    verbs: tuple[Callable[[], bytes], ...] = (
        lambda: gm.encode(files.made(standard=True), photo(), carry="standard", container="avif"),
        lambda: gm.transcode(photo(), container="avif"),
    )
    for verb in verbs:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            verb()
        said = "\n".join(str(one.message) for one in caught)
        for words in ("a comment, 9 bytes", "APP13 (Photoshop and IPTC data)", "APP2 (FlashPix data)", "APP12"):
            assert f"{words}" in said


def test_damaged_photoshop_data_are_kept_and_told() -> None:
    broken = photo().replace(b"8BIM\x04\x04\0\0\0\0\0\x0c", b"8BIM\x04\x04\0\0\xff\xff\xff\xff", 1)
    with pytest.warns(gm.GainMapWarning, match="FlashPix|Photoshop data are kept, and may show the picture as it was"):
        data = gm.crop(broken, (0, 0, 48, 32))
    assert b"8BIM\x04\x0c" in data


def test_apples_claims_go_with_apples_formula() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = gm.transcode(files.APPLE)
    assert b"HDRGainMap" not in data and b"hdrgm:GainMapMax" in data
