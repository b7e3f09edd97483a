"""The residual of the working grid on a torch device: `pixels.multiscale`, from code values that are there already."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainmap_codec.files.latents import first_level, latent_levels
from gainmap_codec.files.records import NeuralGainMap
from gainmap_codec.neural.perceptron import forward
from gainmap_codec.pixels.multiscale import _AROUND, FIRST_OCTAVE, dequantize, latent_values
from gainmap_codec.pixels.resampling import Taps
from gainmap_codec.pixels.working_grid import WorkingGrid

_POINTS = 1 << 20  # of the grid at a time: 120 MB of features
_PIXELS = 1 << 22  # whose sums stand in memory at a time
_EMPTY = 1e-6  # width of a window that has no pixels of its own


def residual_on_grid(network: NeuralGainMap, grid: WorkingGrid, codes: Tensor, largest: int) -> Tensor:
    """The residual, float32 (rows, columns, 1 or 3), on the device of the code values.

    Args:
        network: Of the family "multiscale".
        grid: Its working grid over this raster.
        codes: Code values (H, W, 3), stored raster, of any integer type.
        largest: The code value of white.
    """
    means = _average(grid, codes) * np.float32(2 / largest).item() - 1
    first = first_level(grid.rows.cells, grid.columns.cells)
    around = [_enlarged(grid, _reduced(grid, means, level), level) for level in (max(first + n, 0) for n in _AROUND)]
    levels, detail_levels = latent_levels(*network.grid, len(network.latents), len(network.details))
    latents, details = (
        [_enlarged(grid, _on(codes.device, latent_values(each)), level) for each, level in zip(grids, at, strict=True)]
        for grids, at in ((network.latents, levels), (network.details, detail_levels))
    )
    x, y = (_on(codes.device, axis.centers).float() * 2 for axis in (grid.columns, grid.rows))
    weights = [_on(codes.device, dequantize(layer)) for layer in network.layers]
    rows, columns = means.shape[:2]
    out = means.new_empty((rows, columns, network.layers[-1].outputs))
    step = max(1, _POINTS // columns)
    for strip in (slice(start, min(start + step, rows)) for start in range(0, rows, step)):
        here = means[strip]
        place = torch.stack([x.expand(len(here), -1), y[strip, None].expand(-1, columns)], dim=-1)
        parts = [place, here * 2, *(each.at(strip) * 2 for each in around)]
        parts += [octave_features(here, network.color_octaves, FIRST_OCTAVE), *(each.at(strip) for each in latents)]
        output = forward(weights, torch.cat(parts, dim=-1).flatten(0, 1)).output.reshape(out[strip].shape)
        for each in details:
            output += each.at(strip)
        out[strip] = output.clamp_(-1, 1) * network.residual_scale + network.residual_shift
    return out


def octave_features(values: Tensor, octaves: int, first: int) -> Tensor:
    """As `pixels.features.octave_features` of (..., C), with the features of all channels on one axis: (..., C·2n)."""
    angle = values.double() * (math.pi * 2.0**first)
    sine, cosine = torch.sin(angle), torch.cos(angle)
    found = []
    for _ in range(octaves):
        found += [sine.float(), cosine.float()]
        sine, cosine = 2 * sine * cosine, 1 - 2 * sine * sine
    if not found:
        return values.new_empty((*values.shape[:-1], 0))
    return torch.stack(found, dim=-1).flatten(-2)


class DeviceTaps(NamedTuple):
    """`pixels.resampling.Taps` on a device: first and second int32 (n,), fraction float32 (n,)."""

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


def _enlarged(grid: WorkingGrid, values: Tensor, level: int) -> _Enlarged:
    """A level's cells, float32 (h, w, C), made ready."""
    down, across = (DeviceTaps.of(axis.level_taps(level), values.device) for axis in (grid.rows, grid.columns))
    if grid.rows.count < values.shape[0]:  # a raster without height: what is enlarged across first would be larger
        return _Enlarged(across.interpolate(down.interpolate(values, 0), 1), None)
    return _Enlarged(across.interpolate(values, 1), down)


class _Windows(NamedTuple):
    """Which pixels each window of a raster's side covers, and how much of its mean each is: both (steps, n)."""

    places: NDArray[np.int64]
    shares: NDArray[np.float32]

    @classmethod
    def between(cls, edges: NDArray[np.float64], size: int) -> _Windows:
        """Windows between successive edges, by the rules of `pixels.resampling.window_average`."""
        starts, widths = edges[:-1], np.diff(edges)
        first = np.minimum(starts.astype(np.int64), size - 1)
        steps = np.arange(int(np.ceil(widths.max())) + 1)[:, np.newaxis]
        covered = np.minimum(edges[1:], first + steps + 1) - np.maximum(starts, first + steps)
        shares = np.where(widths > _EMPTY, np.maximum(covered, 0) / np.maximum(widths, 1e-9), steps == 0)
        used = shares.any(axis=1)
        return cls(np.minimum(first + steps, size - 1)[used], shares[used].astype(np.float32))

    def matrix(self, size: int) -> NDArray[np.float32]:
        """What makes means of values when it is multiplied by them, (n, size)."""
        found = np.zeros((self.places.shape[1], size), np.float32)
        np.add.at(found, (np.arange(len(found)), self.places), self.shares)
        return found


def _average(grid: WorkingGrid, codes: Tensor) -> Tensor:
    """Means over what is evaluated, float32 (rows, columns, 3), of code values (H, W, 3): in strips of sums."""
    pixels = codes.transpose(0, 1) if grid.is_turned else codes
    edges = [axis.edges() for axis in (grid.rows, grid.columns)]
    sizes = pixels.shape[:2]
    down, across = (
        _Windows.between((size - each)[::-1] if flip else each, size)  # windows are mirrored: no picture is
        for each, size, flip in zip(edges, sizes, grid.flips, strict=True)
    )
    out = torch.empty((grid.rows.count, grid.columns.count, 3), device=codes.device)
    step = max(1, _PIXELS // sizes[1])
    for start in range(0, len(out), step):
        rows = slice(start, start + step)
        lines = _means(pixels, down.places[:, rows], down.shares[:, rows], 0)
        out[rows] = _means(lines, across.places, across.shares, 1)
    return out.flip([dim for dim, flip in enumerate(grid.flips) if flip])


def _means(values: Tensor, places: NDArray[np.int64], shares: NDArray[np.float32], dim: int) -> Tensor:
    """Means of windows along an axis, float32: the first pixel of each, the second, and so on."""
    parts = zip(_on(values.device, places), _on(values.device, shares), strict=True)
    total: Tensor | int = 0
    for place, share in parts:
        total += values.index_select(dim, place) * share.reshape(_along(dim))
    assert isinstance(total, Tensor)
    return total


def _reduced(grid: WorkingGrid, values: Tensor, level: int) -> Tensor:
    """Values, float32 (rows, columns, 3), averaged over a level's cells, float32 (h, w, 3)."""
    down, across = (
        _on(values.device, _Windows.between(axis.level_edges(level), axis.count).matrix(axis.count))
        for axis in (grid.rows, grid.columns)
    )
    lines = (down @ values.flatten(1)).reshape(len(down), *values.shape[1:])
    return across @ lines


def _along(dim: int) -> Sequence[int]:
    return (-1, 1, 1) if dim == 0 else (-1, 1)


def _on(device: torch.device, array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(device)
