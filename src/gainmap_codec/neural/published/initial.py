"""The weights that a fit starts from: pre-trained on synthetic chromatic noise, shipped as integers under an id.

`make init-weights` runs `gainmap_bench.inputs.synthetic`, which made them and tells how. The file is
never edited: a better set gets a new id and a file of its own.
"""

from __future__ import annotations

import json
from base64 import b64decode
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gainmap_codec.files.payload.records import Preset
from gainmap_codec.neural.random_weights import Shapes, random_weights

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
        return random_tensors(shapes, seed)
    return [layer_matrix(layer) for layer in layers]


def random_tensors(shapes: Shapes, seed: int) -> list[Tensor]:
    """`random_weights` for torch."""
    return [torch.from_numpy(each) for each in random_weights(shapes, seed)]


def layer_matrix(layer: dict[str, Any]) -> Tensor:
    """One layer of the shipped file as a float32 matrix (inputs, outputs)."""
    integers = np.frombuffer(b64decode(layer["weights"]), dtype=np.int8).reshape(layer["shape"])
    step = np.float32(2.0 ** (layer["step_exponent"] / 4))
    return torch.from_numpy(integers * step)
