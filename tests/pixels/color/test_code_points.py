"""Colour by code points, and code values of more than 8 bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.records import CodedImage
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.color.code_points import code_points_for, color_of, is_hdr, primaries_are_known
from gainmap_codec.pixels.color.icc_profile import icc_profile_for, pq_icc_profile
from gainmap_codec.pixels.color.light import PRIMARIES, AnyCodes, ColorSpace, conversion_matrix, pq_decode, srgb_decode
from support.profiles import described, gamma_profile


def image(primaries: int = 1, transfer: int = 13, bits: int = 8, icc: bytes | None = None) -> CodedImage:
    return CodedImage(b"", 1, 1, 3, icc, "av1", bits, Nclx(primaries, transfer, 6, True))


@pytest.mark.parametrize(("code", "space"), [(1, "srgb"), (9, "bt2020"), (12, "display-p3"), (2, "srgb")])
@pytest.mark.parametrize("bits", [8, 10, 12])
def test_primaries_and_the_srgb_curve(code: int, space: ColorSpace, bits: int) -> None:
    color = color_of(image(code, 13, bits))
    assert (color.name, color.primaries, color.curve) == (space, space, "srgb")
    np.testing.assert_allclose(color.to_bt2020, conversion_matrix(space, "bt2020"), atol=1e-9)
    largest = (1 << bits) - 1
    wide = np.array([[[0, largest // 2, largest]]], np.uint16)
    codes: AnyCodes = wide.astype(np.uint8) if bits == 8 else wide
    wanted = srgb_decode(codes.astype(np.float32) / np.float32(largest))
    np.testing.assert_allclose(color.linearize(codes), wanted, rtol=1e-6)


def test_pq_goes_to_ten_thousand_nits() -> None:
    color = color_of(image(9, 16, 10))
    assert (color.name, color.primaries, color.curve) == ("bt2020 PQ", "bt2020", "pq")
    linear = color.linearize(np.array([[[0, 593, 1023]]], np.uint16))
    middle = float(pq_decode(np.array(593 / 1023, np.float32)))
    np.testing.assert_allclose(linear * 203, [[[0, 10000 * middle * 203 / 10000, 10000]]], rtol=1e-4)


def test_hlg_is_shown_on_a_display_of_1000_nits() -> None:
    """ITU-R BT.2100: signal 0.75 is 203 cd/m² there, full signal 1000."""
    color = color_of(image(9, 18, 10))
    codes = np.full((1, 2, 3), 1023, np.uint16)
    codes[0, 0] = round(0.75 * 1023)
    np.testing.assert_allclose(color.linearize(codes)[0, :, 0] * 203, [203, 1000], rtol=5e-3)


@pytest.mark.parametrize(
    ("transfer", "signal", "light"),
    [(1, 0.5, 0.2596), (4, 0.5, 0.2176), (8, 0.5, 0.5), (5, 0.5, 0.1436), (7, 0.5, 0.265)],
)
def test_other_curves(transfer: int, signal: float, light: float) -> None:
    color = color_of(image(1, transfer, 12))
    code = round(signal * 4095)
    assert float(color.curves[0][code]) == pytest.approx(light, abs=2e-4)


def test_other_primaries_are_adapted_to_d65() -> None:
    color = color_of(image(11))  # DCI-P3, whose white is greenish
    assert (color.name, color.primaries, color.curve) == ("primaries 11", None, "srgb")
    np.testing.assert_allclose(color.to_bt2020.sum(axis=1), 1, atol=1e-6)
    assert PRIMARIES["display-p3"] is not None


def test_unknown_code_points_count_as_srgb_with_a_note() -> None:
    color = color_of(image(77, 99))
    assert (color.name, color.primaries, color.curve) == ("srgb", "srgb", "srgb")
    assert color.notes == ("colour of the picture: primaries 77 and transfer 99 not known, sRGB assumed",)
    assert color_of(image(12, 99)).primaries == "display-p3"
    assert color_of(image()).notes == color_of(image(2, 2)).notes == ()


def test_a_profile_wins_over_code_points() -> None:
    profile = icc_profile_for("display-p3")
    picture = image(9, 16, 10, profile)
    assert color_of(picture).name == "display-p3"
    assert color_of(picture).curves.shape == (3, 1024)
    assert not is_hdr(picture)
    assert is_hdr(replace(picture, icc_profile=None))
    assert is_hdr(image(9, 18)) and not is_hdr(image(9, 13))
    assert primaries_are_known(picture)
    assert not primaries_are_known(image(2, 16))
    assert not primaries_are_known(CodedImage(b"", 1, 1, 1))


@pytest.mark.parametrize("primaries", [1, 9, 12])
@pytest.mark.parametrize("transfer", [1, 4, 5, 6, 8, 13, 14, 15, 16, 18])
def test_code_points_tell_a_colour_exactly(primaries: int, transfer: int) -> None:
    color = color_of(image(primaries, transfer, 10))
    again = color_of(image(*code_points_for(color)[:2], 10))
    assert (again.primaries, again.curve, again.system_gamma) == (color.primaries, color.curve, color.system_gamma)
    np.testing.assert_array_equal(again.curves, color.curves)
    np.testing.assert_array_equal(again.to_bt2020, color.to_bt2020)


@pytest.mark.parametrize("space", ["srgb", "display-p3", "bt2020"])
def test_code_points_stand_for_our_profiles(space: ColorSpace) -> None:
    color = base_color_of_icc(described(icc_profile_for(space), "x"), 10)
    again = color_of(image(*code_points_for(color)[:2], 10))
    np.testing.assert_array_equal(again.curves, color.curves)
    np.testing.assert_allclose(again.to_bt2020, color.to_bt2020, atol=1e-9)


@pytest.mark.parametrize("name", ["srgb", "display-p3", "display-p3 x", "bt2020 PQ"])
@pytest.mark.parametrize("profile", [pq_icc_profile(), gamma_profile("bt2020", 2.4)], ids=["PQ", "gamma"])
def test_code_points_do_not_stand_for_a_profile_that_calls_itself_so(profile: bytes, name: str) -> None:
    assert code_points_for(base_color_of_icc(described(profile, name)))[:2] == (2, 2)


def test_code_points_stand_for_no_other_primaries() -> None:
    assert code_points_for(color_of(image(11)))[:2] == (2, 2)


def test_profiles_serve_deep_codes() -> None:
    profile = icc_profile_for("srgb")
    for bits in (10, 12):
        deep, plain = base_color_of_icc(profile, bits), base_color_of_icc(profile)
        assert deep.name == plain.name == "srgb"
        assert deep.curves.shape == (3, 1 << bits)
        assert float(deep.curves[0][-1]) == pytest.approx(1)
