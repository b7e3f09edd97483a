"""The residual domains: each way undoes the other, in NumPy and in torch alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gainmap_codec.files.payload.records import Domain
from gainmap_codec.pixels.maps.residual import (
    BRIGHTEST,
    apply_log2_gain,
    inverse_residual,
    log2_gain,
    residual,
    residual_slope,
)

PQ_DOMAINS: tuple[Domain, ...] = ("pq_gain", "pq_gamma", "pq_difference")
RNG = np.random.default_rng(3)
BASE, HDR = RNG.random((2, 5, 7, 3), np.float32) * np.float32(0.9)


@pytest.mark.parametrize("domain", PQ_DOMAINS)
def test_there_and_back(domain: Domain) -> None:
    back = inverse_residual(domain, residual(domain, HDR, BASE, np), BASE, np)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, HDR, atol=2e-6)


@pytest.mark.parametrize("domain", PQ_DOMAINS)
def test_torch_computes_the_same(domain: Domain) -> None:
    base, hdr = torch.from_numpy(BASE), torch.from_numpy(HDR)
    for function in (residual, inverse_residual, residual_slope):
        np.testing.assert_allclose(function(domain, hdr, base, torch), function(domain, HDR, BASE, np), rtol=2e-6)


@pytest.mark.parametrize("domain", PQ_DOMAINS)
def test_slopes_are_those_of_small_steps(domain: Domain) -> None:
    base, hdr = BASE.astype(np.float64), HDR.astype(np.float64)
    f, step = residual(domain, hdr, base, np), 1e-6
    rise = inverse_residual(domain, f + step, base, np) - inverse_residual(domain, f - step, base, np)
    np.testing.assert_allclose(residual_slope(domain, hdr, base, np), rise / (2 * step), rtol=1e-5)


@pytest.mark.parametrize("offset", [np.float32(1), np.float32(1 / 64), np.float32(1e-5), np.float32(0)])
def test_log2_gains_there_and_back(offset: np.float32) -> None:
    found = BASE.copy()
    apply_log2_gain(log2_gain(HDR, BASE, offset, offset), found, offset, offset)
    np.testing.assert_allclose(found, HDR, atol=2e-6)


def test_gains_of_black_and_of_everything_too_bright_are_finite() -> None:
    nothing = np.zeros((1, 1, 3), np.float32)
    assert np.isfinite(log2_gain(HDR, nothing, np.float32(0), np.float32(0))).all()
    pixels = np.ones((1, 1, 3), np.float32)
    apply_log2_gain(np.full((1, 1, 1), np.inf, np.float32), pixels, np.float32(0), np.float32(0))
    assert (pixels == BRIGHTEST).all()
