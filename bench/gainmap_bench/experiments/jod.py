"""How many bytes gain maps take until ColorVideoVDP sees next to no difference."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from math import inf, isfinite
from pathlib import Path
from statistics import fmean

from gainmap_bench.experiments.colorvideovdp import HDR_DISPLAY, Judgement
from gainmap_bench.inputs.evaluation import BenchPair, Evaluation, OwnMap
from gainmap_bench.methods.coders import AVIF
from gainmap_bench.methods.curves import Curve
from gainmap_bench.methods.networks import PicturePayloads, payloads_at_prices
from gainmap_bench.methods.points import METADATA_BYTES, code_digest
from gainmap_bench.methods.residual_maps import ReducedMap, ResidualMaps, kinds_of
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.payload.layout import IDENTITY
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.neural.fit.presets import shipped_presets
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS, Array, pq_decode, pq_psnr
from gainmap_codec.pixels.formats.outputs import write_atomically
from gainmap_codec.pixels.maps.neural_map import render_neural_map
from gainmap_codec.pixels.maps.working_grid import WorkingGrid

TARGET = 9.75
"""JOD that are asked for."""

Judge = Callable[[Array, Sequence[Array]], Judgement]
"""Judges renditions against a reference, linear light in cd/m²; `colorvideovdp.judge`."""

_RULES = 1  # raise when pictures are measured or bytes counted in another way: older points are then not taken
_PRESETS: tuple[Preset, ...] = ("tiny", "balanced")
_PRICES = (1, 2, 4, 0.5, 0.25)
_PICTURES = (50, 51, 52, 53)  # dB of PQ-PSNR
_FINEST_AVIF = 8  # base pixels per map pixel along a side; finer maps take more bytes than is asked about
_AVIF_QUALITIES = AVIF.qualities[1::2]
_MOST_BYTES = 4096


@dataclass(frozen=True)
class JodPoint:
    """A gain map of one picture.

    Attributes:
        series: What does not change along a curve: preset, or scale.
        label: What does.
        bytes: As `bench.points.Point` counts them.
        psnr: PQ-PSNR in dB at the resolution of the base.
        jod: At the resolution of the photo's own map.
        metric: The metric's description of itself.
    """

    series: str
    label: str
    bytes: float
    psnr: float
    jod: float
    metric: str


@dataclass(frozen=True)
class JodResult:
    """All points of one picture and method."""

    name: str
    method: str
    points: tuple[JodPoint, ...]

    @property
    def curve(self) -> Curve:
        """JOD over bytes."""
        return Curve(self.points, quality=lambda point: point.jod)


@dataclass(frozen=True, eq=False)
class _Rendition:
    """A map's size, and what it makes of the base: nits at the resolution of the photo's map, and PQ-PSNR in dB."""

    label: str
    bytes: int
    psnr: float
    nits: Array


class _Picture:
    """A photo under measurement."""

    def __init__(self, pair: BenchPair, seed: int) -> None:
        if pair.own_map is None:
            raise ValueError(f"{pair.name}: a photo with a gain map of its own is wanted")
        self.pair, self.seed = pair, seed
        self._own: OwnMap = pair.own_map
        self.reference = self.nits(pair.pair.hdr)

    def nits(self, linear: Array) -> Array:
        """A rendition, linear BT.2020 (H, W, 3), averaged over the pixels of the photo's map, in cd/m²."""
        height, width = linear.shape[:2]
        rows, columns = self._own.gains.shape[:2]
        over = WorkingGrid.over((rows, columns), height, width, IDENTITY)
        return over.average(linear) * SDR_WHITE_NITS

    def neural(self, preset: Preset) -> Iterator[_Rendition]:
        """One fit at several prices."""
        pair = self.pair.pair
        payloads = payloads_at_prices(pair, preset, _PRICES, self.seed)
        for price, (payload, _) in zip(_PRICES, payloads, strict=True):
            yield self._shown(preset if price == 1 else f"{preset} × {price:g}", payload)

    def pictures(self) -> Iterator[_Rendition]:
        """Coded pictures, on a fit of the smallest preset or alone."""
        payloads = PicturePayloads(self.pair.pair, _PRESETS[0], self.seed)
        for target in _PICTURES:
            yield self._shown(f"picture, {target} dB", payloads.reaching(target))

    def _shown(self, label: str, payload: bytes) -> _Rendition:
        pair = self.pair.pair
        linear = render_neural_map(parse_payload(payload), pair.codes, pair.color, headroom=inf)
        return _Rendition(label, len(payload), pq_psnr(linear, pair.hdr), self.nits(linear))

    def avif(self, reduced: ReducedMap, evaluation: Evaluation) -> Iterator[_Rendition]:
        """One map at several qualities; `evaluation` is of all pixels."""
        for quality in _AVIF_QUALITIES:
            data = AVIF.encode(reduced.codes, quality)
            size = AVIF.count(data) + METADATA_BYTES
            if size > _MOST_BYTES:
                break
            linear = pq_decode(reduced.rendition(AVIF.decode(data))).reshape(*evaluation.shape, 3)
            yield _Rendition(f"{quality:g}", size, pq_psnr(linear, self.pair.pair.hdr), self.nits(linear))


def measure_jod(
    pair: BenchPair, methods: Iterable[str], seed: int, out: Path, judge: Judge, say: Callable[[str], None]
) -> list[JodResult]:
    """Measure a photo by some of "neural" and "avif", from the memory in `out` as far as that goes.

    Args:
        pair: A photo with a map of its own.
        methods: What to measure.
        seed: Of the fits.
        out: Folder that exists.
        judge: The metric.
        say: Told which series begins.
    Raises:
        ValueError: The pair is no photo with a map of its own.
    """
    picture = _Picture(pair, seed)

    def measured(series: str, parameters: object, renditions: Callable[[], Iterator[_Rendition]]) -> list[JodPoint]:
        say(f"{pair.name}: {series}")
        key = json.dumps([_RULES, asdict(HDR_DISPLAY), series, parameters])
        path = out / f"{pair.digest}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.json"
        if path.exists():
            return [JodPoint(**fields) for fields in json.loads(path.read_text("utf-8"))]
        points = list(_judged(picture.reference, series, list(renditions()), judge))
        write_atomically(path, json.dumps([asdict(point) for point in points], indent=1).encode())
        return points

    makers = {"neural": _neural_points, "avif": _avif_points}
    return [JodResult(pair.name, method, tuple(makers[method](picture, measured))) for method in methods]


_Measured = Callable[[str, object, Callable[[], Iterator[_Rendition]]], list[JodPoint]]


def _neural_points(picture: _Picture, measured: _Measured) -> Iterator[JodPoint]:
    """Presets, the smallest first, then pictures, until one reaches the target."""
    configs = shipped_presets().multiscale
    series: dict[str, tuple[object, Callable[[], Iterator[_Rendition]]]] = {
        preset: ([asdict(configs[preset]), _PRICES], partial(picture.neural, preset)) for preset in _PRESETS
    }
    series["picture"] = [asdict(configs[_PRESETS[0]]), _PICTURES], picture.pictures
    for name, (parameters, renditions) in series.items():
        points = measured(name, [parameters, picture.seed, code_digest()], renditions)
        yield from points
        if max(point.jod for point in points) >= TARGET:
            break


def _avif_points(picture: _Picture, measured: _Measured) -> Iterator[JodPoint]:
    """The gains of the photo's own map at several scales."""
    evaluation = Evaluation(picture.pair.pair, samples=picture.pair.pair.codes[..., 0].size)
    maps = ResidualMaps(kinds_of(picture.pair)[0], picture.pair, evaluation)
    for scale in (each for each in maps.scales if int(each.removeprefix("1/")) >= _FINEST_AVIF):
        parameters = [AVIF.settings, _AVIF_QUALITIES, METADATA_BYTES, _MOST_BYTES]
        yield from measured(
            f"avif {scale}",
            parameters,
            lambda scale=scale: picture.avif(maps.at(scale), evaluation),  # type: ignore[misc]
        )


def _judged(reference: Array, series: str, renditions: list[_Rendition], judge: Judge) -> Iterator[JodPoint]:
    if not renditions:
        return
    metric, jods = judge(reference, [each.nits for each in renditions])
    for each, jod in zip(renditions, jods, strict=True):
        yield JodPoint(series, each.label, each.bytes, each.psnr, jod, metric)


def jod_tables(results: Sequence[JodResult]) -> Iterator[str]:
    """Lines of Markdown: the metric; bytes at the target; every point."""
    metrics = sorted({point.metric for result in results for point in result.points})
    yield from (*metrics, "")
    yield f"| picture | method | bytes at JOD {TARGET} | by | JOD of all |"
    yield "| --- | --- | --- | --- | --- |"
    for result in results:
        curve = result.curve
        yield f"| {result.name} | {result.method} | {_needed(curve)} | {curve.low:.2f}…{curve.high:.2f} |"
    for method in dict.fromkeys(result.method for result in results):
        needs = [result.curve.need(TARGET).bytes for result in results if result.method == method]
        reached = [need for need in needs if isfinite(need)]
        if reached:
            yield f"| **mean of {len(reached)}**, of {len(needs)} | {method} | {fmean(reached):.0f} | | |"
    yield from ("", "| picture | method | map | bytes | PQ-PSNR dB | JOD |", "| --- | --- | --- | --- | --- | --- |")
    for result, point in chain.from_iterable(((each, point) for point in each.points) for each in results):
        label = point.label if result.method == "neural" else f"{point.series} {point.label}"
        numbers = f"{point.bytes:.0f} | {point.psnr:.2f} | {point.jod:.3f}"
        yield f"| {result.name} | {result.method} | {label} | {numbers} |"


def _needed(curve: Curve) -> str:
    """Cells for the bytes at the target, and the series that needs no more."""
    need = curve.need(TARGET)
    if not isfinite(need.bytes):
        return "– |"
    return f"{'≤ ' if curve.low > TARGET else ''}{need.bytes:.0f} | {need.series}"
