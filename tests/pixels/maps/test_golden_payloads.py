"""The definition of decoding, in NumPy, against the golden payloads."""

from __future__ import annotations

import pytest

from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.maps.neural_map import render_neural_map
from support.golden import Golden, goldens


@pytest.mark.parametrize("golden", goldens(), ids=lambda golden: f"{golden.name} at {golden.headroom}")
def test_golden_payloads(golden: Golden) -> None:
    golden.check(render_neural_map(golden.network, golden.codes, base_color_of_icc(None), headroom=golden.headroom))
