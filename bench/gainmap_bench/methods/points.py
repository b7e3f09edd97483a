"""What is measured, and by whom: points of a rate-distortion plane, the methods that give them, and their memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Protocol

import gainmap_codec
from gainmap_bench.inputs.evaluation import BenchPair, Evaluation
from gainmap_codec.pixels.formats.outputs import write_atomically

METADATA_BYTES = 62
"""Counted with every ordinary map and network: the ISO 21496-1 blob of one channel and the byte before it."""

_CODEC = ("files", "pixels", "neural")
_RULES = 1  # raise when pictures are measured or bytes counted in another way: older points are then not taken


@dataclass(frozen=True)
class Point:
    """One gain map of one picture.

    Attributes:
        method: Who made it.
        series: What does not change along a curve: kind of map and its scale.
        label: What does: quality, size, preset. Unique in its series.
        bytes: Coded data without container, and metadata.
        growth: By how many bytes a file grows.
        psnr: PQ-PSNR in dB.
        de_itp: Mean colour difference, dE_ITP (ITU-R BT.2124).
        seconds: Time to make and code the map.
        seed: Of the fit; 0 where nothing is drawn.
    """

    method: str
    series: str
    label: str
    bytes: float
    growth: float
    psnr: float
    de_itp: float
    seconds: float
    seed: int = 0


class Recall(Protocol):
    """Gives a point that was measured before, or has it measured and keeps it."""

    def __call__(self, series: str, label: str, measure: Callable[[], Point]) -> Point: ...


class Method(Protocol):
    """A way to make gain maps of several sizes.

    Attributes:
        name: As tables show it, and `Point.method`.
        parameters: All that its points depend on beside pair and seed, of payloads the code too (`code_digest`); other
            parameters, other memory.
        is_seeded: Whether points depend on the seed.
    """

    @property
    def name(self) -> str: ...
    @property
    def parameters(self) -> str: ...
    @property
    def is_seeded(self) -> bool: ...

    def points(self, pair: BenchPair, evaluation: Evaluation, seed: int, recall: Recall) -> Iterator[Point]:
        """Measure a pair's points, each through `recall`, from the fewest bytes up where there is an order."""
        ...


class Memory:
    """The points of one pair, method and seed, kept in a file of their own that is whole at any time."""

    def __init__(self, folder: Path, digest: str, method: Method, seed: int) -> None:
        parameters = hashlib.sha256(f"{_RULES} {method.parameters}".encode()).hexdigest()
        self._path = folder / f"{digest}-{method.name}-{parameters[:12]}-{seed}.json"
        kept = json.loads(self._path.read_text("utf-8")) if self._path.exists() else []
        self._points = {(point.series, point.label): point for point in (Point(**fields) for fields in kept)}

    def __call__(self, series: str, label: str, measure: Callable[[], Point]) -> Point:
        """See `Recall`."""
        key = series, label
        if key not in self._points:
            self._points[key] = measure()
            text = json.dumps([asdict(point) for point in self._points.values()], indent=1)
            write_atomically(self._path, text.encode())
        return self._points[key]


@cache
def code_digest() -> str:
    """Names the code that payloads depend on: 16 hexadecimal digits over the sources of the layers below this one."""
    package = Path(gainmap_codec.__file__).parent
    content = hashlib.blake2b(digest_size=8)
    for path in sorted(path for folder in _CODEC for path in (package / folder).rglob("*.py")):
        content.update(path.read_bytes())
    return content.hexdigest()


def mean_of_seeds(points: Iterable[Point]) -> list[Point]:
    """One point for each method, series and label: the mean over seeds, which are not to be chosen from."""

    def key(point: Point) -> tuple[str, str, str]:
        return point.method, point.series, point.label

    groups = (list(group) for _, group in groupby(sorted(points, key=key), key=key))
    return [
        replace(
            same[0],
            bytes=fmean(point.bytes for point in same),
            growth=fmean(point.growth for point in same),
            psnr=fmean(point.psnr for point in same),
            de_itp=fmean(point.de_itp for point in same),
            seconds=fmean(point.seconds for point in same),
        )
        for same in groups
    ]
