"""The differentiable forward pass: `pixels.neural_map` in torch, over features that NumPy has made."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gainmap_codec.files.payload import MAX_WEIGHT
from gainmap_codec.files.records import Family, NeuralGainMap
from gainmap_codec.pixels.neural_map import Codes, code_features, dequantize, position_features, pq_features
from gainmap_codec.pixels.residual import inverse_residual


class FeatureTables:
    """The tables of one raster's features on a torch device; `at` gathers a set of pixels."""

    def __init__(self, network: NeuralGainMap, height: int, width: int, device: torch.device) -> None:
        self._network = network
        x, y, self._turned = position_features(height, width, network)
        self._x, self._y = torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)
        self._codes = torch.from_numpy(code_features(network)).to(device)

    def at(self, rows: Tensor, columns: Tensor, codes: Tensor, pq: Tensor) -> Tensor:
        """Features float32 (N, F) of pixels at `rows`, `columns` int64 (N,), with codes int64 and PQ float32 (N, 3)."""
        along_x, along_y = (rows, columns) if self._turned else (columns, rows)
        if self._network.family == "table":
            colors = [self._codes[codes[:, channel]] for channel in range(3)]
        else:
            colors = [torch.from_numpy(pq_features(pq.cpu().numpy(), self._network)).to(pq.device)]
        return torch.cat([self._x[along_x], self._y[along_y], *colors], dim=1)


def forward(family: Family, weights: list[Tensor], features: Tensor) -> Tensor:
    """The network's output, float32 (N, 1 or 3), for features float32 (N, F).

    Args:
        family: Decides activation and biases.
        weights: Three matrices (inputs, outputs); the last row of each holds the biases where there are any.
    """
    hidden = features
    for weight in weights[:-1]:
        hidden = torch.relu(_affine(family, hidden, weight)) if family == "table" else torch.sin(hidden @ weight)
    return _affine(family, hidden, weights[-1])


def _affine(family: Family, values: Tensor, weight: Tensor) -> Tensor:
    return torch.addmm(weight[-1], values, weight[:-1]) if family == "table" else values @ weight


def hdr_pq(network: NeuralGainMap, weights: list[Tensor], features: Tensor, pq: Tensor) -> Tensor:
    """BT.2020 PQ codes of the HDR rendition, float32 (N, 3) in [0, 1], of base codes `pq` (N, 3)."""
    output = forward(network.family, weights, features)
    residual = output * network.residual_scale + network.residual_shift
    return torch.clamp(inverse_residual(network.domain, residual, pq, torch), 0, 1)


def layer_weights(network: NeuralGainMap, device: torch.device) -> list[Tensor]:
    """The network's weights as float32 matrices on a device."""
    return [torch.from_numpy(dequantize(layer)).to(device) for layer in network.layers]


def straight_through(weight: Tensor, step: float) -> Tensor:
    """`weight` rounded to multiples of `step`, at most 127 of them; the gradient passes as if it were not."""
    rounded = torch.clamp(torch.round(weight.detach() / step), -MAX_WEIGHT, MAX_WEIGHT) * step
    return weight + (rounded - weight.detach())


@torch.no_grad()
def render_pq(network: NeuralGainMap, codes: Codes, pq: Tensor, *, rows: int = 64) -> Tensor:
    """BT.2020 PQ codes of the HDR rendition by torch, float32 (H, W, 3), on the device of `pq`.

    Args:
        codes: The base's code values, uint8 (H, W, 3).
        pq: Their BT.2020 PQ codes, float32 (H, W, 3).
        rows: Rows per step: bounds the memory of the hidden layers.
    """
    height, width = codes.shape[:2]
    tables = FeatureTables(network, height, width, pq.device)
    weights = layer_weights(network, pq.device)
    out = torch.empty_like(pq)
    for start in range(0, height, rows):
        strip = pq[start : start + rows].reshape(-1, 3)
        y = torch.arange(start, min(start + rows, height), device=pq.device).repeat_interleave(width)
        x = torch.arange(width, device=pq.device).repeat(len(y) // width)
        strip_codes = torch.from_numpy(codes[start : start + rows].reshape(-1, 3).astype(np.int64)).to(pq.device)
        out[start : start + rows] = hdr_pq(network, weights, tables.at(y, x, strip_codes, strip), strip).reshape(
            -1, width, 3
        )
    return out
