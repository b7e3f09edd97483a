"""The rate-distortion measurement: every method on every pair, resumable, and its tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from math import exp, inf, isfinite, log
from pathlib import Path
from statistics import fmean

from gainmap_codec.bench.curves import Curve, bd_rate
from gainmap_codec.bench.evaluation import BenchPair, Evaluation, Kind
from gainmap_codec.bench.points import Memory, Method, Point, mean_of_seeds
from gainmap_codec.pixels.images import write_atomically

ANCHOR = "avif"
"""The method that others are compared with."""

PHOTO_RANGE = 46.0, 56.0
"""PQ-PSNR in dB within which photos are compared: below, the map is visibly wrong, above nobody sees a difference."""

_LEVELS: dict[Kind, tuple[int, ...]] = {"photo": (46, 48, 50, 52, 54, 56), "graded": (25, 30, 35, 40, 45, 50)}  # dB
_LEAST_SPAN = 3.0  # dB that two curves must share for a mean over them
_SHORT = 8  # points that a table shows
_HEAD = 2  # rows of a table without content


@dataclass(frozen=True)
class PictureResult:
    """All points of one pair."""

    name: str
    kind: Kind
    digest: str
    points: tuple[Point, ...]

    def curve(self, method: str) -> Curve:
        """The curve of a method, over means of its seeds."""
        return Curve(mean_of_seeds(point for point in self.points if point.method == method))


def measure(
    pair: BenchPair, methods: Iterable[Method], seeds: Sequence[int], out: Path, say: Callable[[str], None]
) -> PictureResult:
    """Measure a pair by all methods, from the memory in `out` as far as that goes.

    Args:
        pair: The pair.
        methods: What to measure.
        seeds: For the methods that are seeded; others are measured once.
        out: Folder that exists.
        say: Told which method and seed begin, once for each.
    """
    evaluation = Evaluation(pair.pair)
    points: list[Point] = []
    for method in methods:
        for seed in seeds if method.is_seeded else (0,):
            say(f"{pair.name}: {method.name}")
            points += method.points(pair, evaluation, seed, Memory(out, pair.digest, method, seed))
    return PictureResult(pair.name, pair.kind, pair.digest, tuple(points))


def write_results(results: Sequence[PictureResult], out: Path) -> None:
    """Write ``points.json`` and ``points.csv``: every point that was measured."""
    text = json.dumps([asdict(result) for result in results], indent=1)
    write_atomically(out / "points.json", text.encode())
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["picture", "kind", *(field.name for field in fields(Point))])
    for result in results:
        writer.writerows([result.name, result.kind, *asdict(point).values()] for point in result.points)
    write_atomically(out / "points.csv", table.getvalue().encode())


def tables(results: Sequence[PictureResult]) -> Iterator[str]:
    """Lines of Markdown: bytes at several PQ-PSNR, single points, and differences from the anchor."""
    for kind in _LEVELS:
        chosen = [result for result in results if result.kind == kind]
        if not chosen:
            continue
        yield from ("", f"## {kind} pairs")
        for table in (_bytes_table(chosen, _LEVELS[kind]), _points_table(chosen), _differences_table(chosen)):
            rows = list(table)
            if len(rows) > _HEAD:
                yield from ("", *rows)


def _methods(results: Sequence[PictureResult]) -> list[str]:
    return list(dict.fromkeys(point.method for result in results for point in result.points))


def _bytes_table(results: Sequence[PictureResult], levels: Sequence[int]) -> Iterator[str]:
    """Bytes, and the map that needs no more, where a method has a curve."""
    yield "| picture | method | " + " | ".join(f"{level} dB" for level in levels) + " |"
    yield "| --- | --- |" + " --- |" * len(levels)
    for result in results:
        for method in _methods([result]):
            curve = result.curve(method)
            if curve.is_swept:
                cells = (_need(curve, level) for level in levels)
                yield f"| {result.name} | {method} | " + " | ".join(cells) + " |"


def _need(curve: Curve, psnr: float) -> str:
    need = curve.need(psnr)
    if not isfinite(need.bytes):
        return "–"
    return f"{'≤ ' if psnr < curve.low else ''}{need.bytes:.0f} ({need.series})"


def _points_table(results: Sequence[PictureResult]) -> Iterator[str]:
    """The points of methods that have no more than a table can show."""
    yield "| picture | method | map | bytes | file growth | PQ-PSNR dB | dE_ITP | seeds | s |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for result in results:
        few = [point for point in result.points if _is_short(result, point.method)]
        for point in mean_of_seeds(few):
            seeds = len({other.seed for other in few if other.method == point.method})
            numbers = f"{point.bytes:.0f} | {point.growth:.0f} | {point.psnr:.2f} | {point.de_itp:.2f}"
            name = f"{point.series} {point.label}"
            yield f"| {result.name} | {point.method} | {name} | {numbers} | {seeds} | {point.seconds:.1f} |"


def _is_short(result: PictureResult, method: str) -> bool:
    return len({(point.series, point.label) for point in result.points if point.method == method}) <= _SHORT


def _differences_table(results: Sequence[PictureResult]) -> Iterator[str]:
    """Each method against the anchor: a row a picture, then mean and worst of all pictures."""
    yield f"| picture | method | bytes against {ANCHOR} | over |"
    yield "| --- | --- | --- | --- |"
    for method in (method for method in _methods(results) if method != ANCHOR):
        ratios = []
        for result in results:
            difference = compare(result.curve(ANCHOR), result.curve(method), result.kind)
            yield f"| {result.name} | {method} | {difference.text} |"
            ratios += [] if difference.ratio is None else [difference.ratio]
        if ratios:
            mean = exp(fmean(log(ratio) for ratio in ratios))
            yield f"| **geometric mean of {len(ratios)}** | {method} | {mean - 1:+.1%} | |"
            yield f"| **worst** | {method} | {max(ratios) - 1:+.1%} | |"


@dataclass(frozen=True)
class Difference:
    """A method's bytes over the anchor's at equal quality, None where there is nothing to compare; and cells for it."""

    ratio: float | None
    text: str


def compare(anchor: Curve, test: Curve, kind: Kind) -> Difference:
    """Bjøntegaard's difference where the curves share 3 dB; else bytes at the best PQ-PSNR that both have."""
    low, high = PHOTO_RANGE if kind == "photo" else (-inf, inf)
    rate, span = bd_rate(anchor, test, low, high)
    if span >= _LEAST_SPAN:
        start = max(low, anchor.low, test.low)
        return Difference(1 + rate, f"{rate:+.1%} | BD, {start:.1f}…{start + span:.1f} dB")
    psnr = min(anchor.high, test.high)
    if psnr < max(anchor.low, test.low):
        return Difference(None, f"– | nothing in common: {test.low:.1f}…{test.high:.1f} dB")
    needs = test.need(psnr).bytes, anchor.need(psnr).bytes
    ratio = needs[0] / needs[1]
    return Difference(ratio, f"{ratio - 1:+.1%} | {needs[0]:.0f} against {needs[1]:.0f} bytes at {psnr:.2f} dB")
