"""EXIF and XMP of a decoded picture: what is true of it, and nothing of gain maps, videos and thumbnails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import piexif
import pytest
from lxml import etree

import gainmap_codec as gm
from gainmap_codec.codec.metadata import metadata_of
from gainmap_codec.codec.options import DecodeOptions, Strip
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.heif.items import Property, Reference
from gainmap_codec.files.records import Container, GainMapFile
from gainmap_codec.files.tags.exif import orientation
from gainmap_codec.pixels.picture_metadata import NO_METADATA
from support import heif_files
from support import pipeline_files as files
from support.cases import ONE_CHANNEL
from support.paths import FIXTURES

CLAIMS = files.XMP.replace(
    b'dc:rights="mine"',
    b'dc:rights="mine" xmlns:G="http://ns.google.com/photos/1.0/camera/" G:MotionPhoto="1" G:MicroVideoOffset="524"'
    b' xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'
    b' xmlns:C="http://ns.google.com/photos/1.0/container/"',
).replace(b"<exif:GPSLongitude>", b"<C:Directory/><exif:GPSLongitude>")
UPRIGHT, STORED = DecodeOptions(), DecodeOptions(orientation="stored")


def tags_of(exif: bytes | None) -> dict[str, dict[int, object]]:
    found: dict[str, dict[int, object]] = piexif.load(b"Exif\0\0" + (exif or b""))
    return found


def test_an_upright_picture_has_orientation_1_its_own_size_and_no_thumbnail() -> None:
    metadata = gm.decode(files.made(standard=True, orientation=6)).metadata
    tags = tags_of(metadata.exif)
    assert tags["0th"][piexif.ImageIFD.Orientation] == 1
    sides = (piexif.ExifIFD.PixelXDimension, piexif.ExifIFD.PixelYDimension)
    assert [tags["Exif"][side] for side in sides] == [files.HEIGHT, files.WIDTH]
    assert tags["thumbnail"] is None and b"THUM" not in (metadata.exif or b"")
    assert tags["GPS"][piexif.GPSIFD.GPSLatitudeRef] == b"N"
    assert b'PixelXDimension="64"' in (metadata.xmp or b"") and b'tiff:Orientation="1"' in (metadata.xmp or b"")


def test_a_stored_picture_keeps_its_orientation() -> None:
    data = files.made(standard=True, orientation=6)
    metadata = gm.decode(data, orientation="stored").metadata
    assert orientation(metadata.exif or b"") == 6
    assert tags_of(metadata.exif)["Exif"][piexif.ExifIFD.PixelXDimension] == files.WIDTH
    file = replace(parse_file(data, "photo", Limits()), exif=None)
    assert orientation(metadata_of(file, STORED, 8, 8).exif or b"") == 6, "HEIC says it without EXIF"
    assert metadata_of(file, UPRIGHT, 8, 8).exif is None


def test_a_part_has_the_size_of_the_part() -> None:
    metadata = gm.decode(files.made(standard=True), region=(8, 8, 40, 16)).metadata
    tags = tags_of(metadata.exif)["Exif"]
    assert (tags[piexif.ExifIFD.PixelXDimension], tags[piexif.ExifIFD.PixelYDimension]) == (40, 16)


def test_xmp_tells_of_no_gain_map_and_no_video() -> None:
    file = replace(parse_file(files.made(standard=True), "photo", Limits()), xmp=CLAIMS)
    packet = metadata_of(file, UPRIGHT, 96, 64).xmp or b""
    assert b'dc:rights="mine"' in packet and b"16,22E" in packet
    for word in (b"Motion", b"MicroVideo", b"hdr-gain-map", b"Directory"):
        assert word not in packet


def test_what_only_a_jpeg_holds_is_told_of() -> None:
    lost = gm.decode(files.made(standard=True)).metadata.lost
    assert [line.split(",")[0] for line in lost] == ["APP13 (Photoshop and IPTC data)", "a comment"]
    file = parse_file(files.made(standard=True) + b"\0\0\0\x18ftypmp42", "photo", Limits())
    assert "12 bytes: not kept" in metadata_of(file, UPRIGHT, 96, 64).lost[-1]


@pytest.mark.parametrize("cut", [4, 20, 60, 120])
def test_damaged_metadata_do_not_cost_the_picture(cut: int) -> None:
    file = replace(parse_file(files.made(standard=True), "photo", Limits()), exif=files.gps_exif()[:cut], xmp=b"<x")
    metadata = metadata_of(file, UPRIGHT, 96, 64)
    assert metadata.xmp is None
    assert [line.split(":")[0] for line in metadata.lost[:2]] == [
        "damaged EXIF still describes the picture as it was stored",
        "XMP is left out, it cannot be read",
    ]


def test_xmp_is_parsed_once_to_be_read_and_once_to_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    file = parse_file((FIXTURES / "jpeg/standard.jpg").read_bytes(), "photo", Limits())
    data = serialize_file(replace(file, xmp=files.XMP), [])
    parsed: list[bytes] = []
    fromstring = etree.fromstring

    def counted(text: bytes, parser: etree.XMLParser) -> etree._Element:
        parsed.append(text)
        return fromstring(text, parser)

    monkeypatch.setattr(etree, "fromstring", counted)
    assert b"rights" in (gm.decode(data).metadata.xmp or b"")
    assert len(parsed) == 2 and parsed[0] == parsed[1] and b"photos/1.0/container" in parsed[0]


def test_a_picture_of_pixels_has_none_and_conversion_keeps_them() -> None:
    image = gm.decode(files.made(standard=True))
    assert image.convert("srgb").metadata is image.metadata
    assert gm.HdrImage(image.pixels).metadata is NO_METADATA
    assert NO_METADATA.names == []


def test_places_are_stripped_and_so_is_everything() -> None:
    data = files.made(standard=True, orientation=6)
    without = gm.decode(data, strip="gps").metadata
    assert tags_of(without.exif)["GPS"] == {} and files.LATITUDE not in (without.exif or b"")
    assert b"GPS" not in (without.xmp or b"") and b"mine" in (without.xmp or b"")
    assert gm.decode(data, strip="all").metadata == NO_METADATA
    bare = gm.decode(data, strip="all", orientation="stored").metadata
    assert orientation(bare.exif or b"") == 6 and bare.names == ["EXIF"] and bare.lost == ()


def parsed(data: bytes) -> GainMapFile:
    return parse_file(data, "the result", Limits())


@pytest.mark.parametrize("container", ["jpeg", "avif"])
@pytest.mark.filterwarnings("ignore:(APP13|a comment)")
def test_encode_takes_those_of_the_hdr_picture_where_the_base_has_none(container: Container) -> None:
    hdr = gm.decode(files.made(standard=True))
    made = parsed(gm.encode(hdr, container=container, carry="standard"))
    assert tags_of(made.exif)["GPS"][piexif.GPSIFD.GPSLatitudeRef] == b"N" and b"mine" in (made.xmp or b"")
    assert parsed(gm.encode(hdr, container=container, carry="standard", exif=b"", xmp=b"")).exif is None
    over = parsed(gm.encode(hdr, files.pictures()[0], container=container, carry="standard"))
    assert tags_of(over.exif)["GPS"] != {}


@pytest.mark.parametrize("turn", [1, 3, 6])
@pytest.mark.filterwarnings("ignore:(APP13|a comment)")
def test_encode_turns_an_hdr_picture_that_is_not_upright(turn: int) -> None:
    data = files.made(standard=True, orientation=turn)
    upright, stored = (gm.decode(data, orientation=way) for way in ("upright", "stored"))
    again = gm.decode(gm.encode(stored, carry="standard"), prefer="base")
    assert again.pixels.shape == upright.pixels.shape
    wanted = gm.decode(gm.encode(upright, carry="standard"), prefer="base")
    np.testing.assert_array_equal(again.pixels, wanted.pixels)


@pytest.mark.parametrize("strip", [None, "gps", "all"])
def test_transparency_is_lost_with_a_word(strip: Strip | None) -> None:
    small, data = heif_files.coded_item("map-4x4.avif", 11, hidden=True)
    urn = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
    item = replace(small, properties=(*small.properties, Property(b"auxC", bytes(4) + urn + b"\0", essential=True)))
    photo = heif_files.tmap_file(ONE_CHANNEL).with_item(item, data, Reference(b"auxl", 11, (heif_files.BASE,)))
    assert gm.decode(photo.build(), strip=strip).metadata.lost == ("the photo's transparency is left out",)
