"""HDR light to the code values of PQ and HLG, with a line where these end below it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.heif.light_level import LightLevel
from gainmap_codec.pixels.color.hlg import HLG_PEAK, hlg_encode
from gainmap_codec.pixels.color.light import PQ_PEAK, SDR_WHITE_NITS, AnyCodes, Array, pq_decode, pq_encode
from gainmap_codec.pixels.strips import for_each_strip

HdrTransfer = Literal["pq", "hlg"]
"""Curves of HDR code values (ITU-R BT.2100)."""

_ABOVE_PQ = 1.001 * PQ_PEAK  # less than half a code of ten bits, and more than roundings
MAX_HEADROOMS: Mapping[HdrTransfer, float] = {"pq": math.log2(PQ_PEAK), "hlg": math.log2(HLG_PEAK)}
"""Headroom of the brightest white that each can say, log2: 5.62 and 2.30 stops."""

_CLIPPED: Mapping[HdrTransfer, str] = {
    "pq": "what is brighter than 10,000 nits is clipped: PQ ends there",
    "hlg": "what is brighter than HLG can say, 1,000 nits of white, is clipped",
}


def hdr_codes(linear: Array, transfer: HdrTransfer, bits: int, notes: list[str]) -> NDArray[np.uint16]:
    """Code values of so many bits, uint16 (H, W, 3), rounded; negatives become 0.

    Args:
        linear: Linear RGB, float32 (H, W, 3); 1.0 = SDR white = 203 nits. HLG takes it for BT.2020, whose luminance
            its system gamma goes by.
        notes: Gets a line where something is brighter than the curve goes.
    """
    most = np.float32((1 << bits) - 1)
    codes, clipped = np.empty(linear.shape, np.uint16), []

    def code(rows: slice) -> None:
        signal, is_clipped = _pq(linear[rows]) if transfer == "pq" else _hlg(linear[rows], most)
        codes[rows] = signal * most + np.float32(0.5)
        clipped.append(is_clipped)

    for_each_strip(len(linear), code)
    notes += [_CLIPPED[transfer]] if any(clipped) else []
    return codes


def light_level(codes: AnyCodes, bits: int) -> LightLevel:
    """Of code values of PQ, (H, W) or (H, W, 3), of so many bits."""
    largest = codes if codes.ndim == 2 else codes.max(axis=2)
    counts = np.bincount(largest.ravel(), minlength=1 << bits)
    nits = pq_decode(np.linspace(0, 1, 1 << bits, dtype=np.float32)).astype(np.float64) * SDR_WHITE_NITS
    return LightLevel(round(nits[largest.max()]), round(float(counts @ nits) / largest.size))


def _pq(linear: Array) -> tuple[Array, bool]:
    return pq_encode(linear), float(linear.max()) > _ABOVE_PQ


def _hlg(linear: Array, most: np.float32) -> tuple[Array, bool]:
    """Light is clipped first, as the display would: a channel that is too bright then leaves the others as they are.

    1000 nits are not clipped, whose signal is 1 but for float32's roundings.
    """
    signal, peak = hlg_encode(linear), np.float32(HLG_PEAK)
    is_clipped = float(signal.max() * most) >= float(most) + 0.5
    if linear.max() > peak:
        signal = hlg_encode(np.minimum(linear, peak))
    return np.minimum(signal, 1), is_clipped
