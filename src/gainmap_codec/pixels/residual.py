"""The residual domains: what a neural gain map predicts, and how HDR comes back from it.

S and H are BT.2020 PQ code values in [0, 1] of the base and of the HDR rendition. With e = 1/64:

    pq_gain         f = (H + e) / (S + e)                   Gain-MLP, multiplicative residual ("gain map")
    pq_gamma        f = log(H + e) / log(S + e)             Gain-MLP, exponential residual ("gamma map")
    pq_difference   f = H − S

The functions take NumPy arrays as well as torch tensors: only operators and the few functions of `xp` are used, so that
the fit and the definition of decoding share one text.

Source: Canham et al., Gain-MLP, ICCV 2025, section 3.
"""

from __future__ import annotations

from typing import Any

from gainmap_codec.files.records import Domain

EPSILON = 1 / 64


def inverse_residual(domain: Domain, residual: Any, base_pq: Any, xp: Any) -> Any:
    """PQ code values of the HDR rendition.

    Args:
        domain: One of the domains.
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
    """What the network has to predict, float32 (..., 3): the inverse of `inverse_residual`.

    Args:
        domain: One of the domains.
        hdr_pq: float32 (..., 3), PQ code values of the HDR rendition.
        base_pq: float32 (..., 3), PQ code values of the base.
        xp: The module of both arrays: `numpy` or `torch`.
    """
    if domain == "pq_gain":
        return (hdr_pq + EPSILON) / (base_pq + EPSILON)
    if domain == "pq_gamma":
        return xp.log(hdr_pq + EPSILON) / xp.log(base_pq + EPSILON)
    return hdr_pq - base_pq
