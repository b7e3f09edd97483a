"""Models and points as a fit has them: small ones, of random numbers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.records import Domain
from gainmap_codec.neural.fit.model import Model
from gainmap_codec.neural.fit.points import Points, Side, Sides, in_planes
from gainmap_codec.pixels.maps.residual import EPSILON
from gainmap_codec.pixels.raster.resampling import bilinear_taps

ROWS, COLUMNS, FEATURES, NEURONS, LATENTS, DETAILS = 24, 32, 5, 6, 2, 1
CELLS = ((6, 8), (3, 4), (12, 16))  # of two levels of latents, and of the details
BYTES_PER_DB = 100.0

KINDS: list[tuple[Domain, int]] = [("log2_gain", 1), ("pq_gamma", 3), ("pq_difference", 3)]
"""Domains, and how many channels each is tried with."""


def side(size: int, cells: int) -> Side:
    """So many points over so many cells."""
    taps = bilinear_taps(size, cells)
    return Side(np.stack([taps.first, taps.second]).astype(np.int32), np.stack([1 - taps.fraction, taps.fraction]))


def sides(rows: int, columns: int) -> tuple[Sides, ...]:
    """Of all levels."""
    return tuple((side(rows, down), side(columns, across)) for down, across in CELLS)


def some_points(domain: Domain, channels: int, rows: int = ROWS, columns: int = COLUMNS) -> Points:
    random = np.random.default_rng(1)
    features = np.repeat(np.repeat(random.normal(size=(FEATURES, -(-rows // 4), -(-columns // 4))), 4, 1), 4, 2)
    features = features[:, :rows, :columns] + 0.1 * random.normal(size=(FEATURES, rows, columns))
    wanted = np.sin(features[:channels] * 2) * 0.3 + 0.1 * np.tanh(features[3:4])
    codes = 0.3 + 0.2 * random.random((3, rows, columns))
    base = {"pq_gamma": np.log(codes + EPSILON), "pq_difference": codes, "pq_gain": codes + EPSILON}.get(domain)
    if base is None:
        base = 0.05 + 0.1 * random.random((1, rows, columns))
    else:
        wanted = np.clip(codes + 0.2 * wanted, 0, 1)
    planes, aim, known = (in_planes(each.astype(np.float32)) for each in (features, wanted, base))
    shift = 1.0 if domain in ("pq_gamma", "pq_gain") else 0.0
    return Points((rows, columns), planes, aim, known, domain, shift, 0.4, sides(rows, columns))


def some_model(channels: int, *, scale: float = 0.5) -> Model:
    random = np.random.default_rng(2)
    shapes = [(FEATURES + LATENTS + 1, NEURONS), (NEURONS + 1, NEURONS), (NEURONS + 1, channels)]
    return Model(
        weights=[(random.normal(size=shape) * scale).astype(np.float32) for shape in shapes],
        weight_steps=np.full(3, math.log(1 / 16), np.float32),
        weight_spreads=np.full(3, math.log(0.4), np.float32),
        latents=[np.zeros(cells, np.float32) for cells in CELLS[:LATENTS]],
        latent_steps=np.full(LATENTS, math.log(1 / 4), np.float32),
        details=[np.zeros(CELLS[-1], np.float32)],
    )


def with_latents(model: Model) -> Model:
    """The same with random integers for latents and details."""
    random = np.random.default_rng(3)
    model.latents = [random.integers(-3, 4, each.shape).astype(np.float32) for each in model.latents]
    model.details = [random.integers(-2, 3, each.shape).astype(np.float32) for each in model.details]
    model.detail_exponent = -16
    return model


def matrix(one: Side, cells: int) -> NDArray[np.float64]:
    """What enlarges along a side as a matrix, float64 (points, cells)."""
    out = np.zeros((one.cells.shape[1], cells))
    for place, share in zip(one.cells, one.shares, strict=True):
        np.add.at(out, (np.arange(len(out)), place), share)
    return out
