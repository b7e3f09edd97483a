"""HLG against the numbers of ITU-R BT.2100 and BT.2408, and against its formulas in float64."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_codec.files.code_points import Primaries, Transfer
from gainmap_codec.pixels.color.code_points import color_of_code_points
from gainmap_codec.pixels.color.hdr_codes import hdr_codes
from gainmap_codec.pixels.color.hlg import hlg_encode
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS, pq_encode

# ITU-R BT.2408-7 table 1: reflectance, cd/m² of a display of 1000, per cent of PQ and of HLG.
REFERENCE_LEVELS = [(18, 26, 38, 38), (83, 162, 56, 71), (90, 179, 57, 73), (100, 203, 58, 75)]


def signal_of(nits: float) -> float:
    return float(hlg_encode(np.full((1, 3), nits / SDR_WHITE_NITS, np.float32))[0, 1])


@pytest.mark.parametrize(("_", "nits", "pq", "hlg"), REFERENCE_LEVELS)
def test_reference_levels(_: int, nits: float, pq: int, hlg: int) -> None:
    assert round(100 * float(pq_encode(np.array(nits / SDR_WHITE_NITS, np.float32)))) == pq
    assert round(100 * signal_of(nits)) == hlg


def test_the_ends_of_the_scale() -> None:
    assert signal_of(0) == 0
    assert signal_of(1000) == pytest.approx(1, abs=1e-6)
    assert signal_of(1000 * (1 / 12) ** 1.2) == pytest.approx(0.5, abs=1e-6)  # where square root and logarithm meet


def test_colours_by_the_formulas() -> None:
    """BT.2100-2 table 5 in float64: R′ = OETF of R·Y^(1/γ − 1), all over the peak."""
    nits = np.random.default_rng(3).uniform(0, 1000, (500, 3)) * np.random.default_rng(4).uniform(0, 1, (500, 1)) ** 4
    shown = nits / 1000
    scene = shown * (shown @ [0.2627, 0.6780, 0.0593])[:, np.newaxis] ** (1 / 1.2 - 1)
    a, b = 0.17883277, 1 - 4 * 0.17883277
    c = 0.5 - a * np.log(4 * a)
    with np.errstate(invalid="ignore"):
        signal = np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(12 * scene - b) + c)
    found = hlg_encode((nits / SDR_WHITE_NITS).astype(np.float32))
    np.testing.assert_allclose(found, signal, atol=2e-6)


def test_there_and_back() -> None:
    """Our reader shows the same light: but for half a code of ten bits, 0.8 % of what is bright."""
    rng = np.random.default_rng(5)
    linear = (rng.uniform(0, 1.6, (40, 30, 3)) ** 2).astype(np.float32)
    codes = hdr_codes(linear, "hlg", 10, [])
    back = color_of_code_points(Primaries.BT2020, Transfer.HLG, 10).linearize(codes)
    np.testing.assert_allclose(back, linear, rtol=0.01, atol=5e-4)


def test_what_hlg_cannot_say_is_clipped_and_told() -> None:
    notes: list[str] = []
    white = np.full((2, 2, 3), 1000 / SDR_WHITE_NITS, np.float32)
    assert hdr_codes(white, "hlg", 10, notes).min() == 1023 and not notes
    assert hdr_codes(4 * white, "hlg", 10, notes).max() == 1023
    assert notes == ["what is brighter than HLG can say, 1,000 nits of white, is clipped"]
    # Pure blue ends at 1000 · 0.0593^0.2 = 568 nits.
    blue = np.zeros((2, 2, 3), np.float32)
    for nits, is_told in ((567, False), (572, True)):
        notes.clear()
        blue[..., 2] = nits / SDR_WHITE_NITS
        assert hdr_codes(blue, "hlg", 10, notes)[..., 2].min() >= 1022 and bool(notes) == is_told


def test_a_channel_that_is_clipped_leaves_the_others() -> None:
    one, other = (np.array([[[red / SDR_WHITE_NITS, 2, 2]]], np.float32) for red in (1000, 3000))
    np.testing.assert_array_equal(hdr_codes(one, "hlg", 10, []), hdr_codes(other, "hlg", 10, []))
