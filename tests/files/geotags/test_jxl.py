"""Extras of JPEG XL files without places, and without all that no picture needs."""

from __future__ import annotations

import imagecodecs
import pytest

from gainmap_codec.errors import Limits
from gainmap_codec.files.geotags.jxl import bare, without_geotags
from gainmap_codec.files.jxl.read import parse_jxl
from gainmap_codec.files.jxl.records import JxlExtras, jxl_extras
from support.jpeg_records import EXIF, USER_XMP
from support.jxl_files import box, boxed, picture
from support.pipeline_files import XMP as PLACE
from support.pipeline_files import gps_exif


def extras_of(*behind: bytes) -> JxlExtras:
    found = jxl_extras(parse_jxl(boxed(picture(), *behind), Limits()).extras)
    assert found is not None
    return found


def compressed(kind: bytes, body: bytes) -> bytes:
    return box(b"brob", kind + imagecodecs.brotli_encode(body))


def item(exif: bytes) -> bytes:
    return bytes(4) + exif


FIRST = box(b"Exif", item(EXIF)), box(b"xml ", USER_XMP)
"""Those of the record, in front of what is searched."""


@pytest.mark.parametrize(
    ("behind", "left"),
    [
        (box(b"Exif", item(gps_exif(6))), [b"Exif"]),
        (compressed(b"Exif", item(gps_exif(6))), [b"Exif"]),
        (box(b"Exif", b"\0\0\0\2GP" + gps_exif(6)), [b"Exif"]),
        (box(b"xml ", PLACE), [b"xml "]),
        (compressed(b"xml ", PLACE), [b"xml "]),
        (box(b"abcd", b"GPSLatitude=48"), []),
        (compressed(b"abcd", b"GPSLatitude=48"), []),
        (box(b"Exif", item(b"II*\0")), []),
        (box(b"brob", b"abcdnonsense"), []),
    ],
    ids=[
        "exif",
        "packed-exif",
        "exif-behind-bytes",
        "xmp",
        "packed-xmp",
        "words",
        "packed-words",
        "damaged",
        "not-brotli",
    ],
)
def test_places_go(behind: bytes, left: list[bytes]) -> None:
    notes: list[str] = []
    new = without_geotags(extras_of(*FIRST, behind), notes)
    others = [each.data for each in new.boxes if each.role == "other"]
    assert [data[4:8] for data in others] == left
    assert not any(b"GPS" in data or b"48" in data for data in others)
    assert bool(notes) == (not left)


def test_what_names_no_place_stays_as_it_is() -> None:
    harmless = (box(b"abcd", b"words"), compressed(b"abcd", b"words"), box(b"Exif", b""), box(b"xml ", USER_XMP))
    extras, notes = extras_of(*FIRST, *harmless, box(b"Exif", item(EXIF))), list[str]()
    assert without_geotags(extras, notes) == extras and not notes


def test_bytes_in_front_of_exif_are_not_kept() -> None:
    extras = extras_of(box(b"Exif", b"\0\0\0\4here" + EXIF))
    assert b"here" in dict(extras.boxes)["exif"]
    assert dict(without_geotags(extras, []).boxes)["exif"] == b""


def test_a_signed_history_is_kept_and_told_of() -> None:
    notes: list[str] = []
    extras = extras_of(box(b"jumb", b"\0\0\0\x1djumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\3c2pa\0GPSLatitude"))
    assert without_geotags(extras, notes) == extras
    assert notes == ["the C2PA manifest may name the place too: it is kept"]


def test_pictures_need_no_other_boxes() -> None:
    extras = extras_of(*FIRST, box(b"abcd", b"words"), box(b"jxli", b"index"))
    assert [each.role for each in bare(extras).boxes] == ["picture", "of picture"]
