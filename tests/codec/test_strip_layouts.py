"""No layout that hides a place is overlooked; what does not tell one stays."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.codec.strip import stripped
from gainmap_codec.errors import Limits
from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.container import digest_of, parse_file
from gainmap_codec.files.jpeg.edit import extensions
from gainmap_codec.files.jpeg.segments import segments_of
from gainmap_codec.files.records import AppleMetadata
from gainmap_codec.files.tags.exif import maker_note
from support import geotag_files
from support.geotag_files import marks_in
from support.paths import FIXTURES

pytestmark = pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")

JPEGS = geotag_files.jpegs()


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


@pytest.mark.parametrize("name", geotag_files.HEIFS)
def test_no_avif_tells_the_place(name: str) -> None:
    source = geotag_files.HEIFS[name]()
    assert marks_in(source), "the place is there"
    new = gm.transcode(source, strip="gps")
    assert not marks_in(new)
    old_file, file = (parse_file(data, "file", Limits()) for data in (source, new))
    assert file.base_digest == old_file.base_digest
    assert file.gain_map is not None and old_file.gain_map is not None
    assert file.gain_map.metadata == old_file.gain_map.metadata
    assert gm.decode(new).rendered_from == "standard"
    assert not marks_in(gm.transcode(source, strip="all"))


@pytest.mark.parametrize("place", ["mpvd", "behind the pictures"])
def test_a_video_is_named_and_goes_with_all_the_rest(place: str) -> None:
    video = geotag_files.video()
    source = (
        geotag_files.with_boxes(last_boxes=make_box(b"mpvd", video))
        if place == "mpvd"
        else geotag_files.source() + video
    )
    with pytest.warns(gm.GainMapWarning, match="video.* may name the place in its tracks too: it is kept"):
        new = gm.transcode(source, strip="gps")
    assert not marks_in(new) and b"the film itself" in new
    without = gm.transcode(source, strip="all")
    assert not marks_in(without) and b"the film itself" not in without


def test_a_preview_loses_the_place_and_stays() -> None:
    preview = geotag_files.thumbnail()
    new = gm.transcode(geotag_files.source() + preview, strip="gps")
    assert not marks_in(new)
    assert [part.kind for part in parse_file(new, "file", Limits()).others] == ["picture"]
    assert not parse_file(gm.transcode(geotag_files.source() + preview, strip="all"), "file", Limits()).others


@pytest.mark.parametrize("name", ["apple-auxiliary.heic", "apple-maker-note.heic"])
@pytest.mark.parametrize("verb", ["transcode", "rotate"])
def test_all_keeps_what_an_apple_gain_map_needs(name: str, verb: str) -> None:
    source = (FIXTURES / "heif" / name).read_bytes()
    new = gm.transcode(source, strip="all") if verb == "transcode" else gm.rotate(source, 90, strip="all")
    old_file, file = (parse_file(data, "file", Limits()) for data in (source, new))
    assert isinstance(old_file.gain_map and old_file.gain_map.metadata, AppleMetadata)
    assert file.gain_map is not None and old_file.gain_map is not None
    assert digest_of(file.gain_map.image) == digest_of(old_file.gain_map.image) and file.xmp is None
    assert maker_note(file.exif or b"") is None
    old_pixels, pixels = gm.decode(source, orientation="stored").pixels, gm.decode(new, orientation="stored").pixels
    assert np.array_equal(old_pixels, pixels)


def test_extended_xmp_becomes_segments_again_with_a_true_digest() -> None:
    source = JPEGS["segments: extended XMP, cut"]()
    file = stripped(parse_file(source, "file", Limits()), "gps", [])
    found = segments_of(file.base)
    ((_, extension),) = extensions(found, found.header).values()
    assert extension is not None and b"kept" in extension and file.xmp is not None
    digest = hashlib.md5(extension).hexdigest().upper().encode()
    assert b'HasExtendedXMP="' + digest in file.xmp.replace(b"'", b'"')
    assert file.base.data.count(digest) == 2, "in the main packet and in the one segment"
    assert b"kept" in gm.transcode(source, strip="gps")


def test_what_names_no_place_stays_beside() -> None:
    new = gm.transcode(JPEGS["segments: IPTC"](), strip="gps")
    assert geotag_files.data_set(116, "mine") in new and b"8BIM\x03\xed" in new
    assert b"8BIM\x04\x25" not in new, "the digest of what IPTC data were"
    packet = parse_file(gm.transcode(JPEGS["XMP: a structure in a structure"](), strip="gps"), "file", Limits()).xmp
    assert packet is not None and b"kept" in packet and b"mine" in packet
    exif = parse_file(gm.transcode(JPEGS["EXIF: in the EXIF directory"](), strip="gps"), "file", Limits()).exif
    with Image.open(io.BytesIO(gm.transcode(JPEGS["EXIF: in the EXIF directory"](), strip="gps"))) as image:
        assert exif and image.getexif().get_ifd(0x8769) == {0xA002: 32}


@pytest.mark.parametrize("name", geotag_files.NO_PLACES)
def test_a_file_without_geotags_is_not_changed(name: str) -> None:
    source = geotag_files.behind_soi(geotag_files.NO_PLACES[name]())
    file, notes = parse_file(source, "file", Limits()), list[str]()
    assert stripped(file, "gps", notes) is file and not notes
