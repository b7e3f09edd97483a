"""Figures of the documentation: what a neural gain map of a picture consists of, on one sheet."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from math import inf
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gainmap_bench.inputs.evaluation import BenchPair
from gainmap_bench.report.pages import small_png
from gainmap_bench.report.panels import PANEL, panel_shape, pq_errors, seen, small, spread
from gainmap_codec.files.payload.records import LatentGrid, NeuralGainMap, Preset
from gainmap_codec.neural.fit.presets import FittedNetwork, fit_pair
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.maps.multiscale import GridInputs
from gainmap_codec.pixels.maps.neural_map import base_bt2020, render_neural_map
from gainmap_codec.pixels.raster.geometry import to_upright
from gainmap_codec.pixels.raster.resampling import Taps

_INCHES, _DPI = 4.0, 100
_SIGN = 0.12  # width of a sign between two panels, in panels
_SURROUND = "#303030"
_OFFSET = 1 / 64
_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)  # of BT.2020


@dataclass(frozen=True, eq=False)
class _Panel:
    """A field with its colour scale, or a picture, float32 (h, w) or (h, w, 3)."""

    caption: str
    values: NDArray[Any]
    colors: str | None = None
    low: float = 0.0
    high: float = 1.0
    unit: str = ""


def figure(pair: BenchPair, preset: Preset, seed: int) -> bytes:
    """Base, gains, latents, details and errors of a fit, as a PNG.

    Args:
        pair: The picture.
        preset: Of its fit.
        seed: Of its fit.
    """
    fitted = fit_pair(preset, pair.pair, {"alternate_hdr_headroom": pair.pair.headroom}, seed=seed)
    title = f"{pair.name}, preset {preset}: {fitted.size} bytes, {fitted.psnr:.2f} dB"
    return _png(title, _panels(pair, fitted))


def overview(pair: BenchPair) -> bytes:
    """What a gain-map file is, as a JPEG: the SDR picture, the gains, and the HDR one, exposed down.

    On grey, which suits pages in light and dark; captions can be read where a phone shows the sheet 360 pixels wide.
    """
    base = base_bt2020(pair.pair.codes, pair.pair.color)
    gains = np.log2((small(pair.pair.hdr) + _OFFSET) / (small(base) + _OFFSET))
    low, high = spread(gains)
    panels = [
        _Panel("SDR", seen(small(base))),
        _Panel("gain map", np.clip((gains - low) / (high - low), 0, 1)),
        _Panel("HDR, darkened", seen(small(pair.pair.hdr) * 2.0 ** -round(pair.pair.headroom))),
    ]
    height, width = panels[0].values.shape[:2]
    ratios = 1, _SIGN, 1, _SIGN, 1
    panel = _INCHES * height / width  # inches high, between the captions' line and the same margin as at the sides
    sheet = Figure(figsize=(_INCHES * sum(ratios) + 0.2, panel + 0.8), dpi=_DPI, facecolor=_SURROUND)
    edges = {"left": 0.1 / sheet.get_figwidth(), "bottom": 0.1 / sheet.get_figheight()}
    edges |= {"right": 1 - edges["left"], "top": edges["bottom"] + panel / sheet.get_figheight()}
    places = sheet.subplots(1, 5, width_ratios=ratios, gridspec_kw={"wspace": 0, **edges})
    for axes in places:
        axes.set_axis_off()
    for panel, axes in zip(panels, places[::2], strict=True):
        axes.set_title(panel.caption, fontsize=30, color="white", pad=12)
        axes.imshow(panel.values)
    for sign, axes in zip("×=", places[1::2], strict=True):
        axes.text(0.5, 0.5, sign, fontsize=34, ha="center", va="center", color="white", transform=axes.transAxes)
    stream = BytesIO()
    sheet.savefig(stream, format="jpeg", pil_kwargs={"quality": 88})
    return stream.getvalue()


def _panels(pair: BenchPair, fitted: FittedNetwork) -> list[_Panel]:
    codes, color, orientation = pair.pair.codes, pair.pair.color, pair.pair.file.orientation
    base = base_bt2020(codes, color)
    rendition = render_neural_map(fitted.network, codes, color, headroom=inf)
    wanted, had = (_gain(hdr, base) for hdr in (pair.pair.hdr, rendition))
    low, high = spread(wanted)
    errors = small(pq_errors(rendition, pair.pair.hdr))[..., 0]
    panels = [
        _Panel("the base: what every reader shows", seen(small(base))),
        _Panel("gain of the HDR rendition", wanted, "magma", low, high, "log2"),
        _Panel("gain that the payload gives", had, "magma", low, high, "log2"),
        _latents(fitted.network, orientation),
        _details(pair, fitted.network),
        _Panel("what is left: errors", errors, "inferno", 0, spread(errors)[1], "10-bit PQ codes"),
    ]
    is_stored = [True, True, True, False, True, True]
    return [_upright(panel, orientation) if stored else panel for panel, stored in zip(panels, is_stored, strict=True)]


def _upright(panel: _Panel, orientation: int) -> _Panel:
    values = to_upright(panel.values, orientation)
    return _Panel(panel.caption, values, panel.colors, panel.low, panel.high, panel.unit)


def _gain(hdr: Array, base: Array) -> Array:
    """log2 of the ratio of luminances, float32 (h, w), of averages."""
    bright, dark = (small(each) @ _LUMINANCE + _OFFSET for each in (hdr, base))
    return np.asarray(np.log2(bright / dark), np.float32)


def _latents(network: NeuralGainMap, orientation: int) -> _Panel:
    """The grids of latents in the network's own units, each enlarged to the size of the finest: two by two."""
    grids = [_cells(grid) for grid in network.latents]
    if not grids:
        return _Panel("latents: none", np.ones((3, 4, 3)))
    tiles = [to_upright(_enlarged(grid, grids[0].shape), orientation) for grid in grids]
    tiles += [np.full_like(tiles[0], np.nan)] * (-len(tiles) % 2)
    framed = [np.pad(tile, 8, constant_values=np.nan) for tile in tiles]
    rows = [np.concatenate(framed[index : index + 2], axis=1) for index in range(0, len(framed), 2)]
    shapes = ", ".join(f"{grid.columns} × {grid.rows}" for grid in network.latents)
    largest = float(np.percentile(np.abs(grids[0][grids[0] != 0]), 95)) if grids[0].any() else 1.0
    return _Panel(f"latents of {shapes}", np.concatenate(rows), "RdBu_r", -largest, largest, "input of the network")


def _cells(grid: LatentGrid) -> Array:
    values = np.array(grid.values, np.float32).reshape(grid.rows, grid.columns)
    return values * np.float32(2.0 ** (grid.step_exponent / 4))


def _enlarged(values: Array, shape: tuple[int, ...]) -> Array:
    """Cells as squares, the longer side `PANEL` / 2."""
    part = PANEL / 2 / max(shape)
    rows, columns = (
        (np.arange(round(size * part)) * cells / round(size * part)).astype(np.intp)
        for size, cells in zip(shape, values.shape, strict=True)
    )
    return np.asarray(values[rows][:, columns])


def _details(pair: BenchPair, network: NeuralGainMap) -> _Panel:
    """The sum of the details as it is added to the residual."""
    largest_code = pair.pair.color.curves.shape[1] - 1
    inputs = GridInputs(network, pair.pair.codes, largest_code)
    levels = inputs.arrays[-1]
    rows = (Taps(first, second, near).interpolate(wide, axis=0)[:, 0] for wide, first, second, near in levels)
    added = small(sum(rows, start=np.zeros((1, 1), np.float32))[..., np.newaxis])[..., 0] * network.residual_scale
    unit = "log2" if network.domain == "log2_gain" else "PQ residual"
    if not added.any():
        shape = panel_shape(*pair.pair.codes.shape[:2])
        return _Panel("details: none, they were not worth their bytes", np.ones((*shape, 3)))
    largest = float(np.percentile(np.abs(added[added != 0]), 95))
    return _Panel("details: added to the network's output", added, "RdBu_r", -largest, largest, unit)


def _png(title: str, panels: list[_Panel]) -> bytes:
    height, width = panels[0].values.shape[:2]
    size = _INCHES * 3, (_INCHES * height / width + 0.75) * 2 + 0.3
    sheet = Figure(figsize=size, dpi=_DPI, layout="constrained")
    sheet.suptitle(title, fontsize=13)
    for panel, axes in zip(panels, sheet.subplots(2, 3).flat, strict=True):
        _draw(sheet, axes, panel)
    return small_png(sheet)


def _draw(sheet: Figure, axes: Axes, panel: _Panel) -> None:
    axes.set_title(panel.caption, fontsize=10)
    axes.set_axis_off()
    colors = matplotlib.colormaps[panel.colors or "gray"].with_extremes(bad="white")
    image = axes.imshow(panel.values, cmap=colors, vmin=panel.low, vmax=panel.high, interpolation="nearest")
    bar = sheet.colorbar(image, ax=axes, orientation="horizontal", shrink=0.8, aspect=40, pad=0.02)
    bar.set_label(panel.unit, fontsize=9)
    bar.ax.tick_params(labelsize=8)
    if panel.colors is None:  # an empty place of the same size keeps the row level
        bar.ax.set_axis_off()
        for part in bar.ax.get_children():
            part.set_visible(False)
