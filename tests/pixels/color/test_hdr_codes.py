"""Code values of PQ; those of HLG are in `test_hlg`."""

from __future__ import annotations

import numpy as np

from gainmap_codec.pixels.color.hdr_codes import hdr_codes, light_level
from gainmap_codec.pixels.color.light import PQ_PEAK


def test_pq_code_values() -> None:
    """ITU-R BT.2408: SDR white at 58 %; of 10 bits that is 0.580689 · 1023, of 16 bits 0.580689 · 65535."""
    light = np.array([[[-1, 0, 1], [PQ_PEAK, PQ_PEAK, 0]]], np.float32)
    np.testing.assert_array_equal(hdr_codes(light, "pq", 10, []), [[[0, 0, 594], [1023, 1023, 0]]])
    np.testing.assert_array_equal(hdr_codes(light, "pq", 16, []), [[[0, 0, 38055], [65535, 65535, 0]]])


def test_what_pq_cannot_say_is_clipped_and_told() -> None:
    notes: list[str] = []
    light = np.full((200, 3, 3), PQ_PEAK, np.float32)
    assert hdr_codes(light, "pq", 10, notes).min() == 1023 and not notes
    light[150, 1, 2] *= 1.01
    assert hdr_codes(light, "pq", 10, notes).max() == 1023
    assert notes == ["what is brighter than 10,000 nits is clipped: PQ ends there"]


def test_light_level() -> None:
    """CTA-861.3: of each pixel the largest channel; 594 is 203 nits, 769 is 998.9, 1023 is 10,000 (ST 2084)."""
    codes = np.zeros((4, 4, 3), np.uint16)
    assert light_level(codes, 10) == (0, 0)
    codes[..., 1] = 594
    assert light_level(codes, 10) == (203, 203)
    codes[0, 0] = 769, 100, 0
    assert light_level(codes, 10) == (999, round((998.9 + 15 * 203) / 16))
    codes[3, 3, 2] = 1023
    assert light_level(codes, 10)[0] == 10_000
    assert light_level(codes[..., 1] * 0 + 594, 10) == (203, 203)
