"""Rendering a neural gain map on a torch device. NumPy's `maps.neural_map` is the definition.

Code values go there once, as they are; what is made of them stays there. On CUDA with Triton, one kernel makes the
pixels; elsewhere plain torch does, strip by strip.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gainmap_codec.files.payload.inputs import published_inputs
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.neural.device.fusing import can_fuse
from gainmap_codec.neural.device.grid import DeviceTaps, GridNetwork, octave_features
from gainmap_codec.neural.device.pixels import (
    GridResidual,
    Matrix,
    PixelStage,
    Places,
    Residual,
    render_strips,
)
from gainmap_codec.neural.device.transfer import upload
from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.light import AnyCodes, pq_encode
from gainmap_codec.pixels.maps.gain_map import headroom_weight
from gainmap_codec.pixels.maps.multiscale import dequantize
from gainmap_codec.pixels.maps.neural_map import is_factor, position_features
from gainmap_codec.pixels.maps.working_grid import WorkingGrid
from gainmap_codec.pixels.raster.geometry import Window
from gainmap_codec.pixels.raster.resampling import Taps


class DeviceRenderer:
    """A neural gain map on a torch device, made ready for one raster; what is left to do needs code values alone."""

    def __init__(
        self,
        network: NeuralGainMap,
        size: tuple[int, int],
        color: BaseColor,
        device: torch.device,
        *,
        headroom: float,
        from_bt2020: Matrix,
        orientation: int = 1,
        window: Window | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Of a base and for a display.

        Args:
            network: The neural gain map.
            size: Height and width of the base's stored raster.
            color: What its code values mean.
            device: Where it is rendered.
            headroom: Display headroom, log2; infinity gives the whole HDR rendition.
            from_bt2020: The matrix from linear BT.2020 to the primaries wanted, (3, 3).
            orientation: As in EXIF, to turn the picture by.
            window: Top, left, height and width of what is wanted of the turned picture; None is all of it.
            dtype: Of the result: float32 or float16.
        """
        to_maths, from_maths = color.to_bt2020, from_bt2020
        if is_factor(network):
            to_maths, from_maths = np.eye(3), from_bt2020 @ color.to_bt2020
        window = window or Window(0, 0, *(size[::-1] if orientation in (5, 6, 7, 8) else size))
        self._shape, self._dtype = (*window[2:], 3), dtype
        self._stage = PixelStage(
            network=network,
            places=Places.of(size, orientation, window),
            width=size[1],
            curves=torch.tensor(color.curves, device=device),
            system_gamma=color.system_gamma,
            to_maths=to_maths,
            from_maths=from_maths,
            to_bt2020=color.to_bt2020,
            weight=headroom_weight(headroom, network.base_hdr_headroom, network.alternate_hdr_headroom),
        )
        self._network = (_Published if network.family == "published" else _Multiscale)(self._stage, size, device)

    def __call__(self, codes: Tensor) -> Tensor:
        """Render a base.

        Args:
            codes: Its code values, (H, W, 3), stored raster, contiguous, on the device: uint8, or int16 of more than 8
                bits (`transfer.upload`).
        Returns:
            Linear light, (h, w, 3), 1.0 = SDR white, contiguous, on the device; its work may still be under way there.
        """
        return self.pixels(codes, self.residual(codes))

    @torch.no_grad()
    def residual(self, codes: Tensor) -> Residual:
        """What the network makes of a base: the first step of rendering it."""
        return self._network(codes)

    @torch.no_grad()
    def pixels(self, codes: Tensor, residual: Residual) -> Tensor:
        """What a base and its residual make: the second step."""
        out = torch.empty(self._shape, dtype=self._dtype, device=codes.device)
        may_fuse = codes.is_cuda and self._stage.system_gamma == 1 and can_fuse()
        if may_fuse and isinstance(residual, GridResidual):
            from gainmap_codec.neural.device.triton_render import render_fused

            render_fused(self._stage, codes, residual, out)
        else:
            render_strips(self._stage, codes, residual, out)
        return out


def render_there(
    network: NeuralGainMap,
    codes: AnyCodes,
    color: BaseColor,
    device: str,
    *,
    headroom: float,
    from_bt2020: Matrix,
    orientation: int,
    window: Window,
    dtype: str,
) -> Tensor:
    """Upload a base's code values, (H, W, 3), and render it on a device; arguments as of `DeviceRenderer`."""
    where, size = torch.device(device), (codes.shape[0], codes.shape[1])
    there = upload(codes, where)
    render = DeviceRenderer(
        network,
        size,
        color,
        where,
        headroom=headroom,
        from_bt2020=from_bt2020,
        orientation=orientation,
        window=window,
        dtype=getattr(torch, dtype),
    )
    return render(there)


class _Multiscale:
    """What a network of the family "multiscale" makes of code values."""

    def __init__(self, stage: PixelStage, size: tuple[int, int], device: torch.device) -> None:
        network, places = stage.network, stage.places
        grid = WorkingGrid.over(network.grid, size[0], size[1], network.coordinates)
        self._network = GridNetwork(network, grid, stage.curves.shape[1] - 1, device)
        sides = (places.x, places.y) if grid.is_turned else (places.y, places.x)
        taps = []
        for axis, side, flip in zip((grid.rows, grid.columns), sides, grid.flips, strict=True):
            every, pixels = axis.raster_taps(), axis.size - 1 - side if flip else side
            here = Taps(every.first[pixels], every.second[pixels], every.fraction[pixels])
            taps.append(DeviceTaps.of(here, device))
        self._is_across = places.is_turned != grid.is_turned  # the grid's rows run across the result
        self._down, self._along = reversed(taps) if self._is_across else taps

    def __call__(self, codes: Tensor) -> GridResidual:
        values = self._network.residual(codes)
        return GridResidual(values.transpose(0, 1) if self._is_across else values, self._down, self._along)


class _Published:
    """The family "published": every pixel by itself. Of x and y, the first layer is a table."""

    def __init__(self, stage: PixelStage, size: tuple[int, int], device: torch.device) -> None:
        network, places = stage.network, stage.places
        first, second, third = (dequantize(layer) for layer in network.layers)
        inputs = published_inputs(network.position_octaves, network.color_octaves)
        x, y, is_turned = position_features(size[0], size[1], network)
        by_x, by_y = x @ first[inputs.x], y @ first[inputs.y]
        along_y, along_x = (by_x, by_y) if is_turned else (by_y, by_x)
        tables = places.down_and_across(along_y[places.y], along_x[places.x])
        self._network = network
        self._down, self._across, self._color, self._second, self._third = (
            torch.from_numpy(np.ascontiguousarray(table)).to(device)
            for table in (*tables, first[inputs.colors], second, third)
        )

    def __call__(self, codes: Tensor) -> _Published:
        return self

    def at(self, rows: slice, base: Tensor) -> Tensor:
        """See `Residual`."""
        network = self._network
        values = (pq_encode(base, torch) - network.color_shift) * network.color_scale
        hidden = self._down[rows, None] + self._across
        hidden += octave_features(values, network.color_octaves, 0) @ self._color
        output = torch.sin(torch.sin(hidden) @ self._second) @ self._third
        return output * network.residual_scale + network.residual_shift
