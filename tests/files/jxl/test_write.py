"""JPEG XL files as we write them: which boxes, what comes back, what other programs read, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest

from gainmap_codec.errors import Limits, UnsupportedError
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.jpeg.segments import segments_of
from gainmap_codec.files.jxl.gain_map import parse_bundle
from gainmap_codec.files.jxl.header import ColorEncoding, parse_header
from gainmap_codec.files.jxl.packed_jpeg import MOST_BYTES_BEHIND
from gainmap_codec.files.jxl.read import parse_jxl
from gainmap_codec.files.jxl.write import serialize_jxl
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.readback import read_back
from gainmap_codec.files.records import AppleMetadata, Crop, GainMapFile, OtherPart
from gainmap_codec.files.tags.exif_edit import with_orientation
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from support import jxl_records
from support.cases import ONE_CHANNEL
from support.jpeg_records import EXIF, PAYLOAD, USER_XMP, coded, full_record, tiny
from support.jxl_files import START, box, boxed, boxes, codestream_of, picture
from support.jxl_records import image, record
from support.paths import FIXTURES

LIMITS = Limits()


def read(data: bytes) -> GainMapFile:
    return parse_jxl(data, LIMITS)


def kinds(data: bytes) -> list[str]:
    return [kind.decode() for kind, _ in boxes(data)]


def body(data: bytes, kind: bytes) -> bytes:
    return dict(boxes(data))[kind]


def test_a_picture_alone_is_its_codestream() -> None:
    file = record(gain_map=None)
    assert serialize_jxl(file) == picture()
    assert read(picture()).base == file.base


def test_boxes_of_a_full_file() -> None:
    file = jxl_records.full()
    data = serialize_jxl(file)
    assert kinds(data) == ["JXL ", "ftyp", "Exif", "xml ", "jxlc", "jhgm", "jumb"]
    assert data.startswith(START)
    assert body(data, b"Exif") == bytes(4) + EXIF and body(data, b"xml ") == USER_XMP
    assert parse_header(body(data, b"jxlc")).orientation == 6
    bundle = parse_bundle(body(data, b"jhgm"))
    assert (bundle.metadata, bundle.color, bundle.icc_profile) == (serialize_iso21496(ONE_CHANNEL), None, None)
    assert parse_header(bundle.codestream).orientation == 6
    assert body(data, b"jumb").endswith(bytes.fromhex("E259D9D6B4464CF8A5D7DFCFBD2CCE64") + PAYLOAD)


@pytest.mark.parametrize("make", [jxl_records.full, jxl_records.full_of_jpegs])
def test_what_is_written_comes_back(make: Callable[[], GainMapFile]) -> None:
    file = make()
    notes: list[str] = []
    data = serialize_jxl(file, notes)
    again = read_back(data, file)
    assert (again.warnings, again.damage, notes) == ((), (), [])
    assert (again.exif, again.payload, again.orientation) == (file.exif, file.payload, 6)
    assert again.base_digest == file.base_digest
    assert serialize_jxl(again) == data
    assert serialize_jxl(replace(again, extras=None)) == data


def test_jpegs_are_packed_and_come_back_bit_for_bit() -> None:
    """From a JPEG file to JPEG XL and back, nothing but what a JPEG XL file cannot say has changed."""
    file = full_record()
    jpeg = serialize_file(replace(file, base=replace(file.base, icc_profile=icc_profile_for("display-p3"))), [])
    file = parse_file(jpeg, "a file", LIMITS)
    data = serialize_jxl(replace(file, container="jxl"))
    assert kinds(data) == ["JXL ", "ftyp", "jbrd", "Exif", "xml ", "jxlc", "jhgm", "jumb", "jumb"]
    again = read(data)
    assert again.base.codec == "jpeg" and again.gain_map is not None and again.gain_map.image.codec == "jpeg"
    assert serialize_file(replace(again, container="jpeg"), []) == jpeg


def test_libjxl_gives_the_jpeg_back_with_its_metadata() -> None:
    data = serialize_jxl(jxl_records.full_of_jpegs())
    jpeg = bytes(imagecodecs.jpegxl_decode_jpeg(data, numthreads=1))
    file = parse_file(jpeg, "the JPEG", LIMITS)
    assert (file.exif, file.gain_map, file.payload, file.warnings) == (EXIF, None, None, ())
    assert b"a comment" in jpeg and b'dc:rights="mine"' in jpeg


@pytest.mark.parametrize("make", [jxl_records.full, jxl_records.full_of_jpegs])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations(make: Callable[[], GainMapFile], orientation: int) -> None:
    """Both pictures are shown turned by any decoder, and are the same again in the record."""
    first = read(serialize_jxl(make()))
    exif = with_orientation(first.exif, orientation, [])
    turned = replace(first, orientation=orientation, exif=exif)
    data = serialize_jxl(turned)
    again = read_back(data, turned)
    assert (again.base_digest, again.gain_map) == (first.base_digest, first.gain_map)
    upright = orientation < 5
    assert imagecodecs.jpegxl_decode(data).shape == ((16, 24, 3) if upright else (24, 16, 3))
    map_codes = imagecodecs.jpegxl_decode(parse_bundle(body(data, b"jhgm")).codestream)
    assert map_codes.shape[:2] == ((8, 12) if upright else (12, 8))
    assert serialize_jxl(replace(again, orientation=6, exif=first.exif)) == serialize_jxl(make())


def test_a_map_with_a_turn_of_its_own() -> None:
    file = record(orientation=6)
    assert file.gain_map is not None
    turned = replace(file.gain_map, image=replace(image(8, 12, 1), nclx=None, turn=6, width=12, height=8))
    data = serialize_jxl(replace(file, gain_map=turned))
    assert parse_header(parse_bundle(body(data, b"jhgm")).codestream).orientation == 3
    assert read(data).gain_map == turned


def test_the_alternates_colour() -> None:
    file = record()
    assert file.gain_map is not None
    pq = replace(file.gain_map, image=replace(file.gain_map.image, nclx=Nclx(9, 16, 0, True)))
    data = serialize_jxl(replace(file, gain_map=pq))
    assert parse_bundle(body(data, b"jhgm")).color == ColorEncoding(primaries=9, transfer=16)
    assert read(data).gain_map == pq
    profile = replace(file.gain_map, image=replace(file.gain_map.image, nclx=None, icc_profile=b"a profile" * 99))
    assert read(serialize_jxl(replace(file, gain_map=profile))).gain_map == profile


@pytest.mark.parametrize("name", ["standard", "both", "other-boxes"])
def test_golden_files_are_written_byte_for_byte(name: str) -> None:
    data = (FIXTURES / f"jxl/{name}.jxl").read_bytes()
    assert serialize_jxl(read(data)) == data


# What else is in a file


OTHERS = (box(b"abcd", b"unknown"), box(b"jumb", b"somebody's superbox"), box(b"brob", b"xyz compressed"))


def test_other_boxes_stay_in_their_places() -> None:
    exif = box(b"brob", b"Exif" + imagecodecs.brotli_encode(bytes(4) + EXIF))
    data = boxed(picture(), OTHERS[0], exif, *OTHERS[1:], front=box(b"jxll", b"\5") + box(b"efgh", b""))
    file = read(data)
    assert file.exif == EXIF
    assert serialize_jxl(file) == data
    with_payload = serialize_jxl(replace(file, payload=PAYLOAD))
    assert kinds(with_payload)[2:] == ["jxll", "efgh", "jxlc", "jumb", "abcd", "brob", "jumb", "brob"]
    assert exif in with_payload and all(other in with_payload for other in OTHERS)
    other_exif = serialize_jxl(replace(file, exif=EXIF + b"more"))
    assert kinds(other_exif)[5:] == ["abcd", "Exif", "jumb", "brob"]
    assert "Exif" not in kinds(serialize_jxl(replace(file, exif=None)))


def test_parts_become_one_and_the_last_box_tells_its_size() -> None:
    stream = picture()
    parts = box(b"jxlp", bytes(4) + stream[:9]) + box(b"jxlp", b"\x80\0\0\1" + stream[9:])
    for data in (START + parts, START + bytes(4) + b"jxlc" + stream):
        assert serialize_jxl(read(data)) == boxed(stream)


def test_an_index_of_frames_goes_with_its_codestream() -> None:
    data = boxed(picture(), front=box(b"jxli", b"an index"))
    file = read(data)
    assert serialize_jxl(file) == data
    assert kinds(serialize_jxl(replace(file, orientation=3))) == ["JXL ", "ftyp", "jxlc"]
    assert kinds(serialize_jxl(replace(file, base=image(32, 16, 3)))) == ["JXL ", "ftyp", "jxlc"]


def test_a_foreign_codestream_stays_as_it_is() -> None:
    """An orientation told by others, and their packed JPEGs, are not told anew as long as nothing changes."""
    packed = bytes(imagecodecs.jpegxl_encode_jpeg(tiny(exif=b"Exif\0\0" + EXIF)))
    file = read(packed)
    assert (file.base.codec, file.orientation, file.exif) == ("jpeg", 6, EXIF)
    again = serialize_jxl(replace(file, payload=PAYLOAD))
    assert codestream_of(again) == codestream_of(packed)
    assert body(again, b"jbrd") == body(packed, b"jbrd") and body(again, b"brob") == body(packed, b"brob")


def test_new_metadata_go_into_the_packed_jpeg() -> None:
    file = read(serialize_jxl(jxl_records.full_of_jpegs()))
    longer = EXIF + b"more"
    data = serialize_jxl(replace(file, exif=longer, xmp=None))
    jpeg = parse_file(bytes(imagecodecs.jpegxl_decode_jpeg(data, numthreads=1)), "the JPEG", LIMITS)
    assert (jpeg.exif, jpeg.xmp, jpeg.base_digest) == (longer, None, file.base_digest)
    assert read(data).base_digest == file.base_digest


def test_xmp_of_a_jpeg_tells_of_no_gain_map() -> None:
    """Where the JPEG of a file is replaced by another picture, too."""
    packet = USER_XMP.replace(
        b"dc:rights", b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" dc:rights'
    )
    jpeg = read(bytes(imagecodecs.jpegxl_encode_jpeg(tiny(xmp=packet))))
    assert jpeg.xmp == packet
    for file in (replace(jpeg, base=image(24, 16, 3)), record(xmp=packet)):
        written = body(serialize_jxl(file), b"xml ")
        assert b"mine" in written and b"hdrgm" not in written
    kept = boxed(picture(), box(b"xml ", packet))
    assert serialize_jxl(read(kept)) == kept


def test_what_stands_behind_a_jpeg() -> None:
    video = OtherPart("video", bytes(4) + b"ftypisom" + bytes(100), 0)
    file = replace(jxl_records.full_of_jpegs(), others=(video,))
    again = read(serialize_jxl(file))
    assert [(part.kind, part.data) for part in again.others] == [("video", video.data)]
    assert serialize_jxl(again) == serialize_jxl(file)
    notes: list[str] = []
    large = replace(video, data=video.data + bytes(MOST_BYTES_BEHIND))
    assert read(serialize_jxl(replace(file, others=(large,)), notes)).others == ()
    assert notes == ["a video, 4,260,208 bytes: not kept, too large for a JPEG XL file"]
    notes.clear()
    again = read(serialize_jxl(record(others=(video,)), notes))
    assert [(part.kind, part.data) for part in again.others] == [("video", video.data)] and notes == []


# What is refused


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (record(base=replace(image(24, 16, 3), width=23)), "base: expected what its codestream says"),
        (record(base=replace(image(24, 16, 3), nclx=None)), "base: expected what its codestream says"),
        (record(base=replace(image(24, 16, 3), icc_profile=b"p")), "base: expected what its codestream says"),
        (record(base=replace(image(24, 16, 3), crop=Crop(0, 0, 24, 16))), "base: expected what its codestream"),
        (record(base=replace(image(24, 16, 3), codec="av1")), "base: expected jxl or jpeg in JPEG XL, got av1"),
        (record(payload=b"no payload"), "payload: expected a neural payload"),
        (record(payload=bytes((1 << 22) + 1)), "payload: expected at most 4194304 bytes"),
    ],
)
def test_records_that_do_not_hold(file: GainMapFile, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        serialize_jxl(file)


def test_maps_that_cannot_be_written() -> None:
    file = record()
    assert file.gain_map is not None
    with pytest.raises(ValueError, match="gain map: expected ISO 21496-1 metadata, got Apple's"):
        serialize_jxl(replace(file, gain_map=replace(file.gain_map, metadata=AppleMetadata(2.0, 65536, "xmp"))))
    with pytest.raises(ValueError, match="gain map: expected what its codestream says"):
        wrong = replace(file.gain_map.image, bits=10)
        serialize_jxl(replace(file, gain_map=replace(file.gain_map, image=wrong)))


def test_a_jpeg_that_cannot_be_packed() -> None:
    cut = coded(tiny()[:-20])
    assert not segments_of(cut).complete
    with pytest.raises(UnsupportedError, match="base: expected a JPEG that JPEG XL holds without loss"):
        serialize_jxl(replace(jxl_records.full_of_jpegs(), base=cut))


def test_pixels_are_those_of_the_record() -> None:
    data = serialize_jxl(jxl_records.full())
    np.testing.assert_array_equal(np.rot90(imagecodecs.jpegxl_decode(data)), imagecodecs.jpegxl_decode(picture()))


def test_deep_pictures_without_loss_say_their_level() -> None:
    """As libjxl does, whose decoders may otherwise count on 16 bits."""
    codes = (np.arange(24 * 16 * 3, dtype=np.uint16) * 50).reshape(16, 24, 3)
    theirs = bytes(imagecodecs.jpegxl_encode(codes, lossless=True, bitspersample=16))
    assert dict(boxes(theirs))[b"jxll"] == b"\x0a"
    file = parse_jxl(codestream_of(theirs), Limits())
    data = serialize_jxl(file)
    assert list(boxes(data))[2] == (b"jxll", b"\x0a")
    assert serialize_jxl(parse_jxl(data, Limits())) == data
    assert b"jxll" not in serialize_jxl(parse_jxl(picture(bits=10), Limits()))
