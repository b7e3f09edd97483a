"""The paper's table: every method on every pair, judged from the bytes that it wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from time import perf_counter

from gainmap_bench.experiments.colorvideovdp import HDR_DISPLAY, judge, require_environment
from gainmap_bench.experiments.effort import Effort
from gainmap_bench.experiments.jobs import Job, progress, run
from gainmap_bench.experiments.rate_distortion import KIND_TITLES
from gainmap_bench.inputs.evaluation import BenchPair, Kind
from gainmap_bench.inputs.metrics import Quality, quality
from gainmap_bench.inputs.sources import Source, load
from gainmap_bench.methods.contenders import Base, Contender
from gainmap_bench.report.pages import Table, file_name
from gainmap_codec.errors import MissingDependencyError
from gainmap_codec.files.payload.layout import IDENTITY
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS, Array
from gainmap_codec.pixels.formats.outputs import write_atomically
from gainmap_codec.pixels.maps.working_grid import WorkingGrid

_RULES = 1  # raise when contenders' own code or the metrics change: older rows are then not taken
_JOD_SIDE = 1024  # px: ColorVideoVDP takes 23 s and 7 GB for a rendition of 12 megapixels

PUBLISHED = Table(
    "table-published",
    "Table 1 of the paper: other pictures, other sizes",
    ("method", "PSNR (PQ) dB", "dE00", "SSIM", "dE_ITP", "HDR-VDP-3", "KB"),
    (
        ("Gain-JPEG", "38.29", "2.16", ".968", "9.63", "7.92", "19.0"),
        ("Gamma-JPEG", "41.45", "1.37", ".979", "7.12", "8.62", "19.4"),
        ("Gain-HEIC", "39.20", "1.98", ".972", "8.71", "8.14", "18.4"),
        ("Gamma-HEIC", "42.21", "1.27", ".982", "6.57", "8.75", "18.2"),
        ("Gain-JPEG XL", "37.65", "1.73", ".950", "8.21", "7.82", "11.4"),
        ("Gamma-JPEG XL", "40.58", "1.15", ".957", "6.40", "8.35", "12"),
        ("Direct-MLP", "46.30", "0.96", ".988", "4.66", "9.06", "10"),
        ("MLP-ITM", "47.25", "0.87", ".991", "4.28", "9.13", "34"),
        ("Gain-MLP", "47.60", "1.02", ".992", "4.27", "8.98", "10"),
        ("Gamma-MLP", "48.53", "0.78", ".993", "3.91", "9.11", "10"),
    ),
)
"""Canham et al., Gain-MLP, ICCV 2025."""


@dataclass(frozen=True)
class Row:
    """One method on one pair.

    Attributes:
        picture: Name of the pair.
        kind: Of the pair.
        method: Name of the method.
        bytes: What it wrote.
        quality: By all metrics but ColorVideoVDP.
        seconds: To make the bytes.
        jod: ColorVideoVDP's, where it ran.
    """

    picture: str
    kind: Kind
    method: str
    bytes: int
    quality: Quality
    seconds: float
    jod: float | None = None


class Written:
    """What a method writes for a pair, kept in a file: made when it is first asked for."""

    def __init__(self, pair: BenchPair, contender: Contender, seed: int, memory: Path) -> None:
        self.pair, self.contender, self._seed = pair, contender, seed
        digest = hashlib.sha256(f"{_RULES} {contender.parameters}".encode()).hexdigest()[:12]
        self.path = memory / f"{pair.digest}-{file_name(contender.name)}-{digest}-{seed}.bin"

    def data(self) -> bytes:
        """The bytes."""
        if not self.path.exists():
            write_atomically(self.path, self.contender.encode(self.pair, self._seed))
        return self.path.read_bytes()

    def rendition(self) -> Array:
        """What these bytes and the base give, linear BT.2020, float32 (H, W, 3)."""
        return self.contender.decode(self.data(), Base(self.pair.pair.codes, self.pair.pair.color))


def row(source: Source, longest_side: int | None, contender: Contender, seed: int, memory: Path) -> Row:
    """A row, from `memory` where it is there."""
    pair = load(source, longest_side)
    written = Written(pair, contender, seed, memory)
    path = written.path.with_suffix(".json")
    if not path.exists():
        start = perf_counter()
        data = written.data()
        seconds = perf_counter() - start
        found = quality(written.rendition(), pair.pair.hdr)
        write_atomically(path, json.dumps([len(data), found, seconds]).encode())
    size, numbers, seconds = json.loads(path.read_text("utf-8"))
    return Row(pair.name, pair.kind, contender.name, size, Quality(*numbers), seconds)


def rows(sources: Sequence[Source], effort: Effort, seed: int, memory: Path, processes: int) -> list[Row]:
    """All rows, pair after pair, on several cores; `memory` exists. JOD are asked for last, one pair at a time."""
    contenders = list(effort.contenders(memory))
    for contender in contenders:
        if hasattr(contender, "pretrained"):
            contender.pretrained()  # once, not in each process
    jobs = [
        Job(f"{source.hdr.stem}: {each.name}", partial(row, source, effort.longest_side, each, seed, memory))
        for source in sources
        for each in contenders
    ]
    found = run(jobs, processes)
    if jod_reason():
        return found
    jods: list[float] = []
    with progress(len(sources)) as done:
        for source in sources:
            jods += _jods([Written(load(source, effort.longest_side), each, seed, memory) for each in contenders])
            done(f"{source.hdr.stem}: JOD")
    return [replace(each, jod=jod) for each, jod in zip(found, jods, strict=True)]


def jod_reason() -> str | None:
    """Why there are no JOD, or None."""
    try:
        require_environment()
    except MissingDependencyError as error:
        return str(error)
    return None


def _jods(written: Sequence[Written]) -> list[float]:
    """Of what was written for one pair, in its order, from files beside it where they are there."""
    missing = [each for each in written if not _jod_path(each).exists()]
    if missing:
        reference = _nits(missing[0].pair.pair.hdr)
        found = judge(reference, [_nits(each.rendition()) for each in missing])
        for each, jod in zip(missing, found.jods, strict=True):
            write_atomically(_jod_path(each), json.dumps([found.metric, jod]).encode())
    return [float(json.loads(_jod_path(each).read_text("utf-8"))[1]) for each in written]


def _jod_path(written: Written) -> Path:
    key = hashlib.sha256(json.dumps([asdict(HDR_DISPLAY), _JOD_SIDE]).encode()).hexdigest()[:8]
    return written.path.with_suffix(f".jod-{key}.json")


def _nits(linear: Array) -> Array:
    """In cd/m², averaged where it is larger than what the metric is given."""
    height, width = linear.shape[:2]
    part = min(_JOD_SIDE / max(height, width), 1.0)
    if part < 1:
        grid = max(round(height * part), 1), max(round(width * part), 1)
        linear = WorkingGrid.over(grid, height, width, IDENTITY).average(linear)
    return linear * SDR_WHITE_NITS


HEADER = "bytes", "PQ-PSNR dB", "dE00", "SSIM", "dE_ITP", "JOD", "s"


def tables(found: Sequence[Row]) -> Iterator[Table]:
    """Means over the pairs of a kind, a table each; then every row, and the published table."""
    for kind, title in KIND_TITLES.items():
        chosen = [each for each in found if each.kind == kind]
        if chosen:
            names = list(dict.fromkeys(each.picture for each in chosen))
            methods = dict.fromkeys(each.method for each in chosen)
            means = tuple((method, *_cells([each for each in chosen if each.method == method])) for method in methods)
            caption = f"{title}: means over {len(names)} ({'; '.join(names)})"
            yield Table(f"table-{kind}", caption, ("method", *HEADER), means)
    yield PUBLISHED


def every_row(found: Sequence[Row]) -> Table:
    """Each method on each pair."""
    cells = tuple((each.picture, each.method, *_cells([each])) for each in found)
    return Table("table-rows", "Every pair", ("picture", "method", *HEADER), cells)


def _cells(same: Sequence[Row]) -> tuple[str, ...]:
    psnr, de00, ssim, de_itp = (fmean(numbers) for numbers in zip(*(each.quality for each in same), strict=True))
    jods = [each.jod for each in same if each.jod is not None]
    return (
        f"{fmean(each.bytes for each in same):.0f}",
        f"{psnr:.2f}",
        f"{de00:.2f}",
        f"{ssim:.4f}",
        f"{de_itp:.2f}",
        f"{fmean(jods):.2f}" if jods else "n/a",
        f"{fmean(each.seconds for each in same):.1f}",
    )
