"""The neural gain map's forward pass in NumPy float32: the definition of decoding. docs/format.md has it in prose."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.inputs import published_inputs
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.light import AnyCodes, Array, pq_decode, pq_encode, strip_for, transform_strip
from gainmap_codec.pixels.maps.coded_picture import add_picture
from gainmap_codec.pixels.maps.features import octave_features
from gainmap_codec.pixels.maps.gain_map import headroom_weight
from gainmap_codec.pixels.maps.multiscale import GridInputs, dequantize, residual_on_grid
from gainmap_codec.pixels.maps.residual import LEAST_DIVISOR, apply_log2_gain, inverse_residual
from gainmap_codec.pixels.maps.working_grid import WorkingGrid
from gainmap_codec.pixels.raster.geometry import Window, turned_window
from gainmap_codec.pixels.strips import for_each_strip, rows_in_cache

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


def pq_features(base_pq: Array, network: NeuralGainMap) -> Array:
    """Features of the published colour inputs, float32 (..., 6 × octaves), of PQ codes float32 (..., 3)."""
    values = (base_pq - np.float32(network.color_shift)) * np.float32(network.color_scale)
    features = octave_features(values, network.color_octaves, 0)
    return features.reshape(*base_pq.shape[:-1], 6 * network.color_octaves)


def base_bt2020(codes: NDArray[Any], color: BaseColor) -> Array:
    """Linear BT.2020 of a base, float32 (..., 3), 1.0 = SDR white, of its code values (..., 3)."""
    return color.convert_to_bt2020(color.linearize(codes))


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
    return rendition_of(network, residuals(network, codes, color), codes, color, headroom=headroom)


class Residuals:
    """The residual of any rows of a raster, by either family; `rows` are those of the picture as `turned` gives it."""

    def turned(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The raster (H, W, ...) the way that rows are counted: a view."""
        return pixels

    def at(self, rows: slice, base: Array) -> Array:
        """The residual, float32 (h, width, 1 or 3), of rows whose linear BT.2020 base is given (h, width, 3)."""
        raise NotImplementedError


def residuals(network: NeuralGainMap, codes: AnyCodes, color: BaseColor) -> Residuals:
    """A network made ready for one base.

    Raises:
        FormatError: Its picture cannot be decoded.
    """
    height, width = codes.shape[:2]
    if network.family == "published":
        return PublishedResiduals(network, height, width)
    inputs = GridInputs(network, codes, color.curves.shape[1] - 1)
    values = residual_on_grid(network, inputs)
    add_picture(values, network, inputs.grid)
    return GridResiduals(inputs.grid, values)


def rendition_of(
    network: NeuralGainMap, ready: Residuals, codes: AnyCodes, color: BaseColor, *, headroom: float
) -> Array:
    """As `render_neural_map`, by residuals that are ready."""
    out = np.empty(codes.shape, dtype=np.float32)
    whole = Window(0, 0, *codes.shape[:2])
    render_into(out, network, ready, codes, color, headroom=headroom, window=whole, from_bt2020=np.eye(3))
    return out


def render_into(
    out: NDArray[np.floating],
    network: NeuralGainMap,
    ready: Residuals,
    codes: AnyCodes,
    color: BaseColor,
    *,
    headroom: float,
    window: Window,
    from_bt2020: NDArray[np.floating],
) -> None:
    """As `rendition_of`, of a part of the stored raster, and in primaries that a matrix makes of BT.2020."""
    weight = headroom_weight(headroom, network.base_hdr_headroom, network.alternate_hdr_headroom)
    turned_codes, turned_out = ready.turned(codes), ready.turned(out)
    top, left, _, width = turned_window(window, codes.shape, ready.turned)
    to_maths, from_maths = color.to_bt2020, from_bt2020
    if is_factor(network):  # the same in all primaries: one matrix instead of two, often none
        to_maths, from_maths = np.eye(3), from_bt2020 @ color.to_bt2020

    def render(strip: slice) -> None:
        rows, place = slice(strip.start + top, strip.stop + top), turned_out[strip]
        seen = turned_codes[rows]
        pixels = strip_for(place, seen.shape, from_maths)
        color.linearize_into(seen, pixels)
        transform_strip(pixels, to_maths)
        to_hdr(network, ready.at(rows, pixels), pixels, weight)
        if pixels is not place:
            transform_strip(pixels[:, left : left + width], from_maths, place)

    for_each_strip(turned_out.shape[0], render, rows_in_cache(turned_codes.shape[1]))


def is_factor(network: NeuralGainMap) -> bool:
    """Whether each pixel is multiplied by a number, and nothing is taken off."""
    is_gain = network.domain == "log2_gain" and network.alternate_offset == 0
    return is_gain and network.family == "multiscale" and network.layers[-1].outputs == 1


def to_hdr(network: NeuralGainMap, residual: Array, pixels: Array, weight: float) -> None:
    """Turn a linear base, float32 (..., 3), into linear HDR by residuals (..., 1 or 3), in place.

    The weight, in −1…1, scales the log2 ratio, as for a standard map.
    """
    base_offset, alternate_offset = np.float32(network.base_offset), np.float32(network.alternate_offset)
    with np.errstate(over="ignore"):  # a hostile network's infinity ends at the clip
        if network.domain == "log2_gain":
            gain = residual if weight == 1 else residual * np.float32(weight)
            apply_log2_gain(gain, pixels, base_offset, alternate_offset)
            return
        pq: Array = np.clip(inverse_residual(network.domain, residual, pq_encode(pixels), np), 0, 1)
        hdr = pq_decode(pq)
        if weight == 1:
            pixels[...] = hdr
            return
        ratio = (hdr + alternate_offset) / np.maximum(pixels + base_offset, np.float32(LEAST_DIVISOR))
        pixels[...] = np.maximum((pixels + base_offset) * ratio ** np.float32(weight) - alternate_offset, 0)


class GridResiduals(Residuals):
    """The family "multiscale": the residual of the working grid, enlarged."""

    def __init__(self, grid: WorkingGrid, values: Array) -> None:
        self._grid = grid
        self._values = values
        self._rows, self._columns = grid.rows.raster_taps(), grid.columns.raster_taps()

    def turned(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """See `Residuals`."""
        return self._grid.turned(pixels)

    def at(self, rows: slice, base: Array) -> Array:
        """See `Residuals`."""
        taps = self._rows.part(rows)
        start, stop = int(taps.first[0]), int(taps.second[-1]) + 1
        wide = self._columns.interpolate(self._values[start:stop], axis=1)
        return taps.shifted(-start).interpolate(wide, axis=0)


class PublishedResiduals(Residuals):
    """The family "published": every pixel by itself. Of x and y, the first layer is a table."""

    def __init__(self, network: NeuralGainMap, height: int, width: int) -> None:
        self._network = network
        first, self._second, self._third = (dequantize(layer) for layer in network.layers)
        places = published_inputs(network.position_octaves, network.color_octaves)
        x, y, turned = position_features(height, width, network)
        along_x, along_y = x @ first[places.x], y @ first[places.y]
        self._columns, self._rows = (along_y, along_x) if turned else (along_x, along_y)
        self._color = first[places.colors]

    def at(self, rows: slice, base: Array) -> Array:
        """See `Residuals`."""
        hidden = self._rows[rows, None, :] + self._columns[None, :, :]
        hidden += pq_features(pq_encode(base), self._network) @ self._color
        output = np.sin(np.sin(hidden, out=hidden) @ self._second) @ self._third
        residual: Array = output * np.float32(self._network.residual_scale)
        return residual + np.float32(self._network.residual_shift)
