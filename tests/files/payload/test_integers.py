"""All integers of a payload together: their order, step exponents, and the table of trained states."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from gainmap_codec.errors import FormatError, LimitError, Limits
from gainmap_codec.files.payload.integers import Integers, decode_integers, encode_integers
from gainmap_codec.files.payload.latents import code_grids
from gainmap_codec.files.payload.range_coder import BitModel, MagnitudeModel, RangeEncoder
from gainmap_codec.files.payload.records import LatentGrid, QuantizedLayer
from gainmap_codec.files.payload.states import TABLE, TRAINED
from gainmap_codec.files.payload.weights import code_layers
from support.networks import random_network
from support.paths import ROOT


def integers_of(neurons: int = 16, latents: int = 2, details: int = 1) -> Integers:
    network = random_network(neurons=neurons, latents=latents, details=details)
    return Integers(network.layers, network.latents, network.details)


def zeros(integers: Integers) -> Integers:
    """As large, without the numbers."""
    return Integers(
        tuple(replace(each, weights=(0,) * len(each.weights), step_exponent=0) for each in integers.layers),
        tuple(replace(each, values=(0,) * len(each.values), step_exponent=0) for each in integers.latents),
        tuple(replace(each, values=(0,) * len(each.values), step_exponent=0) for each in integers.details),
    )


def with_steps(*exponents: int) -> Integers:
    """Three layers of one weight, two latents and a detail of one cell."""
    layers = tuple(QuantizedLayer(1, 1, (0,), exponent) for exponent in exponents[:3])
    grids = [LatentGrid(1, 1, (0,), exponent) for exponent in exponents[3:]]
    return Integers(layers, tuple(grids[:2]), tuple(grids[2:]))


def test_the_order_of_the_specification() -> None:
    given = integers_of(neurons=3, details=2)
    coder = RangeEncoder()
    model = MagnitudeModel(TRAINED.step, [BitModel(state) for state in TRAINED.second], 8)
    steps = [[each.step_exponent for each in parts] for parts in given]
    for exponents, usual in zip(steps, (-20, -6, -14), strict=True):
        for last, exponent in pairwise([usual, *exponents]):
            model.code_signed(coder, exponent - last)
    code_layers(given.layers, coder, TRAINED)
    code_grids(given.latents, given.details, coder, Limits(), TRAINED)
    assert encode_integers(given) == coder.finish()


def test_integers_come_back() -> None:
    given = integers_of(neurons=5, latents=3, details=2)
    data = encode_integers(given)
    assert decode_integers(data, zeros(given), Limits().of_one_file()) == given


def test_usual_steps_and_zeros_cost_nothing() -> None:
    assert encode_integers(with_steps(-20, -20, -20, -6, -6, -14)) == b""
    given = decode_integers(b"", with_steps(0, 0, 0, 0, 0, 0), Limits().of_one_file())
    assert given == with_steps(-20, -20, -20, -6, -6, -14)


@pytest.mark.parametrize("exponents", [(-20, -21, -26, -5, -7, -13), (16, -128, 16, -128, 16, -128)])
def test_steps_come_back(exponents: tuple[int, ...]) -> None:
    given = with_steps(*exponents)
    data = encode_integers(given)
    assert decode_integers(data, zeros(given), Limits().of_one_file()) == given


def test_steps_of_a_usual_payload_take_few_bytes() -> None:
    assert len(encode_integers(with_steps(-15, -14, -21, -5, -6, -14))) <= 5


@pytest.mark.parametrize(("exponents", "got"), [((17, 0, 0, 0, 0, 0), 17), ((0, 0, 0, 0, -129, 0), -129)])
def test_steps_beyond_the_format(exponents: tuple[int, ...], got: int) -> None:
    with pytest.raises(FormatError, match=f"step exponents in -128…16, got {got}"):
        encode_integers(with_steps(*exponents))


def test_bytes_left_behind_are_refused() -> None:
    given = integers_of()
    with pytest.raises(FormatError, match="behind the last integer, got more bytes"):
        decode_integers(encode_integers(given) + b"\x55" * 8, zeros(given), Limits().of_one_file())


def test_weights_are_work() -> None:
    given = integers_of()
    with pytest.raises(LimitError, match="work: expected at most 100"):
        decode_integers(encode_integers(given), zeros(given), Limits(work=100).of_one_file())


def test_the_table_stands_in_the_specification() -> None:
    text = (ROOT / "docs/format.md").read_text("utf-8")
    for name, states in TABLE.items():
        assert f"\n    {name:<12}{states}\n" in text


def test_the_viewer_has_the_same_table() -> None:
    script = (ROOT / "src/gainmap_codec/view/static/range_coder.js").read_text("utf-8")
    assert dict(re.findall(r'^  "(\w+(?: \d)?)": "([\d: ]+)",$', script, re.MULTILINE)) == TABLE


def test_states_are_of_bits_that_can_happen() -> None:
    states = [tuple(map(int, state.split(":"))) for row in TABLE.values() for state in row.split()]
    assert all(1 <= probability <= 255 and 0 <= seen <= 125 for probability, seen in states)
    assert [len(row.split()) for row in TABLE.values()] == [4, 7, *[7] * 5, 7, 7, 1, 7, 7, *[6] * 7, 6, 4]
