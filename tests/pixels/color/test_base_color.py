"""The colour that an ICC profile gives, as LittleCMS sees it."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gainmap_codec.pixels.color.base_color import BaseColor, base_color_of_icc
from gainmap_codec.pixels.color.icc_profile import icc_profile_for, pq_icc_profile
from gainmap_codec.pixels.color.light import COLOR_SPACES, ColorSpace, conversion_matrix, srgb_decode
from support.profiles import described, gamma_profile, xyz_elements

XYZ = imagecodecs.cms_profile("xyz")


def littlecms_xyz(icc: bytes, codes: np.ndarray) -> NDArray[np.float64]:
    """XYZ relative to D50 by LittleCMS itself."""
    rgb = codes[np.newaxis] / 255.0
    xyz = imagecodecs.cms_transform(rgb, icc, XYZ, colorspace="rgb", outcolorspace="xyz", outdtype="f8", intent=1)
    first: NDArray[np.float64] = np.asarray(xyz)[0]
    return first


def some_codes() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (500, 3)).astype(np.uint8)


def assert_agrees_with_littlecms(color: BaseColor, icc: bytes) -> None:
    """Compare in XYZ relative to D50, through LittleCMS's sRGB colorants in place of our own Bradford."""
    codes = some_codes()
    colorants = littlecms_xyz(imagecodecs.cms_profile("srgb"), np.eye(3) * 255).T
    linear_srgb = color.linearize(codes) @ (conversion_matrix("bt2020", "srgb") @ color.to_bt2020).T
    np.testing.assert_allclose(linear_srgb @ colorants.T, littlecms_xyz(icc, codes), atol=1e-3)


def test_no_profile_means_srgb() -> None:
    color = base_color_of_icc(None)
    assert color.name == "srgb"
    codes = np.arange(256, dtype=np.uint8)
    linear = color.linearize(np.stack([codes] * 3, axis=-1))
    assert linear.dtype == np.float32
    np.testing.assert_array_equal(linear[:, 1], srgb_decode(codes.astype(np.float32) / np.float32(255)))


@pytest.mark.parametrize("space", COLOR_SPACES)
def test_our_own_profiles_are_recognised_as_ideal(space: ColorSpace) -> None:
    color = base_color_of_icc(icc_profile_for(space))
    assert (color.name, color.primaries, color.curve) == (space, space, "srgb")
    np.testing.assert_array_equal(color.to_bt2020, conversion_matrix(space, "bt2020"))
    np.testing.assert_array_equal(color.curves, base_color_of_icc(None).curves)
    assert_agrees_with_littlecms(color, icc_profile_for(space))


def test_littlecms_own_srgb_is_srgb() -> None:
    assert base_color_of_icc(imagecodecs.cms_profile("srgb")).name == "srgb"


def test_adobe_rgb_is_measured() -> None:
    icc = imagecodecs.cms_profile("adobergb")
    color = base_color_of_icc(icc)
    assert (color.name, color.primaries, color.curve) == ("Adobe RGB (compatible)", None, "other")
    np.testing.assert_allclose(color.curves[1], (np.arange(256) / 255) ** (563 / 256), atol=2e-4)
    np.testing.assert_allclose(color.to_bt2020 @ np.ones(3), np.ones(3), atol=5e-4)
    assert_agrees_with_littlecms(color, icc)


@pytest.mark.parametrize(("name", "primaries_name"), [("prophoto_rgb", "ProPhoto RGB"), ("rec_2020", "Rec. 2020")])
def test_wide_profiles_of_real_files(data_dir: Path, name: str, primaries_name: str) -> None:
    picture = Image.open(data_dir / f"files/vearutop-ultrahdr/sample_{name}.jpg")
    icc = picture.info["icc_profile"]
    picture.close()
    color = base_color_of_icc(icc)
    assert (color.name, color.curve) == (primaries_name, "other"), "neither has the sRGB curve"
    assert_agrees_with_littlecms(color, icc)


@pytest.mark.parametrize("name", ["srgb", "bt2020", "display-p3 x"])
@pytest.mark.parametrize("profile", [pq_icc_profile(), gamma_profile("bt2020", 2.2)], ids=["PQ", "gamma"])
def test_a_profile_is_not_taken_at_its_word(profile: bytes, name: str) -> None:
    color = base_color_of_icc(described(profile, name))
    assert (color.primaries, color.curve) == ("bt2020", "other")
    assert color.name == f"profile {name}", "people could take it for one of ours"


@pytest.mark.parametrize("space", COLOR_SPACES)
def test_a_profile_of_ours_by_any_other_name(space: ColorSpace) -> None:
    color = base_color_of_icc(described(icc_profile_for(space), "x"))
    assert (color.name, color.primaries, color.curve) == (space, space, "srgb")


def unusable_profiles() -> dict[str, bytes]:
    good = icc_profile_for("srgb")
    return {
        "empty": b"",
        "text": b"not a profile",
        "cut": good[:200],
        "grey": imagecodecs.cms_profile("gray", gamma=2.2),
        "lab": imagecodecs.cms_profile("lab4"),
        "no colorants": good.replace(b"rXYZ", b"qXYZ"),
        "black": good[:128]
        + b"".join([good[128:252], good[252:].replace(good[xyz_elements(good)[1] :][:12], bytes(12))]),
    }


@pytest.mark.parametrize("defect", unusable_profiles())
def test_unusable_profiles_count_as_srgb_with_a_note(defect: str) -> None:
    color = base_color_of_icc(unusable_profiles()[defect])
    assert (color.name, color.primaries, color.curve) == ("srgb", "srgb", "srgb")
    assert len(color.notes) == 1
    assert color.notes[0].startswith("ICC profile cannot be used, sRGB assumed: ")
    assert base_color_of_icc(None).notes == ()


def test_garbled_profiles_give_a_result() -> None:
    random = np.random.default_rng(7)
    for _ in range(200):
        icc = bytearray(icc_profile_for("display-p3"))
        for place in random.integers(0, len(icc), 4):
            icc[place] = random.integers(256)
        color = base_color_of_icc(bytes(icc))
        assert np.isfinite(color.to_bt2020).all()
        assert np.isfinite(color.curves).all()
