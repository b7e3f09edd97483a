"""What a residual is worth: each residual's bytes against those of the paper's gain, by each codec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gainmap_bench.experiments.effort import Effort
from gainmap_bench.experiments.rate_distortion import KIND_TITLES, PictureResult, compare, mean_ratio
from gainmap_bench.methods.coders import CODERS
from gainmap_bench.methods.curves import Curve
from gainmap_bench.methods.ordinary import DomainMaps
from gainmap_bench.report.pages import Table

_ANCHOR = "pq-gain"


def methods(effort: Effort) -> list[DomainMaps]:
    """One a codec."""
    return [DomainMaps(coder, max(effort.every // 2, 1)) for coder in CODERS.values()]


def tables(results: Sequence[PictureResult]) -> Iterator[Table]:
    """A table a kind of pairs, a row a codec and residual: the mean over pairs, and the pairs."""
    for kind, title in KIND_TITLES.items():
        chosen = [result for result in results if result.kind == kind]
        if not chosen:
            continue
        rows = []
        for method in dict.fromkeys(point.method for point in chosen[0].points):
            for residual in dict.fromkeys(point.series for point in chosen[0].points):
                if residual != _ANCHOR:
                    rows.append((f"{method.removesuffix('-domains')}, {residual}", *_cells(chosen, method, residual)))
        header = "codec, residual", "mean", *(result.name for result in chosen)
        caption = f"{title}: bytes against the paper's gain, at 1/4 scale"
        yield Table(f"domains-{kind}", caption, header, tuple(rows))


def _cells(results: Sequence[PictureResult], method: str, residual: str) -> Iterator[str]:
    found = []
    for result in results:
        same = [point for point in result.points if point.method == method]
        anchor, test = (Curve(point for point in same if point.series == series) for series in (_ANCHOR, residual))
        found.append(compare(anchor, test, "graded").ratio)
    ratios = [ratio for ratio in found if ratio is not None]
    yield f"{mean_ratio(ratios) - 1:+.1%}" if ratios else "–"
    yield from ("–" if ratio is None else f"{ratio - 1:+.1%}" for ratio in found)
