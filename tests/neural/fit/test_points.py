"""Points that a fit looks at: what loops make of them against formulas, fewer of them, and batches."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_codec.files.payload.records import Domain
from gainmap_codec.neural.fit.points import Batches, network_outputs, network_slopes
from support.fit_formulas import enlarged, mean_error, outputs
from support.fit_models import FEATURES, KINDS, LATENTS, matrix, side, some_model, some_points, with_latents


@pytest.mark.parametrize("shape", [(24, 32), (9, 11), (1, 1), (40, 333)])
def test_enlarging_and_its_transpose(shape: tuple[int, int]) -> None:
    points, values = (
        some_points("log2_gain", 1, *shape),
        np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32),
    )
    found = np.ones(points.stride, np.float32)
    points.enlarged(values, points.sides[0], found, adds=True)
    np.testing.assert_allclose(found[: len(points)], 1 + enlarged(values, points, 0), rtol=1e-5, atol=1e-5)
    left, right = (np.random.default_rng(n).normal(size=(2, points.stride)).astype(np.float32) for n in (1, 2))
    down, across = points.sides[0]
    product = (left * right).astype(float).sum(0)[: len(points)].reshape(shape)
    expected = matrix(down, 6).T @ product @ matrix(across, 8)
    np.testing.assert_allclose(points.shrunk(left, right, (down, across), (6, 8)), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("domain", "channels"), [*KINDS, ("pq_gain", 3)])
def test_outputs_errors_and_slopes(domain: Domain, channels: int) -> None:
    points, model = some_points(domain, channels, 9, 11), with_latents(some_model(channels))
    seen, count = model.seen(points), 99
    fields = [enlarged(model.scaled_latent(n), points, n) for n in range(LATENTS)]
    features = np.concatenate([points.features[:, :count], fields]).astype(float)
    details = enlarged(model.scaled_details()[0], points, LATENTS)
    weights = [each.astype(float) for each in model.weights]
    expected = outputs(weights, features, details)
    found = network_outputs(model.weights, points, seen)
    np.testing.assert_allclose(found[:, :count], expected, rtol=1e-4, atol=1e-5)
    left = points.left(found)
    assert left.error == pytest.approx(mean_error(points, expected, leak=0), rel=1e-4)
    assert left.error * count == pytest.approx(float(np.square(left.left).sum()), rel=1e-5)
    assert not left.left[:, count:].any() and not left.slope[:, count:].any()
    inside = np.clip(expected, -1, 1) / 2  # where nothing is clipped a slope is a difference
    near, far = (
        points.left(np.pad(inside + d, ((0, 0), (0, points.stride - count))).astype(np.float32)) for d in (0, 0.01)
    )
    np.testing.assert_allclose((near.left - far.left)[:, :count] / 0.01, near.slope[:, :count], rtol=0.05, atol=1e-3)
    moved = features.copy()
    moved[FEATURES] += 1e-5
    slopes = (outputs(weights, moved, details) - expected) / 1e-5
    row = np.ascontiguousarray(model.weights[0][FEATURES])
    np.testing.assert_allclose(
        network_slopes(model.weights, points, seen, row)[:, :count], slopes, rtol=1e-2, atol=1e-3
    )


def test_batches_take_every_point() -> None:
    points = some_points("log2_gain", 1, 9, 11)
    points.features[0, :99] = np.arange(99)
    batches = Batches(points, 10, 100)
    assert len(batches.numbers) == batches.down * batches.across == 9
    count = batches.rows * batches.columns
    assert 8 <= count <= 16
    taken = [batches.planes[0][n, 0, :count] for n in range(9)]
    assert set(np.concatenate(taken).tolist()) == set(range(99)), "points at the edges may come twice"
    assert np.diff(taken[0].reshape(batches.rows, batches.columns)[0, :-1]).tolist() == [batches.across] * (
        batches.columns - 2
    )
    few = Batches(points, 10, 4)
    assert len(few.numbers) == 4 and few.planes[0].shape[0] == 4


def test_batches_are_enlarged_as_their_points_are() -> None:
    points = some_points("log2_gain", 1, 9, 11)
    values = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)
    points.features[0, :99] = enlarged(values, points, 0)
    batches = Batches(points, 10, 100)
    rows, columns = batches.sides
    for place, number in enumerate(batches.numbers):
        down, across = divmod(int(number), batches.across)
        line = (
            rows.shares[0, down, 0, :, None] * values[rows.cells[0, down, 0]]
            + rows.shares[0, down, 1, :, None] * values[rows.cells[0, down, 1]]
        )
        field = (
            line[:, columns.cells[0, across, 0]] * columns.shares[0, across, 0]
            + line[:, columns.cells[0, across, 1]] * columns.shares[0, across, 1]
        )
        np.testing.assert_allclose(batches.planes[0][place, 0, : field.size], field.ravel(), rtol=1e-5, atol=1e-6)


def test_fewer_points_keep_what_belongs_to_them() -> None:
    points = some_points("pq_gamma", 3, 9, 11)
    few = points.every(2)
    assert few.shape == (5, 6) and len(few) == 30 and few.stride == 32
    np.testing.assert_array_equal(few.pictures(few.features), points.pictures(points.features)[:, ::2, ::2])
    values = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)
    np.testing.assert_allclose(
        enlarged(values, few, 0).reshape(5, 6), enlarged(values, points, 0).reshape(9, 11)[::2, ::2]
    )
    assert points.at_most(99) is points and points.at_most(98).shape == (5, 6)
    assert side(4, 2).squared().shares.tolist() == (side(4, 2).shares ** 2).tolist()
