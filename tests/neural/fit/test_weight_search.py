"""Weights as integers: forms are what they say, searches leave alone what is not theirs, and come to an end."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gainmap_codec.files.payload.records import Domain
from gainmap_codec.neural.fit.perceptron import output_of
from gainmap_codec.neural.fit.points import Points
from gainmap_codec.neural.fit.weight_search import _nearest_plane, _quadratic, search_weights
from support.fit_models import BYTES_PER_DB, KINDS, some_model, some_points


@pytest.mark.parametrize(("domain", "channels"), KINDS)
def test_a_form_is_what_small_changes_of_weights_cost(domain: Domain, channels: int) -> None:
    """Against the squared error itself, by central differences in float64."""
    points, model = some_points(domain, channels), some_model(channels, scale=0.2)
    model.weight_steps.fill_(math.log(1e-3))  # rounding then moves next to nothing
    total = sum(each.numel() for each in model.weights)
    form = _quadratic(model, points, slice(0, total), BYTES_PER_DB)
    weights = [each.double() for each in model.rounded_weights()]
    seen = model.seen(points)
    seen = Points(
        seen.features.double(),
        seen.wanted.double(),
        None if seen.roots is None else seen.roots.double(),
        None if seen.base is None else seen.base.double(),
        seen.domain,
        seen.shift,
        seen.scale,
        (),
    )

    def error(step: float, change: torch.Tensor) -> float:
        flat = torch.cat([each.flatten() for each in weights]) + step * change
        parts = torch.split(flat, [each.numel() for each in weights])
        moved = [part.reshape(each.shape) for part, each in zip(parts, weights, strict=True)]
        return float(seen.left(output_of(moved, seen).clamp(-1, 1)).square().sum(2).mean())

    bits = 8 * BYTES_PER_DB * 10 / math.log(10) / error(0, torch.zeros(total))
    random = torch.Generator().manual_seed(4)
    for _ in range(4):
        change = torch.randn(total, generator=random, dtype=torch.float64)
        slope = (error(1e-5, change) - error(-1e-5, change)) / 2e-5 * bits
        assert -2 * form.pull @ change.numpy() == pytest.approx(slope, rel=2e-3)


def test_a_search_of_some_weights_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gainmap_codec.neural.fit.weight_search._BLOCK", 30)
    points, model = some_points("log2_gain", 1), some_model(1)
    exponents = model.weight_exponents()
    before = torch.cat([each.flatten() for each in model.weight_integers(exponents)])
    search_weights(model, points, BYTES_PER_DB, turn=1)
    assert model.weight_exponents() == exponents
    after = torch.cat([each.flatten() for each in model.weight_integers(exponents)])
    changed = (after != before).nonzero().flatten()
    blocks = -(-len(before) // 30)
    assert len(changed) > 0
    assert len(before) // blocks <= changed.min() and changed.max() < 2 * len(before) // blocks


def test_searches_of_weights_come_to_an_end() -> None:
    points, model = some_points("log2_gain", 1), some_model(1)
    for turn in range(60):
        before = model.copy()
        search_weights(model, points, BYTES_PER_DB, turn=turn)
        if all(torch.equal(*each) for each in zip(model.weights, before.weights, strict=True)):
            break
    assert 3 < turn < 59


def test_the_nearest_plane_is_nearer_than_rounding() -> None:
    random = np.random.default_rng(0)
    directions = random.normal(size=(40, 20)) @ np.diag(np.geomspace(0.05, 1, 20)) @ random.normal(size=(20, 20))
    curvature = directions.T @ directions
    better = []
    for _ in range(20):
        wanted = random.normal(size=20) * 5
        found = _nearest_plane(curvature, wanted)
        assert (found == np.round(found)).all()
        costs = [miss @ curvature @ miss for miss in (found - wanted, np.round(wanted) - wanted)]
        better.append(costs[0] < costs[1])
    assert sum(better) >= 18
