"""JPEG XL files read: our own, those of other programs, and those that are damaged."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest

from gainmap_codec.errors import GainMapError, LimitError, Limits, UnsupportedError
from gainmap_codec.files.container import digest_of, missing_of, parse_file, sampling_of, serialize_file
from gainmap_codec.files.jumbf import PAYLOAD as PAYLOAD_BOX
from gainmap_codec.files.jumbf import serialize_superbox
from gainmap_codec.files.jxl.bits import in_enum
from gainmap_codec.files.jxl.gain_map import MAP_JPEG, Bundle, serialize_bundle
from gainmap_codec.files.jxl.header import BLACK, ColorEncoding, parse_header, serialize_header
from gainmap_codec.files.jxl.picture import turned_codestream
from gainmap_codec.files.jxl.read import parse_jxl
from gainmap_codec.files.jxl.records import JxlExtras
from gainmap_codec.files.jxl.write import serialize_jxl
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.records import GainMapFile
from support import jxl_records
from support.cases import ISO_CASES, ONE_CHANNEL
from support.jpeg_records import EXIF, PAYLOAD, USER_XMP, tiny
from support.jxl_files import START, box, boxed, codestream_of, picture
from support.paths import FIXTURES

LIMITS = Limits()
JHGM = serialize_bundle(Bundle(serialize_iso21496(ONE_CHANNEL), None, None, picture(12, 8, 1)))
DAMAGED = bytes(64)


def read(data: bytes) -> GainMapFile:
    return parse_jxl(data, LIMITS)


def test_a_file_by_hand() -> None:
    jhgm = bytes.fromhex("00 003D") + ISO_CASES["one-channel"][1] + bytes.fromhex("03 50B400 00000000")
    data = boxed(
        picture(),
        box(b"Exif", bytes(4) + EXIF),
        box(b"xml ", USER_XMP),
        box(b"jhgm", jhgm + picture(12, 8, 1)),
        serialize_superbox(PAYLOAD_BOX, PAYLOAD),
    )
    file = read(data)
    assert (file.container, file.exif, file.xmp, file.payload) == ("jxl", EXIF, USER_XMP, PAYLOAD)
    assert file.gain_map is not None
    assert (file.gain_map.metadata, file.gain_map.carrier) == (ONE_CHANNEL, "iso21496")
    assert file.gain_map.image.data == picture(12, 8, 1)
    assert file.gain_map.image.nclx == (1, 8, 0, True)  # the alternate's: linear light
    assert (file.warnings, file.damage, file.refused, file.others) == ((), (), (), ())
    assert file.base_digest == digest_of(file.base)
    assert sampling_of(file.base) == "4:4:4"


def test_the_codestream_tells_the_orientation() -> None:
    turned = turned_codestream(picture(), parse_header(picture()), 8)
    file = read(boxed(turned, box(b"Exif", bytes(4) + EXIF)))  # which says 6
    assert (file.orientation, file.base.width, file.base.height) == (8, 24, 16)
    assert parse_header(file.base.data).orientation == 1
    assert file.base_digest == read(picture()).base_digest


def test_a_map_in_the_raster_of_a_turned_base() -> None:
    """One that is turned like its base needs no turn; one that is not, does, unless it fits only without."""
    turned = turned_codestream(picture(), parse_header(picture()), 6)
    for size, orientation, turn in (((12, 8), 6, 1), ((8, 12), 1, 8), ((12, 8), 1, 1)):
        own = picture(*size, 1)
        stream = turned_codestream(own, parse_header(own), orientation)
        jhgm = serialize_bundle(Bundle(serialize_iso21496(ONE_CHANNEL), None, None, stream))
        file = read(boxed(turned, box(b"jhgm", jhgm)))
        assert file.gain_map is not None
        image = file.gain_map.image
        assert (image.turn, image.width, image.height) == (turn, 12, 8)
        assert bool(file.warnings) == (orientation == 1 == turn)


def test_what_cjxl_makes_of_a_gain_map_jpeg() -> None:
    """All of the file is in the packed JPEG, its gain map behind it."""
    jpeg = (FIXTURES / "jpeg/both.jpg").read_bytes()
    wanted = parse_file(jpeg, "a JPEG", LIMITS)
    file = read(bytes(imagecodecs.jpegxl_encode_jpeg(jpeg)))
    assert (file.container, file.base, file.base_digest) == ("jxl", wanted.base, wanted.base_digest)
    assert (file.gain_map, file.payload, file.warnings) == (wanted.gain_map, wanted.payload, ())
    again = read(serialize_jxl(file))
    assert again.gain_map is not None and wanted.gain_map is not None
    assert digest_of(again.gain_map.image) == digest_of(wanted.gain_map.image)
    assert serialize_file(replace(again, container="jpeg"), []) == jpeg


def test_the_map_of_the_file_comes_before_that_of_the_jpeg() -> None:
    packed = bytes(imagecodecs.jpegxl_encode_jpeg((FIXTURES / "jpeg/standard.jpg").read_bytes()))
    file = read(packed + box(b"jhgm", JHGM))
    assert file.gain_map is not None and file.gain_map.image.codec == "jxl"
    assert file.spare_gain_map is not None and file.spare_gain_map.image.codec == "jpeg"


def test_metadata_that_are_broken() -> None:
    good, bad = box(b"Exif", bytes(4) + EXIF), box(b"Exif", b"nonsense")
    file = read(boxed(picture(), bad, good, box(b"xml ", b"<"), box(b"brob", b"xml " + bytes(1)), box(b"Exif", b"")))
    assert (file.exif, file.xmp) == (EXIF, None)
    assert [line.split(":")[0] for line in file.warnings] == ["EXIF ignored", "XMP ignored", "XMP ignored"]
    assert read(boxed(picture(), box(b"Exif", b""), box(b"xml ", b" \n"))).warnings == ()


@pytest.mark.parametrize(
    ("jhgm", "message"),
    [
        (b"\1" + JHGM[1:], "box jhgm: expected version 0, got 1"),
        (JHGM[:40], "box jhgm"),
        (JHGM.replace(b"\xff\x0a", b"\xff\x0b"), "JPEG XL codestream"),
        (b"", "box jhgm"),
        (serialize_bundle(Bundle(b"blob", None, None, picture())), "ISO 21496-1"),
    ],
)
def test_maps_that_cannot_be_used(jhgm: bytes, message: str) -> None:
    file = read(boxed(picture(), box(b"jhgm", jhgm)))
    assert file.gain_map is None
    assert "gain map ignored" in file.refused[0] and message in file.refused[0]
    assert serialize_jxl(replace(file, refused=())) == boxed(picture())
    assert read(boxed(picture(), box(b"jhgm", jhgm), box(b"jhgm", JHGM))).gain_map is not None


def test_the_jpeg_of_a_map_that_was_replaced() -> None:
    data = serialize_jxl(jxl_records.full_of_jpegs())
    start = data.index(b"jhgm") - 4
    size = int.from_bytes(data[start : start + 4], "big")
    file = read(data[:start] + box(b"jhgm", JHGM) + data[start + size :])
    assert file.gain_map is not None and file.gain_map.image.codec == "jxl"
    assert "the packed JPEG of the gain map cannot be restored" in file.warnings[0]
    again = serialize_jxl(replace(file, gain_map=None))
    assert MAP_JPEG.label not in again


def test_a_packed_jpeg_that_is_broken() -> None:
    whole = bytes(imagecodecs.jpegxl_encode_jpeg(tiny()))
    at = whole.index(b"jbrd") + 20
    file = read(whole[:at] + DAMAGED + whole[at + len(DAMAGED) :])
    assert (file.base.codec, file.base.width, file.base.data) == ("jxl", 24, codestream_of(whole))
    assert "the packed JPEG cannot be restored" in file.warnings[0]
    assert read(serialize_jxl(file)).warnings == ()


def test_moving_pictures_and_transparent_ones() -> None:
    moving = imagecodecs.jpegxl_encode(np.zeros((3, 16, 24, 3), np.uint8))
    assert read(bytes(moving)).warnings == ("the picture moves: its first frame stands for all of it",)
    for channels in (3, 4):
        extras = read(bytes(imagecodecs.jpegxl_encode(np.zeros((16, 24, channels), np.uint8)))).extras
        assert isinstance(extras, JxlExtras) and extras.has_alpha == (channels == 4)


def test_a_video_behind_the_boxes() -> None:
    video = box(b"ftyp", b"isom") + box(b"mdat", b"frames")
    (part,) = read(boxed(picture()) + video).others
    assert (part.kind, part.data, part.place) == ("video", video, len(boxed(picture())))


# Hostile and damaged files


def test_sizes_are_checked_before_anything_is_decoded() -> None:
    data = serialize_jxl(jxl_records.full())
    with pytest.raises(LimitError, match="pixels"):
        parse_jxl(data, Limits(pixels=100))
    with pytest.raises(LimitError, match="file_bytes"):
        parse_jxl(data, Limits(file_bytes=100))
    large = serialize_bundle(Bundle(serialize_iso21496(ONE_CHANNEL), None, None, picture(300, 200, 1)))
    file = parse_jxl(boxed(picture(), box(b"jhgm", large)), Limits(pixels=1000))
    assert file.gain_map is None and "pixels: expected at most 1000" in file.refused[0]


def test_thousands_of_boxes_are_no_work() -> None:
    bomb = box(b"brob", b"xml " + imagecodecs.brotli_encode(b"a" * (1 << 20)))
    file = parse_jxl(boxed(picture(), *[bomb] * 5000), LIMITS.of_one_file())
    assert len([line for line in file.warnings if "XMP" in line]) == 2
    maps = [box(b"jhgm", JHGM[:-8])] * 5000
    assert "the picture is cut off" in parse_jxl(boxed(picture(), *maps), LIMITS.of_one_file()).refused[0]


@pytest.mark.parametrize("make", [jxl_records.full, jxl_records.full_of_jpegs])
def test_every_way_to_be_cut_off(make: Callable[[], GainMapFile]) -> None:
    """The base is there as soon as its header is, and says what is missing."""
    data = serialize_jxl(make())
    picture_at = data.index(b"jxlc") + 4
    picture_stop = picture_at - 8 + int.from_bytes(data[picture_at - 8 : picture_at - 4], "big")
    for end in range(len(data)):
        try:
            file = read(data[:end])
        except GainMapError:
            assert end < picture_at + 80
            continue
        assert (file.base.width, file.base.height) == (24, 16)
        if end < picture_stop:
            assert file.damage[-1].endswith(("of its picture are missing", "of its picture is missing"))
        if end >= picture_stop:
            assert file.base_digest == make().base_digest


def test_what_is_missing_of_a_file_that_cannot_be_read() -> None:
    cut = boxed(picture())[:-20]
    assert missing_of(cut, LIMITS) == ("the file is cut off: the last 20 bytes of its picture are missing",)
    assert missing_of(START, LIMITS) == ()


@pytest.mark.parametrize("make", [jxl_records.full, jxl_records.full_of_jpegs])
def test_every_byte_damaged(make: Callable[[], GainMapFile]) -> None:
    data = serialize_jxl(make())
    for at in range(len(data)):
        try:
            file = read(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        except GainMapError:
            continue
        serialize_jxl(file)


def test_what_is_not_read() -> None:
    rgba = picture(channels=4)
    header = parse_header(rgba)
    cmyk = serialize_header(replace(header, channels="100" + in_enum(BLACK) + "000" + "00" + "00"))
    assert parse_header(cmyk).extra_channels == (BLACK,)
    with pytest.raises(UnsupportedError, match="a file: JPEG XL: expected grey or RGB, got another colour space"):
        parse_file(cmyk + rgba[header.size :], "a file", LIMITS)


def test_colour_encodings_become_code_points() -> None:
    header = parse_header(picture())
    stream = turned_codestream(picture(), replace(header, color=ColorEncoding(primaries=9, transfer=16)), 3)
    assert read(stream).base.nclx == (9, 16, 0, True)


def test_64_bit_sizes() -> None:
    payload = serialize_superbox(PAYLOAD_BOX, PAYLOAD)[8:]
    data = boxed(picture()) + struct.pack(">I4sQ", 1, b"jumb", 16 + len(payload)) + payload
    assert read(data).payload == PAYLOAD
    assert read(boxed(picture()) + bytes(4) + b"jumb" + payload).payload == PAYLOAD
