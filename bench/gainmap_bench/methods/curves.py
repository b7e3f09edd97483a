"""Rate-distortion curves: what a method needs for a quality, and Bjøntegaard's mean difference of two methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import exp, inf
from operator import attrgetter
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

_STEPS = 2000  # of the numerical integral: it agrees with the closed form to six digits


class OnCurve(Protocol):
    """A point of some series that has a size and, by one measure or another, a quality."""

    @property
    def series(self) -> str: ...
    @property
    def bytes(self) -> float: ...


P = TypeVar("P", bound=OnCurve)


class Need(NamedTuple):
    """Bytes for a quality, infinite where it is not reached, and the series that needs no more."""

    bytes: float
    series: str


class Curve:
    """The lower envelope of a method's series: the fewest bytes that reach a PQ-PSNR, or another `quality`.

    Between the points of a series the logarithm of the bytes is interpolated over the PSNR by PCHIP, as in the common
    test conditions of video coding: unlike Bjøntegaard's cubic it does not swing between points, and needs not four but
    two. Series are not joined into a convex hull: no gain map lies on its chords, and above 55 dB, where curves bend
    up, they would cut off a fifth of the bytes. Below its worst point a series needs the bytes of that point.

    Attributes:
        low: PQ-PSNR in dB of the worst point.
        high: The same of the best.
        is_swept: Whether any series has more than one point.
    """

    def __init__(self, points: Iterable[P], quality: Callable[[P], float] = attrgetter("psnr")) -> None:
        grouped: dict[str, list[tuple[float, float]]] = {}
        for point in points:
            grouped.setdefault(point.series, []).append((quality(point), point.bytes))
        self._series = {name: _Series(pairs) for name, pairs in grouped.items()}
        self.low = min((series.psnr[0] for series in self._series.values()), default=inf)
        self.is_swept = any(len(series.psnr) > 1 for series in self._series.values())
        self.high = max((series.psnr[-1] for series in self._series.values()), default=-inf)

    def need(self, psnr: float) -> Need:
        """What this PQ-PSNR in dB takes."""
        at = np.array([psnr])
        needs = [Need(float(series.bytes_at(at)[0]), name) for name, series in self._series.items()]
        return min(needs, default=Need(inf, ""))

    def bytes_at(self, psnr: NDArray[np.float64]) -> NDArray[np.float64]:
        """The fewest bytes for each PQ-PSNR in dB, float64 (N,)."""
        return np.asarray(np.min([series.bytes_at(psnr) for series in self._series.values()], axis=0))


class _Series:
    """Points of one series that no other of them beats in both, ascending."""

    def __init__(self, pairs: list[tuple[float, float]]) -> None:
        best = -inf
        kept = []
        for size, psnr in sorted((size, -psnr) for psnr, size in pairs):
            if -psnr > best:
                best = -psnr
                kept.append((best, size))
        self.psnr, self._bytes = np.array(kept).T

    def bytes_at(self, psnr: NDArray[np.float64]) -> NDArray[np.float64]:
        if len(self.psnr) == 1:
            needed = np.full(psnr.shape, self._bytes[0])
        else:
            logs = PchipInterpolator(self.psnr, np.log(self._bytes))
            needed = np.exp(logs(np.clip(psnr, self.psnr[0], self.psnr[-1])))
        return np.where(psnr > self.psnr[-1], inf, needed)


def bd_rate(anchor: Curve, test: Curve, low: float = -inf, high: float = inf) -> tuple[float, float]:
    """Bjøntegaard's mean difference of two curves' bytes at equal quality.

    Args:
        anchor: What is compared with.
        test: What is compared.
        low: PQ-PSNR in dB that the comparison starts from, where both curves get there.
        high: The same for its end.
    Returns:
        The difference as a ratio less 1 (−0.3: 30 % fewer bytes), and the span in dB that both curves have in common;
        the difference means nothing where the span is not positive.
    Source: Bjøntegaard, VCEG-M33, 2001; PCHIP as in JCTVC-L1100.
    """
    low, high = max(low, anchor.low, test.low), min(high, anchor.high, test.high)
    if high <= low:
        return 0.0, high - low
    psnr = np.linspace(low, high, _STEPS + 1)
    difference = np.log(test.bytes_at(psnr)) - np.log(anchor.bytes_at(psnr))
    return exp(float(np.trapezoid(difference, psnr)) / (high - low)) - 1, high - low
