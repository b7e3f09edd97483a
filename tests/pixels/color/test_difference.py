"""dE_ITP against its formula in double precision, and against colour-science."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_codec.pixels.color.difference import delta_e_itp, itp
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS

GREY = np.full((1, 3), 1.0, np.float32)


def test_white_has_the_intensity_of_its_pq_code_and_no_colour() -> None:
    (found,) = itp(GREY)
    assert found == pytest.approx([0.5806888810416109, 0, 0], abs=2e-5)  # PQ of 203 cd/m²


def test_greys_differ_by_their_pq_codes() -> None:
    darker = np.full((1, 3), 100 / SDR_WHITE_NITS, np.float32)
    assert delta_e_itp(itp(GREY), itp(darker))[0] == pytest.approx(720 * (0.5806888810 - 0.5080784215), abs=0.02)


def test_the_same_is_no_difference() -> None:
    assert delta_e_itp(itp(GREY), itp(GREY))[0] == 0


def test_colours_differ_as_colour_science_has_it() -> None:
    metrics = pytest.importorskip("gainmap_bench.inputs.metrics")
    rng = np.random.default_rng(3)
    first, second = (rng.random((64, 3), np.float32) * 8 for _ in range(2))
    from gainmap_codec.pixels.color.light import pq_encode

    expected = metrics.delta_e_itp(*(metrics.ictcp(pq_encode(linear)) for linear in (first, second)))
    np.testing.assert_allclose(delta_e_itp(itp(first), itp(second)), expected, rtol=2e-3, atol=0.05)
