"""The family "multiscale": features of the working grid, and the residual there, by compiled loops.

A local tone mapper makes a pixel's gain of the pixel and of its surroundings. The base itself shows the surroundings:
the network sees it averaged at four scales, which costs no byte, and latents say only what the base does not tell.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.inputs import AROUND, multiscale_inputs
from gainmap_codec.files.payload.latents import cells, first_level, latent_levels
from gainmap_codec.files.payload.records import LatentGrid, NeuralGainMap, QuantizedLayer
from gainmap_codec.pixels import loops
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.maps.working_grid import Enlarged, WorkingGrid

if TYPE_CHECKING:
    from gainmap_codec.pixels.loops import Inputs, Level

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
        cells = grid.turned(codes) if grid.is_raster else grid.average(codes)
        first = first_level(grid.rows.cells, grid.columns.cells)
        levels = [max(first + step, 0) for step in AROUND]
        self._known = (
            cells,
            2 / largest,
            2 * grid.columns.centers.astype(np.float32),
            2 * grid.rows.centers.astype(np.float32),
            color_octaves,
            tuple(_level(grid.enlarge(2 * code_inputs(grid.reduce(cells, level), largest), level)) for level in levels),
        )
        self.shape = cells.shape[0], multiscale_inputs(color_octaves).of_base, cells.shape[1]

    def with_levels(self, latents: list[Enlarged], details: list[Enlarged]) -> Inputs:
        """Everything that goes into a network, as the compiled loops take it."""
        return *self._known, tuple(map(_level, latents)), tuple(map(_level, details))

    def fill(self, out: Array, rows: slice) -> None:
        """The features of some rows, float32 (h, F, columns), on this thread."""
        loops.features_of(self.with_levels([], []), out, rows.start)


def _level(enlarged: Enlarged) -> Level:
    return enlarged.wide, *enlarged.down


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
        arrays: As the compiled loops take it.
    """

    def __init__(self, network: NeuralGainMap, codes: NDArray[Any], largest: int) -> None:
        """A network and its base; `codes` and `largest` as for `BaseFeatures`."""
        self.grid = grid = WorkingGrid.over(network.grid, codes.shape[0], codes.shape[1], network.coordinates)
        levels, detail_levels = latent_levels(*network.grid, len(network.latents), len(network.details))
        base = BaseFeatures(grid, codes, largest, network.color_octaves)
        latents = list(map(grid.enlarge, map(latent_values, network.latents), levels))
        details = list(map(grid.enlarge, map(latent_values, network.details), detail_levels))
        self.arrays = base.with_levels(latents, details)
        height, known, width = base.shape
        self.shape = height, known + len(levels), width


class GridNetwork:
    """A network made ready for its base."""

    def __init__(self, network: NeuralGainMap, inputs: GridInputs) -> None:
        self._inputs = inputs
        self._layers = [dequantize(layer) for layer in network.layers]
        self._scale, self._shift = network.residual_scale, network.residual_shift

    @property
    def outputs(self) -> int:
        """Values of the residual at each place: 1 or 3."""
        return int(self._layers[-1].shape[1])

    def residual(self, start: int, stop: int) -> Array:
        """The residual on some rows of the working grid, float32 (rows, 1 or 3, columns), on this thread."""
        out = np.empty((stop - start, self.outputs, self._inputs.shape[2]), np.float32)
        first, second, third = self._layers
        loops.residual_of(self._inputs.arrays, first, second, third, self._scale, self._shift, out, start)
        return out


def has_latents_at(rows: int, columns: int) -> tuple[int, int]:
    """How many levels of latents and of details are of use: from the first to a single cell, and up to the grid."""
    level = first_level(rows, columns)
    coarser = 0
    while coarser < 4 and max(cells(rows, level + coarser), cells(columns, level + coarser)) > 1:
        coarser += 1
    return coarser, min(level, 3)
