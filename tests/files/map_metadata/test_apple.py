"""Apple's own gain maps: the maker note, XMP, and the formula."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import piexif
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gainmap_codec as gm
from gainmap_codec.codec.opening import open_file
from gainmap_codec.codec.rendering import STORED, render
from gainmap_codec.errors import FormatError, GainMapError, Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.jpeg.metadata import XMP_ID
from gainmap_codec.files.jpeg.segments import APP1, segments_of
from gainmap_codec.files.map_metadata.apple import (
    exif_with_headroom,
    headroom_of_maker_note,
    parse_apple,
    parse_maker_note,
    serialize_apple,
    serialize_maker_note,
)
from gainmap_codec.files.records import AppleMetadata
from gainmap_codec.files.tags.exif import maker_note, orientation
from gainmap_codec.files.tags.exif_edit import only_orientation
from gainmap_codec.files.tags.xmp_packet import parse_packet
from gainmap_codec.pixels.color.light import AnyCodes, Array
from gainmap_codec.pixels.maps.apple_gain_map import apple_gain_map_for
from support import long_exif, pipeline_files
from support.gains import apply_ready
from support.jpeg_oddities import apple_file, maker_note_exif

LIMITS = Limits()
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:h="http://ns.apple.com/HDRGainMap/1.0/"'
    b' xmlns:a="http://ns.apple.com/pixeldatainfo/1.0/" %s/></rdf:RDF></x:xmpmeta>'
)


def apply_apple(base: Array, gain_map: AnyCodes, metadata: AppleMetadata, **options: Any) -> None:
    apply_ready(apple_gain_map_for(base.shape[:2], gain_map, metadata, **options), base)


@pytest.mark.parametrize(
    ("headroom", "gain", "stops", "linear"),
    [
        (0, 0, 1.8, 3.482202),
        (0.5, 0.005, 1.7, 3.249010),
        (0.8, 0.5, 1.5505, 2.929186),
        (1.0, 0, 3.0, 8.0),
        (1.01, 0.009986, 2.30098, 4.927924),
        (1.0, 1.0, 2.0, 4.0),
        (0, 8, 0.793, 1.732674),
        (0, 100, 0, 1),
    ],
)
def test_headroom_of_the_maker_note(headroom: float, gain: float, stops: float, linear: float) -> None:
    assert headroom_of_maker_note(headroom, gain) == pytest.approx(stops, abs=1e-5)
    assert 2 ** headroom_of_maker_note(headroom, gain) == pytest.approx(linear, rel=1e-6)


def test_maker_note_numbers() -> None:
    note = maker_note(maker_note_exif((101, 100), (9986, 1_000_000)))
    assert parse_maker_note(note or b"") == {33: 1.01, 48: 0.009986}
    assert parse_maker_note(maker_note(maker_note_exif(None, (-1, 2))) or b"") == {48: -0.5}


@pytest.mark.parametrize(
    ("note", "problem"),
    [
        (b"Nikon\0", "expected Apple's"),
        (b"Apple iOS\0\0\1MM", "expected 2 bytes, got 0"),
        (b"Apple iOS\0\0\1MM" + struct.pack(">HHHII", 1, 33, 10, 1, 400), "expected 4 bytes, got 0"),
    ],
)
def test_broken_maker_notes(note: bytes, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        parse_maker_note(note)


@given(st.binary(max_size=80))
def test_any_bytes_give_numbers_or_an_error(data: bytes) -> None:
    for read in (maker_note, parse_maker_note):
        for start in (b"", b"MM\0*\0\0\0\x08", b"Apple iOS\0\0\1MM"):
            try:
                read(start + data)
            except GainMapError as error:
                assert "\n" not in str(error)


def test_xmp_wins_over_the_maker_note() -> None:
    exif = maker_note_exif((1, 1), (0, 1))
    packet = XMP % b'h:HDRGainMapVersion="131072" h:HDRGainMapHeadroom="4.532783"'
    assert parse_apple(packet, exif, LIMITS, []) == AppleMetadata(4.532783, 131072, "xmp")
    packet = XMP % b'h:HDRGainMapVersion="65536"'
    assert parse_apple(packet, exif, LIMITS, []) == AppleMetadata(8.0, 65536, "maker-note")
    packet = XMP % b'a:AuxiliaryImageType="urn:com:apple:photo:2020:aux:hdrgainmap"'
    assert parse_apple(packet, exif, LIMITS, []) == AppleMetadata(8.0, None, "maker-note")
    assert parse_apple(XMP % b"", exif, LIMITS, []) is None


def test_a_missing_number_counts_as_0_and_is_told() -> None:
    notes: list[str] = []
    found = parse_apple(XMP % b'h:HDRGainMapVersion="65536"', maker_note_exif((1, 1), None), LIMITS, notes)
    assert found is not None and found.headroom == 8.0
    assert notes == ["Apple maker note: number 48 is missing and taken as 0"]


def test_a_jpeg_with_an_apple_map() -> None:
    image = gm.decode(apple_file(exif=maker_note_exif((1, 1), (0, 1))))
    assert image.rendered_from == "standard" and image.headroom == pytest.approx(3.0)
    info = gm.inspect(apple_file(exif=maker_note_exif((1, 1), (0, 1)))).to_dict()
    assert info["gain_map"]["carrier"] == "apple"
    assert info["gain_map"]["metadata"] == {"headroom": 8.0, "version": 65536, "source": "maker-note"}


def test_apples_two_kinds_of_map_in_one_file_agree(data_dir: Path) -> None:
    """The same pixels, read by ISO 21496-1 numbers and by Apple's formula, in the one file that has both.

    With the sRGB curve they differ by 0.035 stops on average, with Rec. 709's, which Apple's page names, by 0.006: more
    such files could decide the matter (docs/supported.md).
    """
    data = (data_dir / "files/crabbyavif/yuv420_image_with_yuv400_gainmap.heic").read_bytes()
    opened = open_file(data, "", LIMITS)
    first, spare = opened.file.gain_map, opened.file.spare_gain_map
    assert first is not None and spare is not None and isinstance(spare.metadata, AppleMetadata)
    assert first.image.data == spare.image.data
    iso = render(opened, "standard", STORED).max(axis=2)
    codes = opened.codes
    base = opened.color.linearize(codes)
    from gainmap_codec.pixels.formats.coded_image import decode_coded_image

    apply_apple(base, decode_coded_image(spare.image), spare.metadata, headroom=9)
    apple = (base @ opened.color.to_bt2020.T.astype(np.float32)).max(axis=2)
    stops = np.log2((apple + 1e-3) / (iso + 1e-3))
    assert float(np.abs(stops).mean()) < 0.036
    assert float(np.abs(stops).max()) < 0.11


# What is written


@pytest.mark.parametrize("stops", [0.0, 0.793, 1.0, 1.5505, 1.6, 1.7, 1.8, 1.9, 2.0, 2.18, 2.3, 2.30098, 2.6, 3.0])
def test_the_formula_of_the_maker_note_backwards(stops: float) -> None:
    numbers = parse_maker_note(serialize_maker_note(2**stops))
    assert headroom_of_maker_note(numbers[33], numbers[48]) == pytest.approx(stops, abs=4e-5)
    assert numbers[33] in (0, 1) and 0 <= numbers[48] <= 16


def test_the_bytes_of_a_maker_note() -> None:
    """By hand: 3 stops are the numbers 1 and 0, over 2^24."""
    entries = "0002 0021 000A 00000001 0000002C 0030 000A 00000001 00000034 00000000"
    wanted = bytes.fromhex(f"4170706C6520694F530000014D4D {entries} 01000000 01000000 00000000 01000000")
    assert serialize_maker_note(8) == wanted


def told(packet: bytes) -> set[tuple[str, str | None]]:
    """The elements of a packet with one description."""
    (description,) = parse_packet(packet, LIMITS)
    return {(str(child.tag), child.text) for child in description}


def test_the_packet_is_an_iphones(data_dir: Path) -> None:
    """The same properties as elements, with the same texts; their order is another in each of Apple's files."""
    stored = parse_file((data_dir / "files/libavif/apple_gainmap_new.jpg").read_bytes(), "", LIMITS).gain_map
    assert stored is not None and isinstance(stored.metadata, AppleMetadata)
    packet = segments_of(stored.image).bodies(APP1, XMP_ID)[0]
    assert told(serialize_apple(stored.metadata, stored.image)) == told(packet)


@pytest.mark.parametrize("metadata", [AppleMetadata(4.25, 131072, "xmp"), AppleMetadata(1.0, None, "xmp")])
def test_packets_are_read_as_they_were_written(metadata: AppleMetadata) -> None:
    assert parse_apple(serialize_apple(metadata), None, LIMITS, []) == metadata


def stops_of(exif: bytes) -> float:
    numbers = parse_maker_note(maker_note(exif) or b"")
    return headroom_of_maker_note(numbers[33], numbers[48])


@pytest.mark.parametrize("exif", [pipeline_files.gps_exif(6), only_orientation(6), long_exif.exif()])
def test_exif_gets_a_maker_note_and_keeps_the_rest(exif: bytes) -> None:
    exif, notes = without_maker_note(exif), list[str]()
    new = exif_with_headroom(exif, 4.0, notes)
    assert stops_of(new) == pytest.approx(2, abs=1e-5) and not notes
    assert new[:4] == exif[:4] and orientation(new) == 6
    old_tags, new_tags = (piexif.load(b"Exif\0\0" + each) for each in (exif, new))
    assert new_tags["Exif"].pop(piexif.ExifIFD.MakerNote)
    if not old_tags["Exif"]:
        assert new_tags["Exif"].pop(piexif.ExifIFD.ExifVersion) == b"0232"
    new_tags["0th"][piexif.ImageIFD.ExifTag] = old_tags["0th"].get(piexif.ImageIFD.ExifTag)
    old_tags["0th"].setdefault(piexif.ImageIFD.ExifTag, None)
    assert new_tags == old_tags


def without_maker_note(exif: bytes) -> bytes:
    tags = piexif.load(b"Exif\0\0" + exif)
    if tags["Exif"].pop(piexif.ExifIFD.MakerNote, None) is None:
        return exif
    return bytes(piexif.dump(tags)[6:])


def test_apples_own_note_keeps_all_but_the_two_numbers() -> None:
    exif, notes = maker_note_exif((3, 2), (1, 100)), list[str]()
    new = exif_with_headroom(exif, 4.0, notes)
    assert stops_of(new) == pytest.approx(2, abs=1e-5) and not notes
    changed = [index for index, (one, other) in enumerate(zip(exif, new, strict=True)) if one != other]
    assert len(exif) - 16 <= min(changed), "which are the last 16 bytes of this note"


@pytest.mark.parametrize(
    ("exif", "why"),
    [
        (long_exif.exif(b"Nikon\0 and more"), "expected Apple's, got another maker's"),
        (maker_note_exif((1, 1), None), "expected numbers 33 and 48, got 1 of them"),
        (b"MM\0*\0\0\0\x08\0\5", "EXIF at byte"),
    ],
)
def test_another_cameras_note_stays(exif: bytes, why: str) -> None:
    notes: list[str] = []
    assert exif_with_headroom(exif, 4.0, notes) == exif
    (line,) = notes
    assert line.startswith("only the gain map's XMP tells its headroom") and why in line


def test_more_than_three_stops_are_told_of() -> None:
    notes: list[str] = []
    assert stops_of(exif_with_headroom(only_orientation(1), 16.0, notes)) == 3
    assert notes == [
        "the maker note tells 3 stops of headroom, the most that it can, and XMP 4.00: Apple's older readers show less"
    ]


@given(st.binary(max_size=120))
def test_any_exif_comes_back_whole_or_with_a_note(data: bytes) -> None:
    for start in (b"", b"MM\0*\0\0\0\x08", b"II*\0\x08\0\0\0"):
        exif, notes = start + data, list[str]()
        new = exif_with_headroom(exif, 4.0, notes)
        assert new == exif if notes else stops_of(new) == pytest.approx(2, abs=1e-5)
