"""What a "multiscale" fit looks at: cells of the working grid, what the network sees there, and what errors cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gainmap_codec.files.payload.layout import IDENTITY
from gainmap_codec.files.payload.records import Domain
from gainmap_codec.neural.fit.target import Target
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.maps.residual import inverse_residual, residual_slope
from gainmap_codec.pixels.maps.working_grid import Axis, WorkingGrid

SMALLEST_ERROR = 1e-10
"""Mean squared PQ error: 100 dB, where nothing is left to gain."""

Matrices = tuple[Tensor, Tensor]
"""What enlarges a grid of a level: down (rows of points, rows of cells) and across (columns of points, columns)."""


@dataclass(frozen=True, eq=False)
class Points:
    """Some rows and columns of a working grid.

    Attributes:
        features: What the network sees, float32 (h, w, F).
        wanted: The output to reach, or in the PQ domains the PQ codes, float32 (h, w, C).
        roots: Outside of the PQ domains, what an error of the output is in PQ codes over √3, float32 (h, w, 1).
        base: In the PQ domains, PQ codes of the base, float32 (h, w, 3).
        domain: The residual's.
        shift: Residual = shift + scale × output.
        scale: See `shift`.
        enlarge: Of each level of latents, then of details.
        added: Added to every output, float32 (h, w, 1), or None.
        floor: Mean squared PQ error, above 0, that remains where nothing is left.
    """

    features: Tensor
    wanted: Tensor
    roots: Tensor | None
    base: Tensor | None
    domain: Domain
    shift: float
    scale: float
    enlarge: tuple[Matrices, ...]
    added: Tensor | None = None
    floor: float = SMALLEST_ERROR

    @classmethod
    def of(cls, features: Array, target: Target, levels: list[int]) -> Points:
        """Every cell of a target's grid, its features (h, F, w); `levels` are those to enlarge from."""
        over = WorkingGrid.over(target.grid, *target.grid, IDENTITY)
        wanted, roots, base = torch.from_numpy(target.wanted), None, None
        if target.base_pq is None:
            roots = torch.from_numpy(target.weights).sqrt()
        else:
            base = torch.from_numpy(target.base_pq)
            residual = wanted * target.scale + target.shift
            wanted = inverse_residual(target.domain, residual, base, torch).clamp(0, 1)
        enlarge = tuple((_matrix(over.rows, level), _matrix(over.columns, level)) for level in levels)
        numbers = target.domain, target.shift, target.scale
        floor = target.floor + SMALLEST_ERROR
        return cls(torch.from_numpy(features).mT, wanted, roots, base, *numbers, enlarge, floor=floor)

    @property
    def device(self) -> torch.device:
        """Where all of its tensors are."""
        return self.features.device

    def to(self, device: torch.device) -> Points:
        """The same points on a device."""
        enlarge = tuple((down.to(device), across.to(device)) for down, across in self.enlarge)
        return self._changed(lambda values: values.to(device), enlarge)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.features.shape[0], self.features.shape[1]

    def __len__(self) -> int:
        return self.features.shape[0] * self.features.shape[1]

    def every(self, steps: tuple[int, int], first: tuple[int, int] = (0, 0)) -> Points:
        """Every n-th row and m-th column, from a first one on."""
        lattice = slice(first[0], None, steps[0]), slice(first[1], None, steps[1])
        enlarge = tuple((down[lattice[0]], across[lattice[1]]) for down, across in self.enlarge)
        return self._changed(lambda values: values[lattice].contiguous(), enlarge)

    def _changed(self, change: Callable[[Tensor], Tensor], enlarge: tuple[Matrices, ...]) -> Points:
        roots, base, added = (None if each is None else change(each) for each in (self.roots, self.base, self.added))
        features, wanted = change(self.features), change(self.wanted)
        return replace(self, features=features, wanted=wanted, roots=roots, base=base, enlarge=enlarge, added=added)

    def with_latents(self, latents: Sequence[Tensor]) -> Points:
        """The same points, where the network sees these latents, float32 (rows, columns) each, too."""
        fields = [enlarged(*each)[..., None] for each in zip(latents, self.enlarge, strict=False)]
        return replace(self, features=torch.cat([self.features, *fields], dim=2), enlarge=self.enlarge[len(fields) :])

    def left(self, output: Tensor) -> Tensor:
        """Wanted less had in PQ codes over √3, float32 (h, w, C): squares sum to mean squared PQ errors."""
        if self.base is not None:
            return (self.wanted - self._predicted(output, self.base)) / math.sqrt(3)
        return (self.wanted - output) * self._roots

    def slope(self, output: Tensor) -> Tensor:
        """How much less is left for more of the output, float32 (h, w, C); PQ codes beyond 0…1 count here."""
        if self.base is not None:
            slope = residual_slope(self.domain, self._predicted(output, self.base), self.base, torch)
            return slope * (self.scale / math.sqrt(3))  # type: ignore[no-any-return]
        return self._roots

    @property
    def _roots(self) -> Tensor:
        assert self.roots is not None
        return self.roots

    def _predicted(self, output: Tensor, base: Tensor) -> Tensor:
        residual = output * self.scale + self.shift
        return inverse_residual(self.domain, residual, base, torch).clamp(0, 1)  # type: ignore[no-any-return]


def enlarged(values: Tensor, matrices: Matrices) -> Tensor:
    """A level's cells at the points, float32 (h, w)."""
    down, across = matrices
    return down @ values @ across.T


def _matrix(axis: Axis, level: int) -> Tensor:
    """Bilinear enlarging along an axis as a matrix, float32 (cells evaluated, cells of the level)."""
    taps = axis.level_taps(level)
    matrix = np.zeros((axis.count, int(taps.second[-1]) + 1), np.float32)
    places = np.arange(axis.count)
    np.add.at(matrix, (places, taps.first), 1 - taps.fraction)
    np.add.at(matrix, (places, taps.second), taps.fraction)
    return torch.from_numpy(matrix)


class Batches:
    """Points in parts of about `size`: evenly spread rows and columns.

    Even spreading makes the gradient vary less than chance would, and enlarging a product of small matrices.
    """

    def __init__(self, points: Points, size: int) -> None:
        rows, columns = points.shape
        down = min(max(math.isqrt(len(points) // size), 1), rows)
        self._steps = down, min(max(len(points) // (size * down), 1), columns)
        self._points = points
        self._kept: dict[int, Points] = {}  # what comes again and again is gathered once

    def endless(self, random: torch.Generator) -> Iterator[Points]:
        """Parts for ever, each once before any again."""
        while True:
            order = torch.randperm(math.prod(self._steps), generator=random, device=random.device)
            for offset in order.tolist():
                if offset not in self._kept:
                    self._kept[offset] = self._points.every(self._steps, divmod(offset, self._steps[1]))
                yield self._kept[offset]
