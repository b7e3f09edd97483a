"""Gains and gain maps as the compiled loop takes them, in NumPy and alone."""

from __future__ import annotations

import numpy as np

from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.maps.gain_map import ReadyMap
from gainmap_codec.pixels.maps.working_grid import Enlarged
from gainmap_codec.pixels.rendition import Gains, render_strips, renderer


def enlarged_rows(enlarged: Enlarged) -> Array:
    """A level's cells wherever the network is evaluated, float32 (rows, columns, C)."""
    return np.swapaxes(enlarged.down.interpolate(enlarged.wide, axis=0), 1, 2)


def at_pixels(gains: Gains) -> Array:
    """Of every pixel, float32 (h, w, C)."""
    rows = np.swapaxes(gains.down.interpolate(gains.values, axis=0), 1, 2)
    return gains.across.interpolate(rows, axis=1) if gains.across else rows


def apply_ready(ready: ReadyMap, base: Array) -> None:
    """Turn a whole linear base into its rendition, in place."""
    render_strips(base, renderer(base, None, rule=ready.rule, gains=lambda rows: ready.at(rows, slice(None))))
