"""Points that a fit looks at: parts of them, and batches."""

from __future__ import annotations

import math

import torch

from gainmap_codec.neural.fit.points import Batches, enlarged
from support.fit_models import random_points


def test_batches_take_every_point_once() -> None:
    points = random_points("log2_gain", 1)
    numbers = torch.arange(99.0).reshape(9, 11, 1)
    points.features[..., :1] = numbers
    random = torch.Generator().manual_seed(0)
    taken = Batches(points, 10).endless(random)
    first = [next(taken).features[..., 0].flatten() for _ in range(9)]
    assert all(8 <= len(each) <= 16 for each in first)
    again = [next(taken).features[..., 0].flatten() for _ in range(9)]
    for each in (first, again):
        assert torch.cat(each).sort().values.tolist() == numbers.flatten().tolist()
    line = Batches(points.every((9, 1)), 4).endless(random)
    assert len(next(line)) in (5, 6), "of a single row, every second"


def test_fewer_points_keep_what_belongs_to_them() -> None:
    points = random_points("pq_gamma", 3)
    few = points.every((2, 3), (1, 2))
    torch.testing.assert_close(few.features, points.features[1::2, 2::3])
    latents = torch.rand(3, 4)
    torch.testing.assert_close(enlarged(latents, few.enlarge[0]), enlarged(latents, points.enlarge[0])[1::2, 2::3])
    assert few.shape == (4, 3) and math.prod(few.shape) == len(few)
