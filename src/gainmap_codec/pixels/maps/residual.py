"""The residual domains: what a neural gain map predicts, and how HDR comes back from it.

S and H are BT.2020 PQ code values in [0, 1] of the base and of the HDR rendition. With e = 1/64:

    pq_gain         f = (H + e) / (S + e)                   Gain-MLP, multiplicative residual ("gain map")
    pq_gamma        f = log(H + e) / log(S + e)             Gain-MLP, exponential residual ("gamma map")
    pq_difference   f = H − S
    log2_gain       f = log2((h + ka) / (b + kb))           the gain of ISO 21496-1: linear light b and h, two offsets

The functions of the PQ domains take NumPy arrays as well as torch tensors: only operators and the few functions of `xp`
are used, so that the fit and the definition of decoding share one text.

Source: Canham et al., Gain-MLP, ICCV 2025, section 3; ISO 21496-1:2025 clause 5.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gainmap_codec.files.payload.records import Domain
from gainmap_codec.pixels.color.light import Array

EPSILON = 1 / 64
MAX_GAIN = np.float32(64)
"""log2 gain, at most: more than any picture needs, and black times it is still black."""

BRIGHTEST = np.float32(1 << 15)
"""Linear light of a log2 gain, at most."""

LEAST_DIVISOR = 1e-6
"""Linear light that a rendition is divided by, at least, where part of the way to it is shown: a part of the format."""

_DARKEST = np.float32(2.0**-20)  # linear, of both sides of a measured gain: without offsets black has no logarithm


def inverse_residual(domain: Domain, residual: Any, base_pq: Any, xp: Any) -> Any:
    """PQ code values of the HDR rendition, of a PQ domain.

    Args:
        domain: One of the PQ domains.
        residual: float32 (..., 3) or (..., 1).
        base_pq: float32 (..., 3), PQ code values of the base.
        xp: The module of both arrays: `numpy` or `torch`.
    Returns:
        float32 (..., 3), PQ code values, not clipped.
    """
    if domain == "pq_gain":
        return (base_pq + EPSILON) * residual - EPSILON
    if domain == "pq_gamma":
        return xp.exp(residual * xp.log(base_pq + EPSILON)) - EPSILON
    return base_pq + residual


def residual(domain: Domain, hdr_pq: Any, base_pq: Any, xp: Any) -> Any:
    """What the network has to predict in a PQ domain, float32 (..., 3): the inverse of `inverse_residual`.

    Args:
        domain: One of the PQ domains.
        hdr_pq: float32 (..., 3), PQ code values of the HDR rendition.
        base_pq: float32 (..., 3), PQ code values of the base.
        xp: The module of both arrays: `numpy` or `torch`.
    """
    if domain == "pq_gain":
        return (hdr_pq + EPSILON) / (base_pq + EPSILON)
    if domain == "pq_gamma":
        return xp.log(hdr_pq + EPSILON) / xp.log(base_pq + EPSILON)
    return hdr_pq - base_pq


def residual_slope(domain: Domain, hdr_pq: Any, base_pq: Any, xp: Any) -> Any:
    """How much `inverse_residual` changes with the residual, float32 (..., 3), where it gives `hdr_pq`."""
    if domain == "pq_gain":
        return base_pq + EPSILON
    if domain == "pq_gamma":
        return (hdr_pq + EPSILON) * xp.log(base_pq + EPSILON)
    return xp.ones_like(base_pq)


def storable_offset(offset: float) -> float:
    """The offset next to a linear one that a payload can hold."""
    return float(np.float16(min(max(offset, 0.0), 65504.0)))


def apply_log2_gain(gain: Array, base: Array, base_offset: np.float32, alternate_offset: np.float32) -> None:
    """Turn a linear base, float32 (..., 3), into linear HDR in 0…2^15 by log2 gains (..., 1 or 3), in place."""
    factors = np.minimum(gain, MAX_GAIN)
    np.exp2(factors, out=factors)
    if base_offset:
        base += base_offset
    for channel in range(3):  # a product of planes is faster than one that repeats each factor
        base[..., channel] *= factors[..., channel % factors.shape[-1]]
    if alternate_offset:
        base -= alternate_offset
    np.clip(base, 0, BRIGHTEST, out=base)


def log2_gain(hdr: Array, base: Array, base_offset: np.float32, alternate_offset: np.float32) -> Array:
    """log2 gains, float32 (..., 3), of linear HDR and base."""
    bright = np.maximum(np.maximum(hdr, 0) + alternate_offset, _DARKEST)
    gain: Array = np.log2(bright / np.maximum(np.maximum(base, 0) + base_offset, _DARKEST))
    return gain
