"""What integers are said to cost."""

from __future__ import annotations

import math

import pytest
import torch

from gainmap_codec.files.payload.latents import CLASSES, encode_latents
from gainmap_codec.files.payload.range_coder import RangeEncoder
from gainmap_codec.neural.fit.rates import LARGEST_SEARCHED, laplace_bits, latent_bits, neighbour_table, neighbourhood


@pytest.mark.parametrize("spread", [0.1, 0.7, 3.0, 20.0])
def test_laplace_shares_of_all_integers_make_1(spread: float) -> None:
    values = torch.arange(-400.0, 401.0)
    likely = laplace_bits(values, torch.tensor(spread)) < 20  # the others are held above a floor
    shares = 2.0 ** -laplace_bits(values[likely], torch.tensor(spread))
    assert shares.sum().item() == pytest.approx(1, abs=2e-4)


@pytest.mark.parametrize(("value", "spread"), [(0.0, 1.0), (2.0, 1.0), (-3.0, 2.0), (0.3, 0.5), (0.5, 1.0)])
def test_laplace_bits_are_an_integral(value: float, spread: float) -> None:
    """Of the density over the integer's own interval, by a sum of thin slices."""
    places = (value - 0.5 + (n + 0.5) / 10_000 for n in range(10_000))
    share = sum(math.exp(-abs(x) / spread) / (2 * spread) for x in places) / 10_000
    found = laplace_bits(torch.tensor(value), torch.tensor(spread)).item()
    assert found == pytest.approx(-math.log2(share), abs=1e-3)


def test_a_neighbourhood_is_what_the_coder_has_coded_before() -> None:
    magnitudes = torch.zeros(5, 6)
    magnitudes[2, 3] = 1
    expected = torch.zeros(5, 6)
    expected[2, 4] = expected[3, 3] = 2
    expected[2, 5] = expected[4, 3] = expected[3, 2] = expected[3, 4] = 1
    assert torch.equal(neighbourhood(magnitudes), expected)


def test_neighbourhoods_of_several_grids_at_once() -> None:
    grids = [torch.randint(0, 9, shape).float() for shape in ((5, 6), (1, 4), (3, 1))]
    table = neighbour_table([(len(each), each.shape[1]) for each in grids], torch.device("cpu"))
    cells = torch.cat([torch.zeros(1), *(each.flatten() for each in grids)])
    assert torch.equal(cells[table].sum(0), torch.cat([neighbourhood(each).flatten() for each in grids]))
    assert neighbour_table([], torch.device("cpu")).shape == (8, 0)


def some_latents(rows: int = 40, columns: int = 56) -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    spots = torch.nn.functional.avg_pool2d(torch.randn(1, 1, rows + 4, columns + 4, generator=random), 5, 1)[0, 0]
    return (spots * 12 * (spots.abs() > 0.15)).round()


def test_latent_bits_tell_each_class_its_prices() -> None:
    bits, classes = latent_bits(some_latents())
    assert bits.shape == (CLASSES, LARGEST_SEARCHED + 1)
    shares = 2.0**-bits
    shares[:, 1:] *= 2  # a sign is a bit
    torch.testing.assert_close(shares.sum(1), torch.ones(CLASSES))
    assert classes.min() == 0 and classes.max() <= CLASSES - 1
    assert bits[0, 0] < 0.5 < 3 < bits[0, 1], "among zeros a zero is cheap"


def test_latent_bits_are_near_what_the_coder_writes() -> None:
    values = some_latents()
    bits, classes = latent_bits(values)
    wanted = bits[classes, values.abs().long()].sum().item() / 8
    coder = RangeEncoder()
    encode_latents([int(value) for value in values.flatten()], values.shape[0], values.shape[1], coder)
    written = len(coder.finish())
    assert 0.75 * wanted < written < 1.25 * wanted


def test_slopes_of_the_bits() -> None:
    values = torch.tensor([-7.3, -1.0, -0.49, -0.2, 0.1, 0.3, 0.51, 2.0, 30.0], dtype=torch.float64)
    for spread in (0.1, 0.7, 4.0):
        inputs = values, torch.full_like(values, spread)
        assert torch.autograd.gradcheck(laplace_bits, [each.requires_grad_(True) for each in inputs])
