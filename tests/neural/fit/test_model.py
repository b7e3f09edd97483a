"""A network in the making: its steps, its copies, the record that it becomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gainmap_codec.files.payload.integers import Integers, encode_integers
from gainmap_codec.neural.blank import empty_record
from support.fit_models import some_model


def test_steps_hold_the_largest_weight() -> None:
    """As wanted, or as fine as 4095 of them allow."""
    model = some_model(1)
    model.weights[1][0, 0], model.weights[2][0, 0] = 4095 / 16, -4100 / 16
    assert model.weight_exponents() == [-16, -16, -15]


def test_a_copy_changes_on_its_own() -> None:
    model = some_model(1)
    kept = model.copy()
    model.weights[0][:] = 0
    model.latents[0][0, 0] = 3
    assert kept.weights[0].any() and not kept.latents[0].any()
    model.take(kept)
    assert np.array_equal(model.weights[0], kept.weights[0]) and model.weights[0] is not kept.weights[0]


def test_details_that_say_nothing_are_left_out_of_the_record() -> None:
    model = some_model(1)
    model.latents[0][2, 3] = 5
    blank = replace(empty_record("tiny", "multiscale"), domain="log2_gain", grid=(6, 8))
    assert model.network(blank).details == ()
    model.details[0][1, 1] = -2
    network = model.network(blank)
    assert len(network.details) == 1 and network.details[0].values.count(-2) == 1
    assert network.latents[0].values[2 * 8 + 3] == 5
    assert [(layer.inputs, layer.outputs) for layer in network.layers] == [tuple(w.shape) for w in model.weights]


def test_bits_are_near_what_the_coder_writes() -> None:
    model = some_model(1)
    model.latents[0][:2, :4] = np.arange(8.0).reshape(2, 4) - 4
    network = model.network(replace(empty_record("tiny", "multiscale"), domain="log2_gain", grid=(6, 8)))
    written = encode_integers(Integers(network.layers, network.latents, network.details))
    assert model.bits() / 8 == pytest.approx(len(written), rel=0.25)
