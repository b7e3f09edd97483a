"""The fit's slopes, written out by hand, against those of automatic differentiation."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gainmap_codec.files.payload.records import Domain
from gainmap_codec.neural.fit.perceptron import squared_error
from gainmap_codec.neural.fit.points import Batches, Points, enlarged
from gainmap_codec.neural.fit.rates import laplace_bits
from gainmap_codec.pixels.maps.residual import inverse_residual

LEAK = 0.01


def some_points(domain: Domain, channels: int, *, details: bool = True) -> Points:
    random = torch.Generator().manual_seed(3)
    base = 0.4 + torch.rand(9, 11, 3, generator=random) / 5 if domain != "log2_gain" else None
    roots = torch.rand(9, 11, 1, generator=random) if domain == "log2_gain" else None
    matrices = [(torch.rand(9, n, generator=random), torch.rand(11, n + 1, generator=random)) for n in (3, 2)]
    return Points(
        torch.randn(9, 11, 5, generator=random),
        torch.rand(9, 11, channels, generator=random),
        roots,
        base,
        domain,
        1.0 if domain == "pq_gamma" else 0.0,
        0.2,  # of the scale: no PQ code leaves 0…1
        tuple(matrices),
        torch.randn(9, 11, 1, generator=random) / 4 if details else None,
    )


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
    points = some_points(domain, channels, details=details)
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


def test_slopes_of_the_bits() -> None:
    values = torch.tensor([-7.3, -1.0, -0.49, -0.2, 0.1, 0.3, 0.51, 2.0, 30.0], dtype=torch.float64)
    for spread in (0.1, 0.7, 4.0):
        inputs = values, torch.full_like(values, spread)
        assert torch.autograd.gradcheck(laplace_bits, [each.requires_grad_(True) for each in inputs])


def test_batches_take_every_point_once() -> None:
    points = some_points("log2_gain", 1)
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
    points = some_points("pq_gamma", 3)
    few = points.every((2, 3), (1, 2))
    torch.testing.assert_close(few.features, points.features[1::2, 2::3])
    latents = torch.rand(3, 4)
    torch.testing.assert_close(enlarged(latents, few.enlarge[0]), enlarged(latents, points.enlarge[0])[1::2, 2::3])
    assert few.shape == (4, 3) and math.prod(few.shape) == len(few)
