"""Latents, details and weights as integers: searches never raise the price, and their forms are what they say."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from gainmap_codec.files.payload.records import Domain
from gainmap_codec.neural.fit.latent_search import price, search
from gainmap_codec.neural.fit.model import Model
from gainmap_codec.neural.fit.perceptron import output_of
from gainmap_codec.neural.fit.points import Points
from gainmap_codec.neural.fit.weight_search import _nearest_plane, _quadratic, search_weights

ROWS, COLUMNS, FEATURES, NEURONS, LATENTS, DETAILS = 24, 32, 5, 6, 2, 1
CELLS = ((6, 8), (3, 4), (12, 16))  # of two levels of latents, and of the details
BYTES_PER_DB = 100.0


def enlarging(size: int, cells: int) -> torch.Tensor:
    """A bilinear matrix (size, cells)."""
    places = ((torch.arange(size) + 0.5) * cells / size - 0.5).clamp(0, cells - 1)
    return (1 - (places[:, None] - torch.arange(cells)).abs()).clamp(min=0)


def some_points(domain: Domain, channels: int) -> Points:
    random = torch.Generator().manual_seed(1)
    features = torch.nn.functional.interpolate(torch.randn(1, FEATURES, 6, 8, generator=random), (ROWS, COLUMNS))[0]
    features = features.permute(1, 2, 0) + 0.1 * torch.randn(ROWS, COLUMNS, FEATURES, generator=random)
    wanted = torch.sin(features[..., :channels] * 2) * 0.3 + 0.1 * features[..., 3:4].tanh()
    base = 0.3 + 0.2 * torch.rand(ROWS, COLUMNS, 3, generator=random) if channels == 3 else None
    enlarge = tuple((enlarging(ROWS, rows), enlarging(COLUMNS, columns)) for rows, columns in CELLS)
    return Points(
        features.contiguous(),
        wanted if base is None else (base + 0.2 * wanted).clamp(0, 1),
        torch.full((ROWS, COLUMNS, 1), 0.1) if base is None else None,
        base,
        domain,
        0.0,
        0.4,
        enlarge,
    )


def some_model(channels: int, *, scale: float = 0.5) -> Model:
    random = torch.Generator().manual_seed(2)
    shapes = [(FEATURES + LATENTS + 1, NEURONS), (NEURONS + 1, NEURONS), (NEURONS + 1, channels)]
    return Model(
        weights=[torch.randn(shape, generator=random) * scale for shape in shapes],
        weight_steps=torch.full((3,), math.log(1 / 16)),
        weight_spreads=torch.full((3,), math.log(0.4)),
        latents=[torch.zeros(cells) for cells in CELLS[:LATENTS]],
        latent_steps=torch.full((LATENTS,), math.log(1 / 4)),
        details=[torch.zeros(CELLS[-1])],
    )


KINDS: list[tuple[Domain, int]] = [("log2_gain", 1), ("pq_difference", 3)]


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
    assert prices[0] - prices[1] > BYTES_PER_DB, "latents are worth a decibel"
    assert prices[1] - prices[2] > BYTES_PER_DB, "and so are weights"
    assert all(bool((each == each.round()).all()) for each in model.latents + model.details)
    exponents = model.weight_exponents()
    for weight, whole, exponent in zip(model.weights, model.weight_integers(exponents), exponents, strict=True):
        torch.testing.assert_close(weight, whole * 2.0 ** (exponent / 4))


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


def test_steps_hold_the_largest_weight() -> None:
    """As wanted, or as fine as 4095 of them allow; the tensor is what the exponents say, to the last bit."""
    model = some_model(1)
    model.weights[1][0, 0], model.weights[2][0, 0] = 4095 / 16, -4100 / 16
    assert model.weight_exponents() == [-16, -16, -15]
    assert model.weight_sizes().tolist() == torch.tensor([2.0**-4, 2.0**-4, 2.0 ** (-15 / 4)]).tolist()


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
