"""Colour against published figures."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_codec.pixels.color.light import (
    D65,
    PQ_PEAK,
    PRIMARIES,
    SDR_WHITE_NITS,
    adapt_white,
    conversion_matrix,
    convert,
    matrix_to_bt2020,
    pq_decode,
    pq_encode,
    pq_psnr,
    rgb_to_xyz,
    srgb_decode,
    srgb_encode,
    told_psnr,
    xy_to_xyz,
)

# ITU-R BT.2408-7 tables 1 and 2 give 58 % for 203 nits; the others are the usual reference points of ST 2084.
PQ_POINTS = [
    (0.0, 0.0),
    (100.0, 0.5081),
    (203.0, 0.5807),
    (1000.0, 0.7518),
    (4000.0, 0.9026),
    (10_000.0, 1.0),
]


@pytest.mark.parametrize(("nits", "code"), PQ_POINTS)
def test_pq_at_published_points(nits: float, code: float) -> None:
    linear = np.array([nits / SDR_WHITE_NITS], dtype=np.float32)
    assert pq_encode(linear)[0] == pytest.approx(code, abs=5e-5)


def test_pq_round_trip_and_clipping() -> None:
    codes = np.linspace(0, 1, 1024, dtype=np.float32)
    fiftieth_of_a_10_bit_step = 2e-5
    np.testing.assert_allclose(pq_encode(pq_decode(codes)), codes, atol=fiftieth_of_a_10_bit_step)
    np.testing.assert_allclose(pq_decode(np.array([-1, 0, 1, 2], np.float32)), [0, 0, PQ_PEAK, PQ_PEAK], rtol=1e-6)
    np.testing.assert_allclose(pq_encode(np.array([-5, 1e6], np.float32)), [0, 1], atol=1e-6)


def test_pq_codes_are_those_of_double_precision() -> None:
    light = np.concatenate([[0, 1e-30], np.logspace(-9, np.log10(PQ_PEAK), 200_001)]).astype(np.float32)
    y = (light.astype(np.float64) / PQ_PEAK) ** (2610 / 16384)  # SMPTE ST 2084, equation 5.1
    wanted = ((3424 / 4096 + 2413 / 128 * y) / (1 + 2392 / 128 * y)) ** (2523 / 32)
    assert np.abs(pq_encode(light) - wanted).max() < 1e-6  # a 250th of a code of 12 bits


@pytest.mark.parametrize("count", [1, 31, 32, 100])
def test_pq_of_any_count_and_order_of_values(count: int) -> None:
    light = np.linspace(0, 5, 3 * count, dtype=np.float32).reshape(count, 3)
    alone = [float(pq_encode(np.array([value]))[0]) for value in light.ravel()]
    assert pq_encode(light).ravel().tolist() == pq_encode(light[::-1])[::-1].ravel().tolist() == alone
    assert pq_encode(np.array([-1, np.nan, np.inf], np.float32)).tolist() == [alone[0], alone[0], 1.0]


def test_bt709_to_bt2020_is_that_of_bt2087() -> None:
    published = [
        [0.6274, 0.3293, 0.0433],
        [0.0691, 0.9195, 0.0114],
        [0.0164, 0.0880, 0.8956],
    ]  # BT.2087-0, M2
    np.testing.assert_allclose(conversion_matrix("srgb", "bt2020"), published, atol=6e-5)


def test_luminance_weights_are_published_ones() -> None:
    weights = {space: rgb_to_xyz(PRIMARIES[space], D65)[1] for space in PRIMARIES}
    np.testing.assert_allclose(weights["srgb"], [0.2126, 0.7152, 0.0722], atol=5e-5)  # BT.709
    np.testing.assert_allclose(weights["bt2020"], [0.2627, 0.6780, 0.0593], atol=5e-5)  # BT.2020
    np.testing.assert_allclose(weights["display-p3"], [0.2290, 0.6917, 0.0793], atol=5e-5)  # SMPTE EG 432-1


def test_primaries_outside_the_target_come_out_negative() -> None:
    green = convert(np.array([0, 1, 0], np.float32), "bt2020", "srgb")
    np.testing.assert_allclose(green, [-0.5876, 1.1329, -0.1006], atol=1e-4)
    np.testing.assert_allclose(convert(green, "srgb", "bt2020"), [0, 1, 0], atol=1e-6)


def test_bradford_moves_white_onto_white() -> None:
    d50 = np.array([0.9642, 1.0, 0.8249])
    np.testing.assert_allclose(adapt_white(xy_to_xyz(D65), d50) @ xy_to_xyz(D65), d50, atol=1e-12)
    published = [
        [1.0479, 0.0229, -0.0502],
        [0.0296, 0.9904, -0.0171],
        [-0.0092, 0.0151, 0.7517],
    ]  # ICC.1 annex E
    np.testing.assert_allclose(adapt_white(xy_to_xyz(D65), d50), published, atol=2e-4)


def test_any_white_becomes_the_white_of_bt2020() -> None:
    np.testing.assert_allclose(
        matrix_to_bt2020(PRIMARIES["srgb"], D65), conversion_matrix("srgb", "bt2020"), atol=1e-12
    )
    warm = matrix_to_bt2020(PRIMARIES["display-p3"], (0.3457, 0.3585))
    np.testing.assert_allclose(warm @ np.ones(3), np.ones(3), atol=1e-12)


def test_impossible_primaries_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected primaries that span|Singular"):
        matrix_to_bt2020(((0.3, 0.3), (0.3, 0.3), (0.3, 0.3)), D65)
    with pytest.raises(ValueError, match="expected primaries that span a colour space"):
        matrix_to_bt2020(((0.6, 0.0), (0.3, 0.6), (0.15, 0.06)), D65)


def test_srgb_at_its_ends_and_joint() -> None:
    np.testing.assert_allclose(
        srgb_decode(np.array([0, 0.04045, 0.5, 1], np.float32)), [0, 0.0031308, 0.2140411, 1], rtol=2e-5
    )
    np.testing.assert_allclose(
        srgb_encode(np.array([-1, 0, 0.0031308, 1, 9], np.float32)), [0, 0, 0.04045, 1, 1], rtol=2e-5
    )
    codes = (np.arange(256) / 255).astype(np.float32)
    np.testing.assert_allclose(srgb_encode(srgb_decode(codes)) * 255, np.arange(256), atol=1e-3)


@pytest.mark.parametrize(("offset", "decibels"), [(0.1, 20.0), (0.01, 40.0)])
def test_pq_psnr_of_a_known_offset(offset: float, decibels: float) -> None:
    codes = np.full((300, 4, 3), 0.5, dtype=np.float32)
    shifted = pq_decode(codes + np.float32(offset))
    assert pq_psnr(shifted, pq_decode(codes)) == pytest.approx(decibels, abs=0.01)


def test_pq_psnr_of_equal_pictures_is_infinite() -> None:
    picture = np.ones((3, 3, 3), dtype=np.float32)
    assert pq_psnr(picture, picture) == float("inf")


def test_what_is_told_of_a_psnr() -> None:
    assert [told_psnr(42.126), told_psnr(float("inf"))] == ["42.13 dB", "without error"]
