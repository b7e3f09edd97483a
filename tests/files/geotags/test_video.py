"""Videos without the places in their user data, every byte of their tracks where it was."""

from __future__ import annotations

import pytest

from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.geotags.video import without_geotags
from support import geotag_files
from support.geotag_files import CITY, marks_in

KEYS = make_box(b"keys", b"mdta com.apple.quicktime.location.ISO6709") + make_box(b"ilst", b"+47.612025-122.333642/")
XYZ = make_box(b"\xa9xyz", b"\0\x16\x15\xc7+47.612025-122.333642/")
LAYOUTS = {
    "QuickTime": make_box(b"moov", make_box(b"udta", XYZ)),
    "of a track": make_box(b"moov", make_box(b"trak", make_box(b"udta", XYZ))),
    "3GPP": make_box(b"moov", make_box(b"udta", make_box(b"loci", bytes(6) + CITY.encode()))),
    "keys": make_box(b"moov", make_box(b"meta", KEYS)),
    "user data that end in a number": make_box(b"moov", make_box(b"udta", XYZ, bytes(4))),
    "XMP": make_box(b"uuid", geotag_files.XMP_BOX, geotag_files.PACKETS["elements"]()),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_places_become_zeros(name: str) -> None:
    film = make_box(b"ftyp", b"mp42") + LAYOUTS[name] + make_box(b"mdat", b"latitude of a film")
    new = without_geotags(film)
    assert marks_in(film) and not marks_in(new)
    assert len(new) == len(film) and new.endswith(b"latitude of a film")
    assert without_geotags(new) == new


def test_what_is_no_video_comes_back() -> None:
    for data in (b"", b"no boxes at all", make_box(b"moov", b"\0\0\0\1broken")):
        assert without_geotags(data) == data
