"""The fit's slopes, written out by hand, against those of automatic differentiation."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gainmap_codec.files.payload.records import Domain
from gainmap_codec.neural.fit.perceptron import squared_error
from gainmap_codec.neural.fit.points import Points, enlarged
from gainmap_codec.pixels.maps.residual import inverse_residual
from support.fit_models import random_points

LEAK = 0.01


def recorded_error(points: Points, weights: list[Tensor], latents: list[Tensor]) -> Tensor:
    """What `squared_error` is, operation by operation, for automatic differentiation."""
    fields = [enlarged(each, matrices)[..., None] for each, matrices in zip(latents, points.enlarge, strict=True)]
    values = torch.cat([points.features, *fields], dim=2)
    for weight in weights[:-1]:
        values = torch.relu(values @ weight[:-1] + weight[-1])
    output = values @ weights[-1][:-1] + weights[-1][-1]
    output = output if points.added is None else output + points.added
    output = output.clamp(-1, 1) * (1 - LEAK) + output * LEAK
    if points.roots is not None:
        return ((points.wanted - output) * points.roots).square().sum(2).mean()
    predicted = inverse_residual(points.domain, output * points.scale + points.shift, points.base, torch)
    error: Tensor = (points.wanted - predicted).square().sum(2).mean() / 3
    return error


@pytest.mark.parametrize("details", [True, False])
@pytest.mark.parametrize(("domain", "channels"), [("log2_gain", 1), ("pq_gamma", 3), ("pq_difference", 3)])
def test_slopes_of_the_error(domain: Domain, channels: int, details: bool) -> None:
    points = random_points(domain, channels, details=details)
    random = torch.Generator().manual_seed(5)
    shapes = [(8, 6), (7, 6), (7, channels), (3, 4), (2, 3)]
    tensors = [(torch.randn(shape, generator=random) / 3).requires_grad_(True) for shape in shapes]
    error = squared_error(points, tensors[:3], tensors[3:])
    expected = recorded_error(points, tensors[:3], tensors[3:])
    torch.testing.assert_close(error, expected)
    found = torch.autograd.grad(3 * error, tensors)
    for slope, wanted in zip(found, torch.autograd.grad(3 * expected, tensors), strict=True):
        assert wanted.abs().max() > 1e-4, "a slope that says something"
        torch.testing.assert_close(slope, wanted, atol=1e-5, rtol=1e-4)
