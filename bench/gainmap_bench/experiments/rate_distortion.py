"""The rate-distortion measurement: every method on every pair, resumable, and its tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache, partial
from math import exp, inf, isfinite, log
from pathlib import Path
from statistics import fmean

from gainmap_bench.experiments.jobs import Job, run
from gainmap_bench.inputs.evaluation import BenchPair, Evaluation, Kind
from gainmap_bench.inputs.sources import Source, load
from gainmap_bench.methods.curves import Curve, bd_rate
from gainmap_bench.methods.points import Memory, Method, Point, mean_of_seeds
from gainmap_bench.report.pages import Table
from gainmap_codec.pixels.formats.outputs import write_atomically

ANCHOR = "avif"
"""The method that others are compared with."""

PHOTO_RANGE = 46.0, 56.0
"""PQ-PSNR in dB within which photos are compared: below, the map is visibly wrong, above nobody sees a difference."""

_GRADED = 25, 30, 35, 40, 45, 50
_LEVELS: dict[Kind, tuple[int, ...]] = {"photo": (46, 48, 50, 52, 54, 56), "graded": _GRADED, "local": _GRADED}  # dB
KIND_TITLES: dict[Kind, str] = {
    "photo": "Photos",
    "graded": "Graded and globally tone-mapped pairs",
    "local": "Locally tone-mapped pairs",
}
"""As tables call the kinds of pairs."""
_LEAST_SPAN = 3.0  # dB that two curves must share for a mean over them
_SHORT = 10  # points that a table shows


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


def measure(pair: BenchPair, methods: Iterable[Method], seeds: Sequence[int], out: Path) -> PictureResult:
    """Measure a pair by all methods, from the memory in `out` as far as that goes.

    Args:
        pair: The pair.
        methods: What to measure.
        seeds: For the methods that are seeded; others are measured once.
        out: Folder that exists.
    """
    evaluation = _evaluation(pair)
    points: list[Point] = []
    for method in methods:
        for seed in seeds if method.is_seeded else (0,):
            points += method.points(pair, evaluation, seed, Memory(out, pair.digest, method, seed))
    return PictureResult(pair.name, pair.kind, pair.digest, tuple(points))


@lru_cache(maxsize=1)
def _evaluation(pair: BenchPair) -> Evaluation:
    return Evaluation(pair.pair)


def measure_source(
    source: Source, longest_side: int | None, method: Method, seeds: Sequence[int], out: Path
) -> PictureResult:
    """As `measure`, by one method, of a pair that is read first: what another process can be told."""
    return measure(load(source, longest_side), [method], seeds, out)


def measure_all(
    sources: Sequence[Source],
    longest_side: int | None,
    methods: Sequence[Method],
    seeds: Sequence[int],
    out: Path,
    processes: int,
) -> list[PictureResult]:
    """As `measure`, of many pairs on several cores, from the memory in `out`, which exists."""
    jobs = [
        Job(f"{source.hdr.stem}: {method.name}", partial(measure_source, source, longest_side, method, seeds, out))
        for source in sources
        for method in methods
    ]
    found = iter(run(jobs, processes))
    return [_joined([next(found) for _ in methods]) for _ in sources]


def _joined(parts: Sequence[PictureResult]) -> PictureResult:
    return replace(parts[0], points=tuple(point for part in parts for point in part.points))


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


def tables(results: Sequence[PictureResult]) -> Iterator[Table]:
    """Bytes at several PQ-PSNR, single points, and differences from the anchor: three tables a kind of pairs."""
    for kind in _LEVELS:
        chosen = [result for result in results if result.kind == kind]
        for table in (_bytes_table(chosen, kind), _points_table(chosen, kind), _differences_table(chosen, kind)):
            if table.rows:
                yield table


def _methods(results: Sequence[PictureResult]) -> list[str]:
    return list(dict.fromkeys(point.method for result in results for point in result.points))


def _bytes_table(results: Sequence[PictureResult], kind: Kind) -> Table:
    """Bytes, and the map that needs no more, where a method has a curve."""
    rows = []
    for result in results:
        for method in _methods([result]):
            curve = result.curve(method)
            if curve.is_swept:
                rows.append((result.name, method, *(_need(curve, level) for level in _LEVELS[kind])))
    header = "picture", "method", *(f"{level} dB" for level in _LEVELS[kind])
    return Table(f"rd-{kind}-bytes", f"{KIND_TITLES[kind]}: bytes for a PQ-PSNR", header, tuple(rows))


def _need(curve: Curve, psnr: float) -> str:
    need = curve.need(psnr)
    if not isfinite(need.bytes):
        return "–"
    return f"{'≤ ' if psnr < curve.low else ''}{need.bytes:.0f} ({need.series})"


def _points_table(results: Sequence[PictureResult], kind: Kind) -> Table:
    """The points of methods that have no more than a table can show."""
    header = "picture", "method", "map", "bytes", "file growth", "PQ-PSNR dB", "dE_ITP", "seeds", "s"
    rows = []
    for result in results:
        few = [point for point in result.points if _is_short(result, point.method)]
        for point in mean_of_seeds(few):
            seeds = len({other.seed for other in few if other.method == point.method})
            numbers = f"{point.bytes:.0f}", f"{point.growth:.0f}", f"{point.psnr:.2f}", f"{point.de_itp:.2f}"
            name = f"{point.series} {point.label}"
            rows.append((result.name, point.method, name, *numbers, str(seeds), f"{point.seconds:.1f}"))
    return Table(f"rd-{kind}-points", f"{KIND_TITLES[kind]}: single points", header, tuple(rows))


def _is_short(result: PictureResult, method: str) -> bool:
    return len({(point.series, point.label) for point in result.points if point.method == method}) <= _SHORT


def _differences_table(results: Sequence[PictureResult], kind: Kind) -> Table:
    """Each method against the anchor: a row a picture, then mean and worst of all pictures."""
    rows = []
    for method in (method for method in _methods(results) if method != ANCHOR):
        ratios = []
        for result in results:
            difference = compare(result.curve(ANCHOR), result.curve(method), result.kind)
            rows.append((result.name, method, *difference.cells))
            ratios += [] if difference.ratio is None else [difference.ratio]
        if ratios:
            rows.append((f"geometric mean of {len(ratios)}", method, f"{mean_ratio(ratios) - 1:+.1%}", ""))
            rows.append(("worst", method, f"{max(ratios) - 1:+.1%}", ""))
    header = "picture", "method", f"bytes against {ANCHOR}", "over"
    return Table(f"rd-{kind}-bd", f"{KIND_TITLES[kind]}: Bjøntegaard's difference", header, tuple(rows))


def mean_ratio(ratios: Sequence[float]) -> float:
    """Geometric mean."""
    return exp(fmean(log(ratio) for ratio in ratios))


@dataclass(frozen=True)
class Difference:
    """A method's bytes over the anchor's at equal quality, None where there is nothing to compare; and cells for it:
    the difference, and where it holds."""

    ratio: float | None
    cells: tuple[str, str]


def compare(anchor: Curve, test: Curve, kind: Kind) -> Difference:
    """Bjøntegaard's difference where the curves share 3 dB; else bytes at the best PQ-PSNR that both have."""
    low, high = PHOTO_RANGE if kind == "photo" else (-inf, inf)
    rate, span = bd_rate(anchor, test, low, high)
    if span >= _LEAST_SPAN:
        start = max(low, anchor.low, test.low)
        return Difference(1 + rate, (f"{rate:+.1%}", f"BD, {start:.1f}…{start + span:.1f} dB"))
    psnr = min(anchor.high, test.high)
    if psnr < max(anchor.low, test.low):
        return Difference(None, ("–", f"nothing in common: {test.low:.1f}…{test.high:.1f} dB"))
    needs = test.need(psnr).bytes, anchor.need(psnr).bytes
    ratio = needs[0] / needs[1]
    return Difference(ratio, (f"{ratio - 1:+.1%}", f"{needs[0]:.0f} against {needs[1]:.0f} bytes at {psnr:.2f} dB"))
