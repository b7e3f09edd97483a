"""Colour encodings and code points: which mean the same."""

from __future__ import annotations

import pytest

from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.jxl.color import code_points_of, color_of
from gainmap_codec.files.jxl.header import GREY, XYB, ColorEncoding


@pytest.mark.parametrize(
    ("color", "points"),
    [
        (ColorEncoding(), (1, 13)),
        (ColorEncoding(primaries=11), (12, 13)),
        (ColorEncoding(white_point=11, primaries=11, transfer=8), (11, 8)),
        (ColorEncoding(primaries=9, transfer=16), (9, 16)),
        (ColorEncoding(primaries=9, transfer=18), (9, 18)),
        (ColorEncoding(transfer=1), (1, 1)),
        (ColorEncoding(gamma=4545455), (1, 4)),
        (ColorEncoding(GREY), (1, 13)),
    ],
)
def test_same_colour_both_ways(color: ColorEncoding, points: tuple[int, int]) -> None:
    nclx = Nclx(*points, 0, True)
    assert code_points_of(color) == nclx
    assert color_of(nclx, is_grey=color.space == GREY) == color


@pytest.mark.parametrize(
    "color",
    [
        ColorEncoding(has_icc=True),
        ColorEncoding(XYB),
        ColorEncoding(white_point=10),
        ColorEncoding(white_point=2, white=(300000, 320000)),
        ColorEncoding(primaries=2, chromaticities=((640000, 330000), (210000, 710000), (150000, 60000))),
        ColorEncoding(gamma=4547070),
        ColorEncoding(transfer=17),
    ],
)
def test_what_code_points_cannot_say(color: ColorEncoding) -> None:
    assert code_points_of(color) is None


def test_what_colour_encodings_cannot_say() -> None:
    assert color_of(Nclx(6, 13, 6, True)) is color_of(Nclx(1, 2, 0, True)) is None
    assert color_of(Nclx(9, 14, 9, False)) == ColorEncoding(primaries=9, transfer=1)  # BT.2020's curve is BT.709's
