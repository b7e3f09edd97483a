"""The family "multiscale": features of the working grid, and the residual there, in NumPy float32.

A local tone mapper makes a pixel's gain of the pixel and of its surroundings. The base itself shows the surroundings:
the network sees it averaged at four scales, which costs no byte, and latents say only what the base does not tell.
"""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.inputs import AROUND, multiscale_inputs
from gainmap_codec.files.payload.latents import cells, first_level, latent_levels
from gainmap_codec.files.payload.records import LatentGrid, NeuralGainMap, QuantizedLayer
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.maps.features import octave_features
from gainmap_codec.pixels.maps.working_grid import WorkingGrid
from gainmap_codec.pixels.strips import for_each_strip, rows_in_cache

FIRST_OCTAVE = -1
"""Half a period over the range of a code value: without it black and white have the same features."""


class BaseFeatures:
    """What the network sees of a base; made for the rows that are asked for, since all of it takes much memory.

    x, y; R, G, B of the working grid's cells; the same averaged over the three coarser levels; octaves. All but the
    octaves run over −2…2: about as far from 0 as pictures are. Of each row, one feature lies after the other.

    Attributes:
        shape: Rows of what is evaluated, the number of features, columns.
    """

    def __init__(self, grid: WorkingGrid, codes: NDArray[Any], largest: int, color_octaves: int) -> None:
        """A base's code values, stored raster, (H, W, 3); `largest` is that of white."""
        self._grid, self._octaves = grid, color_octaves
        self._means = code_inputs(grid.average(codes), largest)
        first = first_level(grid.rows.cells, grid.columns.cells)
        levels = [max(first + step, 0) for step in AROUND]
        self._around = [grid.enlarge(grid.reduce(self._means, level), level) for level in levels]
        self._places = multiscale_inputs(color_octaves)
        self.shape = self._means.shape[0], self._places.of_base, self._means.shape[1]
        is_raster = self._means.shape[:2] == (grid.rows.size, grid.columns.size)  # then every mean is a code value
        self._codes = grid.turned(codes) if is_raster else None
        self._table = octave_features(code_inputs(np.arange(largest + 1), largest), color_octaves, FIRST_OCTAVE)

    def fill(self, out: Array, rows: slice) -> None:
        """The features of some rows, float32 (h, F, columns)."""
        places, means = self._places, self._means[rows]
        x, y = np.swapaxes(out[:, places.place], 0, 1)
        x[:], y[:] = self._grid.columns.centers, self._grid.rows.centers[rows, np.newaxis]
        out[:, places.colors] = np.swapaxes(means, 1, 2)
        for place, each in zip(places.around, self._around, strict=True):
            out[:, place] = np.swapaxes(each.at(rows), 1, 2)
        out[:, places.doubled] *= 2
        if not self._octaves:
            return
        if self._codes is None:
            octaves = octave_features(means, self._octaves, FIRST_OCTAVE)
        else:
            octaves = np.take(self._table, self._codes[rows], axis=0, mode="clip")
        out[:, places.octaves] = np.swapaxes(octaves.reshape(*octaves.shape[:2], -1), 1, 2)

    def whole(self) -> Array:
        """The features of all rows, float32 (rows, F, columns)."""
        out = np.empty(self.shape, np.float32)
        for_each_strip(len(out), lambda rows: self.fill(out[rows], rows), rows_in_cache(self.shape[2]))
        return out


def code_inputs(codes: NDArray[Any], largest: int) -> Array:
    """Code values, or means of them, over −1…1, float32."""
    inputs: Array = np.multiply(codes, np.float32(2 / largest), dtype=np.float32)
    inputs -= 1
    return inputs


def latent_values(grid: LatentGrid) -> Array:
    """A grid of latents as float32 (rows, columns, 1)."""
    values = np.frombuffer(array("b", grid.values), np.int8).reshape(grid.rows, grid.columns, 1)
    return values * np.float32(2.0 ** (grid.step_exponent / 4))


def dequantize(layer: QuantizedLayer) -> Array:
    """A layer's weights, float32 (inputs, outputs)."""
    integers = np.array(layer.weights, dtype=np.float32).reshape(layer.inputs, layer.outputs)
    return integers * np.float32(2.0 ** (layer.step_exponent / 4))


class GridInputs:
    """Everything that goes into a network.

    Attributes:
        grid: The raster over the grid.
        shape: Rows of what is evaluated, the number of features, latents among them, columns.
    """

    def __init__(self, network: NeuralGainMap, codes: NDArray[Any], largest: int) -> None:
        """A network and its base; `codes` and `largest` as for `BaseFeatures`."""
        self.grid = grid = WorkingGrid.over(network.grid, codes.shape[0], codes.shape[1], network.coordinates)
        levels, detail_levels = latent_levels(*network.grid, len(network.latents), len(network.details))
        self._base = BaseFeatures(grid, codes, largest, network.color_octaves)
        self._latents = list(map(grid.enlarge, map(latent_values, network.latents), levels))
        self._details = list(map(grid.enlarge, map(latent_values, network.details), detail_levels))
        height, known, width = self._base.shape
        self.shape = height, known + len(levels), width

    def features(self, rows: slice) -> Array:
        """Of the base and the latents, float32 (h, F, columns)."""
        known = self._base.shape[1]
        out = np.empty((len(range(*rows.indices(self.shape[0]))), *self.shape[1:]), np.float32)
        self._base.fill(out[:, :known], rows)
        for index, each in enumerate(self._latents):
            out[:, known + index] = each.at(rows)[..., 0]
        return out

    def added(self, rows: slice) -> Array:
        """Sum of the details, added to every output, float32 (h, columns)."""
        return sum((each.at(rows)[..., 0] for each in self._details), start=np.zeros((1, 1), np.float32))


def residual_on_grid(network: NeuralGainMap, inputs: GridInputs, rows: slice = slice(None)) -> Array:
    """The residual on rows of the working grid, float32 (h, columns, 1 or 3)."""
    layers = [dequantize(layer).T for layer in network.layers]
    first, stop, _ = rows.indices(inputs.shape[0])
    out = np.empty((stop - first, inputs.shape[2], len(layers[-1])), np.float32)

    def evaluate(strip: slice) -> None:
        here = slice(first + strip.start, first + strip.stop)
        values = inputs.features(here)
        for index, layer in enumerate(layers):
            if index:
                np.maximum(values, 0, out=values)
            values = layer[:, :-1] @ values  # row by row: a product of all would call up threads of its own
            values += layer[:, -1:]
        values += inputs.added(here)[:, np.newaxis]
        np.clip(values, -1, 1, out=values)
        values *= np.float32(network.residual_scale)
        values += np.float32(network.residual_shift)
        out[strip] = np.swapaxes(values, 1, 2)

    for_each_strip(len(out), evaluate, rows_in_cache(2 * inputs.shape[2]))
    return out


def has_latents_at(rows: int, columns: int) -> tuple[int, int]:
    """How many levels of latents and of details are of use: from the first to a single cell, and up to the grid."""
    level = first_level(rows, columns)
    coarser = 0
    while coarser < 4 and max(cells(rows, level + coarser), cells(columns, level + coarser)) > 1:
        coarser += 1
    return coarser, min(level, 3)
