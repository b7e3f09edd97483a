"""The colour that an ICC profile gives, as LittleCMS sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gainmap_codec.pixels.color.base_color import BaseColor, base_color_of_icc
from gainmap_codec.pixels.color.icc_profile import icc_profile_for, pq_icc_profile
from gainmap_codec.pixels.color.light import COLOR_SPACES, ColorSpace, conversion_matrix, srgb_decode
from support.profiles import curv, described, gamma_profile, grey_profile, para, xyz_elements

Signal = NDArray[Any]
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


GREY_CURVES: dict[str, tuple[bytes, Callable[[Signal], Signal]]] = {
    "line": (curv(), lambda v: v),
    "power": (curv(round(1.8 * 256)), lambda v: v ** (461 / 256)),
    "table": (curv(*(round(65535 * (n / 1023) ** 3) for n in range(1024))), lambda v: v**3),
    "small table": (curv(0, 8192, 65535), lambda v: np.interp(v, [0, 0.5, 1], [0, 8192 / 65535, 1])),
    "para 0": (para(0, 2.2), lambda v: v**2.2),
    "para 1": (para(1, 2.0, 1.25, -0.25), lambda v: np.where(v >= 0.2, (1.25 * v - 0.25) ** 2, 0)),
    "para 2": (para(2, 2.0, 0.75, -0.15, 0.25), lambda v: np.where(v >= 0.2, (0.75 * v - 0.15) ** 2 + 0.25, 0.25)),
    "para 3": (para(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045), lambda v: srgb_decode(v.astype("f4"))),
    "para 4": (
        para(4, 2.0, 0.75, 0.125, 0.5, 0.25, 0.125, 0.0625),
        lambda v: np.where(v >= 0.25, (0.75 * v + 0.125) ** 2 + 0.125, 0.5 * v + 0.0625),
    ),
}


@pytest.mark.parametrize("name", GREY_CURVES)
@pytest.mark.parametrize(("version", "space"), [(2, b"XYZ "), (4, b"XYZ "), (4, b"Lab ")])
@pytest.mark.parametrize("bits", [8, 10])
def test_a_grey_profile_gives_its_curve(name: str, version: int, space: bytes, bits: int) -> None:
    curve, formula = GREY_CURVES[name]
    color = base_color_of_icc(grey_profile(curve, version=version, space=space), bits, 1)
    assert color.notes == () and color.primaries == "srgb"
    assert color.curve == ("srgb" if name == "para 3" and space == b"XYZ " else "other")
    wanted = formula(np.linspace(0, 1, 1 << bits))
    if space == b"Lab ":  # the curve is of lightness
        wanted = np.where(wanted > 0.08, ((wanted + 0.16) / 1.16) ** 3, wanted / 9.032963)
    np.testing.assert_allclose(color.curves, np.stack([wanted] * 3), atol=6e-5)


def test_which_profiles_serve_which_pictures() -> None:
    """An RGB profile tells what equal parts of red, green and blue are, and a grey one nothing of colours."""
    grey = grey_profile(para(0, 1.8))
    assert base_color_of_icc(grey, 8, 3).notes == (
        "ICC profile cannot be used, sRGB assumed: it is for grey pictures, and this one has colours",
    )
    rgb = base_color_of_icc(gamma_profile("display-p3", 1.8), 8, 1)
    assert (rgb.primaries, rgb.notes) == ("display-p3", ())
    np.testing.assert_allclose(rgb.curves[0], base_color_of_icc(grey, 8, 1).curves[0], atol=2e-4)
    assert base_color_of_icc(grey_profile(curv(*[0] * 16)), 8, 1).notes[0].endswith("its white is dark")


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
