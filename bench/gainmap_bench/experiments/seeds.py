"""Bad runs: fits that end far under what other seeds reach on the same picture."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from gainmap_bench.inputs.evaluation import BenchPair
from gainmap_bench.methods.points import code_digest
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.neural.fit.presets import fit_pair, shipped_presets
from gainmap_codec.pixels.formats.outputs import write_atomically

SEEDS = 5
"""Fits of one picture that are compared."""

BAD_DB = 0.5
"""Under the median of a picture's seeds, from which a run is bad."""


@dataclass(frozen=True)
class Group:
    """Five fits of one picture.

    Attributes:
        name: Of the picture.
        first: Seed of the first fit; the others follow it.
        sizes: Bytes of their payloads.
        psnrs: PQ-PSNR in dB.
    """

    name: str
    first: int
    sizes: tuple[int, ...]
    psnrs: tuple[float, ...]

    @property
    def under(self) -> list[float]:
        """How far each is under the median of all, dB."""
        middle = median(self.psnrs)
        return [middle - psnr for psnr in self.psnrs]

    @property
    def bad(self) -> int:
        """How many of them are bad runs."""
        return sum(each > BAD_DB for each in self.under)


def seed_groups(
    pairs: Sequence[BenchPair], preset: Preset, runs: int, out: Path, say: Callable[[str], None]
) -> Iterator[Group]:
    """Fit all pairs in turn, from five seeds each, until `runs` fits are done.

    Args:
        pairs: The pictures.
        preset: Of the fits.
        runs: How many in all; a multiple of five.
        out: Folder that exists, where each run is kept: what was interrupted goes on, unless the code has changed.
        say: Told which runs begin.
    """
    for index in range(runs // SEEDS):
        pair, first = pairs[index % len(pairs)], index // len(pairs) * SEEDS
        found = [_run(pair, preset, seed, out, say) for seed in range(first, first + SEEDS)]
        yield Group(pair.name, first, tuple(size for size, _ in found), tuple(psnr for _, psnr in found))


def _run(pair: BenchPair, preset: Preset, seed: int, out: Path, say: Callable[[str], None]) -> tuple[int, float]:
    """Bytes and PQ-PSNR of a fit, remembered where it was run by the same code."""
    key = json.dumps([preset, asdict(shipped_presets().multiscale[preset]), code_digest()])
    path = out / f"{pair.digest}-{hashlib.sha256(key.encode()).hexdigest()[:12]}-{seed}.json"
    if path.exists():
        size, psnr = json.loads(path.read_text("utf-8"))
        return size, psnr
    say(f"{pair.name}: {preset}, seed {seed}")
    found = fit_pair(preset, pair.pair, {"alternate_hdr_headroom": pair.pair.headroom}, seed=seed)
    write_atomically(path, json.dumps([found.size, found.psnr]).encode())
    return found.size, found.psnr


def seed_rows(groups: Iterable[Group]) -> Iterator[str]:
    """Markdown rows: picture, bytes and PQ-PSNR of five seeds, and how far the worst is under their median."""
    yield "| picture | bytes | PQ-PSNR dB | worst under the median, dB |"
    yield "| --- | --- | --- | --- |"
    bad = runs = 0
    for group in groups:
        bad, runs = bad + group.bad, runs + SEEDS
        sizes = ", ".join(str(size) for size in group.sizes)
        qualities = ", ".join(f"{psnr:.2f}" for psnr in group.psnrs)
        seeds = f"{group.first}…{group.first + SEEDS - 1}"
        yield f"| {group.name}, seeds {seeds} | {sizes} | {qualities} | {max(group.under):.2f} |"
    yield f"| bad runs | | | {bad} of {runs} |"
