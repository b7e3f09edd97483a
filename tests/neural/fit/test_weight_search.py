"""Weights as integers: forms are what they say, searches leave alone what is not theirs, and come to an end."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from gainmap_codec.files.payload.records import Domain
from gainmap_codec.neural.fit.model import flattened
from gainmap_codec.neural.fit.weight_search import NearestPlane, Quadratic, _quadratic, search_weights
from support.fit_formulas import enlarged, mean_error, outputs
from support.fit_models import BYTES_PER_DB, KINDS, some_model, some_points


@pytest.mark.parametrize(("domain", "channels"), KINDS)
def test_a_form_is_what_small_changes_of_weights_cost(domain: Domain, channels: int) -> None:
    """Against the squared error itself, by central differences in float64."""
    points, model = some_points(domain, channels), some_model(channels, scale=0.2)
    model.weight_steps[:] = math.log(1e-3)  # rounding then moves next to nothing
    total = sum(each.size for each in model.weights)
    form = _quadratic(model, points, slice(0, total), BYTES_PER_DB)
    np.testing.assert_array_equal(form.curvature, form.curvature.T)
    weights, count = model.rounded_weights(), len(points)
    fields = [enlarged(model.scaled_latent(n), points, n) for n in range(len(model.latents))]
    features = np.concatenate([points.features[:, :count], fields])

    def error(step: float, change: NDArray[np.float64]) -> float:
        ends = np.cumsum([each.size for each in weights])[:-1]
        parts = np.split(flattened(weights) + step * change, ends)
        moved = [part.reshape(each.shape) for part, each in zip(parts, weights, strict=True)]
        return mean_error(points, outputs(moved, features), leak=0)

    here = error(0, np.zeros(total))
    bits = 8 * BYTES_PER_DB * 10 / math.log(10) / here
    random = np.random.default_rng(4)
    for _ in range(4):
        change = random.normal(size=total)
        slope = (error(1e-5, change) - error(-1e-5, change)) / 2e-5 * bits
        assert -2 * form.pull @ change == pytest.approx(slope, rel=2e-3)
        single = np.zeros(total)  # the last layer's weights move outputs along lines: there the form is all there is
        single[-len(weights[2].ravel()) :] = change[-len(weights[2].ravel()) :]
        if domain != "pq_gamma":
            bend = (error(1e-3, single) + error(-1e-3, single) - 2 * here) / 2e-6 * bits
            assert single @ form.curvature @ single == pytest.approx(bend, rel=2e-2)


def test_a_search_of_some_weights_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gainmap_codec.neural.fit.weight_search._BLOCK", 30)
    points, model = some_points("log2_gain", 1), some_model(1)
    exponents = model.weight_exponents()
    before = flattened(model.weight_integers(exponents))
    search_weights(model, points, BYTES_PER_DB, turn=1)
    assert model.weight_exponents() == exponents
    after = flattened(model.weight_integers(exponents))
    changed = np.flatnonzero(after != before)
    blocks = -(-len(before) // 30)
    assert len(changed) > 0
    assert len(before) // blocks <= changed.min() and changed.max() < 2 * len(before) // blocks


def test_searches_of_weights_come_to_an_end() -> None:
    points, model = some_points("log2_gain", 1), some_model(1)
    for turn in range(60):
        before = model.copy()
        search_weights(model, points, BYTES_PER_DB, turn=turn)
        if all(np.array_equal(*each) for each in zip(model.weights, before.weights, strict=True)):
            break
    assert 3 < turn < 59


def test_the_nearest_plane_is_nearer_than_rounding() -> None:
    random = np.random.default_rng(0)
    directions = random.normal(size=(40, 20)) @ np.diag(np.geomspace(0.05, 1, 20)) @ random.normal(size=(20, 20))
    curvature = directions.T @ directions
    better, pull = [], random.normal(size=20)
    plane = NearestPlane(Quadratic(curvature, pull))
    np.testing.assert_allclose(curvature @ plane.step, pull, atol=1e-9)
    for _ in range(20):
        wanted = random.normal(size=20) * 5
        found = plane.near(wanted)
        assert (found == np.round(found)).all()
        costs = [miss @ curvature @ miss for miss in (found - wanted, np.round(wanted) - wanted)]
        better.append(costs[0] < costs[1])
    assert sum(better) >= 18
