"""Curves of the experiments as PNGs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet
from PIL import Image

from gainmap_bench.experiments.rate_distortion import PictureResult
from gainmap_bench.methods.points import Point, mean_of_seeds
from gainmap_bench.report.pages import Picture, small_png

_COLUMNS = 2
_INCHES = 5.0, 3.4
_BYTES = 100, 65536
_COLORS = 64


def rate_distortion_plot(results: Sequence[PictureResult]) -> Picture:
    """PQ-PSNR over bytes, a panel a pair: of each method, the points that no other of its own beats."""

    def draw(axes: Axes, result: PictureResult) -> None:
        for method in dict.fromkeys(point.method for point in result.points):
            best = _undominated([point for point in result.points if point.method == method])
            axes.plot([point.bytes for point in best], [point.psnr for point in best], marker=".", label=method)
        axes.set_xscale("log")
        axes.set_xlim(*_BYTES)
        axes.set_xlabel("bytes")
        axes.set_ylabel("PQ-PSNR dB")
        axes.set_title(result.name, fontsize=9)

    alt = f"PQ-PSNR over bytes of {', '.join(dict.fromkeys(p.method for r in results for p in r.points))}"
    return Picture("rd", alt, _panels([lambda axes, each=result: draw(axes, each) for result in results]))


def _undominated(points: Sequence[Point]) -> list[Point]:
    kept: list[Point] = []
    for point in sorted(mean_of_seeds(points), key=lambda point: (point.bytes, -point.psnr)):
        if not kept or point.psnr > kept[-1].psnr:
            kept.append(point)
    return kept


def steps_plot(panels: Mapping[str, Mapping[str, Mapping[int, float]]]) -> Picture:
    """PQ-PSNR over steps of Adam: a panel a network, a line for each kind of initial weights."""

    def draw(axes: Axes, title: str) -> None:
        for start, values in panels[title].items():
            axes.plot(list(values), list(values.values()), marker="o", label=start)
        axes.set_xscale("log")
        axes.set_xlabel("steps")
        axes.set_ylabel("PQ-PSNR dB, mean of pairs")
        axes.set_title(title, fontsize=9)

    starts = dict.fromkeys(start for lines in panels.values() for start in lines)
    alt = f"PQ-PSNR over steps from initial weights: {', '.join(starts)}"
    return Picture("init", alt, _panels([lambda axes, each=title: draw(axes, each) for title in panels]))


def _panels(draws: Sequence[object]) -> bytes:
    columns = min(_COLUMNS, len(draws))
    rows = ceil(len(draws) / columns)
    sheet = Sheet(figsize=(_INCHES[0] * columns, _INCHES[1] * rows), dpi=90, layout="constrained")
    flat = sheet.subplots(rows, columns, squeeze=False).ravel()
    for axes, draw in zip(flat, draws, strict=False):
        draw(axes)  # type: ignore[operator]
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7)
    for axes in flat[len(draws) :]:
        axes.set_axis_off()
    return small_png(sheet, _COLORS, Image.Dither.NONE)
