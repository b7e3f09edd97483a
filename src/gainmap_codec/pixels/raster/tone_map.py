"""An SDR base when the caller has only HDR: global curves that keep hue, one for scenes and one for screenshots."""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.light import AnyCodes, Array, pq_decode, pq_encode, srgb_encode


def tone_map(linear: Array, *, headroom: float) -> Array:
    """Compress HDR to SDR by the EETF of ITU-R BT.2390, driven by max(R, G, B).

    R, G and B are scaled alike, so that hue and saturation stay. Below the knee (a third of SDR white for
    3 stops) nothing changes; from there a Hermite spline in PQ reaches SDR white at `headroom`, and what is
    brighter stays there, in its hue. Negative values, which are colours outside the primaries, are first
    clipped to 0. The result depends on the pixel's colour alone.

    Args:
        linear: Linear-light RGB, float32 (H, W, 3); 1.0 = SDR white.
        headroom: log2 of the value that becomes SDR white, 0…5.62.
    Returns:
        Linear-light RGB in the same primaries, float32 (H, W, 3) in [0, 1].
    Raises:
        ValueError: `headroom` is negative or not finite.
    Source: ITU-R BT.2390-11 section 5.4.1, with black at 0 on both sides.
    """
    if not 0 <= headroom < float("inf"):
        raise ValueError(f"headroom: expected a finite number of stops >= 0, got {headroom!r}")
    linear = np.maximum(linear, np.float32(0))
    peak = np.float32(2.0**headroom)
    brightest = linear.max(axis=2, keepdims=True)
    mapped = _eetf(np.minimum(brightest, peak), peak)
    scale = np.divide(mapped, brightest, out=np.ones_like(mapped), where=brightest > 0)
    return np.asarray(np.clip(linear * scale, 0, 1), dtype=np.float32)


def clip_highlights(linear: Array) -> Array:
    """Cut HDR off at SDR white, in its hue: what is no brighter stays as it is.

    Where max(R, G, B) is above 1, the three are scaled alike until it is 1. Negative values, which are colours outside
    the primaries, are first clipped to 0. The result depends on the pixel's colour alone.

    Args:
        linear: Linear-light RGB, float32 (H, W, 3); 1.0 = SDR white.
    Returns:
        Linear-light RGB in the same primaries, float32 (H, W, 3) in [0, 1].
    """
    linear = np.maximum(linear, np.float32(0))
    return np.asarray(linear / np.maximum(linear.max(axis=2, keepdims=True), np.float32(1)), dtype=np.float32)


@overload
def encode_base(linear: Array) -> NDArray[np.uint8]: ...
@overload
def encode_base(linear: Array, bits: int) -> AnyCodes: ...
def encode_base(linear: Array, bits: int = 8) -> AnyCodes:
    """SRGB-coded values of linear light in the base's primaries, of the same shape, rounded: uint8, or uint16 of more.

    Values outside [0, 1] (outside the base's gamut, or beyond SDR white) are clipped channel by channel.
    """
    codes = np.asarray(srgb_encode(linear) * np.float32((1 << bits) - 1) + np.float32(0.5))
    return codes.astype(np.uint8) if bits == 8 else codes.astype(np.uint16)


def with_srgb_curve(codes: AnyCodes, bits: int, color: BaseColor) -> AnyCodes:
    """Code values of a colour with the sRGB curve in place of its own: its primaries and the bits stay."""
    return codes if color.curve == "srgb" else encode_base(color.linearize(codes), bits)


def _eetf(linear: Array, peak: np.float32) -> Array:
    """The curve of BT.2390 for a source of `peak` and a display of SDR white, in linear light.

    Names as there: `max_lum` is the display's peak, `ks` the knee's start, in the source's normalised PQ.
    """
    source_peak = pq_encode(np.array(peak, dtype=np.float32))
    e1 = pq_encode(linear) / source_peak
    max_lum = pq_encode(np.ones((), dtype=np.float32)) / source_peak
    if max_lum >= 1:
        return linear
    ks = np.float32(1.5) * max_lum - np.float32(0.5)
    t = np.maximum((e1 - ks) / (1 - ks), 0)
    rise = 3 * t**2 - 2 * t**3
    spline = (1 - rise) * ks + (t**3 - 2 * t**2 + t) * (1 - ks) + rise * max_lum
    white = pq_decode(max_lum * source_peak)  # 1 but for float32's roundings, which are those of the curve's end
    compressed = np.minimum(pq_decode(spline * source_peak) / white, 1)
    return np.where(e1 < ks, linear, compressed).astype(np.float32)
