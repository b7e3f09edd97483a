"""Finding a JPEG file's gain map, whatever is stale or damaged."""

from __future__ import annotations

import time

import pytest

from gainmap_codec.files.jpeg.metadata import EXIF_ID, ISO_ID, XMP_ID
from gainmap_codec.files.jpeg.mpf import MPF_ID
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.segments import make_segment, parse_segments
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.map_metadata.hdrgm import serialize_hdrgm
from gainmap_codec.files.records import Fraction, GainMapMetadata, StoredGainMap
from support.cases import ISO_CASES, ONE_CHANNEL
from support.jpeg_records import EXIF, LIMITS, coded, digest_of_jpeg, little_endian_mpf, record, tiny
from support.xmp_packets import REQUIRED, packet


def without_segment(data: bytes, marker: int, prefix: bytes) -> bytes:
    image = parse_segments(data, LIMITS)
    for segment in image.header:
        if segment.marker == marker and image.body(segment).startswith(prefix):
            data = data.replace(image.raw(segment), b"")
    return data


def test_gain_map_is_found_by_mpf_then_directory_then_scan() -> None:
    data = serialize_jpeg(record())
    assert [part.data for part in parse_jpeg(data + b"video", LIMITS).others] == [b"video"]
    stale = data.replace(bytes.fromhex("00030000"), bytes.fromhex("00030001"))
    assert parse_jpeg(stale, LIMITS).gain_map is not None
    no_mpf = without_segment(data, 0xE2, MPF_ID)
    assert parse_jpeg(no_mpf, LIMITS).warnings == ()
    only_scan = without_segment(no_mpf, 0xE1, XMP_ID)
    end = parse_segments(only_scan, LIMITS).end
    padded = only_scan[:end] + bytes(33) + tiny("L", (8, 8)) + only_scan[end:]
    for variant in (no_mpf, only_scan, padded):
        found = parse_jpeg(variant, LIMITS).gain_map
        assert found is not None
        assert found.metadata == ONE_CHANNEL


def without_index(data: bytes) -> tuple[bytes, bytes]:
    """Base and gain map of a file, neither MPF nor directory in the base."""
    data = without_segment(data, 0xE2, MPF_ID)
    end = parse_segments(data, LIMITS).end
    return without_segment(data[:end], 0xE1, XMP_ID), data[end:]


IMAGE_LIKE = b"\xff\xd8\xff\xe0junk\xff\xd9"
NAMESPACE = b"http://ns.adobe.com/hdr-gain-map/1.0/"


@pytest.mark.parametrize(
    "between",
    [
        IMAGE_LIKE * 6,
        b"\0\0\0\x18ftypmp42" + bytes(range(256)) + b"\xff\xd8\xff",
        NAMESPACE * 20,
        IMAGE_LIKE + NAMESPACE + b"\xff\xd8\xff\xda\0\2",
        tiny() * 100,
        tiny()[:-2],
        b"\xff\xd8" + make_segment(0xE1, XMP_ID + serialize_hdrgm(ONE_CHANNEL), "XMP") + b"\xff\xda\0\2scan",
        b"\xff\xd8" + make_segment(0xE1, EXIF_ID + EXIF + tiny("L", (8, 8)), "EXIF") + tiny()[2:],
    ],
)
def test_a_map_is_found_behind_whatever_looks_like_an_image(between: bytes) -> None:
    base, gain_map = without_index(serialize_jpeg(record()))
    stored = parse_jpeg(base + between + gain_map + between, LIMITS).gain_map
    assert stored is not None
    assert (stored.metadata, stored.image.data) == (ONE_CHANNEL, gain_map)


@pytest.mark.parametrize("between", [b"", bytes(40), b"\0\0\0\x18ftypmp42" + bytes(90)])
def test_the_map_of_a_whole_photo_behind_the_base_is_not_the_bases(between: bytes) -> None:
    """An SDR photo, and in its trailer one with a gain map: programs keep originals, or join files."""
    photo, plain = serialize_jpeg(record()), tiny("RGB", (16, 16))
    found = parse_jpeg(plain + between + photo, LIMITS)
    assert found.gain_map is None
    assert b"".join(part.data for part in found.others).endswith(photo)
    bare = photo[parse_segments(photo, LIMITS).end :]
    assert parse_jpeg(plain + between + bare, LIMITS).gain_map is not None


def test_a_map_is_found_although_its_own_exif_holds_a_picture() -> None:
    base, gain_map = without_index(serialize_jpeg(record()))
    gain_map = gain_map[:2] + make_segment(0xE1, EXIF_ID + EXIF + tiny("L", (8, 8)), "EXIF") + gain_map[2:]
    stored = parse_jpeg(base + gain_map, LIMITS).gain_map
    assert stored is not None and stored.image.data == gain_map


@pytest.mark.parametrize(
    "trailer",
    [
        b"\xff\xd8\xff" * 350_000,
        (b"\xff\xd8\xff" * 100 + NAMESPACE) * 2000,
        (b"\xff\xd8\xff\xe0\0\2" * 8 + b"\xff\xfe\0\2" * 300 + NAMESPACE) * 500,
        (b"\xff\xd8" + b"\xff" * 30_000 + NAMESPACE) * 30,
        NAMESPACE * 30_000,
    ],
)
def test_a_megabyte_of_first_bytes_is_searched_at_once(trailer: bytes) -> None:
    start = time.process_time()
    assert parse_jpeg(tiny() + trailer, LIMITS).gain_map is None
    assert time.process_time() - start < 1


@pytest.mark.parametrize("field", ["offset", "size"])
@pytest.mark.parametrize("wrong", [-1000, -9, -1, 1, 2, 9, 1000, 1 << 20])
@pytest.mark.parametrize("directory", [True, False])
def test_an_index_that_is_wrong_by_a_little(field: str, wrong: int, directory: bool) -> None:
    data = serialize_jpeg(record())
    gain_map = data[parse_segments(data, LIMITS).end :]
    place = parse_segments(data, LIMITS).header[-1].stop - (8 if field == "offset" else 12)
    value = int.from_bytes(data[place : place + 4], "big") + wrong
    data = data[:place] + (value % (1 << 32)).to_bytes(4, "big") + data[place + 4 :]
    stored = parse_jpeg(data if directory else without_segment(data, 0xE1, XMP_ID), LIMITS).gain_map
    assert stored is not None and stored.image.data == gain_map


@pytest.mark.parametrize("length", ["0", "1", "900", "1912", "4294967295", "-5", "x", "", "1e3"])
def test_a_directory_whose_length_lies(length: str) -> None:
    data = without_segment(serialize_jpeg(record()), 0xE2, MPF_ID)
    image = parse_segments(data, LIMITS)
    xmp = next(each for each in image.header if image.body(each).startswith(XMP_ID))
    true = f'Item:Length="{len(data) - image.end}"'.encode()
    assert true in image.body(xmp)
    lie = make_segment(0xE1, image.body(xmp).replace(true, f'Item:Length="{length}"'.encode()), "XMP")
    file = parse_jpeg(data[: xmp.start] + lie + data[xmp.stop :], LIMITS)
    assert file.gain_map is not None and file.gain_map.image.data == data[image.end :]
    assert len(file.warnings) == 1


@pytest.mark.parametrize(
    "first", [b"<broken", packet(), packet('hdrgm:Version="1.0"'), packet(REQUIRED.replace("1.0", "2.0"))]
)
def test_the_first_packet_with_numbers_counts(first: bytes) -> None:
    gain_map = tiny("L", (12, 8))
    packets = (make_segment(0xE1, XMP_ID + each, "XMP") for each in (first, packet(REQUIRED)))
    stored = parse_jpeg(tiny() + gain_map[:2] + b"".join(packets) + gain_map[2:], LIMITS).gain_map
    assert stored is not None and stored.metadata == ONE_CHANNEL


def test_an_index_may_name_the_first_picture_last() -> None:
    data = serialize_jpeg(record(exif=None))
    mpf = parse_segments(data, LIMITS).header[-1]
    first, second = data[mpf.stop - 32 : mpf.stop - 16], data[mpf.stop - 16 : mpf.stop]
    file = parse_jpeg(data[: mpf.stop - 32] + second + first + data[mpf.stop :], LIMITS)
    assert file.gain_map is not None
    assert file.warnings == ()


@pytest.mark.parametrize("offset", [0, 8, 2**32 - 1])
def test_a_wrong_mpf_offset_falls_through_with_a_warning(offset: int) -> None:
    data = serialize_jpeg(record())
    image = parse_segments(data, LIMITS)
    mpf = image.header[-1]
    data = data[: mpf.start + 82] + offset.to_bytes(4, "big") + data[mpf.start + 86 :]
    file = parse_jpeg(data, LIMITS)
    assert file.gain_map is not None
    assert len(file.warnings) == 1
    assert "MPF index leads to no gain map: expected a place within bytes" in file.warnings[0]


def test_after_jpegtran_the_map_is_gone() -> None:
    data = serialize_jpeg(record())
    file = parse_jpeg(data[: parse_segments(data, LIMITS).end], LIMITS)
    assert file.gain_map is None
    assert file.warnings == ("the gain map is missing: the file is cut off, or a program left it out",)


def with_iso(data: bytes, change: bytes) -> bytes:
    blob = ISO_CASES["one-channel"][1]
    assert data.count(blob) == 1
    return data.replace(blob, change)


def test_a_broken_iso_blob_falls_back_to_xmp() -> None:
    data = serialize_jpeg(record())
    for broken in (bytes(61), b"\0\1\0\1" + bytes(57)):
        file = parse_jpeg(with_iso(data, broken), LIMITS)
        assert file.gain_map is not None
        assert file.gain_map.carrier == "hdrgm"
        assert file.gain_map.metadata == ONE_CHANNEL
        assert "ISO 21496-1 metadata ignored" in file.warnings[0]


def test_a_broken_map_never_costs_the_base() -> None:
    data = serialize_jpeg(record())
    start = parse_segments(data, LIMITS).end
    twelve_bits = data[:start] + data[start:].replace(b"\xff\xc0\0\x0b\x08", b"\xff\xc0\0\x0b\x0c")
    for broken in (
        data[:-2],
        data[:-60],
        twelve_bits,
        data[:start] + b"\xff\xd8\xff" + data[start + 3 + 20 :],
    ):
        file = parse_jpeg(broken, LIMITS)
        assert file.gain_map is None
        assert file.base_digest == digest_of_jpeg(record().base.data)
        assert file.warnings


def test_odd_maps_are_used_with_a_warning() -> None:
    stored = StoredGainMap(coded(tiny("L", (12, 12))), ONE_CHANNEL, "iso21496")
    data = serialize_jpeg(record(gain_map=stored))
    assert parse_jpeg(data, LIMITS).warnings == ("the gain map has another aspect ratio: 12x12 for a base of 24x16",)
    data = without_segment(data, 0xE2, ISO_ID + bytes(4))
    assert "no ISO 21496-1 version segment in the base: some readers show SDR" in parse_jpeg(data, LIMITS).warnings
    negative = ISO_CASES["one-channel"][1][:45] + b"\xff\xff\xff\xff" + ISO_CASES["one-channel"][1][49:]
    file = parse_jpeg(with_iso(serialize_jpeg(record()), negative), LIMITS)
    assert file.gain_map is not None and isinstance(file.gain_map.metadata, GainMapMetadata)
    assert file.gain_map.metadata.channels[0].base_offset == Fraction(-1, 64)
    assert file.warnings == ("the gain map has offsets below 0",)


def test_overlapping_mpf_pictures_are_refused() -> None:
    base = tiny()
    mpf = make_segment(0xE2, MPF_ID + little_endian_mpf(100, 2000, 3), "MPF")
    file = parse_jpeg(base[:2] + mpf + base[2:], LIMITS)
    assert file.gain_map is None
    assert "MPF index: expected separate pictures, got an overlap" in file.warnings[0]


def test_an_xmp_only_file_is_read_and_its_numbers_in_the_primary_are_not() -> None:
    data = serialize_jpeg(record())
    start = parse_segments(data, LIMITS).end
    xmp_only = data[:start] + without_segment(data[start:], 0xE2, ISO_ID)
    file = parse_jpeg(xmp_only, LIMITS)
    assert file.gain_map is not None
    assert (file.gain_map.carrier, file.gain_map.metadata) == ("hdrgm", ONE_CHANNEL)
    base = tiny()
    in_primary = make_segment(0xE1, XMP_ID + serialize_hdrgm(ONE_CHANNEL), "XMP")
    assert parse_jpeg(base[:2] + in_primary + base[2:] + tiny("L"), LIMITS).gain_map is None
