"""Latents and details as integers: a pass over each grid that knows what each bit costs.

Linearised, what a change of one cell does to error and bits is known exactly; all cells of one parity, which do not
touch, change at once to what is cheapest.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from gainmap_codec.neural.fit.model import Model
from gainmap_codec.neural.fit.points import Left, Points, Seen, Sides, network_outputs, network_slopes
from gainmap_codec.neural.fit.rates import LARGEST_SEARCHED, LatentBits, latent_bits, rounded
from gainmap_codec.pixels import loops
from gainmap_codec.pixels.color.light import Array

_DETAIL_STEP = 3.0  # of the details, in root mean squared errors
_LARGEST_CHANGES = (2 * LARGEST_SEARCHED, 3, 1)  # of a latent in a pass: where lines lead astray, smaller steps
_HARDLY_CLIPPED = 1.02  # outputs up to here are clipped by so little that a detail may bring them back
_NONZERO_BITS = 1.0  # a cell that is not 0 costs at least so much more than a 0, whatever its neighbours


def price(model: Model, points: Points, bytes_per_db: float) -> float:
    """Estimated bytes, and decibels of error at points in bytes; everything rounded."""
    output = network_outputs(model.rounded_weights(), points, model.seen(points))
    return price_of(model.bits(), points, points.left(output), bytes_per_db)


def price_of(bits: float, points: Points, left: Left, bytes_per_db: float) -> float:
    """The price where bits and error are known."""
    return bits / 8 + bytes_per_db * 10 * math.log10(left.error + points.floor)


def bits_per_error(points: Points, left: Left, bytes_per_db: float) -> float:
    """What a little more of the sum of squared errors is worth in bits."""
    return 8 * bytes_per_db * 10 / math.log(10) / (left.error + points.floor) / len(points)


def search(model: Model, points: Points, coarse: Points, bytes_per_db: float) -> None:
    """Every grid once: latents on the `coarse` points, from the coarsest level on, then details on all of them."""
    weights = model.rounded_weights()
    _search_latents(model, coarse, weights, bytes_per_db)
    if model.details:
        _search_details(model, points, weights, bytes_per_db)


class _Standing(NamedTuple):
    """How far a search has come.

    Attributes:
        output: The network's at all points, details included, float32 (C, stride).
        left: What is left of the error.
        bits: Estimated size of weights, latents and details.
        price: See `price_of`.
    """

    output: Array
    left: Left
    bits: float
    price: float


class _Search:
    """A search over grids, each of which is changed only where the real price falls."""

    def __init__(self, model: Model, points: Points, bytes_per_db: float, output: Array) -> None:
        """A model as it stands, and its output at the points."""
        self._points, self._bytes_per_db = points, bytes_per_db
        self.now = self._standing(output, model.bits())

    def _standing(self, output: Array, bits: float) -> _Standing:
        left = self._points.left(output)
        return _Standing(output, left, bits, price_of(bits, self._points, left, self._bytes_per_db))

    def change(self, values: Array, sides: Sides, slope: Array, show: Callable[[Array], Array]) -> None:
        """Show better values of a grid, or the same again.

        Args:
            values: As they are, float32 (rows, columns).
            sides: How the grid is enlarged.
            slope: Of the output by the enlarged values, float32 (C, stride).
            show: Puts other values into the model and returns its output.
        """
        others = self.now.bits - latent_bits(values).total
        for largest in _LARGEST_CHANGES:
            problem = _Problem(self._points, self.now.left, slope, self._bytes_per_db)
            found = problem.solve(values, sides, largest)
            if found is values:
                return
            tried = self._standing(show(found), others + latent_bits(found).total)
            if tried.price < self.now.price:
                self.now = tried
                return
        show(values)


def _search_latents(model: Model, points: Points, weights: list[Array], bytes_per_db: float) -> None:
    seen = model.seen(points)
    search = _Search(model, points, bytes_per_db, network_outputs(weights, points, seen))

    def show(index: int, values: Array) -> Array:
        model.latents[index] = values
        points.enlarged(model.scaled_latent(index), points.sides[index], seen.fields[index])
        return network_outputs(weights, points, seen)

    for index in reversed(range(len(model.latents))):
        slope = _slope(weights, model, points, seen, search.now.output, index)
        search.change(model.latents[index], points.sides[index], slope, partial(show, index))


def _search_details(model: Model, points: Points, weights: list[Array], bytes_per_db: float) -> None:
    seen = model.seen(points)
    without = network_outputs(weights, points, seen._replace(added=np.zeros(0, np.float32)))

    def output() -> Array:
        added = model.added(points)
        return without + added if added.size else without

    def show(index: int, values: Array) -> Array:
        model.details[index] = values
        return output()

    begun = model.copy()
    before = _Search(model, points, bytes_per_db, output()).now
    _choose_detail_step(model, before.left, points)
    search = _Search(model, points, bytes_per_db, output())
    for index, sides in enumerate(points.sides[len(model.latents) :]):
        slope = (np.abs(search.now.output) < _HARDLY_CLIPPED) * np.float32(2.0 ** (model.detail_exponent / 4))
        search.change(model.details[index], sides, slope, partial(show, index))
    if search.now.price > before.price:
        model.take(begun)


def _slope(weights: list[Array], model: Model, points: Points, seen: Seen, output: Array, index: int) -> Array:
    """Slope of the output by the integers of a latent's field, float32 (C, stride); 0 where the output is clipped."""
    row = weights[0][len(points.features) + index] * np.exp(model.latent_steps[index])
    slope = network_slopes(weights, points, seen, row)
    slope *= np.abs(output) < 1
    return slope


def _choose_detail_step(model: Model, left: Left, points: Points) -> None:
    """A step in proportion to the error that is left; details that are there already keep their size."""
    unit = float(np.square(left.slope).sum(dtype=np.float64)) / len(points)
    exponent = round(4 * math.log2(max(_DETAIL_STEP * math.sqrt(left.error / max(unit, 1e-12)), 1e-4)))
    exponent = min(max(exponent, -100), 0)
    ratio = np.float32(2.0 ** ((model.detail_exponent - exponent) / 4))
    model.details = [rounded(each * ratio) for each in model.details]
    model.detail_exponent = exponent


class _Problem:
    """Integers on a grid that lower the cost of what is left of the error; `solve` may be called grid by grid."""

    def __init__(self, points: Points, left: Left, slope: Array, bytes_per_db: float) -> None:
        self._points = points
        self._left = left.left.copy()
        self._slope = left.slope * slope
        self._weighted = self._slope * np.float32(bits_per_error(points, left, bytes_per_db))

    def solve(self, values: Array, sides: Sides, largest: float) -> Array:
        """The grid's values after one pass over its four parities, none changed by more than `largest`."""
        squared = sides[0].squared(), sides[1].squared()
        curvature = self._points.shrunk(self._weighted, self._slope, squared, values.shape)
        pull = None
        for parity in range(4):
            if pull is None:
                pull, bits = self._points.shrunk(self._weighted, self._left, sides, values.shape), latent_bits(values)
            change = _cheapest(values, bits, pull, curvature, parity, largest)
            if change is not None:
                values, pull = values + change, None
                self._take_off(change, sides)
        return values

    def _take_off(self, change: Array, sides: Sides) -> None:
        count, columns = len(self._left), change.shape[1]
        loops.fit_take_off(self._slope, change, *sides[0], *sides[1], self._left, count, self._points.stride, columns)


def _cheapest(
    values: Array, bits: LatentBits, pull: Array, curvature: Array, parity: int, largest: float
) -> Array | None:
    """What cells of a parity had best be, less what they are: around what the error alone wants, nearer to 0, or 0."""
    change = np.empty_like(values)
    table = bits.table.copy()
    table[:, 0] = np.minimum(table[:, 0], table[:, 1] - _NONZERO_BITS)
    rows, columns = values.shape
    changed = loops.fit_cheapest(
        values, pull, curvature, table, bits.classes, change, rows, columns, table.shape[1], parity, largest
    )
    return change if changed else None
