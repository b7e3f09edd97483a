"""Weights of a network: golden bytes, the specification written out, and the order of neurons."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.files.payload.range_coder import BitModel, MagnitudeModel, RangeDecoder, RangeEncoder
from gainmap_codec.files.payload.records import QuantizedLayer
from gainmap_codec.files.payload.states import TRAINED
from gainmap_codec.files.payload.weights import code_layers, in_order

Layers = tuple[QuantizedLayer, ...]


def layers_of(*rows: list[list[int]]) -> Layers:
    """Layers whose weights are given input by input."""
    return tuple(
        QuantizedLayer(len(layer), len(layer[0]), tuple(weight for row in layer for weight in row), -20)
        for layer in rows
    )


SMALL = layers_of([[-3, 1, 7], [9, 0, 2]], [[5, -1], [0, 4], [-60, 0], [1, 1]], [[2], [0], [-8]])
GOLDEN = "70 0d e3 dd 17 eb be 96 52 97 69 2b"


def encode(layers: Layers) -> bytes:
    coder = RangeEncoder()
    assert code_layers(layers, coder, TRAINED) == layers
    return coder.finish()


def blank(layers: Layers) -> Layers:
    return tuple(QuantizedLayer(each.inputs, each.outputs, (0,) * len(each.weights), -20) for each in layers)


def decode(data: bytes, like: Layers) -> Layers:
    return code_layers(blank(like), RangeDecoder(data), TRAINED)


def by_the_specification(data: bytes, like: Layers) -> Layers:
    """docs/format.md, "Layers", written out weight by weight."""
    coder = RangeDecoder(data)
    tables: list[list[list[int]]] = []
    for number in (3, 2, 1):
        layer = like[number - 1]
        second = [BitModel(state) for state in TRAINED.second]
        sets = [MagnitudeModel(each, second, 13) for each in TRAINED.weights]
        dead, difference = (MagnitudeModel(each, second, 13) for each in (TRAINED.dead, TRAINED.difference))
        down = BitModel(TRAINED.down)
        table = [[0] * layer.outputs for _ in range(layer.inputs)]
        last = 0
        for n in range(layer.inputs):
            for m in range(layer.outputs):
                if tables and not any(tables[0][m]):
                    table[n][m] = dead.code_signed(coder, 0)
                elif number < 3 and n == 0:
                    step = difference.code(coder, 0)
                    last += -step if step and coder.bit(down) else step
                    table[n][m] = last
                else:
                    known = [table[k][m] for k in range(n)] + table[n][:m]
                    total = sum(map(abs, known))
                    c = sum(total >= e * (n + m) for e in (2, 5, 12, 25)) if n + m else 2
                    table[n][m] = sets[c].code_signed(coder, 0)
        tables.insert(0, table)
    return layers_of(*tables)


def test_golden_bytes() -> None:
    assert encode(SMALL).hex(" ") == GOLDEN
    assert decode(bytes.fromhex(GOLDEN), SMALL) == SMALL


weights = st.one_of(st.just(0), st.integers(-9, 9), st.integers(-4095, 4095))


@st.composite
def networks(draw: st.DrawFn) -> Layers:
    inputs, first, outputs = draw(st.integers(1, 6)), draw(st.integers(1, 5)), draw(st.integers(1, 3))
    shapes = (inputs, first), (first + 1, first), (first + 1, outputs)
    return tuple(
        QuantizedLayer(rows, columns, tuple(draw(weights) for _ in range(rows * columns)), -20)
        for rows, columns in shapes
    )


@given(networks())
def test_weights_come_back(layers: Layers) -> None:
    data = encode(layers)
    assert decode(data, layers) == layers
    assert by_the_specification(data, layers) == layers


@given(networks(), st.binary(max_size=60))
def test_any_bytes_decode_as_the_specification_says(like: Layers, data: bytes) -> None:
    assert decode(data, like) == by_the_specification(data, like)


def outputs_of(layers: Layers, inputs: list[int]) -> list[int]:
    """What the network gives, in integers, with max(0, ·) behind hidden layers."""
    values = inputs
    for layer in layers:
        values = [*values, 1][: layer.inputs]
        columns = [layer.weights[n :: layer.outputs] for n in range(layer.outputs)]
        values = [sum(map(int.__mul__, values, column)) for column in columns]
        if layer is not layers[-1]:
            values = [max(value, 0) for value in values]
    return values


@given(networks(), st.lists(st.integers(-5, 5), min_size=6, max_size=6))
def test_neurons_in_order_compute_the_same(layers: Layers, inputs: list[int]) -> None:
    ordered = in_order(layers)
    assert outputs_of(ordered, inputs) == outputs_of(layers, inputs)
    assert in_order(ordered) == ordered
    for layer, following in pairwise(ordered):
        alive = [any(following.weights[n * following.outputs :][: following.outputs]) for n in range(layer.outputs)]
        assert alive == sorted(alive, reverse=True)
        first = layer.weights[: sum(alive)]
        assert list(first) == sorted(first)


def test_order_saves_bytes() -> None:
    random = Random(3)
    shapes = (19, 10), (11, 10), (11, 1)
    layers = tuple(
        QuantizedLayer(rows, columns, tuple(round(random.gauss(0, 8)) for _ in range(rows * columns)), -20)
        for rows, columns in shapes
    )
    assert len(encode(in_order(layers))) <= len(encode(layers)) - 4


def test_neurons_that_lead_nowhere_cost_next_to_nothing() -> None:
    hidden = [[4, 0, -3, 0], [0, 0, 7, 0], [2, 0, 2, 0], [0, 0, -5, 0], [1, 0, 4, 0]]
    narrow = [[row[0], row[2]] for row in hidden]
    wide = layers_of([[1, -2, 3, 4]] * 9, hidden, [[5], [0], [6], [0], [1]])
    short = layers_of([[1, -2, 3, 4]] * 9, narrow, [[5], [6], [1]])
    assert len(encode(wide)) <= len(encode(short)) + 2
