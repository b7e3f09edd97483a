"""Weights as integers: a Gauss–Newton step that knows what each bit costs.

Linearised, what any change of the weights does to the error is a quadratic form. Where it is least, weights are rounded
one after the other while those that follow make up for it (Babai's nearest plane, which rounds language models under
the name of GPTQ); then single weights are mended, bits and all. The result is taken where the real price falls.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.weights import MAX_WEIGHT
from gainmap_codec.neural.fit.latent_search import bits_per_error, price
from gainmap_codec.neural.fit.model import Model, flattened, of_each
from gainmap_codec.neural.fit.points import Points, network_outputs, sizes_of
from gainmap_codec.neural.fit.rates import laplace_bits
from gainmap_codec.pixels import loops
from gainmap_codec.pixels.color.light import Array

Vector = NDArray[np.float64]

_BLOCK = 400  # weights that change together; the work grows with their square
_ERRORS = 1 << 15  # of a form, one for each channel of a point; four times as many made fits no better
_COLUMNS = 32  # of a form, a multiple: what compiled loops work on at a time
_DAMPING = (0.01, 1.0)  # of each weight's own curvature: where lines lead astray, smaller steps
_STEPS = (0, 2, -2)  # quarter octaves by which the steps of all layers change, where all weights do
_SMALLEST_SPREAD = 0.3  # in steps
_SMALLEST_CURVATURE = 1e-6  # of a picture that is clipped everywhere
_MENDED = 200  # weights, at most


class Quadratic(NamedTuple):
    """Bits that changes d of some weights cost by their error: dᵀ·curvature·d − 2·pull·d."""

    curvature: Vector
    pull: Vector

    def damped(self, part: float) -> Quadratic:
        """The same with more curvature of each weight's own."""
        own = np.diag(self.curvature)
        return Quadratic(self.curvature + np.diag(part * own + 1e-9 * own.sum() + _SMALLEST_CURVATURE), self.pull)

    def scaled(self, steps: Vector) -> Quadratic:
        """The same of changes in such steps."""
        return Quadratic(self.curvature * steps * steps[:, np.newaxis], self.pull * steps)


def search_weights(model: Model, points: Points, bytes_per_db: float, turn: int) -> None:
    """Some of the weights once: of `_BLOCK` to each turn, all come in turn."""
    before, least = model.copy(), price(model, points, bytes_per_db)
    exponents = np.array(model.weight_exponents())
    layers = model.weight_integers([int(each) for each in exponents])
    total = sum(each.size for each in layers)
    blocks = -(-total // _BLOCK)
    block = slice(total * (turn % blocks) // blocks, total * (turn % blocks + 1) // blocks)
    layer = of_each(layers, np.arange(len(layers)))
    integers = flattened(layers)
    form = _quadratic(model, points, block, bytes_per_db)
    changes = _STEPS if blocks == 1 else _STEPS[:1]
    for part in _DAMPING:
        damped = form.damped(part).scaled(2.0 ** (exponents[layer[block]] / 4))
        plane = NearestPlane(damped)
        tries = [_Rounding(damped, plane, integers, layer, block, exponents, change) for change in changes]
        best = min(tries, key=lambda each: each.cost)
        best.mend()
        _put(model, best, layers)
        if price(model, points, bytes_per_db) < least:
            return
    model.take(before)


class NearestPlane:
    """Rounds weights one after the other, the steepest first; each takes what its rounding misses to those after it.

    Attributes:
        step: Where the form is least.
    """

    def __init__(self, form: Quadratic) -> None:
        """A form whose curvature is positive definite."""
        size = len(form.pull)
        self._order = np.argsort(np.diag(form.curvature), kind="stable")  # the steepest last: a triangle ends there
        self._factor = np.ascontiguousarray(form.curvature[np.ix_(self._order, self._order)])
        if not loops.fit_factorize(self._factor, size):
            raise np.linalg.LinAlgError("the form of a fit's weights is not positive definite")
        step = form.pull[self._order]
        loops.fit_solve(self._factor, step)
        self.step = self._as_before(step)

    def near(self, wanted: Vector) -> Vector:
        """Integers near `wanted`, of as many steps as the form counts in, or of any other multiple of these."""
        found = wanted[self._order]
        loops.fit_round(self._factor, found, np.empty_like(found), float(MAX_WEIGHT))
        return self._as_before(found)

    def _as_before(self, ordered: Vector) -> Vector:
        values = np.empty_like(ordered)
        values[self._order] = ordered
        return values


class _Rounding:
    """Integers near the minimum of a form.

    Attributes:
        integers: Of all weights.
        spreads: Mean magnitudes of each layer's integers.
        exponents: Of each layer's step.
        cost: Bits, and what the form says.
    """

    def __init__(
        self,
        form: Quadratic,
        plane: NearestPlane,
        start: Vector,
        layer: NDArray[np.int64],
        block: slice,
        exponents: Vector,
        change: int,
    ) -> None:
        """`form` counts in steps of `exponents`, from the integers as they are, `start`; `plane` is its own."""
        self.exponents = exponents + change
        self._block = block
        wider = 2.0 ** (change / 4)
        self._curvature, pull = form.curvature * wider**2, form.pull * wider
        self.integers = start / wider
        begun = self.integers[block].copy()
        found = plane.near(begun + plane.step / wider)
        self.integers[block] = found
        self.spreads = [max(float(np.abs(self.integers[layer == k]).mean()), _SMALLEST_SPREAD) for k in range(3)]
        self._spread = np.array(self.spreads)[layer]
        self._slope = np.einsum("ij,j->i", self._curvature, found - begun) - pull  # BLAS would start threads for that
        self.cost = (found - begun) @ (self._slope - pull) + laplace_bits(self.integers, self._spread).sum()

    def mend(self) -> None:
        """Single weights that had better be one more, one less, or 0."""
        found, spread = self.integers[self._block], self._spread[self._block]
        own = np.diag(self._curvature)
        bits = laplace_bits(found, spread)
        for _ in range(_MENDED):
            changes = np.stack([np.ones_like(found), -np.ones_like(found), -found])
            costs = own * changes**2 + 2 * changes * self._slope + laplace_bits(found + changes, spread) - bits
            costs[np.abs(found + changes) > MAX_WEIGHT] = 0
            which, where = np.unravel_index(np.argmin(costs), costs.shape)
            if costs[which, where] >= 0:
                break
            found[where] += changes[which, where]
            self._slope += self._curvature[:, where] * changes[which, where]
            bits[where] = laplace_bits(found[where : where + 1], spread[where : where + 1])[0]


def _put(model: Model, found: _Rounding, layers: list[Array]) -> None:
    steps = 2.0 ** (found.exponents / 4)
    parts = np.split(found.integers.astype(np.float32), np.cumsum([each.size for each in layers])[:-1])
    triples = zip(parts, layers, steps, strict=True)
    model.weights = [part.reshape(each.shape) * np.float32(step) for part, each, step in triples]
    model.weight_steps = np.log(steps).astype(np.float32)
    model.weight_spreads = np.log(found.spreads * steps).astype(np.float32)


def _quadratic(model: Model, points: Points, block: slice, bytes_per_db: float) -> Quadratic:
    """The form of some of all weights, in bits."""
    some = points.at_most(_ERRORS // len(points.wanted))
    weights, seen = model.rounded_weights(), model.seen(some)
    output = network_outputs(weights, some, seen)
    left = some.left(output)
    slope = left.slope * (np.abs(output) < 1)
    size = block.stop - block.start
    room = -(-size // _COLUMNS) * _COLUMNS
    curvature, pull = np.zeros((room, room), np.float32), np.zeros(room, np.float32)
    numbers = *sizes_of(weights, some, seen), block.start, room
    loops.fit_form(*weights, some.features, *seen, left.left, slope, curvature, pull, *numbers)
    upper = np.triu(curvature[:size, :size].astype(np.float64))
    whole = upper + np.triu(upper, 1).T
    bits = bits_per_error(some, left, bytes_per_db)
    return Quadratic(whole * bits, pull[:size].astype(np.float64) * bits)
