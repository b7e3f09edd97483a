"""The residual of the working grid on a torch device: `maps.multiscale`, from code values that are there already."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainmap_codec.files.payload.inputs import AROUND, multiscale_inputs
from gainmap_codec.files.payload.latents import first_level, latent_levels
from gainmap_codec.files.payload.records import LatentGrid, NeuralGainMap
from gainmap_codec.neural.device.fusing import can_fuse
from gainmap_codec.pixels.maps.coded_picture import picture_values
from gainmap_codec.pixels.maps.multiscale import FIRST_OCTAVE, dequantize, latent_values
from gainmap_codec.pixels.maps.working_grid import Axis, WorkingGrid
from gainmap_codec.pixels.raster.resampling import Taps, windows_between

_POINTS = 1 << 20  # of the grid at a time: 120 MB of features
_PIXELS = 1 << 22  # whose sums stand in memory at a time
_FUSED_STEPS = 100  # pixels of a window that one thread may add up


class GridNetwork:
    """A network of the family "multiscale" on a device, made ready for one raster: all that no code value changes."""

    def __init__(self, network: NeuralGainMap, grid: WorkingGrid, largest: int, device: torch.device) -> None:
        """On a working grid over the raster; `largest` is the code value of white."""
        self._network, self._grid = network, grid
        self._to_inputs = float(np.float32(2 / largest))
        axes = grid.rows, grid.columns
        self._down, self._across = (_windows_of(*each).on(device) for each in zip(axes, grid.flips, strict=True))
        self._x, self._y = (_on(device, axis.centers).float() for axis in reversed(axes))
        first = first_level(grid.rows.cells, grid.columns.cells)
        around = [max(first + step, 0) for step in AROUND]
        self._around = [([_level_means(axis, n, device) for axis in axes], _Enlarger(grid, n, device)) for n in around]
        levels, detail_levels = latent_levels(*network.grid, len(network.latents), len(network.details))

        def enlarged(latents: LatentGrid, level: int) -> _Enlarged:
            return _Enlarger(grid, level, device)(_on(device, latent_values(latents)))

        self._latents = list(map(enlarged, network.latents, levels))
        self._details = list(map(enlarged, network.details, detail_levels))
        self._picture: _Enlarged | None = None
        if network.picture:
            values = _on(device, picture_values(network, network.picture))
            self._picture = _Enlarger(grid, network.picture.level, device)(values)
        self._weights = [_on(device, dequantize(layer)) for layer in network.layers]
        doubled = multiscale_inputs(network.color_octaves).doubled
        self._weights[0][doubled] *= 2  # instead of the inputs: as exact

    def residual(self, codes: Tensor) -> Tensor:
        """The residual, float32 (rows, columns, 1 or 3), of code values (H, W, 3), integers, stored raster."""
        network, means = self._network, self._average(codes) * self._to_inputs - 1
        around = [enlarge(across @ _down(down, means)) for (down, across), enlarge in self._around]
        rows, columns = means.shape[:2]
        out = means.new_empty((rows, columns, network.layers[-1].outputs))
        step = max(1, _POINTS // columns)
        for strip in (slice(start, min(start + step, rows)) for start in range(0, rows, step)):
            here = means[strip]
            x, y = self._x.expand(len(here), -1), self._y[strip, None].expand(-1, columns)
            parts = [x[..., None], y[..., None], here, *(each.at(strip) for each in around)]
            parts.append(octave_features(here, network.color_octaves, FIRST_OCTAVE))
            parts += [each.at(strip) for each in self._latents]
            output = _outputs(self._weights, torch.cat(parts, dim=-1).flatten(0, 1)).reshape(out[strip].shape)
            for each in self._details:
                output += each.at(strip)
            out[strip] = output.clamp_(-1, 1) * network.residual_scale + network.residual_shift
            if self._picture:
                out[strip] += self._picture.at(strip)
        return out

    def _average(self, codes: Tensor) -> Tensor:
        """Means over what is evaluated, float32 (rows, columns, 3): by a kernel, or in strips of sums."""
        pixels = codes.transpose(0, 1) if self._grid.is_turned else codes
        out = torch.empty((self._grid.rows.count, self._grid.columns.count, 3), device=codes.device)
        if codes.is_cuda and len(self._down.shares) * len(self._across.shares) <= _FUSED_STEPS and can_fuse():
            from gainmap_codec.neural.device.triton_means import means_fused

            means_fused(pixels, *self._down, *self._across, out)
            return out
        step = max(1, _PIXELS // pixels.shape[1])
        for start in range(0, len(out), step):
            rows = slice(start, start + step)
            out[rows] = self._across.means(self._down.part(rows).means(pixels, 0), 1)
        return out


def octave_features(values: Tensor, octaves: int, first: int) -> Tensor:
    """As `maps.features.octave_features` of (..., C), with the features of all channels on one axis: (..., C·2n)."""
    if not octaves:
        return values.new_empty((*values.shape[:-1], 0))
    angle = values.double() * (math.pi * 2.0**first)
    sine, cosine = torch.sin(angle), torch.cos(angle)
    found = []
    for _ in range(octaves):
        found += [sine.float(), cosine.float()]
        sine, cosine = 2 * sine * cosine, 1 - 2 * sine * sine
    return torch.stack(found, dim=-1).flatten(-2)


class DeviceTaps(NamedTuple):
    """`raster.resampling.Taps` on a device: first and second int32 (n,), fraction float32 (n,)."""

    first: Tensor
    second: Tensor
    fraction: Tensor

    @classmethod
    def of(cls, taps: Taps, device: torch.device) -> DeviceTaps:
        """The same taps there."""
        return cls(*(_on(device, part) for part in (*(p.astype(np.int32) for p in taps[:2]), taps.fraction)))

    def interpolate(self, values: Tensor, dim: int, pixels: slice = slice(None)) -> Tensor:
        """Linear interpolation along an axis of float32 (h, w, C), at some of the pixels."""
        before, after = (values.index_select(dim, places[pixels]) for places in (self.first, self.second))
        return torch.lerp(before, after, self.fraction[pixels].reshape(_along(dim)))


class _Enlarged(NamedTuple):
    """A level's cells at what is evaluated: enlarged along one axis, and how to enlarge them along the other."""

    wide: Tensor
    down: DeviceTaps | None

    def at(self, rows: slice) -> Tensor:
        """Some rows, float32 (h, columns, C)."""
        return self.wide[rows] if self.down is None else self.down.interpolate(self.wide, 0, rows)


class _Enlarger:
    """Enlarges a level's cells to what is evaluated."""

    def __init__(self, grid: WorkingGrid, level: int, device: torch.device) -> None:
        self._down, self._across = (DeviceTaps.of(axis.level_taps(level), device) for axis in (grid.rows, grid.columns))
        self._rows = grid.rows.count

    def __call__(self, values: Tensor) -> _Enlarged:
        """Cells, float32 (h, w, C), made ready."""
        if self._rows < values.shape[0]:  # a raster without height: what is enlarged across first would be larger
            return _Enlarged(self._across.interpolate(self._down.interpolate(values, 0), 1), None)
        return _Enlarged(self._across.interpolate(values, 1), self._down)


class _Windows(NamedTuple):
    """`raster.resampling.windows_between` of a side.

    Attributes:
        places: Integers (steps, n).
        shares: Float32 (steps, n).
    """

    places: Any
    shares: Any

    def on(self, device: torch.device) -> _Windows:
        """The same there."""
        return _Windows(*(_on(device, each) for each in self))

    def part(self, windows: slice) -> _Windows:
        """Some of the windows."""
        return _Windows(*(each[:, windows] for each in self))

    def means(self, values: Tensor, dim: int) -> Tensor:
        """Means of windows along an axis of (h, w, C), float32, on a device."""
        first, *others = zip(self.places, self.shares.reshape(len(self.shares), *_along(dim)), strict=True)
        total: Tensor = values.index_select(dim, first[0]) * first[1]
        for place, share in others:
            total += values.index_select(dim, place) * share
        return total


def _windows_of(axis: Axis, is_mirrored: bool) -> _Windows:
    """What is evaluated, in its order, as windows of the raster as it lies: no picture has to be mirrored."""
    edges = axis.edges()
    if not is_mirrored:
        return _Windows(*windows_between(edges, axis.size))
    return _Windows(*windows_between((axis.size - edges)[::-1], axis.size)).part(slice(None, None, -1))


def _level_means(axis: Axis, level: int, device: torch.device) -> Tensor:
    """The matrix, float32 (cells, count), that averages what is evaluated over a level's cells: at most 256 of them."""
    places, shares = windows_between(axis.level_edges(level), axis.count)
    matrix = np.zeros((places.shape[1], axis.count), np.float32)
    np.add.at(matrix, (np.arange(len(matrix)), places), shares)
    return _on(device, matrix)


def _down(matrix: Tensor, values: Tensor) -> Tensor:
    """A product along the first axis of (h, w, C)."""
    return (matrix @ values.flatten(1)).reshape(len(matrix), *values.shape[1:])


def _along(dim: int) -> tuple[int, ...]:
    return (-1, 1, 1) if dim == 0 else (-1, 1)


def _on(device: torch.device, array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.array(array, order="C")).to(device)  # torch takes no negative strides


def _outputs(weights: list[Tensor], inputs: Tensor) -> Tensor:
    """Of a network, float32 (N, C), for inputs (N, F)."""
    first = torch.addmm(weights[0][-1], inputs, weights[0][:-1]).relu_()
    second = torch.addmm(weights[1][-1], first, weights[1][:-1]).relu_()
    return torch.addmm(weights[2][-1], second, weights[2][:-1])
