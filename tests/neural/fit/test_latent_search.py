"""Latents, details and weights as integers: searches never raise the price."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gainmap_codec.files.payload.records import Domain
from gainmap_codec.neural.fit.latent_search import price, search
from gainmap_codec.neural.fit.weight_search import search_weights
from support.fit_models import BYTES_PER_DB, KINDS, some_model, some_points


@pytest.mark.parametrize(("domain", "channels"), KINDS)
def test_searches_lower_the_price_step_by_step(domain: Domain, channels: int) -> None:
    points, model = some_points(domain, channels), some_model(channels)
    prices = [price(model, points, BYTES_PER_DB)]
    for turn in range(3):
        search(model, points, points, BYTES_PER_DB)
        prices.append(price(model, points, BYTES_PER_DB))
        search_weights(model, points, BYTES_PER_DB, turn=turn)
        prices.append(price(model, points, BYTES_PER_DB))
    assert all(after <= before for before, after in itertools.pairwise(prices)), prices
    assert prices[0] - prices[1] > BYTES_PER_DB / 4, "latents are worth a part of a decibel"
    assert prices[1] - prices[2] > BYTES_PER_DB / 4, "and so are weights"
    assert all((each == each.round()).all() for each in model.latents + model.details)
    exponents = model.weight_exponents()
    for weight, whole, exponent in zip(model.weights, model.weight_integers(exponents), exponents, strict=True):
        np.testing.assert_allclose(weight, whole * 2.0 ** (exponent / 4), rtol=1e-6)


def test_details_that_lines_lead_astray_are_changed_by_less() -> None:
    """Outputs beyond the range cost nothing and seem free to move: what suits the rest brings them back."""
    points, model = some_points("log2_gain", 1), some_model(1, scale=0.0)
    is_beyond = np.ones(points.shape, bool)
    is_beyond[::2, ::2] = False
    points.pictures(points.features)[0] = is_beyond
    points.pictures(points.wanted)[0] = np.where(is_beyond, -1, 0.9)
    model.weights[0][0, 0] = model.weights[1][0, 0] = 1
    model.weights[2][:, 0] = np.array([-0.6, 0, 0, 0, 0, 0, -0.9])  # −1.5 beyond the range, −0.9 within
    before = price(model, points, BYTES_PER_DB)
    search(model, points, points, BYTES_PER_DB)
    assert np.abs(model.details[0]).max() == 1, "what the error alone wants is two steps"
    assert price(model, points, BYTES_PER_DB) < before - BYTES_PER_DB
