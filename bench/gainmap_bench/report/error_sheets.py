"""Where methods err: heat maps of CIEDE2000 and dE_ITP side by side for each method, one sheet a pair."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet
from PIL import Image

from gainmap_bench.experiments.effort import Effort
from gainmap_bench.experiments.jobs import Job, run
from gainmap_bench.experiments.table import Written
from gainmap_bench.inputs.metrics import difference_maps
from gainmap_bench.inputs.sources import Source, load
from gainmap_bench.report.pages import Picture, file_name, small_png
from gainmap_codec.files.payload.layout import IDENTITY
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.maps.working_grid import WorkingGrid
from gainmap_codec.pixels.raster.geometry import to_upright

_PANEL = 150  # px along the longer side
_DPI = 100
_MOST = 6.0, 20.0  # dE00 and dE_ITP that are shown as the brightest colour
_BESIDE = 3  # methods in a row
_COLORS = 16


def sheets(sources: Sequence[Source], effort: Effort, seed: int, memory: Path, processes: int) -> list[Picture]:
    """A sheet for each pair, of bytes that `memory` has or that are made; it exists."""
    jobs = [Job(f"{source.hdr.stem}: errors", partial(sheet, source, effort, seed, memory)) for source in sources]
    return run(jobs, processes)


def sheet(source: Source, effort: Effort, seed: int, memory: Path) -> Picture:
    """The sheet of one pair."""
    pair = load(source, effort.longest_side)
    drawn = []
    for contender in effort.contenders(memory):
        written = Written(pair, contender, seed, memory)
        maps = difference_maps(written.rendition(), pair.pair.hdr)
        title = f"{contender.name}, {len(written.data())} bytes"
        drawn.append((title, [to_upright(_small(each), pair.pair.file.orientation) for each in maps], maps))
    png = _png(pair.name, drawn)
    alt = f"{pair.name}: heat maps of CIEDE2000 and dE_ITP of {len(drawn)} methods"
    return Picture(f"errors-{file_name(pair.name)}", alt, png)


def _small(values: Array) -> Array:
    height, width = values.shape
    part = min(_PANEL / max(height, width), 1)
    grid = max(round(height * part), 1), max(round(width * part), 1)
    return WorkingGrid.over(grid, height, width, IDENTITY).average(values[..., np.newaxis])[..., 0]


def _png(name: str, drawn: Sequence[tuple[str, list[Array], tuple[Array, Array]]]) -> bytes:
    rows = ceil(len(drawn) / _BESIDE)
    height, width = drawn[0][1][0].shape
    size = 2 * _BESIDE * (width + 12) / _DPI, rows * (height + 42) / _DPI + 0.9
    figure = Sheet(figsize=size, dpi=_DPI, layout="constrained")
    figure.suptitle(f"{name}: CIEDE2000 (left, 0…{_MOST[0]:g}) and dE_ITP (right, 0…{_MOST[1]:g})", fontsize=11)
    axes = figure.subplots(rows, 2 * _BESIDE, squeeze=False).reshape(-1, 2)
    for pair in axes[len(drawn) :]:
        for each in pair:
            each.set_axis_off()
    for both, (title, small, maps) in zip(axes, drawn, strict=False):
        for index, each in enumerate(both):
            mean = float(np.mean(maps[index], dtype=np.float64))
            _draw(each, small[index], _MOST[index], f"{title}\n{mean:.2f}" if index == 0 else f"\n{mean:.2f}")
    return small_png(figure, _COLORS, Image.Dither.NONE)


def _draw(axes: Axes, values: Array, most: float, title: str) -> None:
    axes.set_axis_off()
    axes.set_title(title, fontsize=7, loc="left", pad=2)
    axes.imshow(values, cmap="inferno", vmin=0, vmax=most, interpolation="nearest")
