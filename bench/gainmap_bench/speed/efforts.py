"""What more effort buys, and what it takes: the same pictures fitted at each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import process_time

from gainmap_bench.inputs.evaluation import BenchPair
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.neural.fit.effort import EFFORTS, USUAL
from gainmap_codec.neural.fit.presets import fit_pair, shipped_presets

_HEADER = (
    "| picture | effort | bytes | PQ-PSNR dB | CPU s | bytes more for the quality of effort 5, at the preset's price |",
    "| --- | --- | --- | --- | --- | --- |",
)


@dataclass(frozen=True)
class Fits:
    """Fits at one effort, of several seeds.

    Attributes:
        size: Of the payload in bytes, mean.
        psnr: PQ-PSNR in dB, mean.
        seconds: Of processors, from the pair to the payload and what it is worth: the least.
        price: Bytes per dB that they went by.
    """

    size: float
    psnr: float
    seconds: float
    price: float

    def row(self, name: str, effort: int, usual: Fits) -> str:
        """In Markdown, beside those of the usual effort."""
        more = self.size - usual.size - self.price * (self.psnr - usual.psnr)
        return f"| {name} | {effort} | {self.size:.0f} | {self.psnr:.2f} | {self.seconds:.2f} | {more:+.0f} |"


def effort_rows(pairs: Iterable[BenchPair], preset: Preset, runs: int) -> Iterator[str]:
    """A row a picture and effort: means of `runs` seeds, and the least CPU seconds of them."""
    yield from _HEADER
    for pair in pairs:
        usual = fits_at(USUAL, pair, preset, runs)
        for effort in EFFORTS:
            found = usual if effort == USUAL else fits_at(effort, pair, preset, runs)
            yield found.row(pair.name, effort, usual)


def fits_at(effort: int, pair: BenchPair, preset: Preset, runs: int) -> Fits:
    """Fits of a pair from the first seeds."""
    sizes, decibels, seconds = [], [], []
    for seed in range(runs):
        before = process_time()
        found = fit_pair(preset, pair.pair, {"alternate_hdr_headroom": pair.pair.headroom}, seed=seed, effort=effort)
        seconds.append(process_time() - before)
        sizes.append(found.size)
        decibels.append(found.psnr)
    config = shipped_presets().multiscale[preset].for_channels(found.network.layers[-1].outputs)
    return Fits(sum(sizes) / runs, sum(decibels) / runs, min(seconds), config.bytes_per_db)
