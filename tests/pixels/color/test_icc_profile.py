"""The profiles that we write."""

from __future__ import annotations

import io
import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.color.code_points import color_of_code_points
from gainmap_codec.pixels.color.icc_profile import (
    icc_profile_describing,
    icc_profile_for,
    icc_profile_of_primaries,
    pq_icc_profile,
)
from gainmap_codec.pixels.color.light import COLOR_SPACES, ColorSpace
from support.profiles import described, gamma_profile, xyz_elements


@pytest.mark.parametrize("space", COLOR_SPACES)
def test_our_own_profiles_are_small_sound_and_constant(space: ColorSpace) -> None:
    icc = icc_profile_for(space)
    assert len(icc) < 600
    assert struct.unpack_from(">I", icc)[0] == len(icc)
    assert icc[24:36] == bytes.fromhex("07ea 0001 0001 0000 0000 0000")
    imagecodecs.cms_profile_validate(icc)


def test_our_srgb_profile_holds_the_published_colorants() -> None:
    icc = icc_profile_for("srgb")
    numbers = [np.frombuffer(icc, ">i4", 3, offset) / 65536 for offset in xyz_elements(icc)]
    np.testing.assert_allclose(numbers[0], [0.9642, 1, 0.8249], atol=1e-4)
    np.testing.assert_allclose(
        numbers[1:], [[0.4360, 0.2225, 0.0139], [0.3851, 0.7169, 0.0971], [0.1431, 0.0606, 0.7139]], atol=2e-4
    )


@pytest.mark.parametrize(("space", "code"), [("srgb", 1), ("bt2020", 9), ("display-p3", 12)])
def test_which_profile_describes_a_colour(space: ColorSpace, code: int) -> None:
    profile = icc_profile_for(space)
    assert icc_profile_describing(base_color_of_icc(profile)) == profile
    assert icc_profile_describing(base_color_of_icc(described(profile, "x"))) == profile
    assert icc_profile_describing(color_of_code_points(code, 13, 10)) == profile


@pytest.mark.parametrize("primaries", [1, 4, 5, 6, 7, 8, 9, 11, 12, 22])
@pytest.mark.parametrize("transfer", [1, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15])
def test_every_sdr_colour_of_code_points_has_its_profile(primaries: int, transfer: int) -> None:
    """As LittleCMS reads it: the same light to 16 bits."""
    color = color_of_code_points(primaries, transfer, 8)
    profile = icc_profile_describing(color)
    assert profile is not None and len(profile) < 600
    imagecodecs.cms_profile_validate(profile)
    read = base_color_of_icc(profile)
    assert (read.notes == () and read.primaries == color.primaries) or color.primaries is None
    np.testing.assert_allclose(read.to_bt2020, color.to_bt2020, atol=2e-4)
    np.testing.assert_allclose(read.curves, color.curves, atol=3e-5)
    same_primaries = base_color_of_icc(icc_profile_of_primaries(color))
    np.testing.assert_allclose(same_primaries.to_bt2020, color.to_bt2020, atol=2e-4)
    np.testing.assert_allclose(same_primaries.curves, color_of_code_points(1, 13, 8).curves, atol=3e-5)


def test_other_colours_are_described_by_none() -> None:
    for profile in (pq_icc_profile(), gamma_profile("srgb", 2.2), imagecodecs.cms_profile("adobergb")):
        assert icc_profile_describing(base_color_of_icc(described(profile, "srgb"))) is None
    for primaries, transfer in ((9, 16), (9, 18)):
        assert icc_profile_describing(color_of_code_points(primaries, transfer, 8)) is None


def test_pillow_reads_our_profile_from_a_jpeg() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG", icc_profile=icc_profile_for("display-p3"))
    assert base_color_of_icc(Image.open(stream).info["icc_profile"]).name == "display-p3"
