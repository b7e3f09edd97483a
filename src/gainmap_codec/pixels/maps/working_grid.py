"""The working grid of a neural gain map: where its network is evaluated, and how a raster lies over it.

The grid divides the network's coordinates, −1…1 along each side, into equal cells. A cropped raster covers some of
them, a turned or mirrored one runs the other way; a raster smaller than the grid is evaluated at its own pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.latents import cells
from gainmap_codec.pixels import loops
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.raster.resampling import Taps, taps_at
from gainmap_codec.pixels.strips import FEWEST_PIXELS, for_each_strip

Pixels = TypeVar("Pixels", bound=NDArray[Any])

_NEAR = 1e-6  # of a cell: what rounding may add to an edge
_STRIPS = 16  # in which means are made, at most: enough for several threads to end together


@dataclass(frozen=True)
class Axis:
    """One side of a raster over the same side of the grid, both running towards larger coordinates.

    Attributes:
        size: Pixels of the raster.
        cells: Cells of the whole grid.
        start: Network coordinate where what is evaluated begins.
        stop: Network coordinate where it ends.
        count: How many equal parts of it are evaluated: the cells touched, or the raster's pixels if these are fewer.
        low: Network coordinate of the raster's first edge.
        high: Network coordinate of its last.
    """

    size: int
    cells: int
    start: float
    stop: float
    count: int
    low: float
    high: float

    @property
    def centers(self) -> NDArray[np.float64]:
        """Network coordinates at which the network is evaluated, float64 (count,)."""
        parts = np.arange(self.count, dtype=np.float64) + 0.5
        return self.start + parts * ((self.stop - self.start) / self.count)

    def edges(self) -> NDArray[np.float64]:
        """Edges of the parts evaluated in pixels of the raster, float64 (count + 1,), increasing in 0…size."""
        coordinates = np.linspace(self.start, self.stop, self.count + 1)
        return _snapped(np.clip((coordinates - self.low) * (self.size / (self.high - self.low)), 0, self.size))

    def level_edges(self, level: int) -> NDArray[np.float64]:
        """Edges of a level's cells in the parts evaluated, float64, increasing in 0…count."""
        coordinates = np.linspace(-1, 1, cells(self.cells, level) + 1)
        return _snapped(np.clip((coordinates - self.start) * (self.count / (self.stop - self.start)), 0, self.count))

    def level_taps(self, level: int) -> Taps:
        """How the parts evaluated lie over a level's cells."""
        count = cells(self.cells, level)
        return taps_at((self.centers + 1) * (count / 2) - 0.5, count)

    def raster_taps(self) -> Taps:
        """How the raster's pixels lie over the parts evaluated."""
        return self.taps(self.size)

    @property
    def span(self) -> float:
        """How many of the parts evaluated the raster covers."""
        return self.count * (self.high - self.low) / (self.stop - self.start)

    @property
    def is_whole(self) -> bool:
        """Whether what is evaluated ends where the raster does."""
        return abs(self.count - self.span) < _NEAR

    def taps(self, count: int) -> Taps:
        """How so many equal parts of the raster lie over those evaluated."""
        parts = self.low + (np.arange(count, dtype=np.float64) + 0.5) * ((self.high - self.low) / count)
        return taps_at((parts - self.start) * (self.count / (self.stop - self.start)) - 0.5, self.count)


def _snapped(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges, whole where they are so but for rounding: these are averaged ten times faster."""
    whole = np.rint(edges)
    return np.where(np.abs(edges - whole) < _NEAR, whole, edges)


def axis_over(size: int, count: int, scale: float, shift: float) -> Axis:
    """The axis of `size` pixels over `count` cells, where file coordinate c is the network's scale·c + shift."""
    low, high = shift - abs(scale), shift + abs(scale)
    first = min(max(int(np.floor((low + 1) / 2 * count + _NEAR)), 0), count - 1)
    last = max(min(int(np.ceil((high + 1) / 2 * count - _NEAR)), count), first + 1)
    if last - first > size:
        return Axis(size, count, low, high, size, low, high)
    return Axis(size, count, 2 * first / count - 1, 2 * last / count - 1, last - first, low, high)


@dataclass(frozen=True)
class WorkingGrid:
    """A raster over a working grid.

    Attributes:
        rows: Down the turned raster, along y.
        columns: Across it, along x.
        is_turned: The network's x runs along the raster's rows.
        flips: Whether the network's y and x run against the (turned) raster.
    """

    rows: Axis
    columns: Axis
    is_turned: bool
    flips: tuple[bool, bool]

    @classmethod
    def over(cls, grid: tuple[int, int], height: int, width: int, coordinates: tuple[float, ...]) -> WorkingGrid:
        """A raster of `height` × `width` over a grid of (rows, columns); `coordinates` as in `NeuralGainMap`."""
        xx, xy, x0, yx, yy, y0 = coordinates
        is_turned = xx == 0
        x_scale, y_scale = (xy, yx) if is_turned else (xx, yy)
        down, across = (width, height) if is_turned else (height, width)
        rows, columns = axis_over(down, grid[0], y_scale, y0), axis_over(across, grid[1], x_scale, x0)
        return cls(rows, columns, is_turned, (y_scale < 0, x_scale < 0))

    def turned(self, pixels: Pixels) -> Pixels:
        """A raster (H, W, ...) the way the network's coordinates run: a view."""
        if self.is_turned:
            pixels = np.swapaxes(pixels, 0, 1)
        return pixels[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]  # type: ignore[return-value]

    def turned_back(self, pixels: Pixels) -> Pixels:
        """The reverse of `turned`."""
        back = pixels[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]
        return np.swapaxes(back, 0, 1) if self.is_turned else back  # type: ignore[return-value]

    def as_map(self, values: Array) -> Array:
        """Values of what is evaluated, float32 (rows, columns, C), as those of a map over the stored raster.

        They stay as they are where they end with the raster. Else they are interpolated at twice their density along
        both sides, which keeps more of them than the same density does.
        """
        density = 1 if self.rows.is_whole and self.columns.is_whole else 2
        counts = (min(max(round(density * axis.span), 1), axis.size) for axis in (self.rows, self.columns))
        down, across = map(Axis.taps, (self.rows, self.columns), counts)
        return self.turned_back(down.interpolate(across.interpolate(values, axis=1), axis=0))

    @property
    def is_raster(self) -> bool:
        """Whether what is evaluated are the raster's own pixels: then every mean is a value."""
        return all(np.array_equal(axis.edges(), np.arange(axis.size + 1)) for axis in (self.rows, self.columns))

    def average(self, pixels: NDArray[Any]) -> Array:
        """Means over what is evaluated, float32 (rows, columns, C), of a raster (H, W, C)."""
        return window_means(self.turned(pixels), self.rows.edges(), self.columns.edges())

    def reduce(self, values: NDArray[Any], level: int) -> Array:
        """Values of what is evaluated, (rows, columns, C), averaged over a level's cells, float32 (h, w, C)."""
        return window_means(values, self.rows.level_edges(level), self.columns.level_edges(level))

    def enlarge(self, values: Array, level: int) -> Enlarged:
        """A level's cells, float32 (h, w, C), made ready."""
        across, down = self.columns.level_taps(level), self.rows.level_taps(level)
        if self.rows.count < values.shape[0]:  # fewer rows are wanted than the level has: a raster without height
            values, down = (
                down.interpolate(values, axis=0),
                taps_at(np.arange(self.rows.count, dtype=np.float64), self.rows.count),
            )
        wide = across.interpolate(values, axis=1)
        return Enlarged(np.ascontiguousarray(np.swapaxes(wide, 1, 2)), down)


class Enlarged(NamedTuple):
    """A level's cells at what is evaluated, bilinear: enlarged across, float32 (h, C, columns), and how to go down."""

    wide: Array
    down: Taps


def window_means(values: NDArray[Any], down: NDArray[np.float64], across: NDArray[np.float64]) -> Array:
    """Means over the windows between edges along both sides, float32 (windows down, windows across, C).

    Args:
        values: (H, W, C), of any strides: uint8, uint16 or float32, or what float32 can stand for.
        down: Increasing, within 0…H; edges cut values. An empty window takes the value next to it.
        across: The same within 0…W.
    """
    if values.dtype not in (np.uint8, np.uint16, np.float32):
        values = values.astype(np.float32)
    out = np.empty((len(down) - 1, len(across) - 1, values.shape[2]), np.float32)

    def average(rows: slice) -> None:
        line = np.empty(values.shape[1] * values.shape[2], np.float32)
        loops.window_means(values, down[rows.start : rows.stop + 1], across, line, out[rows])

    strips = min(max(values.shape[0] * values.shape[1] // FEWEST_PIXELS, 1), _STRIPS)
    for_each_strip(len(out), average, max(-(-len(out) // strips), 1))
    return out
