"""Rendering a neural gain map with its network on a torch device. NumPy's `render_neural_map` is the definition."""

from __future__ import annotations

import numpy as np
import torch

from gainmap_codec.files.records import NeuralGainMap
from gainmap_codec.neural.network import FeatureTables, forward
from gainmap_codec.pixels.base_color import BaseColor
from gainmap_codec.pixels.color import AnyCodes, Array, pq_encode
from gainmap_codec.pixels.multiscale import GridInputs, dequantize
from gainmap_codec.pixels.neural_map import GridResiduals, Residuals, rendition_of

_POINTS = 1 << 20  # of the working grid, on the device at a time


def render_on_device(
    network: NeuralGainMap, codes: AnyCodes, color: BaseColor, *, headroom: float, device: str
) -> Array:
    """As `pixels.neural_map.render_neural_map`, with the network on a torch device.

    Raises:
        RuntimeError: torch has no such device.
    """
    where = torch.device(device)
    height, width = codes.shape[:2]
    ready: Residuals
    if network.family == "published":
        ready = _PublishedOnDevice(network, height, width, where)
    else:
        inputs = GridInputs(network, codes, color.curves.shape[1] - 1)
        ready = GridResiduals(inputs.grid, _residual_on_device(network, inputs, where))
    return rendition_of(network, ready, codes, color, headroom=headroom)


@torch.no_grad()
def _residual_on_device(network: NeuralGainMap, inputs: GridInputs, device: torch.device) -> Array:
    layers = [torch.from_numpy(dequantize(layer)).to(device) for layer in network.layers]
    height, _, width = inputs.shape
    step = max(1, _POINTS // width)
    parts = []
    for rows in (slice(start, start + step) for start in range(0, height, step)):
        values = torch.from_numpy(inputs.features(rows)).to(device).mT
        for layer in layers[:-1]:
            values = torch.relu(values @ layer[:-1] + layer[-1])
        values = values @ layers[-1][:-1] + layers[-1][-1] + torch.from_numpy(inputs.added(rows)).to(device)[..., None]
        parts.append((values.clamp(-1, 1) * network.residual_scale + network.residual_shift).cpu().numpy())
    return np.concatenate(parts)


class _PublishedOnDevice(Residuals):
    """The family "published" on a device, strip by strip."""

    def __init__(self, network: NeuralGainMap, height: int, width: int, device: torch.device) -> None:
        self._network, self._width, self._device = network, width, device
        self._tables = FeatureTables(network, height, width, device)
        self._weights = [torch.from_numpy(dequantize(layer)).to(device) for layer in network.layers]

    @torch.no_grad()
    def at(self, rows: slice, base: Array) -> Array:
        """See `Residuals`."""
        y = torch.arange(rows.start, rows.stop, device=self._device).repeat_interleave(self._width)
        x = torch.arange(self._width, device=self._device).repeat(rows.stop - rows.start)
        pq = torch.from_numpy(pq_encode(base).reshape(-1, 3)).to(self._device)
        output = forward(self._weights, self._tables.at(y, x, pq))
        residual = output * self._network.residual_scale + self._network.residual_shift
        return np.asarray(residual.cpu().numpy().reshape(*base.shape[:2], -1))
