"""No layout that hides a place is overlooked; what does not tell one stays."""

from __future__ import annotations

import hashlib
import io

import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.codec.strip import stripped
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.jpeg.edit import extended_xmp
from support import place_files
from support.place_files import marks_in

pytestmark = pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")

JPEGS = place_files.jpegs()


@pytest.mark.parametrize("name", JPEGS)
def test_no_jpeg_tells_the_place(name: str) -> None:
    source = JPEGS[name]()
    assert marks_in(source), "the place is there"
    new = gm.transcode(source, strip="gps")
    assert not marks_in(new)
    old_file, file = (parse_file(data, "file", Limits()) for data in (source, new))
    assert file.base_digest == old_file.base_digest and file.orientation == old_file.orientation
    assert file.gain_map is not None and old_file.gain_map is not None
    assert file.gain_map.metadata == old_file.gain_map.metadata
    assert not marks_in(gm.transcode(source, strip="all"))
    assert gm.decode(new).rendered_from == "standard"


def test_extended_xmp_is_written_again_with_a_true_digest() -> None:
    new = gm.transcode(JPEGS["segments: extended XMP, cut"](), strip="gps")
    file = parse_file(new, "file", Limits())
    extension = extended_xmp(file.base)
    assert extension is not None and b"kept" in extension and file.xmp is not None
    digest = hashlib.md5(extension).hexdigest().upper().encode()
    assert b'HasExtendedXMP="' + digest in file.xmp.replace(b"'", b'"')
    assert new.count(digest) == 2, "in the main packet and in the one segment"


def test_what_names_no_place_stays_beside() -> None:
    new = gm.transcode(JPEGS["segments: IPTC"](), strip="gps")
    assert place_files.data_set(116, "mine") in new and b"8BIM\x03\xed" in new
    assert b"8BIM\x04\x25" not in new, "the digest of what IPTC data were"
    packet = parse_file(gm.transcode(JPEGS["XMP: a structure in a structure"](), strip="gps"), "file", Limits()).xmp
    assert packet is not None and b"kept" in packet and b"mine" in packet
    exif = parse_file(gm.transcode(JPEGS["EXIF: in the EXIF directory"](), strip="gps"), "file", Limits()).exif
    with Image.open(io.BytesIO(gm.transcode(JPEGS["EXIF: in the EXIF directory"](), strip="gps"))) as image:
        assert exif and image.getexif().get_ifd(0x8769) == {0xA002: 32}


@pytest.mark.parametrize("name", place_files.NO_PLACES)
def test_a_file_without_places_is_not_changed(name: str) -> None:
    source = place_files.behind_soi(place_files.NO_PLACES[name]())
    file, notes = parse_file(source, "file", Limits()), list[str]()
    assert stripped(file, "gps", notes) is file and not notes
