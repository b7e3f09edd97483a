"""Rendering a neural gain map on a torch device. NumPy's `pixels.neural_map` is the definition.

Code values go there once, as they are; what is made of them stays there. On CUDA with Triton, one kernel makes the
pixels; elsewhere plain torch does, strip by strip.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainmap_codec.files.records import NeuralGainMap
from gainmap_codec.neural.device_grid import octave_features, residual_on_grid
from gainmap_codec.neural.device_pixels import (
    GridResidual,
    Matrix,
    PixelStage,
    Places,
    Residual,
    pq_encode,
    render_strips,
)
from gainmap_codec.pixels.base_color import BaseColor
from gainmap_codec.pixels.color import AnyCodes
from gainmap_codec.pixels.gain_map import headroom_weight
from gainmap_codec.pixels.geometry import Window
from gainmap_codec.pixels.multiscale import dequantize
from gainmap_codec.pixels.neural_map import _is_factor, position_features
from gainmap_codec.pixels.working_grid import WorkingGrid


def upload(codes: AnyCodes, device: torch.device) -> Tensor:
    """Code values on a device: uint8, or int16 of more than 8 bits. To CUDA by pinned memory, on the current stream."""
    plain = np.require(codes, requirements=["C", "W"])  # torch warns of what it could not write to
    here = torch.from_numpy(plain if plain.dtype == np.uint8 else plain.view(np.int16))
    if device.type != "cuda":
        return here.to(device)
    return here.pin_memory().to(device, non_blocking=True)


def download(pixels: Tensor, out: NDArray[Any]) -> None:
    """Copy pixels to an array of their shape and type. From CUDA by pinned memory, on the current stream."""
    if pixels.is_cuda:
        pinned = torch.empty(pixels.shape, dtype=pixels.dtype, pin_memory=True)
        pinned.copy_(pixels, non_blocking=True)
        torch.cuda.current_stream(pixels.device).synchronize()
        pixels = pinned
    out[...] = pixels.numpy()


@torch.no_grad()
def render_on_device(
    network: NeuralGainMap,
    codes: Tensor,
    color: BaseColor,
    *,
    headroom: float,
    from_bt2020: Matrix,
    orientation: int = 1,
    window: Window | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Render a base for a display of the given headroom by its neural gain map, on the device of its code values.

    Args:
        network: The neural gain map.
        codes: The base's code values, (H, W, 3), stored raster, contiguous, on the device: uint8, or int16 of more than
            8 bits (`upload`).
        color: What the code values mean.
        headroom: Display headroom, log2; infinity gives the whole HDR rendition.
        from_bt2020: The matrix from linear BT.2020 to the primaries wanted, (3, 3).
        orientation: As in EXIF, to turn the picture by.
        window: Top, left, height and width of what is wanted of the turned picture; None is all of it.
        dtype: float32 or float16.
    Returns:
        Linear light, (h, w, 3), 1.0 = SDR white, contiguous.
    """
    size = (codes.shape[0], codes.shape[1])
    upright = size[::-1] if orientation in (5, 6, 7, 8) else size
    window = window or (0, 0, *upright)
    places = Places.of(size, orientation, window)
    residual: Residual
    if network.family == "published":
        residual = _PublishedResidual(network, size, places, codes.device)
    else:
        grid = WorkingGrid.over(network.grid, size[0], size[1], network.coordinates)
        values = residual_on_grid(network, grid, codes, color.curves.shape[1] - 1)
        residual = GridResidual(values, grid, places)
    to_maths, from_maths = color.to_bt2020, from_bt2020
    if _is_factor(network):
        to_maths, from_maths = np.eye(3), from_bt2020 @ color.to_bt2020
    stage = PixelStage(
        network=network,
        codes=codes.reshape(-1, 3),
        places=places,
        width=size[1],
        curves=torch.tensor(color.curves, device=codes.device),
        system_gamma=color.system_gamma,
        residual=residual,
        to_maths=to_maths,
        from_maths=from_maths,
        to_bt2020=color.to_bt2020,
        weight=headroom_weight(headroom, network.base_hdr_headroom, network.alternate_hdr_headroom),
    )
    out = torch.empty((*window[2:], 3), dtype=dtype, device=codes.device)
    if codes.is_cuda and isinstance(residual, GridResidual) and color.system_gamma == 1 and find_spec("triton"):
        from gainmap_codec.neural.triton_kernel import render_fused

        render_fused(stage, residual, out)
    else:
        render_strips(stage, out)
    return out


class _PublishedResidual:
    """The family "published": every pixel by itself. Of x and y, the first layer is a table."""

    def __init__(self, network: NeuralGainMap, size: tuple[int, ...], places: Places, device: torch.device) -> None:
        first, second, third = (dequantize(layer) for layer in network.layers)
        each = 2 * network.position_octaves
        x, y, is_turned = position_features(size[0], size[1], network)
        by_x, by_y = x @ first[:each], y @ first[each : 2 * each]
        along_y, along_x = (by_x, by_y) if is_turned else (by_y, by_x)
        tables = places.down_and_across(along_y[places.y], along_x[places.x])
        self._network = network
        self._down, self._across, self._color, self._second, self._third = (
            torch.from_numpy(np.ascontiguousarray(each)).to(device)
            for each in (*tables, first[2 * each :], second, third)
        )

    def at(self, rows: slice, base: Tensor) -> Tensor:
        """See `Residual`."""
        network = self._network
        values = (pq_encode(base) - network.color_shift) * network.color_scale
        hidden = self._down[rows, None] + self._across
        hidden += octave_features(values, network.color_octaves, 0) @ self._color
        output = torch.sin(torch.sin(hidden) @ self._second) @ self._third
        return output * network.residual_scale + network.residual_shift
