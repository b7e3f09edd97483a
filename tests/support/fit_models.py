"""Models and points as a fit has them: small ones, of random numbers."""

from __future__ import annotations

import math

import torch

from gainmap_codec.files.payload.records import Domain
from gainmap_codec.neural.fit.model import Model
from gainmap_codec.neural.fit.points import Points

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


def random_points(domain: Domain, channels: int, *, details: bool = True) -> Points:
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


KINDS: list[tuple[Domain, int]] = [("log2_gain", 1), ("pq_difference", 3)]
"""Domains, and how many channels each is tried with."""
