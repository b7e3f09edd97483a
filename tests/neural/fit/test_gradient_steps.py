"""Gradient steps: the cost falls, and tensors are plain again afterwards."""

from __future__ import annotations

import torch

from gainmap_codec.neural.fit.gradient_steps import Learner, _falling, refine
from gainmap_codec.neural.fit.latent_search import price
from gainmap_codec.neural.fit.points import Batches
from support.fit_models import BYTES_PER_DB, some_model, some_points


def test_learning_lowers_the_cost_and_leaves_plain_tensors() -> None:
    points, model = some_points("log2_gain", 1), some_model(1)
    told: list[float] = []
    learner = Learner(model, points, Batches(points, 256), torch.Generator().manual_seed(0))
    first = learner.run(20, BYTES_PER_DB, noise_from=1.0)
    last = learner.run(200, BYTES_PER_DB, noise_from=0.5, progress=told.append)
    assert last < first
    assert told == sorted(told) and 0 <= told[0] < told[-1] < 1
    tensors = [*model.weights, *model.latents, model.latent_steps, model.weight_steps, model.weight_spreads]
    assert not any(each.requires_grad or each.grad is not None for each in tensors)


def test_refining_lowers_the_price_of_rounded_weights() -> None:
    points, model = some_points("pq_difference", 3), some_model(3)
    before = price(model, points, BYTES_PER_DB)
    refine(model, points, torch.Generator().manual_seed(0), BYTES_PER_DB, 150)
    assert price(model, points, BYTES_PER_DB) < before - BYTES_PER_DB


def test_rates_fall_along_half_a_cosine() -> None:
    rates = [_falling(done / 10) for done in range(11)]
    assert rates == sorted(rates, reverse=True)
    assert (rates[0], round(rates[5], 3), round(rates[-1], 3)) == (1, 0.505, 0.01)
