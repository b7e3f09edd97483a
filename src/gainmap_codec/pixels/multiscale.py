"""The family "multiscale": features of the working grid, and the residual there, in NumPy float32.

A local tone mapper makes a pixel's gain of the pixel and of its surroundings. The base itself shows the surroundings:
the network sees it averaged at four scales, which costs no byte, and latents say only what the base does not tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.latents import cells, first_level, latent_levels
from gainmap_codec.files.records import LatentGrid, NeuralGainMap, QuantizedLayer
from gainmap_codec.pixels.color import Array
from gainmap_codec.pixels.features import octave_features
from gainmap_codec.pixels.strips import for_each_strip, rows_in_cache
from gainmap_codec.pixels.working_grid import WorkingGrid

_AROUND = (-2, 0, 2)
"""Levels of the averages, from that of the finest latents on."""

FIRST_OCTAVE = -1
"""Half a period over the range of a code value: without it black and white have the same features."""


def base_features(grid: WorkingGrid, codes: NDArray[Any], largest: int, color_octaves: int) -> Array:
    """What the network sees of a base, float32 (rows, columns, F).

    Args:
        codes: Code values, stored raster, (H, W, 3).
        largest: The code value of white.
        color_octaves: Octaves of each colour of the finest scale.
    Returns:
        x, y; R, G, B of the working grid's cells; the same averaged over the three coarser levels; octaves. All but the
        octaves run over −2…2: about as far from 0 as pictures are.
    """
    means = code_inputs(grid.average(codes), largest)
    rows, columns, _ = means.shape
    level = first_level(grid.rows.cells, grid.columns.cells)
    place = np.empty((rows, columns, 2), np.float32)
    place[..., 0], place[..., 1] = grid.columns.centers, grid.rows.centers[:, np.newaxis]
    around = [grid.level(means, max(level + step, 0)) for step in _AROUND]
    features = np.empty((rows, columns, 5 + 3 * len(around) + 6 * color_octaves), np.float32)
    plain = features[..., : 5 + 3 * len(around)]
    is_raster = (rows, columns) == (grid.rows.size, grid.columns.size)  # then every mean is a code value
    turned = grid.turned(codes)
    table = octave_features(code_inputs(np.arange(largest + 1), largest), color_octaves, FIRST_OCTAVE)

    def fill(part: slice) -> None:
        np.concatenate([each[part] for each in (place, means, *around)], axis=2, out=plain[part])
        plain[part] *= 2
        if not color_octaves:
            return
        if is_raster:
            octaves = np.take(table, turned[part], axis=0, mode="clip")
        else:
            octaves = octave_features(means[part], color_octaves, FIRST_OCTAVE)
        features[part, :, plain.shape[2] :] = octaves.reshape(*octaves.shape[:2], -1)

    for_each_strip(rows, fill, rows_in_cache(columns))
    return features


def code_inputs(codes: NDArray[Any], largest: int) -> Array:
    """Code values, or means of them, over −1…1, float32."""
    return np.asarray(codes, np.float32) * np.float32(2 / largest) - 1


def latent_values(grid: LatentGrid) -> Array:
    """A grid of latents as float32 (rows, columns, 1)."""
    values = np.array(grid.values, dtype=np.float32).reshape(grid.rows, grid.columns, 1)
    return values * np.float32(2.0 ** (grid.step_exponent / 4))


def dequantize(layer: QuantizedLayer) -> Array:
    """A layer's weights, float32 (inputs, outputs)."""
    integers = np.array(layer.weights, dtype=np.float32).reshape(layer.inputs, layer.outputs)
    return integers * np.float32(2.0 ** (layer.step_exponent / 4))


@dataclass(frozen=True, eq=False)
class GridInputs:
    """What a network is given on the working grid.

    Attributes:
        grid: The raster over the grid.
        features: Of the base and the latents, float32 (rows, columns, F).
        added: Sum of the details, added to every output, float32 (rows, columns, 1).
    """

    grid: WorkingGrid
    features: Array
    added: Array


def grid_inputs(network: NeuralGainMap, codes: NDArray[Any], largest: int) -> GridInputs:
    """Everything that goes into a network; `codes` and `largest` as for `base_features`."""
    grid = WorkingGrid.over(network.grid, codes.shape[0], codes.shape[1], network.coordinates)
    levels, detail_levels = latent_levels(*network.grid, len(network.latents), len(network.details))
    base = base_features(grid, codes, largest, network.color_octaves)
    latents = [grid.enlarge(latent_values(each), level) for each, level in zip(network.latents, levels, strict=True)]
    added = np.zeros((*base.shape[:2], 1), np.float32)
    for each, level in zip(network.details, detail_levels, strict=True):
        added += grid.enlarge(latent_values(each), level)
    return GridInputs(grid, np.concatenate([base, *latents], axis=2), added)


def residual_on_grid(network: NeuralGainMap, inputs: GridInputs) -> Array:
    """The residual on the working grid, float32 (rows, columns, 1 or 3)."""
    layers = [dequantize(layer) for layer in network.layers]
    out = np.empty((*inputs.features.shape[:2], layers[-1].shape[1]), np.float32)

    def evaluate(rows: slice) -> None:
        values = inputs.features[rows]
        for layer in layers[:-1]:
            values = values @ layer[:-1] + layer[-1]
            np.maximum(values, 0, out=values)
        values = values @ layers[-1][:-1] + layers[-1][-1]
        values += inputs.added[rows]
        np.clip(values, -1, 1, out=values)
        out[rows] = values * np.float32(network.residual_scale) + np.float32(network.residual_shift)

    for_each_strip(len(out), evaluate, rows_in_cache(inputs.features.shape[1]))
    return out


def has_latents_at(rows: int, columns: int) -> tuple[int, int]:
    """How many levels of latents and of details are of use: from the first to a single cell, and up to the grid."""
    level = first_level(rows, columns)
    coarser = 0
    while coarser < 4 and max(cells(rows, level + coarser), cells(columns, level + coarser)) > 1:
        coarser += 1
    return coarser, min(level, 3)
