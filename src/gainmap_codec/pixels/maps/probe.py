"""The part of a pair on which gain maps are tried: as many pixels as are tried quickly, from where maps can go wrong.

A picture of more pixels than that is seen by square tiles. A coarse look at all of it tells what one gain for three
channels and what a gain from the next pixels would cost; half of the tiles are drawn by that cost, half evenly, so that
coloured lights and sharp edges are seen, and count by the area that they stand for. The draw is the same each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color.difference import delta_e_itp, itp
from gainmap_codec.pixels.color.light import Array, decibels, pq_encode
from gainmap_codec.pixels.rendition import Light, transformed

_SIDE = 128  # pixels of a tile
_TILES = 24
_LONGEST = 16384  # pixels of a side: every encoder codes that
_MARGIN = 8  # pixels at the edges of a tile, where an enlarged map sees its neighbours
_STEP = 8  # of the coarse look, in pixels
_CELL = 8  # pixels of a side, in which a picture is smooth or not
_NEXT = 2  # pixels: the gain of one as near as that is what a smaller map has
_OFFSET = np.float32(1 / 64)
_STEPS = np.float32(1023)  # of 10-bit PQ
_LEAST_SPREAD = 1  # of these, in a cell that is not flat: one gain everywhere makes no bands


@dataclass(frozen=True, eq=False)
class Probe:
    """The tiles of a pair, one below the other, or all of a small picture, as far as encoders go.

    Attributes:
        base: Linear RGB, float32 (h, w, 3).
        alternate: The other rendition in the same primaries, float32 (h, w, 3).
        to_bt2020: From these to BT.2020, float64 (3, 3).
        weights: Share of the picture that each tile stands for, float64 (n,); (1,) for a whole picture.
        pixels: Of the picture.
    """

    base: Array
    alternate: Array
    to_bt2020: NDArray[np.float64]
    weights: NDArray[np.float64]
    pixels: int

    @property
    def enlargement(self) -> float:
        """Pixels of the picture for each of the probe."""
        return float(self.pixels / (self.base.shape[0] * self.base.shape[1]))

    def psnr(self, rendition: Array) -> float:
        """PQ-PSNR in dB of a rendition of `base`, linear RGB in its primaries, float32 (h, w, 3)."""
        squares = np.square(pq_encode(self._measured(rendition)) - self._wanted_pq)
        return decibels(self._mean(squares.mean(axis=(1, 2, 3), dtype=np.float64)))

    def de_itp(self, rendition: Array) -> float:
        """Its mean dE_ITP, which takes three times as long."""
        differences = delta_e_itp(itp(self._measured(rendition)), self._wanted_itp)
        return self._mean(differences.mean(axis=(1, 2), dtype=np.float64))

    def banded(self, stops: float) -> float:
        """The share of the picture, 0…1, that is smooth and that gains off by so many stops move by over half a step.

        Steps are those of 10-bit PQ. Smooth is a cell of 8 x 8 pixels whose codes change, by a step a pixel at most.
        """
        codes = _in_cells(self._wanted_pq) * _STEPS
        moved = _in_cells(pq_encode(self._wanted * np.float32(2**stops))) * _STEPS - codes
        spread = np.ptp(codes, axis=(2, 4))
        is_smooth = (spread.max(axis=-1) <= _CELL) & (spread.max(axis=-1) >= _LEAST_SPREAD)
        is_banded = is_smooth & (moved.mean(axis=(2, 4)).max(axis=-1) > 0.5)
        return self._mean(is_banded.mean(axis=(1, 2))) if is_banded.size else 0.0

    @cached_property
    def _wanted(self) -> Array:
        return self._measured(self.alternate)

    @cached_property
    def _wanted_pq(self) -> Array:
        return pq_encode(self._wanted)

    @cached_property
    def _wanted_itp(self) -> Array:
        return itp(self._wanted)

    def _mean(self, tiles: NDArray[np.float64]) -> float:
        """Of the picture, by what each tile stands for."""
        return float(np.average(tiles, weights=self.weights))

    def _measured(self, pixels: Array) -> Array:
        """Linear BT.2020 of what counts, float32 (n, h, w, 3): tiles without their margins."""
        tiles = pixels.reshape(len(self.weights), -1, *pixels.shape[1:])
        inner = slice(_MARGIN, -_MARGIN) if len(self.weights) > 1 else slice(None)
        return transformed(np.ascontiguousarray(tiles[:, inner, inner]), self.to_bt2020)


def _in_cells(pixels: Array) -> Array:
    """The pixels of whole cells, (n, cells down, 8, cells across, 8, 3), of tiles (n, h, w, 3)."""
    count, height, width = (pixels.shape[0], *(side // _CELL for side in pixels.shape[1:3]))
    return pixels[:, : height * _CELL, : width * _CELL].reshape(count, height, _CELL, width, _CELL, 3)


def probe_of(base: Light, alternate: Light, to_bt2020: NDArray[np.float64]) -> Probe:
    """The probe of two renditions in the same primaries."""
    height, width = base.size
    down, across = height // _SIDE, width // _SIDE
    if down * across <= _TILES or height * width <= _TILES * _SIDE**2:
        part = slice(0, _LONGEST), slice(0, _LONGEST)
        return Probe(base.at(*part), alternate.at(*part), to_bt2020, np.ones(1), height * width)
    tiles, weights = _drawn(_costs(base, alternate, down, across))
    places = [divmod(int(tile), across) for tile in tiles]
    return Probe(_tiled(base, places), _tiled(alternate, places), to_bt2020, weights, height * width)


def _tiled(light: Light, places: list[tuple[int, int]]) -> Array:
    return np.concatenate([light.at(*(slice(n * _SIDE, (n + 1) * _SIDE) for n in place)) for place in places])


def _drawn(costs: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Tiles, in the order of the picture, and the share of it that each stands for: systematic, by size of cost."""
    order = np.argsort(costs, kind="stable")
    chance = costs[order] + costs.mean()
    chance = chance / chance.sum() if chance.any() else np.full(len(costs), 1 / len(costs))
    marks = (np.arange(_TILES) + 0.5) / _TILES
    drawn, times = np.unique(np.searchsorted(np.cumsum(chance), marks), return_counts=True)
    weights = times / chance[drawn]
    place = np.argsort(order[drawn])
    return order[drawn][place], (weights / weights.sum())[place]


def _costs(base: Light, alternate: Light, down: int, across: int) -> NDArray[np.float64]:
    """What each tile would lose by one gain for three channels, and by gains from near pixels, float64 (tiles,)."""
    here, near = (
        (_sampled(base, shift, down, across), _sampled(alternate, shift, down, across)) for shift in (0, _NEXT)
    )
    wanted = pq_encode(here[1])
    lost = np.zeros(wanted.shape[:-1])
    for gain in (_gain(*(pixels.max(axis=-1, keepdims=True) for pixels in here)), _gain(*near)):
        shown = (here[0] + _OFFSET) * gain - _OFFSET
        lost += np.square(pq_encode(shown) - wanted).mean(axis=-1)
    tiles = lost.reshape(down, _SIDE // _STEP, across, _SIDE // _STEP)
    return np.asarray(tiles.mean(axis=(1, 3)).ravel())


def _sampled(light: Light, shift: int, down: int, across: int) -> Array:
    """One pixel in `_STEP` along either side of the tiles."""
    rows, columns = (slice(_STEP // 2 + shift, tiles * _SIDE, _STEP) for tiles in (down, across))
    return np.maximum(light.at(rows, columns), 0)


def _gain(base: Array, alternate: Array) -> Array:
    return np.asarray((alternate + _OFFSET) / (base + _OFFSET), np.float32)
