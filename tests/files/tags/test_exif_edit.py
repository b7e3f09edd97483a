"""EXIF changed in place: Pillow and exiftool read what we wrote, and every other byte stays."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gainmap_codec.errors import GainMapError
from gainmap_codec.files.tags.exif import maker_note, orientation
from gainmap_codec.files.tags.exif_edit import (
    with_maker_note,
    with_orientation,
    with_orientation_1,
    with_size,
    without_thumbnail,
)
from support import pipeline_files as files
from support.exif_readers import pillow, thumbnail

ORIENTATION_6 = bytes.fromhex("4D4D002A 00000008 0001 0112 0003 00000001 0006 0000 00000000")
MAKE_ONLY = bytes.fromhex("49492A00 08000000 0100 0F01 0200 02000000 41000000 00000000")


def test_new_exif_is_these_26_bytes() -> None:
    assert with_orientation(None, 6, []) == ORIENTATION_6


def test_a_value_is_overwritten_where_it_stands() -> None:
    old = files.gps_exif(1)
    new = with_orientation(old, 8, [])
    assert [index for index, (one, other) in enumerate(zip(old, new, strict=True)) if one != other] == [18]
    assert with_orientation(ORIENTATION_6, 3, []) == ORIENTATION_6.replace(b"\0\6\0\0", b"\0\3\0\0")


def test_an_entry_is_added_in_its_order_and_offsets_stay() -> None:
    new = with_orientation(MAKE_ONLY, 6, [])
    assert new[8 : len(MAKE_ONLY)] == MAKE_ONLY[8:]
    found = pillow(new)
    assert (found[0x010F], found[0x0112]) == ("A", 6)
    start = int.from_bytes(new[4:8], "little")
    assert new[start : start + 2] == b"\2\0"
    assert new[start + 2 : start + 4] == b"\x0f\1" and new[start + 14 : start + 16] == b"\x12\1"


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_all_that_was_there(data_dir: Path, tmp_path: Path) -> None:
    import gainmap_codec as gm

    source = data_dir / "files/libavif/apple_gainmap_new.jpg"
    path = tmp_path / "turned.jpg"
    path.write_bytes(gm.rotate(source, 90))

    def told(name: Path) -> dict[str, object]:
        command = ["exiftool", "-j", "-n", "-q", "-EXIF:all", "-MakerNotes:all", str(name)]
        (found,) = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return {tag: value for tag, value in found.items() if tag not in ("SourceFile", "ThumbnailOffset")}

    old, new = told(source), told(path)
    turned = new.pop("Orientation")
    assert turned != old.pop("Orientation", 1)
    assert new == old


def test_the_thumbnail_goes() -> None:
    new = without_thumbnail(files.gps_exif(6))
    assert b"THUM" not in new
    assert (thumbnail(files.gps_exif(6)), thumbnail(new)) == (b"\xff\xd8THUM\xff\xd9", None)
    assert pillow(new).get_ifd(0x8825) == pillow(files.gps_exif(6)).get_ifd(0x8825)
    assert without_thumbnail(ORIENTATION_6) == ORIENTATION_6


def test_sizes() -> None:
    found = pillow(with_size(files.gps_exif(1), 300, 200)).get_ifd(0x8769)
    assert (found[0xA002], found[0xA003]) == (300, 200)


def test_damaged_exif_is_replaced_with_a_note() -> None:
    notes: list[str] = []
    assert with_orientation(files.gps_exif(1)[:30], 6, notes) == ORIENTATION_6
    assert len(notes) == 1 and "damaged" in notes[0]


def test_only_an_orientation_that_is_there_becomes_upright() -> None:
    assert with_orientation_1(ORIENTATION_6) == with_orientation(ORIENTATION_6, 1, [])
    assert with_orientation_1(files.gps_exif(6)) == files.gps_exif(1)
    for without in (MAKE_ONLY, b"", b"MM", files.gps_exif(6)[:9]):
        assert with_orientation_1(without) == without


@given(st.integers(0, 175), st.binary(min_size=1, max_size=8), st.integers(0, 176))
def test_whatever_the_bytes(place: int, new: bytes, cut: int) -> None:
    exif = (files.gps_exif(1)[:place] + new + files.gps_exif(1)[place + len(new) :])[: cut or None]
    assert orientation(with_orientation(exif, 5, [])) == 5
    assert orientation(with_orientation_1(exif)) == 1
    for edit in (without_thumbnail, lambda data: with_size(data, 3, 4)):
        with suppress(GainMapError):
            assert len(edit(exif)) == len(exif)


def test_a_picture_with_edited_exif_opens() -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 4)).save(out, "JPEG", exif=b"Exif\0\0" + with_orientation(MAKE_ONLY, 6, []))
    with Image.open(out) as image:
        assert image.getexif()[0x0112] == 6


NOTE = b"a maker's note"


def test_a_maker_note_goes_to_the_end_and_its_directory_behind_it() -> None:
    """By hand: the EXIF directory of two entries becomes one of three, and only the offset to it changes."""
    old = files.gps_exif(1)
    new = with_maker_note(old, NOTE)
    place = len(old) + len(old) % 2
    start = place + len(NOTE)
    assert new[: len(old)] == old[:30] + start.to_bytes(4, "little") + old[34:]
    assert new[place:start] == NOTE
    entry = bytes.fromhex("7C92 0700") + len(NOTE).to_bytes(4, "little") + place.to_bytes(4, "little")
    assert new[start:] == b"\3\0" + entry + old[52:76] + bytes(4)
    assert maker_note(new) == NOTE and thumbnail(new) == thumbnail(old)


def test_a_note_of_the_same_size_goes_in_its_place() -> None:
    old = with_maker_note(files.gps_exif(1), NOTE)
    assert with_maker_note(old, NOTE[::-1]) == old.replace(NOTE, NOTE[::-1])
    with pytest.raises(GainMapError, match="expected no maker note, or one of 15 bytes, got another"):
        with_maker_note(old, NOTE + b"!")


def test_without_an_exif_directory_one_is_made() -> None:
    new = with_maker_note(MAKE_ONLY, NOTE)
    assert new[8 : len(MAKE_ONLY)] == MAKE_ONLY[8:]
    found = pillow(new)
    exif = found.get_ifd(0x8769)
    assert (found[0x010F], exif[0x9000], exif[0x927C]) == ("A", b"0232", NOTE)
