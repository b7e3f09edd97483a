"""The neural gain map's forward pass in NumPy float32: the definition of decoding. docs/format.md has it in prose.

Each feature depends on one variable only, so the first layer is a sum of one-variable functions. Of x and y, and in the
family "table" of each 8-bit code value, those functions are tables; the sum of table rows is exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.records import NeuralGainMap, QuantizedLayer
from gainmap_codec.pixels.base_color import BaseColor
from gainmap_codec.pixels.color import Array, pq_decode, pq_encode
from gainmap_codec.pixels.gain_map import headroom_weight
from gainmap_codec.pixels.residual import inverse_residual
from gainmap_codec.pixels.strips import for_each_strip

Codes = NDArray[np.uint8]


def first_octave(network: NeuralGainMap) -> int:
    """Octave −1 is half a period over the input's range: without it black and white have the same features."""
    return 0 if network.family == "published" else -1


def octave_features(values: NDArray[np.floating], octaves: int, first: int) -> Array:
    """Sines and cosines of 2^k·π·value for `octaves` octaves k from `first` on.

    Args:
        values: (...), nominal range [−1, 1].
    Returns:
        float32 (..., 2 × octaves): sin, cos of the first octave, sin, cos of the second …
    """
    angles = np.pi * values[..., None] * 2.0 ** np.arange(first, first + octaves)
    pairs = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    return pairs.reshape(*values.shape, 2 * octaves).astype(np.float32)


def axis_coordinates(count: int, network: NeuralGainMap) -> NDArray[np.float64]:
    """File coordinates of columns or rows, float64 (count,): pixel centres of [−1, 1], or its ends as published."""
    if network.family == "published":
        return np.linspace(-1.0, 1.0, count) if count > 1 else np.zeros(1)
    return (np.arange(count) + 0.5) / count * 2 - 1


def position_features(height: int, width: int, network: NeuralGainMap) -> tuple[Array, Array, bool]:
    """Features of the network's x and y.

    Returns:
        float32 (width or height, 2 × octaves) of x, the same of y, and whether the picture is turned: then x runs
        along rows and y along columns.
    """
    xx, xy, x0, yx, yy, y0 = network.coordinates
    turned = xx == 0
    columns, rows = axis_coordinates(width, network), axis_coordinates(height, network)
    x = xy * rows + x0 if turned else xx * columns + x0
    y = yx * columns + y0 if turned else yy * rows + y0
    octaves, first = network.position_octaves, first_octave(network)
    return octave_features(x, octaves, first), octave_features(y, octaves, first), turned


def code_features(network: NeuralGainMap) -> Array:
    """Features of the 256 code values of one colour channel, float32 (256, 2 × octaves)."""
    return octave_features(np.arange(256) / 255 * 2 - 1, network.color_octaves, first_octave(network))


def pq_features(base_pq: Array, network: NeuralGainMap) -> Array:
    """Features of the published colour inputs, float32 (..., 6 × octaves), of PQ codes float32 (..., 3)."""
    values = (base_pq - np.float32(network.color_shift)) * np.float32(network.color_scale)
    features = octave_features(values, network.color_octaves, first_octave(network))
    return features.reshape(*base_pq.shape[:-1], 6 * network.color_octaves)


def dequantize(layer: QuantizedLayer) -> Array:
    """A layer's weights, float32 (inputs, outputs)."""
    integers = np.array(layer.weights, dtype=np.float32).reshape(layer.inputs, layer.outputs)
    return integers * np.float32(2.0 ** (layer.step_exponent / 4))


def base_bt2020(codes: Codes, color: BaseColor) -> Array:
    """Linear BT.2020 of a base, float32 (..., 3), 1.0 = SDR white, of its code values uint8 (..., 3)."""
    return color.convert_to_bt2020(color.linearize(codes))


def render_neural_map(network: NeuralGainMap, codes: Codes, color: BaseColor, *, headroom: float) -> Array:
    """Render a base for a display of the given headroom by its neural gain map.

    Args:
        network: The neural gain map.
        codes: The base's code values, uint8 (H, W, 3), stored raster.
        color: What the code values mean.
        headroom: Display headroom, log2; infinity gives the whole HDR rendition.
    Returns:
        Linear BT.2020, float32 (H, W, 3); 1.0 = SDR white.
    """
    height, width = codes.shape[:2]
    ready = NeuralMap(network, height, width)
    weight = headroom_weight(headroom, network.base_hdr_headroom, network.alternate_hdr_headroom)
    out = np.empty((height, width, 3), dtype=np.float32)

    def render(rows: slice) -> None:
        base = base_bt2020(codes[rows], color)
        hdr = pq_decode(ready.hdr_pq(rows, codes[rows], pq_encode(base)))
        out[rows] = hdr if weight == 1 else weighted_rendition(network, base, hdr, weight)

    for_each_strip(height, render)
    return out


def weighted_rendition(network: NeuralGainMap, base: Array, hdr: Array, weight: float) -> Array:
    """The rendition between base and HDR: the weight scales the log2 ratio, as for a standard map."""
    base_offset = np.float32(2.0**-network.base_offset_exponent)
    alternate_offset = np.float32(2.0**-network.alternate_offset_exponent)
    ratio = (hdr + alternate_offset) / np.maximum(base + base_offset, np.float32(1e-6))
    rendition: Array = (base + base_offset) * ratio ** np.float32(weight) - alternate_offset
    return np.maximum(rendition, 0)


class NeuralMap:
    """A network made ready for one raster size: its first layer folded into tables."""

    def __init__(self, network: NeuralGainMap, height: int, width: int) -> None:
        self.network = network
        first, self._second, self._third = (dequantize(layer) for layer in network.layers)
        each = 2 * network.position_octaves
        x, y, turned = position_features(height, width, network)
        along_x, along_y = x @ first[:each], y @ first[each : 2 * each]
        self._columns, self._rows = (along_y, along_x) if turned else (along_x, along_y)
        self._color = first[2 * each :]
        if network.family == "table":
            features = code_features(network)
            size = features.shape[1]
            self._tables = [features @ self._color[size * c : size * (c + 1)] for c in range(3)]
            self._rows = self._rows + first[-1]

    def residual(self, rows: slice, codes: Codes, pq: Array) -> Array:
        """The residual of some rows, float32 (h, width, 1 or 3).

        Args:
            rows: Which rows of the raster.
            codes: Their code values, uint8 (h, width, 3).
            pq: Their BT.2020 PQ code values, float32 (h, width, 3).
        """
        hidden = self._rows[rows, None, :] + self._columns[None, :, :]
        if self.network.family == "table":
            for channel, table in enumerate(self._tables):
                hidden += table[codes[..., channel]]
            hidden = np.maximum(hidden, 0, out=hidden) @ self._second[:-1] + self._second[-1]
            output = np.maximum(hidden, 0, out=hidden) @ self._third[:-1] + self._third[-1]
        else:
            hidden += pq_features(pq, self.network) @ self._color
            output = np.sin(np.sin(hidden, out=hidden) @ self._second) @ self._third
        residual: Array = output * np.float32(self.network.residual_scale)
        return residual + np.float32(self.network.residual_shift)

    def hdr_pq(self, rows: slice, codes: Codes, pq: Array) -> Array:
        """BT.2020 PQ code values of the HDR rendition of some rows, float32 (h, width, 3) in [0, 1]."""
        residual = self.residual(rows, codes, pq)
        with np.errstate(over="ignore"):  # a hostile network's infinity ends at the clip
            hdr: Array = np.clip(inverse_residual(self.network.domain, residual, pq, np), 0, 1)
        return hdr
