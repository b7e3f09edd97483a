"""HEIC and AVIF files read: the record that they give."""

from __future__ import annotations

import pytest

import gainmap_codec as gm
from gainmap_codec.errors import Limits
from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.heif.items import Item, Reference
from gainmap_codec.files.heif.read import parse_heif
from gainmap_codec.files.records import Container, OtherPart
from support import geotag_files, heif_files
from support.cases import ONE_CHANNEL
from support.container_files import photo
from support.heif_files import BASE, MAP, tmap_file
from support.paths import FIXTURES

LIMITS = Limits()


def test_a_tmap_file_gives_the_record_of_a_jpeg() -> None:
    file = parse_heif(tmap_file(ONE_CHANNEL).build(), LIMITS)
    assert (file.container, file.base.codec, file.base.bits, file.base.width, file.base.height) == (
        "avif",
        "av1",
        8,
        16,
        16,
    )
    assert file.base.nclx == Nclx(1, 13, 6, True)
    assert file.gain_map is not None and file.gain_map.metadata == ONE_CHANNEL
    assert (file.gain_map.image.width, file.gain_map.image.channels) == (4, 1)
    assert file.gain_map.image.nclx == Nclx(1, 16, 6, True)  # the alternate's, by the tmap item
    assert file.warnings == file.refused == ()


def test_exif_and_xmp_of_the_base() -> None:
    draft = heif_files.with_exif(tmap_file(ONE_CHANNEL), b"MM\0*\0\0\0\x08\0\0\0\0\0\0")
    packet = b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
    file = parse_heif(heif_files.with_xmp(draft, packet, BASE).build(), LIMITS)
    assert (file.exif, file.xmp) == (b"MM\0*\0\0\0\x08\0\0\0\0\0\0", packet)
    file = parse_heif(heif_files.with_exif(tmap_file(ONE_CHANNEL), b"nonsense").build(), LIMITS)
    assert file.exif is None
    assert "EXIF ignored" in file.warnings[0]


def test_xmp_of_more_than_a_megabyte_is_left_out() -> None:
    packet = b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>' + b" " * (1 << 20)
    file = parse_heif(heif_files.with_xmp(tmap_file(ONE_CHANNEL), packet, BASE).build(), LIMITS)
    assert file.xmp is None
    assert "xmp_bytes: expected at most 1048576" in file.warnings[0]


@pytest.mark.parametrize("kind", [b"uri ", b"mime", b"abcd"])
def test_the_payload_is_told_by_its_first_bytes(kind: bytes) -> None:
    payload = b"\xf6A" + bytes(14)
    item = Item(40, kind, content_type="" if kind == b"abcd" else "x/y", hidden=True)
    draft = tmap_file(ONE_CHANNEL).with_item(item, payload, Reference(b"cdsc", 40, (BASE,)))
    assert parse_heif(draft.build(), LIMITS).payload == payload
    elsewhere = tmap_file(ONE_CHANNEL).with_item(item, payload, Reference(b"cdsc", 40, (MAP,)))
    assert parse_heif(elsewhere.build(), LIMITS).payload is None


def test_a_broken_payload_over_a_deep_base_is_left_out_with_a_warning() -> None:
    draft = heif_files.with_payload(tmap_file(ONE_CHANNEL, "base-10-bit.avif"), b"\xf6A" + bytes(14))
    with pytest.warns(gm.GainMapWarning, match="the neural gain map is damaged: .*; it is ignored"):
        assert gm.decode(draft.build()).rendered_from == "standard"


# What is missing


def test_a_file_that_is_cut_off_counts_as_damaged() -> None:
    whole = tmap_file(ONE_CHANNEL).build() + make_box(b"mpvd", b"a video")
    assert parse_heif(whole, LIMITS).damage == ()
    cut = parse_heif(whole[:-3], LIMITS)
    assert cut.damage == ("the file is cut off: the last 3 bytes of its video are missing",) == cut.warnings
    assert cut.gain_map is not None


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_a_video_behind_the_boxes_is_a_part_of_its_own(container: Container) -> None:
    data = photo(container)
    film = geotag_files.video()
    file = parse_heif(data + film, LIMITS)
    assert file.others == (OtherPart("video", film, len(data)),)
    assert file.warnings == file.damage == ()
    assert gm.rotate(data + film, 0).endswith(film)
    with pytest.warns(gm.GainMapWarning, match=rf"a video, {len(film)} bytes: not carried into a JPEG file"):
        gm.transcode(data + film, container="jpeg")
    with pytest.warns(gm.GainMapWarning, match=rf"a video, {len(film)} bytes, may name the place in its tracks too"):
        assert geotag_files.marks_in(gm.transcode(data + film, strip="gps")) == []
    cut = parse_heif(data + film[:-3], LIMITS)
    assert cut.damage == ("the file is cut off: the last 3 bytes of what stands behind its pictures are missing",)


def test_a_place_outside_the_file_is_damage() -> None:
    damage = parse_heif((FIXTURES / "invalid/iloc-map-past-end.avif").read_bytes(), LIMITS).damage
    assert damage == ("the file is cut off, or its index is wrong: items lie outside it (1 of kind 'av01')",)
    broken = gm.transcode(FIXTURES / "jpeg/standard.jpg", container="avif")[:-1]
    with pytest.raises(gm.FormatError, match=r"^file: it ends too early: expected a place of item 1 in the file, got"):
        parse_heif(broken, LIMITS)


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_a_file_that_is_cut_off_anywhere_says_so(container: Container) -> None:
    data = photo(container)
    meta = data.index(b"meta")
    for end in range(meta + 8, meta - 4 + int.from_bytes(data[meta - 4 : meta]), 5):
        with pytest.raises(gm.FormatError, match=r"^file: it ends too early: expected a whole index"):
            parse_heif(data[:end], LIMITS)
    with pytest.raises(gm.FormatError, match="expected a box meta, got none: is the file cut off"):
        parse_heif(data[: meta - 4], LIMITS)


# HDR that damage takes away


def test_a_gain_map_that_only_a_brand_tells_of_is_missed() -> None:
    data = gm.transcode(FIXTURES / "jpeg/standard.jpg", container="avif")
    items = data.index(b"ftyp") + 40
    gone = data[:items] + data[items:].replace(b"tmap", b"tmaq")
    told = "the file says that it has a gain map (ISO 21496-1), but none was found"
    assert parse_heif(gone, LIMITS).refused == (told,)
