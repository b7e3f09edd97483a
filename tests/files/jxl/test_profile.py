"""Profiles of colours that code points do not tell."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_codec.files.jxl.color import color_in, decoded_color
from gainmap_codec.files.jxl.header import GREY, XYB, ColorEncoding, ImageHeader
from gainmap_codec.files.jxl.profile import profile_of
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from support.jxl_files import ADOBE_RGB


@pytest.mark.parametrize(
    ("color", "name", "middle"),
    [
        (ADOBE_RGB, "JPEG XL colour, gamma 2.199", 0.5**2.19922),
        (ColorEncoding(white_point=10), "JPEG XL colour, sRGB curve", 0.2140),
        (ColorEncoding(white_point=11, primaries=11, transfer=17), "JPEG XL colour, gamma 2.6", 0.5**2.6),
        (ColorEncoding(white_point=10, transfer=8), "JPEG XL colour, linear", 0.5),
        (ColorEncoding(white_point=10, transfer=1), "JPEG XL colour, BT.709 curve", 0.2597),
        (ColorEncoding(GREY, gamma=5000000), "JPEG XL colour, gamma 2", 0.25),
    ],
)
def test_profiles_say_the_same(color: ColorEncoding, name: str, middle: float) -> None:
    header = ImageHeader(8, 8, color=color)
    profile, nclx = color_in(header)
    assert nclx is None and profile == profile_of(color)
    found = base_color_of_icc(profile)
    assert (found.name, found.notes) == (name, ())
    half = float(np.interp(0.5, np.linspace(0, 1, 256), found.curves[0]))
    assert half == pytest.approx(middle, abs=1e-3)


def test_code_points_come_first_and_own_profiles_before_them() -> None:
    assert color_in(ImageHeader(8, 8)) == (None, (1, 13, 0, True))
    assert color_in(ImageHeader(8, 8, color=ColorEncoding(has_icc=True), icc_profile=b"own")) == (b"own", None)


def test_what_has_no_words_is_decoded_in_other_colours() -> None:
    odd = ColorEncoding(white_point=10, transfer=16)
    assert profile_of(odd) is None
    assert decoded_color(ImageHeader(8, 8, color=odd)) == ColorEncoding(primaries=9, transfer=16)
    assert color_in(ImageHeader(8, 8, color=odd)) == (None, (9, 16, 0, True))
    assert color_in(ImageHeader(8, 8, color=odd, is_xyb=False)) == (None, (2, 16, 0, True))
    assert decoded_color(ImageHeader(8, 8, color=ColorEncoding(XYB))) == ColorEncoding()


def test_nonsense_has_no_profile() -> None:
    assert profile_of(ColorEncoding(white_point=2, white=(0, 0))) is None
    assert profile_of(ColorEncoding(white_point=77)) is None
    assert profile_of(ColorEncoding(gamma=0)) is None
