"""docs/format.md, "The working grid" and "Decoding", of the family "multiscale" in float64 matrices, one per axis."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.records import LatentGrid, NeuralGainMap
from gainmap_codec.pixels.maps.coded_picture import picture_codes

Matrix = NDArray[np.float64]


class SlowAxis(NamedTuple):
    """One side of a raster over the same side of the grid, in network coordinates."""

    size: int
    cells: int
    low: float
    high: float
    edges: Matrix  # of the parts evaluated


def slow_axis(size: int, cells: int, scale: float, shift: float) -> SlowAxis:
    low, high = shift - abs(scale), shift + abs(scale)
    first = min(max(math.floor((low + 1) / 2 * cells + 1e-6), 0), cells - 1)
    last = max(min(math.ceil((high + 1) / 2 * cells - 1e-6), cells), first + 1)
    if last - first > size:
        return SlowAxis(size, cells, low, high, np.linspace(low, high, size + 1))
    return SlowAxis(size, cells, low, high, np.arange(first, last + 1) * 2 / cells - 1)


def means_over(wanted: Matrix, given: Matrix) -> Matrix:
    """Weights of the parts between the edges `given` in the means between the edges `wanted`, (wanted, given)."""
    stops, starts = np.minimum.outer(wanted[1:], given[1:]), np.maximum.outer(wanted[:-1], given[:-1])
    weights = np.maximum(stops - starts, 0)
    for row, start in enumerate(wanted[:-1]):
        if weights[row].sum() <= 1e-6 * (given[1] - given[0]):
            weights[row] = 0
            weights[row, 0 if start < given[0] else -1] = 1
    shares: Matrix = weights / weights.sum(1, keepdims=True)
    return shares


def between_centers(wanted: Matrix, edges: Matrix) -> Matrix:
    """Bilinear weights of equal parts between `edges` at the points `wanted`, (wanted, parts)."""
    parts = len(edges) - 1
    weights = np.zeros((len(wanted), parts))
    for row, point in enumerate(wanted):
        position = (point - edges[0]) / (edges[-1] - edges[0]) * parts - 0.5
        position = min(max(position, 0), parts - 1)
        first = int(position)
        weights[row, first] += 1 - (position - first)
        if position > first:
            weights[row, first + 1] += position - first
    return weights


def level_edges(axis: SlowAxis, level: int) -> Matrix:
    return np.linspace(-1, 1, math.ceil(axis.cells / 2**level) + 1)


def centers(edges: Matrix) -> Matrix:
    return (edges[1:] + edges[:-1]) / 2


def enlarged(axes: tuple[SlowAxis, SlowAxis], values: Matrix, level: int) -> Matrix:
    down, across = (between_centers(centers(axis.edges), level_edges(axis, level)) for axis in axes)
    found: Matrix = np.einsum("ya,xb,abc->yxc", down, across, values, optimize=True)
    return found


def averaged(axes: tuple[SlowAxis, SlowAxis], values: Matrix, level: int) -> Matrix:
    down, across = (means_over(level_edges(axis, level), axis.edges) for axis in axes)
    return enlarged(axes, np.einsum("ay,bx,yxc->abc", down, across, values, optimize=True), level)


def values_of(grid: LatentGrid) -> Matrix:
    return np.reshape(grid.values, (grid.rows, grid.columns, 1)) * 2 ** (grid.step_exponent / 4)


def slow_residual(network: NeuralGainMap, codes: NDArray[Any], largest: int) -> Matrix:
    """The residual of each pixel, float64 (H, W, 1 or 3)."""
    xx, xy, x0, yx, yy, y0 = network.coordinates
    is_turned = xx == 0
    x_scale, y_scale = (xy, yx) if is_turned else (xx, yy)
    steps = slice(None, None, -1 if y_scale < 0 else 1), slice(None, None, -1 if x_scale < 0 else 1)
    pixels = (codes.swapaxes(0, 1) if is_turned else codes)[steps] / largest
    rows, columns = network.grid
    down, across = (
        slow_axis(pixels.shape[0], rows, y_scale, y0),
        slow_axis(pixels.shape[1], columns, x_scale, x0),
    )
    axes = down, across
    matrices = [means_over(axis.edges, np.linspace(axis.low, axis.high, axis.size + 1)) for axis in axes]
    means = np.einsum("ay,bx,yxc->abc", *matrices, pixels, optimize=True) * 2 - 1
    first = max(0, math.ceil(math.log2(max(rows, columns) / 64)))
    x, y = np.meshgrid(centers(across.edges), centers(down.edges))
    features = [2 * x[..., None], 2 * y[..., None], 2 * means]
    features += [2 * averaged(axes, means, max(0, first + step)) for step in (-2, 0, 2)]
    for channel in range(3):
        for octave in range(network.color_octaves):
            angles = 2.0 ** (octave - 1) * np.pi * means[..., channel, None]
            features += [np.sin(angles), np.cos(angles)]
    features += [enlarged(axes, values_of(grid), first + n) for n, grid in enumerate(network.latents)]
    values = np.concatenate(features, axis=2)
    for number, layer in enumerate(network.layers):
        weights = np.reshape(layer.weights, (layer.inputs, layer.outputs)) * 2 ** (layer.step_exponent / 4)
        values = values @ weights[:-1] + weights[-1]
        values = np.maximum(values, 0) if number < 2 else values
    for n, grid in enumerate(network.details):
        values = values + enlarged(axes, values_of(grid), max(0, first - 1 - n))
    on_grid = network.residual_shift + network.residual_scale * np.clip(values, -1, 1)
    if network.picture:
        added = np.asarray(picture_codes(network, network.picture), np.float64) - network.picture.zero
        step = 2 ** (network.picture.step_exponent / 4)
        on_grid = on_grid + enlarged(axes, added * step, network.picture.level)
    wide = [between_centers(low_high_centers(axis), axis.edges) for axis in axes]
    found: Matrix = np.einsum("ya,xb,abc->yxc", *wide, on_grid, optimize=True)[steps]
    return found.swapaxes(0, 1) if is_turned else found


def low_high_centers(axis: SlowAxis) -> Matrix:
    """Network coordinates of the raster's pixels."""
    return centers(np.linspace(axis.low, axis.high, axis.size + 1))
