"""Renditions by a neural gain map, of both families, in float32 by compiled loops. docs/format.md has it in prose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.inputs import published_inputs
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.pixels import loops
from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.light import AnyCodes, Array, pq_psnr_of_rows
from gainmap_codec.pixels.maps.coded_picture import PictureOnGrid
from gainmap_codec.pixels.maps.features import octave_features
from gainmap_codec.pixels.maps.gain_map import headroom_weight
from gainmap_codec.pixels.maps.multiscale import GridInputs, GridNetwork, dequantize
from gainmap_codec.pixels.maps.one_gain import OneGain
from gainmap_codec.pixels.maps.residual import BRIGHTEST
from gainmap_codec.pixels.raster.geometry import Pixels, Window, turned_window
from gainmap_codec.pixels.raster.resampling import Taps
from gainmap_codec.pixels.rendition import Gains, Render, Rule, light_of, render_strips, rendered, renderer
from gainmap_codec.pixels.strips import for_each_strip

Codes = NDArray[np.uint8]


def axis_coordinates(count: int) -> NDArray[np.float64]:
    """File coordinates of columns or rows as published, float64 (count,): −1…1 from end to end."""
    return np.linspace(-1.0, 1.0, count) if count > 1 else np.zeros(1)


def position_features(height: int, width: int, network: NeuralGainMap) -> tuple[Array, Array, bool]:
    """Features of the network's x and y in the family "published".

    Returns:
        float32 (width or height, 2 × octaves) of x, the same of y, and whether the picture is turned: then x runs
        along rows and y along columns.
    """
    xx, xy, x0, yx, yy, y0 = network.coordinates
    turned = xx == 0
    columns, rows = axis_coordinates(width), axis_coordinates(height)
    x = xy * rows + x0 if turned else xx * columns + x0
    y = yx * columns + y0 if turned else yy * rows + y0
    return octave_features(x, network.position_octaves, 0), octave_features(y, network.position_octaves, 0), turned


def base_bt2020(codes: AnyCodes, color: BaseColor) -> Array:
    """Linear BT.2020 of a base, float32 (..., 3), 1.0 = SDR white, of its code values (..., 3)."""
    return light_of(codes, color, color.to_bt2020)


def render_neural_map(network: NeuralGainMap, codes: AnyCodes, color: BaseColor, *, headroom: float) -> Array:
    """Render a base for a display of the given headroom by its neural gain map.

    Args:
        network: The neural gain map.
        codes: The base's code values, (H, W, 3), stored raster.
        color: What the code values mean.
        headroom: Display headroom, log2; infinity gives the whole HDR rendition.
    Returns:
        Linear BT.2020, float32 (H, W, 3); 1.0 = SDR white.
    """
    out = np.empty(codes.shape, dtype=np.float32)
    whole = Window(0, 0, *codes.shape[:2])
    render_into(out, network, codes, color, headroom=headroom, window=whole, from_bt2020=np.eye(3))
    return out


def render_into(
    out: NDArray[np.floating],
    network: NeuralGainMap,
    codes: AnyCodes,
    color: BaseColor,
    *,
    headroom: float,
    window: Window,
    from_bt2020: NDArray[np.floating],
) -> None:
    """As `render_neural_map`, of a part of the stored raster, and in primaries that a matrix makes of BT.2020."""
    turned, render = _ready(network, codes, color, headroom, window, from_bt2020)
    render_strips(turned(out), render)


class NeuralWorth(NamedTuple):
    """What a neural gain map shows: PQ-PSNR in dB, and the linear light of the brightest channel of all pixels."""

    psnr: float
    peak: float


def neural_worth(
    network: NeuralGainMap, codes: AnyCodes, color: BaseColor, hdr: Array, *, headroom: float
) -> NeuralWorth:
    """Of what `render_neural_map` makes, against linear BT.2020, float32 (H, W, 3), strip by strip."""
    whole = Window(0, 0, *codes.shape[:2])
    turned, render = _ready(network, codes, color, headroom, whole, np.eye(3))
    reference = turned(hdr)
    peaks: list[float] = []

    def shown(rows: slice) -> Array:
        pixels = rendered(render, rows, reference.shape[1])
        peaks.append(float(pixels.max()))
        return pixels

    return NeuralWorth(pq_psnr_of_rows(shown, reference), max(peaks))


def _ready(
    network: NeuralGainMap,
    codes: AnyCodes,
    color: BaseColor,
    headroom: float,
    window: Window,
    from_bt2020: NDArray[np.floating],
) -> tuple[Callable[[NDArray[Any]], NDArray[Any]], Render]:
    """How to turn a raster the way that rows are counted, and what renders them."""
    ready = residuals(network, codes, color)
    top, left, height, width = turned_window(window, codes.shape, ready.turned)
    across = slice(left, left + width)
    to_maths, from_maths = color.to_bt2020, from_bt2020
    if is_factor(network):  # the same in all primaries: one matrix instead of two, often none
        to_maths, from_maths = np.eye(3), from_bt2020 @ color.to_bt2020
    weight = headroom_weight(headroom, network.base_hdr_headroom, network.alternate_hdr_headroom)
    render = renderer(
        ready.turned(codes)[top : top + height, across],
        color,
        to_maths=to_maths,
        rule=rule_of(network, weight),
        gains=lambda rows: ready.at(slice(rows.start + top, rows.stop + top), across),
        from_maths=from_maths,
    )
    return ready.turned, render


def is_factor(network: NeuralGainMap) -> bool:
    """Whether each pixel is multiplied by a number, and nothing is taken off."""
    return is_one_gain(network) and network.alternate_offset == 0


def is_one_gain(network: NeuralGainMap) -> bool:
    """Whether its residual is what a standard gain map of one channel holds: the same in all primaries."""
    return (network.family, network.domain, network.layers[-1].outputs) == ("multiscale", "log2_gain", 1)


def own_gain(network: NeuralGainMap, codes: AnyCodes, color: BaseColor) -> OneGain | None:
    """The gain of a network that predicts one for all channels, on its grid; None of any other.

    Args:
        codes: The base's code values, (H, W, 3), stored raster.
    Raises:
        FormatError: Its picture cannot be decoded.
    """
    if not is_one_gain(network):
        return None
    found = GridResiduals(network, GridInputs(network, codes, color.curves.shape[1] - 1))
    return OneGain(found.as_map(), network.base_offset, network.alternate_offset)


def rule_of(network: NeuralGainMap, weight: float) -> Rule:
    """How residuals change light; the weight, in 0…1, scales the log2 ratio, as for a standard map."""
    offsets = np.repeat(np.array([[network.base_offset], [network.alternate_offset]], np.float32), 3, axis=1)
    return Rule(network.domain, weight, offsets, float(BRIGHTEST))


class Residuals:
    """The residual of any part of a raster, by either family, the way that the network's coordinates run."""

    def turned(self, pixels: Pixels) -> Pixels:
        """The raster (H, W, ...) the way that rows are counted: a view."""
        return pixels

    def at(self, rows: slice, across: slice) -> Gains:
        """The residual of some rows and columns of the raster as `turned` gives it."""
        raise NotImplementedError


def residuals(network: NeuralGainMap, codes: AnyCodes, color: BaseColor) -> Residuals:
    """A network made ready for one base.

    Raises:
        FormatError: Its picture cannot be decoded.
    """
    if network.family == "published":
        return PublishedResiduals(network, codes, color)
    return GridResiduals(network, GridInputs(network, codes, color.curves.shape[1] - 1))


class GridResiduals(Residuals):
    """The family "multiscale": the residual of the working grid, evaluated where it is asked for."""

    def __init__(self, network: NeuralGainMap, inputs: GridInputs) -> None:
        self._grid = inputs.grid
        self._network = GridNetwork(network, inputs)
        self._picture = PictureOnGrid(network, network.picture, inputs.grid) if network.picture else None
        self._rows, self._columns = inputs.grid.rows.raster_taps(), inputs.grid.columns.raster_taps()

    def turned(self, pixels: Pixels) -> Pixels:
        """See `Residuals`."""
        return self._grid.turned(pixels)

    def at(self, rows: slice, across: slice) -> Gains:
        """See `Residuals`."""
        (cells, down), columns = self._rows.within(rows), self._columns.part(across)
        values = self._of(cells)
        is_every_cell = np.array_equal(columns.first, np.arange(values.shape[2])) and not columns.fraction.any()
        return Gains(values, down, None if is_every_cell else columns)

    def as_map(self) -> Array:
        """The residual over the stored raster in as many values as its grid has there, float32 (h, w, C)."""
        grid = self._grid
        values = np.empty((grid.rows.count, grid.columns.count, self._network.outputs), np.float32)

        def fill(rows: slice) -> None:
            values[rows] = np.swapaxes(self._of(rows), 1, 2)

        for_each_strip(len(values), fill)
        return grid.as_map(values)

    def _of(self, rows: slice) -> Array:
        """The residual on some rows of the grid, float32 (rows, C, columns), on this thread."""
        values = self._network.residual(rows.start, rows.stop)
        if self._picture:
            self._picture.add_to(values, rows.start)
        return values


class PublishedResiduals(Residuals):
    """The family "published": every pixel by itself. Of x and y, the first layer is a table."""

    def __init__(self, network: NeuralGainMap, codes: AnyCodes, color: BaseColor) -> None:
        self._network, self._codes, self._color = network, codes, color
        first, *others = (dequantize(layer) for layer in network.layers)
        self._second, self._third = map(_with_no_biases, others)
        places = published_inputs(network.position_octaves, network.color_octaves)
        x, y, turned = position_features(codes.shape[0], codes.shape[1], network)
        along_x, along_y = x @ first[places.x], y @ first[places.y]
        self._columns, self._rows = (along_y, along_x) if turned else (along_x, along_y)
        self._first = _with_no_biases(first[places.colors])

    def at(self, rows: slice, across: slice) -> Gains:
        """See `Residuals`."""
        base = base_bt2020(self._codes[rows, across], self._color)
        out = np.empty((len(base), self._third.shape[1], base.shape[1]), np.float32)
        loops.published_residual(
            base,
            self._network.color_shift,
            self._network.color_scale,
            self._network.color_octaves,
            self._rows[rows],
            np.ascontiguousarray(self._columns[across].T),
            self._first,
            self._second,
            self._third,
            self._network.residual_scale,
            self._network.residual_shift,
            out,
        )
        every = np.arange(len(base))
        return Gains(out, Taps(every, every, np.zeros(len(base), np.float32)), None)


def _with_no_biases(layer: Array) -> Array:
    """A layer as the loops take it, with a row of biases."""
    return np.concatenate([layer, np.zeros((1, layer.shape[1]), np.float32)])
