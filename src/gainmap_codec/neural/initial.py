"""The weights that a fit starts from: pre-trained on synthetic chromatic noise, shipped as integers under an id.

`make init-weights` runs `gainmap_codec.neural.synthetic`, which made them and tells how. The file is never edited: a
better set gets a new id and a file of its own.
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

from gainmap_codec.files.records import Preset

Shapes = tuple[tuple[int, int], ...]

INITIAL_WEIGHTS_ID = "synthetic-noise-1"


@cache
def _shipped() -> dict[str, Any]:
    text = files("gainmap_codec.neural").joinpath(f"{INITIAL_WEIGHTS_ID}.json").read_text("ascii")
    networks: dict[str, Any] = json.loads(text)["networks"]
    return networks


def initial_weights(preset: Preset, shapes: Shapes, seed: int) -> list[Tensor]:
    """Float32 matrices of the given shapes to start a fit from.

    The preset's shipped ones where they have these shapes, else random ones by `seed`.
    """
    layers = _shipped()[preset]
    if tuple(tuple(layer["shape"]) for layer in layers) != shapes:
        return random_weights(shapes, seed)
    return [_matrix(layer) for layer in layers]


def random_weights(shapes: Shapes, seed: int) -> list[Tensor]:
    """Float32 matrices of normal random weights whose layers keep the variance of what goes through (He et al., 2015)."""
    rng = np.random.default_rng(seed)
    return [
        torch.from_numpy(rng.normal(0, math.sqrt(2 / inputs), (inputs, outputs)).astype(np.float32))
        for inputs, outputs in shapes
    ]


def _matrix(layer: dict[str, Any]) -> Tensor:
    integers = np.frombuffer(b64decode(layer["weights"]), dtype=np.int8).reshape(layer["shape"])
    return torch.from_numpy(integers.astype(np.float32)) * 2.0 ** (layer["step_exponent"] / 4)
