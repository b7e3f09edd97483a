"""Apple's own gain maps: the maker note, XMP, and the formula."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gainmap_codec as gm
from gainmap_codec.codec.opening import open_file
from gainmap_codec.codec.rendering import STORED, render
from gainmap_codec.errors import FormatError, GainMapError, Limits
from gainmap_codec.files.map_metadata.apple import headroom_of_maker_note, parse_apple, parse_maker_note
from gainmap_codec.files.records import AppleMetadata
from gainmap_codec.files.tags.exif import maker_note
from gainmap_codec.pixels.color.light import AnyCodes, Array
from gainmap_codec.pixels.maps.apple_gain_map import apple_gain_map_for
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
