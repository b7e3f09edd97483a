"""What pictures of the documentation are made of: renditions and differences, reduced to what is shown."""

from __future__ import annotations

import numpy as np

from gainmap_codec.files.payload.layout import IDENTITY
from gainmap_codec.pixels.color.light import Array, convert, pq_encode, srgb_encode
from gainmap_codec.pixels.maps.working_grid import WorkingGrid
from gainmap_codec.pixels.strips import for_each_strip

PANEL = 480
"""Pixels along the longer side."""

_TEN_BITS = 1023
_OUTLIERS = 0.5  # per cent at either end that a colour scale leaves out


def small(values: Array) -> Array:
    """Values (H, W, C) averaged over what a pixel of a panel covers, float32 (h, w, C)."""
    height, width = values.shape[:2]
    return WorkingGrid.over(panel_shape(height, width), height, width, IDENTITY).average(values)


def panel_shape(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the panel that shows so many."""
    part = min(PANEL / max(height, width), 1)
    return round(height * part), round(width * part)


def seen(bt2020: Array) -> Array:
    """Linear light as sRGB shows it, 0…1."""
    return np.clip(srgb_encode(convert(np.asarray(bt2020, np.float32), "bt2020", "srgb")), 0, 1)


def pq_errors(rendition: Array, reference: Array) -> Array:
    """Mean over channels of the difference in 10-bit PQ codes, float32 (H, W, 1)."""
    out = np.empty((*rendition.shape[:2], 1), np.float32)

    def compare(rows: slice) -> None:
        difference = np.abs(pq_encode(rendition[rows]) - pq_encode(reference[rows]))
        out[rows] = difference.mean(axis=2, keepdims=True) * _TEN_BITS

    for_each_strip(len(out), compare)
    return out


def spread(values: Array) -> tuple[float, float]:
    """Both ends of a colour scale for `values`: all but the outliers."""
    low, high = np.percentile(values, [_OUTLIERS, 100 - _OUTLIERS])
    return float(low), float(max(high, low + 1e-3))
