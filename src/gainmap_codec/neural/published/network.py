"""The differentiable forward pass of the published networks: `maps.neural_map` in torch, over NumPy's features."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.maps.features import octave_features
from gainmap_codec.pixels.maps.neural_map import position_features
from gainmap_codec.pixels.maps.residual import inverse_residual

LARGEST = 127
"""Of a weight, in steps: fewer than payloads hold, for here the largest weights set the steps."""


class FeatureTables:
    """The tables of one raster's position features on a torch device; `at` gathers a set of pixels."""

    def __init__(self, network: NeuralGainMap, height: int, width: int, device: torch.device) -> None:
        self._network = network
        x, y, self._turned = position_features(height, width, network)
        self._x, self._y = torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)

    def at(self, rows: Tensor, columns: Tensor, pq: Tensor) -> Tensor:
        """Features float32 (N, F) of pixels at `rows`, `columns` int64 (N,), with PQ codes float32 (N, 3)."""
        along_x, along_y = (rows, columns) if self._turned else (columns, rows)
        colors = torch.from_numpy(_pq_features(pq.cpu().numpy(), self._network)).to(pq.device)
        return torch.cat([self._x[along_x], self._y[along_y], colors], dim=1)


def _pq_features(base_pq: Array, network: NeuralGainMap) -> Array:
    """Features of the colour inputs, float32 (N, 6 × octaves), of PQ codes float32 (N, 3)."""
    values = (base_pq - np.float32(network.color_shift)) * np.float32(network.color_scale)
    return octave_features(values, network.color_octaves, 0).reshape(len(values), -1)


def forward(weights: list[Tensor], features: Tensor) -> Tensor:
    """The network's output, float32 (N, 1 or 3), for features float32 (N, F) and three matrices (inputs, outputs)."""
    hidden = features
    for weight in weights[:-1]:
        hidden = torch.sin(hidden @ weight)
    return hidden @ weights[-1]


def hdr_pq(network: NeuralGainMap, weights: list[Tensor], features: Tensor, pq: Tensor) -> Tensor:
    """BT.2020 PQ codes of the HDR rendition, float32 (N, 3) in [0, 1], of base codes `pq` (N, 3)."""
    residual = forward(weights, features) * network.residual_scale + network.residual_shift
    return torch.clamp(inverse_residual(network.domain, residual, pq, torch), 0, 1)


def straight_through(weight: Tensor, step: float) -> Tensor:
    """`weight` rounded to multiples of `step`, at most 127 of them; the gradient passes as if it were not."""
    rounded = torch.clamp(torch.round(weight.detach() / step), -LARGEST, LARGEST) * step
    return weight + (rounded - weight.detach())
