"""The sheet that the demo draws."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gainmap_codec.cli.comparison import Rendition, comparison_sheet, pq_error
from gainmap_codec.pixels.color.light import pq_decode, pq_encode


def test_error_is_in_codes_of_ten_bits() -> None:
    reference = np.full((2, 3, 3), 1.0, np.float32)
    changed = reference.copy()
    changed[0, 0, 1] = pq_decode(pq_encode(changed[0, 0, 1]) + np.float32(5 / 1023))
    error = pq_error(changed, reference)
    assert error[0, 0] == pytest.approx(5, abs=0.01)
    assert not error[1].any()


@pytest.mark.parametrize("size", [(40, 30), (700, 1200), (1200, 700), (1, 2000)])
def test_any_size_makes_a_sheet(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).random((*size, 3), np.float32) * np.float32(4)
    others = [Rendition(name, pixels * np.float32(gain)) for name, gain in (("reference", 1), ("a", 1.1), ("b", 0.5))]
    sheet = Image.open(BytesIO(comparison_sheet("title", Rendition("base", pixels / np.float32(4)), others, stops=2)))
    assert sheet.mode == "RGB"
    assert sheet.width > 2000
    panels = np.asarray(sheet)[60:, :]
    assert panels.max() > 200  # something is drawn on the dark paper
    assert panels.std() > 1
