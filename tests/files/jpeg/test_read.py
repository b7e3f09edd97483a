import csv
import hashlib
import io
import struct
import zlib
from dataclasses import replace

import pytest
from PIL import Image

from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits, UnsupportedError
from gainmap_codec.files.jpeg.jumbf import PAYLOAD_UUID, find_payload, serialize_payload_body
from gainmap_codec.files.jpeg.metadata import EXIF_ID, ICC_ID, ISO_ID, XMP_ID
from gainmap_codec.files.jpeg.mpf import MPF_ID, MpfEntry, parse_mpf, serialize_mpf
from gainmap_codec.files.jpeg.read import parse_jpeg, serialize_jpeg
from gainmap_codec.files.jpeg.segments import (
    coded_digest,
    image_header,
    make_segment,
    parse_segments,
)
from gainmap_codec.files.jpeg.xmp_directory import parse_directory
from gainmap_codec.files.map_metadata.hdrgm import serialize_hdrgm
from gainmap_codec.files.records import Fraction, GainMapFile, StoredGainMap
from support.cases import (
    ISO_CASES,
    MPF_GAIN_MAP_BYTES,
    MPF_POSITION,
    MPF_PRIMARY_BYTES,
    MPF_SEGMENT,
    ONE_CHANNEL,
    THREE_CHANNELS,
)
from support.jpeg_records import EXIF, LIMITS, PAYLOAD, USER_XMP, coded, full_record, record, tiny


def names(data: bytes) -> list[str]:
    """What each segment before the first scan is."""
    known = {
        EXIF_ID: "EXIF",
        XMP_ID: "XMP",
        ICC_ID: "ICC",
        ISO_ID: "ISO",
        MPF_ID: "MPF",
        b"JP": "payload",
        b"JFIF\0": "JFIF",
        b"Photoshop": "IPTC",
        b"a comment": "COM",
        b"http://ns.adobe.com/xmp/ext": "extended",
    }
    image = parse_segments(data, LIMITS)
    bodies = [(segment, image.body(segment)) for segment in image.header]
    return [next((known[k] for k in known if body.startswith(k)), f"{s.marker:02X}") for s, body in bodies]


def test_mpf_golden_bytes_both_ways():
    assert serialize_mpf(MPF_PRIMARY_BYTES, MPF_GAIN_MAP_BYTES, MPF_POSITION) == MPF_SEGMENT
    entries = (MpfEntry(0x030000, 100_000, 0), MpfEntry(0, 20_000, 94_992))
    assert parse_mpf(MPF_SEGMENT[8:], LIMITS) == entries


def little_endian_mpf(size: int, offset: int, count: int = 2) -> bytes:
    entries = struct.pack("<IIIHH", 0x030000, 7, 0, 0, 0) + struct.pack("<IIIHH", 0, size, offset, 0, 0) * (count - 1)
    tags = ((0xB000, 7, 4, b"0100"), (0xB001, 4, 1, struct.pack("<I", count)))
    table = struct.pack("<HHII", 0xB002, 7, 16 * count, 50)
    ifd = b"".join(struct.pack("<HHI", *tag[:3]) + tag[3] for tag in tags) + table
    return b"II*\0\x08\0\0\0\x03\0" + ifd + bytes(4) + entries


def test_mpf_little_endian():
    assert parse_mpf(little_endian_mpf(5, 99), LIMITS)[1] == MpfEntry(0, 5, 99)


def test_mpf_refuses_disorder_cuts_and_crowds():
    body = MPF_SEGMENT[8:]
    with pytest.raises(FormatError, match="ascending tags, found B001 after B001"):
        parse_mpf(body.replace(b"\xb0\0", b"\xb0\1", 1), LIMITS)
    for size in range(len(body)):
        with pytest.raises(FormatError):
            parse_mpf(body[:size], LIMITS)
    with pytest.raises(LimitError, match="mpf_entries: expected at most 64, got 65"):
        parse_mpf(little_endian_mpf(0, 0, 65), LIMITS)


def test_payload_body_layout():
    body = serialize_payload_body(b"payload")
    assert body[:8] == b"JPGN\0\0\0\1"
    assert int.from_bytes(body[8:12], "big") == len(body) - 8
    assert body[12:16] == b"jumb"
    jumd = bytes.fromhex("00000024") + b"jumd" + bytes.fromhex("7575696400110010800000AA00389B71 03") + b"gainmap-nn\0"
    assert body[16:52] == jumd
    assert body[52:] == bytes.fromhex("0000001F") + b"uuid" + PAYLOAD_UUID + b"payload"
    with pytest.raises(ValueError, match="at most 65000 bytes, 65001 found"):
        serialize_payload_body(bytes(65_001))


C2PA = b"JP\x02\x11\0\0\0\1" + bytes.fromhex("00000020") + b"jumb" + bytes(24)


@pytest.mark.parametrize(
    "bodies",
    [
        [serialize_payload_body(PAYLOAD)],
        [C2PA, serialize_payload_body(PAYLOAD)],
        [C2PA + serialize_payload_body(PAYLOAD)],  # ImageMagick joins segments
        [serialize_payload_body(PAYLOAD) + C2PA],
        [serialize_payload_body(PAYLOAD) + bytes(9)],
        [serialize_payload_body(PAYLOAD)[:60], serialize_payload_body(PAYLOAD)[60:]],
        [serialize_payload_body(PAYLOAD + bytes(5))],
        # A box in two packets, the second first.
        [b"JPGN\0\0\0\2" + serialize_payload_body(PAYLOAD)[8:16] + serialize_payload_body(PAYLOAD)[90:],
         serialize_payload_body(PAYLOAD)[:90]],
    ],
)  # fmt: skip
def test_payload_is_found_whatever_tools_did(bodies):
    assert find_payload(bodies, LIMITS) == PAYLOAD


def test_no_payload_and_implausible_payloads():
    assert find_payload([], LIMITS) is None
    assert find_payload([C2PA, b"JP", b"", bytes(40)], LIMITS) is None
    assert find_payload([serialize_payload_body(b"damaged")], LIMITS) == b"damaged"
    assert find_payload([serialize_payload_body(bytes(500))], Limits(payload_bytes=100)) == bytes(100)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (tiny(), (24, 16, 3)),
        (tiny("L"), (24, 16, 1)),
        (tiny(progressive=True), (24, 16, 3)),
        (tiny(restart_marker_blocks=1), (24, 16, 3)),
    ],
)
def test_header_and_digest_of_all_kinds_of_scans(data, size):
    image = parse_segments(data, LIMITS)
    assert image.complete
    assert image.end == len(data)
    assert image_header(data, LIMITS)[:3] == size
    parts = [image.raw(segment) for segment in (*image.header, *image.tail) if not segment.is_metadata]
    without_metadata = b"".join(parts) + b"\xff\xd9"
    assert coded_digest(data) == hashlib.sha256(without_metadata).digest()[:8]
    assert data.endswith(without_metadata[-200:])
    assert Image.open(io.BytesIO(b"\xff\xd8" + without_metadata)).tobytes() == Image.open(io.BytesIO(data)).tobytes()


def test_metadata_fill_bytes_and_a_missing_eoi_leave_the_digest():
    data = tiny()
    assert coded_digest(data[:2] + make_segment(0xFE, b"x", "COM") + b"\xff\xff\xff" + data[2:]) == coded_digest(data)
    assert coded_digest(data[:-2] + b"\xff\xff\xd9") == coded_digest(data)
    assert coded_digest(data[:-2]) == coded_digest(data[:-2] + b"\xff") == coded_digest(data)
    assert coded_digest(data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]) != coded_digest(data)


def test_pictures_inside_segments_are_not_found():
    thumbnail = make_segment(0xE1, EXIF_ID + EXIF + tiny("L", (8, 8)), "EXIF")
    data = tiny()
    file = parse_jpeg(data[:2] + thumbnail + data[2:], LIMITS)
    assert (file.base.width, file.base.height, file.base.channels) == (24, 16, 3)
    assert file.base_digest == coded_digest(data)
    assert (file.gain_map, file.trailer_bytes, file.orientation) == (None, 0, 6)


def patched_frame(offset: int, replacement: bytes, marker: bytes = b"") -> bytes:
    data = tiny()
    frame = data.index(b"\xff\xc0\0\x11")
    data = data[: frame + 4 + offset] + replacement + data[frame + 4 + offset + len(replacement) :]
    return data[:frame] + (marker or data[frame : frame + 2]) + data[frame + 2 :]


@pytest.mark.parametrize(
    ("data", "error", "problem"),
    [
        (b"", FormatError, "wanted FF D8, found the end"),
        (b"\x89PNG\r\n", FormatError, "wanted FF D8, found 89 50"),
        (b"\xff\xd8", FormatError, "wanted a scan"),
        (b"\xff\xd8\xff\xd9", FormatError, "wanted a scan"),
        (b"\xff\xd8\xff\xe0\0\1", FormatError, "length 1"),
        (b"\xff\xd8rubbish", FormatError, "wanted a marker"),
        (tiny()[:100], FormatError, "wanted a scan"),
        (tiny("CMYK"), UnsupportedError, "found 4 of 8 bits"),
        (patched_frame(0, b"\x0c"), UnsupportedError, "found 3 of 12 bits"),
        (patched_frame(0, b"\x08\0\0"), UnsupportedError, "DNL"),
        (patched_frame(3, b"\0\0"), FormatError, "width 0"),
        (patched_frame(5, b"\x01"), FormatError, "6 bytes too many"),
        (patched_frame(5, b"\xff"), FormatError, "need 3 bytes, 0 left"),
        (patched_frame(0, b"", b"\xff\xc3"), UnsupportedError, "SOF3"),
        (patched_frame(0, b"", b"\xff\xc8"), FormatError, "frame header"),
        (patched_frame(1, b"\xff\xff\xff\xff"), LimitError, "pixels"),
    ],
)
def test_broken_bases(data, error, problem):
    with pytest.raises(error, match=problem):
        parse_jpeg(data, LIMITS)


def test_budgets_of_a_base():
    data = tiny(progressive=True)
    for limits in (Limits(scans=3), Limits(segments=5), Limits(file_bytes=100), Limits(pixels=383)):
        with pytest.raises(LimitError):
            parse_jpeg(data, limits)


def test_segment_order_and_sizes_of_a_full_file():
    file = full_record()
    data = serialize_jpeg(file)
    image = parse_segments(data, LIMITS)
    found = names(data)
    assert found[:-1] == [
        "JFIF", "EXIF", "XMP", "ICC", "ICC", "ICC", "ISO", "IPTC", "COM", "extended", "payload",
        *(name for name in names(file.base.data) if name in ("DB", "C0", "C4")),
    ]  # fmt: skip
    assert found[-1] == "MPF"
    assert image.bodies(0xE2, ISO_ID) == [bytes(4)]
    mpf = image.header[-1]
    entries = parse_mpf(image.body(mpf)[4:], LIMITS)
    assert entries[0] == MpfEntry(0x030000, image.end, 0)
    assert entries[1].offset + mpf.start + 8 == image.end
    assert image.end + entries[1].size == len(data)
    assert parse_directory(image.bodies(0xE1, XMP_ID)[0], LIMITS)[1].length == entries[1].size
    assert names(data[image.end :])[:3] == ["JFIF", "XMP", "ISO"]


def test_reading_gives_back_what_was_written():
    file = full_record()
    data = serialize_jpeg(file)
    again = parse_jpeg(data, LIMITS)
    assert again.warnings == ()
    assert (again.payload, again.exif, again.orientation, again.trailer_bytes) == (PAYLOAD, EXIF, 6, 0)
    assert again.base.icc_profile == file.base.icc_profile
    assert again.base_digest == file.base_digest == coded_digest(file.base.data)
    assert again.gain_map is not None and file.gain_map is not None
    assert again.gain_map.metadata == ONE_CHANNEL
    assert again.gain_map.carrier == "iso21496"
    assert coded_digest(again.gain_map.image.data) == coded_digest(file.gain_map.image.data)
    assert again.xmp is not None and b'dc:rights="mine"' in again.xmp
    assert serialize_jpeg(again) == data
    with Image.open(io.BytesIO(data)) as opened, Image.open(io.BytesIO(file.base.data)) as base:
        assert opened.tobytes() == base.tobytes()


def test_without_a_gain_map_nothing_speaks_of_one():
    data = serialize_jpeg(replace(parse_jpeg(serialize_jpeg(full_record()), LIMITS), gain_map=None))
    assert not {"MPF", "ISO"} & set(names(data))
    assert b"hdrgm" not in data and b"Container" not in data
    again = parse_jpeg(data, LIMITS)
    assert (again.gain_map, again.payload, again.warnings) == (None, PAYLOAD, ())


def test_what_hdrgm_cannot_say_is_written_as_iso_only():
    metadata = replace(THREE_CHANNELS, use_base_colour_space=False)
    stored = StoredGainMap(coded(tiny(), b"alternate profile"), metadata, "iso21496")
    data = serialize_jpeg(record(gain_map=stored))
    assert b"hdrgm" not in data
    again = parse_jpeg(data, LIMITS)
    assert again.gain_map is not None
    assert again.gain_map.metadata == metadata
    assert again.gain_map.image.icc_profile == b"alternate profile"
    with_base = serialize_jpeg(record(gain_map=replace(stored, metadata=THREE_CHANNELS)))
    assert b"alternate profile" not in with_base


def test_jfif_is_added_only_where_it_changes_no_colours():
    data = tiny()
    assert data[2:4] == b"\xff\xe0"
    bare = data[:2] + data[20:]
    assert names(serialize_jpeg(record(bare)))[0] == "JFIF"
    adobe = bare[:2] + make_segment(0xEE, b"Adobe\0d\0\0\0\0\1", "Adobe") + bare[2:]
    assert "JFIF" not in names(serialize_jpeg(record(adobe)))
    rgb = tiny(keep_rgb=True)
    assert "JFIF" not in names(serialize_jpeg(record(rgb)))
    with (
        Image.open(io.BytesIO(serialize_jpeg(record(rgb)))) as written,
        Image.open(io.BytesIO(rgb)) as original,
    ):
        assert written.tobytes() == original.tobytes()


def test_a_cut_base_is_accepted_and_completed():
    file = parse_jpeg(tiny()[:-40], LIMITS)
    assert file.warnings == ("the base image is cut off: its end (EOI) is missing",)
    again = parse_jpeg(serialize_jpeg(replace(file, gain_map=record().gain_map)), LIMITS)
    assert again.gain_map is not None
    assert again.base_digest == file.base_digest
    assert again.warnings == ()


def test_what_does_not_fit_is_named():
    with pytest.raises(LimitError, match="EXIF: at most 65533 bytes fit a JPEG segment"):
        serialize_jpeg(record(exif=bytes(65_533)))
    with pytest.raises(ValueError, match="payload: at most 65000"):
        serialize_jpeg(record(payload=bytes(65_001)))


def without_segment(data: bytes, marker: int, prefix: bytes) -> bytes:
    image = parse_segments(data, LIMITS)
    for segment in image.header:
        if segment.marker == marker and image.body(segment).startswith(prefix):
            data = data.replace(image.raw(segment), b"")
    return data


def test_gain_map_is_found_by_mpf_then_directory_then_scan():
    data = serialize_jpeg(record())
    assert parse_jpeg(data + b"video", LIMITS).trailer_bytes == 5
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


@pytest.mark.parametrize("offset", [0, 8, 2**32 - 1])
def test_a_wrong_mpf_offset_falls_through_with_a_warning(offset):
    data = serialize_jpeg(record())
    image = parse_segments(data, LIMITS)
    mpf = image.header[-1]
    data = data[: mpf.start + 82] + offset.to_bytes(4, "big") + data[mpf.start + 86 :]
    file = parse_jpeg(data, LIMITS)
    assert file.gain_map is not None
    assert len(file.warnings) == 1
    assert "MPF index gives no gain map: gain map: wanted inside bytes" in file.warnings[0]


def test_after_jpegtran_the_map_is_gone():
    data = serialize_jpeg(record())
    file = parse_jpeg(data[: parse_segments(data, LIMITS).end], LIMITS)
    assert file.gain_map is None
    assert any("MPF index gives no gain map" in warning for warning in file.warnings)
    assert any("GContainer directory gives no gain map" in warning for warning in file.warnings)


def with_iso(data: bytes, change: bytes) -> bytes:
    blob = ISO_CASES["one-channel"][1]
    assert data.count(blob) == 1
    return data.replace(blob, change)


def test_a_broken_iso_blob_falls_back_to_xmp():
    data = serialize_jpeg(record())
    for broken in (bytes(61), b"\0\1\0\1" + bytes(57)):
        file = parse_jpeg(with_iso(data, broken), LIMITS)
        assert file.gain_map is not None
        assert file.gain_map.carrier == "hdrgm"
        assert file.gain_map.metadata == ONE_CHANNEL
        assert "ISO 21496-1 metadata ignored" in file.warnings[0]


def test_a_broken_map_never_costs_the_base():
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
        assert file.base_digest == coded_digest(record().base.data)
        assert file.warnings


def test_odd_maps_are_used_with_a_warning():
    stored = StoredGainMap(coded(tiny("L", (12, 12))), ONE_CHANNEL, "iso21496")
    data = serialize_jpeg(record(gain_map=stored))
    assert parse_jpeg(data, LIMITS).warnings == ("the gain map has another aspect ratio: 12x12 for a base of 24x16",)
    data = without_segment(data, 0xE2, ISO_ID + bytes(4))
    assert "no ISO 21496-1 version segment in the base: some readers show SDR" in parse_jpeg(data, LIMITS).warnings
    negative = ISO_CASES["one-channel"][1][:45] + b"\xff\xff\xff\xff" + ISO_CASES["one-channel"][1][49:]
    file = parse_jpeg(with_iso(serialize_jpeg(record()), negative), LIMITS)
    assert file.gain_map is not None
    assert file.gain_map.metadata.channels[0].base_offset == Fraction(-1, 64)
    assert file.warnings == ("the gain map has offsets below 0",)


def test_overlapping_mpf_pictures_are_refused():
    base = tiny()
    mpf = make_segment(0xE2, MPF_ID + little_endian_mpf(100, 2000, 3), "MPF")
    file = parse_jpeg(base[:2] + mpf + base[2:], LIMITS)
    assert file.gain_map is None
    assert "MPF index: pictures overlap" in file.warnings[0]


def test_duplicates_and_broken_metadata_of_the_base():
    segments = [
        make_segment(0xE1, EXIF_ID + b"broken", "EXIF"),
        make_segment(0xE1, EXIF_ID + EXIF, "EXIF"),
        make_segment(0xE1, EXIF_ID + EXIF, "EXIF"),
        make_segment(0xE1, XMP_ID + b"<broken", "XMP"),
        make_segment(0xE1, XMP_ID + USER_XMP, "XMP"),
        make_segment(0xE2, ICC_ID + b"\1\2half", "ICC"),
    ]
    data = tiny()
    file = parse_jpeg(data[:2] + b"".join(segments) + data[2:], LIMITS)
    assert (file.exif, file.xmp, file.base.icc_profile) == (EXIF, USER_XMP, None)
    assert [warning.split(":")[0] for warning in file.warnings] == [
        "ICC profile ignored", "EXIF ignored", "EXIF", "XMP ignored",
    ]  # fmt: skip


@pytest.mark.parametrize("chunks", [[b"\2\2b", b"\1\2a"], [b"\1\1ab"]])
def test_icc_chunks_are_joined_by_number(chunks):
    data = tiny()
    segments = b"".join(make_segment(0xE2, ICC_ID + chunk, "ICC") for chunk in chunks)
    assert parse_jpeg(data[:2] + segments + data[2:], LIMITS).base.icc_profile == b"ab"


def test_an_xmp_only_file_is_read_and_its_numbers_in_the_primary_are_not():
    data = serialize_jpeg(record())
    start = parse_segments(data, LIMITS).end
    xmp_only = data[:start] + without_segment(data[start:], 0xE2, ISO_ID)
    file = parse_jpeg(xmp_only, LIMITS)
    assert file.gain_map is not None
    assert (file.gain_map.carrier, file.gain_map.metadata) == ("hdrgm", ONE_CHANNEL)
    base = tiny()
    in_primary = make_segment(0xE1, XMP_ID + serialize_hdrgm(ONE_CHANNEL), "XMP")
    assert parse_jpeg(base[:2] + in_primary + base[2:] + tiny("L"), LIMITS).gain_map is None


def test_scan_data_with_embedded_markers_stay_one_scan():
    data = tiny()
    damaged = data[:-10] + b"\xff\x5c" + data[-8:]
    assert parse_segments(damaged, LIMITS).complete
    with pytest.raises(GainMapError):
        parse_segments(zlib.compress(data), LIMITS)


def test_real_files(data_dir):
    with (data_dir / "MANIFEST.tsv").open(encoding="utf-8") as manifest:
        rows = [
            row
            for row in csv.DictReader(manifest, delimiter="\t")
            if row["kind"].count("jpeg") or "ultrahdr" in row["kind"]
        ]
    seen = set()
    for row in rows:
        data = (data_dir / row["path"]).read_bytes()
        file = parse_jpeg(data, LIMITS)
        kind = row["kind"].split(" ")[0]
        seen.add(kind)
        assert f"{file.base.width}x{file.base.height}" == row["base_wxh"], row["path"]
        check_kind(file, kind, row)
        if kind == "apple-jpeg":
            with pytest.raises(ValueError, match="Apple's found, which are read only"):
                serialize_jpeg(file)
        else:
            check_round_trip(file, row["path"])
    assert seen >= {"ultrahdr-xmp", "iso21496-jpeg", "apple-jpeg", "jpeg-no-gainmap", "adobe-xmp-jpeg"}


def check_kind(file: GainMapFile, kind: str, row: dict[str, str]) -> None:
    stored = file.gain_map
    if kind in ("jpeg-no-gainmap", "sdr-jpeg"):
        assert stored is None, row["path"]
        return
    assert stored is not None, row["path"]
    assert f"{stored.image.width}x{stored.image.height}" == row["gainmap_wxh"], row["path"]
    assert str(stored.image.channels) == row["gainmap_channels"], row["path"]
    carrier = "iso21496" if "iso21496" in kind else "apple" if kind == "apple-jpeg" else "hdrgm"
    assert stored.carrier == carrier, row["path"]


def check_round_trip(file: GainMapFile, path: str) -> None:
    data = serialize_jpeg(file)
    again = parse_jpeg(data, LIMITS)
    assert again.base_digest == file.base_digest, path
    assert coded_stream(again.base.data) == coded_stream(file.base.data), path
    assert (again.exif, again.orientation, again.payload) == (file.exif, file.orientation, file.payload), path
    assert again.base.icc_profile == file.base.icc_profile, path
    assert serialize_jpeg(again) == data, path
    if file.gain_map is not None:
        assert again.gain_map is not None, path
        assert again.gain_map.metadata == file.gain_map.metadata, path
        assert coded_stream(again.gain_map.image.data) == coded_stream(file.gain_map.image.data), path


def coded_stream(data: bytes) -> bytes:
    image = parse_segments(data, LIMITS)
    segments = (*image.header, *image.tail)
    return b"".join(image.raw(segment) for segment in segments if not segment.is_metadata)
