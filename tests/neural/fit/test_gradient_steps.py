"""Gradient steps: slopes of compiled loops against formulas, and costs that fall."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from gainmap_codec.files.payload.records import Domain
from gainmap_codec.neural.fit.gradient_steps import (
    _NOISY,
    _PLAIN,
    _ROUNDED,
    Learner,
    _Descent,
    _falling,
    _Vector,
    refine,
)
from gainmap_codec.neural.fit.latent_search import price
from gainmap_codec.neural.fit.model import Model
from gainmap_codec.neural.fit.points import Batches, Points
from gainmap_codec.neural.fit.rates import laplace_bits
from support.fit_formulas import decibels, enlarged, latent_rate, mean_error, noise, outputs
from support.fit_models import BYTES_PER_DB, KINDS, LATENTS, some_model, some_points, with_latents

Vector = NDArray[np.float64]

PARTS = ("first", "second", "third", "latents", "coarser latents", "latent steps", "steps", "spreads", "latent spreads")
SPREADS = np.array([[-1.0, 0.5], [-0.5, 0.2]], np.float32)


def begun(domain: Domain, channels: int) -> tuple[Points, Model, _Vector, NDArray[np.float32]]:
    """Points of one batch, a model, and its vector."""
    points, model = some_points(domain, channels, 9, 11), with_latents(some_model(channels))
    random = np.random.default_rng(6)
    mixing = (np.eye(len(model.weights[0])) + 0.1 * random.normal(size=(len(model.weights[0]),) * 2)).astype(np.float32)
    parts = [*model.weights, *model.latents, model.latent_steps, model.weight_steps, model.weight_spreads, SPREADS]
    return points, model, _Vector(parts, [1e-9] * len(parts)), mixing


def parts_of(vector: _Vector, flat: Vector) -> list[Vector]:
    ends = np.cumsum([each.size for each in vector.parts()])[:-1]
    return [part.reshape(each.shape) for part, each in zip(np.split(flat, ends), vector.parts(), strict=True)]


def cost(
    points: Points, model: Model, vector: _Vector, mixing: Vector, mode: int, key: int
) -> Callable[[Vector], float]:
    """The cost as a function of the vector, in float64."""
    start = parts_of(vector, vector.values.astype(float))
    weights_size, size = sum(each.size for each in start[:3]), len(vector.values)
    drawn = noise(key, range(size))
    details = sum(enlarged(each, points, LATENTS + n) for n, each in enumerate(model.scaled_details()))

    def taken(parts: list[Vector]) -> tuple[list[Vector], list[Vector]]:
        """Weights and latents as a step takes them, in steps."""
        weights = [mixing @ parts[0], *parts[1:3]]
        if mode == _ROUNDED:  # slopes are as if nothing were rounded: those at the rounded ones
            kept = [mixing @ start[0], *start[1:3]]
            exact = [2.0 ** (round(4 * float(each) / math.log(2)) / 4) for each in start[6]]
            moved = [np.rint(k / s) + (w - k) / s for k, w, s in zip(kept, weights, exact, strict=True)]
            return [each * s for each, s in zip(moved, exact, strict=True)], parts[3:5]
        if mode == _PLAIN:
            return weights, parts[3:5]
        flat = parts_of(vector, drawn)
        noisy = [w + n * np.exp(s) for w, n, s in zip(weights, flat[:3], parts[6], strict=True)]
        return noisy, [value + n for value, n in zip(parts[3:5], flat[3:5], strict=True)]

    around = taken(start)[1]

    def of(flat: Vector) -> float:
        parts = parts_of(vector, flat)
        weights, latents = taken(parts)
        fields = [
            enlarged(each * np.exp(s), points, n) for n, (each, s) in enumerate(zip(latents, parts[5], strict=True))
        ]
        features = np.concatenate([points.features[:, : len(points)], fields])
        total = decibels(mean_error(points, outputs(weights, features, details)))
        if mode == _PLAIN:
            return total
        sizes = [np.exp(each) for each in parts[6]]
        bits = sum(
            laplace_bits(w / s, np.full(w.shape, np.exp(spread) / s)).sum()
            for w, s, spread in zip(weights, sizes, parts[7], strict=True)
        )
        if mode == _NOISY:
            bits += sum(latent_rate(*each) for each in zip(latents, around, parts[8], strict=True))
        return float(total + bits / 8 / BYTES_PER_DB)

    assert weights_size < size
    return of


@pytest.mark.parametrize("mode", [_PLAIN, _NOISY, _ROUNDED])
@pytest.mark.parametrize(("domain", "channels"), KINDS)
def test_slopes_are_those_of_the_formula(domain: Domain, channels: int, mode: int) -> None:
    """A first step's running means are a tenth of the slopes; compared along random directions, part by part."""
    points, model, vector, mixing = begun(domain, channels)
    of = cost(points, model, vector, mixing.astype(float), mode, key=77)
    flat = vector.values.astype(float)
    descent = _Descent(Batches(points, len(points), 1), model, vector, mixing, BYTES_PER_DB)
    costs = np.empty(1)
    descent._take(np.array([[0, 0, 0, mode, 77, 1, int(mode != _PLAIN)]]), np.ones(1, np.float32), costs)
    assert costs[0] == pytest.approx(of(flat), rel=1e-4)
    found = parts_of(vector, vector.means.astype(float) * 10)
    random = np.random.default_rng(8)
    free = {_PLAIN: PARTS[:6], _NOISY: PARTS, _ROUNDED: (*PARTS[:3], "spreads")}[mode]
    for index, name in enumerate(PARTS):
        if name not in free:
            continue
        for _ in range(3):
            change = [np.zeros(each.shape) for each in found]
            change[index] = random.normal(size=found[index].shape)
            step = 1e-6 * np.concatenate([each.ravel() for each in change])
            expected = (of(flat + step) - of(flat - step)) / 2e-6
            assert abs(expected) > 1e-5, "a slope that says something"
            assert (found[index] * change[index]).sum() == pytest.approx(expected, rel=4e-3, abs=2e-3), name


def test_learning_lowers_the_cost() -> None:
    model, batches = some_model(1), Batches(some_points("log2_gain", 1), 256, 8)
    told: list[float] = []
    learner = Learner(model, batches, np.random.default_rng(0))
    first = learner.run(20, BYTES_PER_DB, noise_from=1.0)
    last = learner.run(200, BYTES_PER_DB, noise_from=0.5, progress=told.append)
    assert last < first
    assert told == [0, 0.25, 0.5, 0.75]


def test_refining_lowers_the_price_of_rounded_weights() -> None:
    points, model = some_points("pq_difference", 3), some_model(3)
    before = price(model, points, BYTES_PER_DB)
    refine(model, Batches(points, 256, 8), np.random.default_rng(0), BYTES_PER_DB, 150)
    assert price(model, points, BYTES_PER_DB) < before - BYTES_PER_DB


def test_rates_fall_along_half_a_cosine() -> None:
    rates = _falling(np.arange(11) / 10)
    assert rates.tolist() == sorted(rates.tolist(), reverse=True)
    assert [round(float(rates[n]), 3) for n in (0, 5, -1)] == [1, 0.505, 0.01]
