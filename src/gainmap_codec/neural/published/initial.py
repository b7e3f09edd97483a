"""The weights that a fit starts from: pre-trained on synthetic chromatic noise, shipped as integers under an id.

`make init-weights` runs `gainmap_bench.inputs.synthetic`, which made them and tells how. The file is
never edited: a better set gets a new id and a file of its own.
"""

from __future__ import annotations

import json
import math
from base64 import b64decode
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gainmap_codec.files.payload.records import Preset

Shapes = tuple[tuple[int, int], ...]

INITIAL_WEIGHTS_ID = "synthetic-noise-1"


@cache
def _shipped() -> dict[str, Any]:
    text = files("gainmap_codec.neural.published").joinpath(f"{INITIAL_WEIGHTS_ID}.json").read_text("ascii")
    networks: dict[str, Any] = json.loads(text)["networks"]
    return networks


def initial_weights(preset: Preset, shapes: Shapes, seed: int) -> list[Tensor]:
    """Float32 matrices of the given shapes to start a fit from.

    The preset's shipped ones where they have these shapes, else random ones by `seed`.
    """
    layers = _shipped()[preset]
    if tuple(tuple(layer["shape"]) for layer in layers) != shapes:
        return random_weights(shapes, seed)
    return [layer_matrix(layer) for layer in layers]


def random_weights(shapes: Shapes, seed: int) -> list[Tensor]:
    """Float32 matrices of normal random weights that keep the variance of what goes through (He et al., 2015).

    Biases, in the last row of a layer that has one input more than there are neurons before it, start at 0.
    """
    rng = np.random.default_rng(seed)
    neurons = shapes[0][1]
    biases = shapes[1][0] > neurons
    weights = []
    for inputs, outputs in shapes:
        gain = 1 if (inputs, outputs) == shapes[-1] else 2  # no activation follows the last layer
        weight = rng.normal(0, math.sqrt(gain / inputs), (inputs, outputs)).astype(np.float32)
        if biases:
            weight[-1] = 0
        weights.append(torch.from_numpy(weight))
    return weights


def layer_matrix(layer: dict[str, Any]) -> Tensor:
    """One layer of the shipped file as a float32 matrix (inputs, outputs)."""
    integers = np.frombuffer(b64decode(layer["weights"]), dtype=np.int8).reshape(layer["shape"])
    step = np.float32(2.0 ** (layer["step_exponent"] / 4))
    return torch.from_numpy(integers * step)
