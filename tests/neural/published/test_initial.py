"""The weights that fits of published networks start from."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from importlib.resources import files

import pytest
import torch

from gainmap_codec.files.payload.inputs import layer_shapes
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.neural.published.config import PUBLISHED
from gainmap_codec.neural.published.initial import INITIAL_WEIGHTS_ID, initial_weights, random_tensors

INITIAL_SHA256 = "e027e78fa863214fd8b173b57d0fb38fd7686378aa0987b378a803ae7ac86332"
"""Of the integers and exponents of the shipped initial weights. They are never edited: a better set gets a new id."""


def test_shipped_initial_weights_never_change() -> None:
    text = files("gainmap_codec.neural.published").joinpath(f"{INITIAL_WEIGHTS_ID}.json").read_text("ascii")
    shipped = json.loads(text)
    assert shipped["id"] == INITIAL_WEIGHTS_ID
    assert set(shipped["networks"]) == set(PUBLISHED)
    digest = hashlib.sha256()
    for preset in sorted(shipped["networks"]):
        for layer in shipped["networks"][preset]:
            integers = b64decode(layer["weights"])
            assert len(integers) == layer["shape"][0] * layer["shape"][1]
            digest.update(integers + layer["step_exponent"].to_bytes(1, "big", signed=True))
    assert digest.hexdigest() == INITIAL_SHA256


@pytest.mark.parametrize("preset", PUBLISHED)
def test_initial_weights_have_the_shapes_of_their_preset(preset: Preset) -> None:
    config = PUBLISHED[preset]
    shapes = layer_shapes("published", config.octaves, config.octaves, config.neurons, 3)
    shipped, other = initial_weights(preset, shapes, seed=0), initial_weights(preset, shapes, seed=1)
    assert [tuple(weight.shape) for weight in shipped] == list(shapes)
    assert all(torch.equal(a, b) for a, b in zip(shipped, other, strict=True)), "shipped ones know no seed"


def test_other_shapes_start_from_random_weights() -> None:
    shapes = layer_shapes("published", 12, 12, 5, 3)
    start = initial_weights("paper-gamma", shapes, seed=3)
    assert [tuple(weight.shape) for weight in start] == list(shapes)
    assert all(torch.equal(a, b) for a, b in zip(start, random_tensors(shapes, 3), strict=True))
    assert not torch.equal(start[0], random_tensors(shapes, 4)[0])
    assert torch.isfinite(torch.cat([weight.flatten() for weight in start])).all()
