"""A network's weights ⇄ symbols of the range coder: docs/format.md, "Weights".

The last layer comes first: what it does with a neuron tells whether that is alive. The order of neurons means nothing,
so a writer sorts them by the weights of their first input, which then are coded as small differences. Other weights are
coded by how large those before them are in their row and column. All arithmetic is on integers.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from gainmap_codec.files.payload.range_coder import BitModel, Coder, MagnitudeModel
from gainmap_codec.files.payload.records import QuantizedLayer
from gainmap_codec.files.payload.states import States

MAX_WEIGHT = 4095

MEANS = (2, 5, 12, 25)
"""A weight's class is how many of these the mean magnitude before it in its row and column reaches."""

_FIRST_CLASS = 2  # of a weight that has none before it
_BITS = 13  # of the difference of two weights


class _LayerModels:
    """The adaptive models of one layer."""

    def __init__(self, states: States) -> None:
        second = [BitModel(state) for state in states.second]
        self.classes = [MagnitudeModel(each, second, _BITS) for each in states.weights]
        self.dead = MagnitudeModel(states.dead, second, _BITS)
        self.difference = MagnitudeModel(states.difference, second, _BITS)
        self.down = BitModel(states.down)


def code_layers(layers: Sequence[QuantizedLayer], coder: Coder, states: States) -> tuple[QuantizedLayer, ...]:
    """Code the weights of layers, the first first; the layers, with the weights that a decoder reads."""
    found: list[QuantizedLayer] = []
    for layer in reversed(layers):
        alive = _used(found[0]) if found else [True] * layer.outputs
        weights = _code_weights(layer, alive, bool(found), _LayerModels(states), coder)
        found.insert(0, replace(layer, weights=tuple(weights)))
    return tuple(found)


def _code_weights(
    layer: QuantizedLayer, alive: Sequence[bool], is_sorted: bool, models: _LayerModels, coder: Coder
) -> list[int]:
    weights: list[int] = []
    above = [0] * layer.outputs
    for row in range(layer.inputs):
        left = last = 0
        for column in range(layer.outputs):
            given = layer.weights[len(weights)]
            if not alive[column]:
                weight = models.dead.code_signed(coder, given)
            elif is_sorted and row == 0:
                weight = last = last + _code_difference(given - last, models, coder)
            else:
                weight = models.classes[_class(left + above[column], row + column)].code_signed(coder, given)
            weights.append(weight)
            left += abs(weight)
            above[column] += abs(weight)
    return weights


def _code_difference(given: int, models: _LayerModels, coder: Coder) -> int:
    difference = models.difference.code(coder, abs(given))
    return -difference if difference and coder.bit(models.down, int(given < 0)) else difference


def _class(total: int, count: int) -> int:
    """The class of a weight behind so many, of this total magnitude."""
    return bisect(MEANS, total // count) if count else _FIRST_CLASS


def _used(layer: QuantizedLayer) -> list[bool]:
    """Which inputs a layer has a weight for."""
    rows = range(0, len(layer.weights), layer.outputs)
    return [any(layer.weights[row : row + layer.outputs]) for row in rows]


def in_order(layers: Sequence[QuantizedLayer]) -> tuple[QuantizedLayer, ...]:
    """The same network with its neurons as they cost least: those alive by their first weights, then the dead ones."""
    ordered = list(layers)
    for n, (layer, following) in enumerate(pairwise(layers)):
        used, first = _used(following), ordered[n].weights
        order = sorted(range(layer.outputs), key=lambda neuron: (not used[neuron], first[neuron]))
        ordered[n] = _with_outputs(ordered[n], order)
        ordered[n + 1] = _with_inputs(following, order)
    return tuple(ordered)


def _with_outputs(layer: QuantizedLayer, order: Sequence[int]) -> QuantizedLayer:
    rows = range(0, len(layer.weights), layer.outputs)
    return replace(layer, weights=tuple(layer.weights[row + neuron] for row in rows for neuron in order))


def _with_inputs(layer: QuantizedLayer, order: Sequence[int]) -> QuantizedLayer:
    """What is behind the neurons, the biases, stays where it is."""
    places = [*order, *range(len(order), layer.inputs)]
    rows = [layer.weights[n * layer.outputs : (n + 1) * layer.outputs] for n in places]
    return replace(layer, weights=tuple(weight for row in rows for weight in row))
