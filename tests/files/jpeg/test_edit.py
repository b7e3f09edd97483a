"""JPEG files changed segment by segment."""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.files.jpeg import edit
from gainmap_codec.files.jpeg.edit import (
    carry_segments,
    extensions,
    has_c2pa,
    other_segments,
    with_jpeg_orientation,
    without_metadata,
)
from gainmap_codec.files.jpeg.metadata import EXIF_ID
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.segments import APP0, APP1, APP11, APP14, COM, make_segment, segments_of
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.records import CodedImage
from support import pipeline_files as files
from support.jpeg_records import EXIF, LIMITS, coded, full_record, record, tiny

C2PA = make_segment(APP11, b"JP\x02\x11\0\0\0\1" + bytes(4) + b"jumbc2pa", "C2PA")


def with_segments(*segments: bytes) -> CodedImage:
    data = tiny()
    return coded(data[:2] + b"".join(segments) + data[2:])


def test_extension_segments_are_joined_in_their_order() -> None:
    def segment(offset: int, part: bytes) -> bytes:
        head = b"http://ns.adobe.com/xmp/extension/\0" + b"F" * 32 + (10).to_bytes(4, "big") + offset.to_bytes(4, "big")
        return make_segment(APP1, head + part, "extension")

    base = files.read(files.made(standard=True)).base.data
    picture = base[:2] + segment(5, b"world") + segment(0, b"hello") + base[2:]
    assert _extension(picture) == b"helloworld"
    assert _extension(base[:2] + segment(5, b"world") + base[2:]) is None


def _extension(picture: bytes) -> bytes | None:
    found = segments_of(coded(picture))
    return extensions(found, found.header)["F" * 32][1]


def test_segments_are_named() -> None:
    found = list(other_segments(files.read(files.both()).base))
    assert found == ["APP13 (Photoshop and IPTC data), 26 bytes", "a comment, 9 bytes"]


def test_a_manifest_is_seen() -> None:
    assert has_c2pa(with_segments(C2PA)) and not has_c2pa(with_segments())
    assert list(other_segments(with_segments(C2PA))) == []


def test_a_new_picture_takes_over_all_segments_but_those_about_coding() -> None:
    adobe = make_segment(APP14, b"Adobe\0d\0\0\0\0\1", "Adobe")
    old, new = with_segments(C2PA, adobe), coded(tiny(quality=30))
    carried = carry_segments(old, new)
    assert has_c2pa(carried) and b"Adobe" not in carried.data
    assert carried.data.replace(C2PA, b"") == new.data
    assert (carried.width, carried.height) == (new.width, new.height)


def test_segments_change_and_a_picture_without_a_change_stays_the_same_record() -> None:
    picture = with_segments(make_segment(APP1, b"away with this", "x"), make_segment(APP1, b"but not this", "x"))
    gone = next(s for s in segments_of(picture).header if segments_of(picture).body(s).startswith(b"away"))
    new = edit.with_segments(picture, {gone: b""})
    assert b"away" not in new.data and b"but not this" in new.data
    assert edit.with_segments(new, {}) is new


def test_metadata_go_but_what_tells_the_meaning_of_channels() -> None:
    jfif = make_segment(APP0, b"JFIF\0\1\1\0\0\1\0\1\1\1abc", "JFIF")
    adobe = make_segment(APP14, b"Adobe\0\x64\0\0\0\0\1", "Adobe")
    picture = with_segments(jfif, make_segment(COM, b"words", "x"), adobe)
    new = segments_of(without_metadata(picture))
    kept = [new.raw(segment) for segment in new.header if segment.is_metadata]
    assert kept[:2] == [make_segment(APP0, b"JFIF\0\1\1\0\0\1\0\1\0\0", "JFIF"), adobe]


def test_an_orientation_is_written_into_the_whole_file() -> None:
    data = serialize_jpeg(full_record()) + b"a video"
    base, notes = parse_jpeg(data, LIMITS).base, list[str]()
    turned = with_jpeg_orientation(data, base, 3, LIMITS, notes)
    assert turned == data.replace(EXIF_ID + EXIF, EXIF_ID + EXIF.replace(b"\0\6\0\0", b"\0\3\0\0"))
    assert notes == []


def test_a_file_without_exif_gets_it_and_still_finds_its_map() -> None:
    data = serialize_jpeg(record())
    file = parse_jpeg(data, LIMITS)
    turned = parse_jpeg(with_jpeg_orientation(data, file.base, 8, LIMITS, []), LIMITS)
    assert (turned.orientation, turned.gain_map, turned.warnings) == (8, file.gain_map, ())


def test_damaged_exif_is_replaced_with_a_note() -> None:
    data = serialize_jpeg(replace(record(), exif=EXIF[:12]))
    notes: list[str] = []
    turned = with_jpeg_orientation(data, parse_jpeg(data, LIMITS).base, 5, LIMITS, notes)
    assert parse_jpeg(turned, LIMITS).orientation == 5
    assert len(notes) == 1 and notes[0].startswith("EXIF is damaged")
