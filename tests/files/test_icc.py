"""Profiles made of chromaticities, as LittleCMS measures them."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_codec.files.icc import SRGB_CURVE, parametric_curve, profile_of_chromaticities
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.color.light import D65, PRIMARIES, ColorSpace, matrix_to_bt2020

D50 = (0.3457, 0.3585)
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
PROPHOTO = ((0.734699, 0.265301), (0.159597, 0.840403), (0.036598, 0.000105))


@pytest.mark.parametrize("space", ["srgb", "display-p3", "bt2020"])
def test_known_primaries_are_recognised(space: ColorSpace) -> None:
    profile = profile_of_chromaticities("a name", PRIMARIES[space], D65, SRGB_CURVE)
    color = base_color_of_icc(profile)
    assert (color.primaries, color.curve, color.notes) == (space, "srgb", ())


def test_other_primaries_and_powers_are_measured() -> None:
    profile = profile_of_chromaticities("a name", ADOBE_RGB, D65, parametric_curve(563 / 256))
    color = base_color_of_icc(profile)
    assert (color.name, color.primaries, color.notes) == ("a name", None, ())
    red, green, blue = ADOBE_RGB
    np.testing.assert_allclose(color.to_bt2020, matrix_to_bt2020((red, green, blue), D65), atol=2e-4)
    np.testing.assert_allclose(color.curves[1], np.linspace(0, 1, 256) ** (563 / 256), atol=1e-4)


def test_another_white_is_white() -> None:
    color = base_color_of_icc(profile_of_chromaticities("ProPhoto", PROPHOTO, D50, parametric_curve(1.8)))
    np.testing.assert_allclose(color.to_bt2020.sum(axis=1), 1, atol=5e-4)


@pytest.mark.parametrize(
    ("primaries", "white"),
    [
        (((0.3, 0.3), (0.3, 0.3), (0.15, 0.06)), D65),
        (ADOBE_RGB, (0.3, 0.0)),
        (((0.3, -0.1), (0.3, 0.6), (0.15, 0.06)), D65),
    ],
)
def test_what_spans_no_colours_has_no_profile(
    primaries: tuple[tuple[float, float], ...], white: tuple[float, float]
) -> None:
    assert profile_of_chromaticities("a name", primaries, white, SRGB_CURVE) is None
