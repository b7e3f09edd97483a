"""What `encode` chooses for a standard gain map against two fixed ways of making one, on whole pictures.

The two are also coded anew at the highest quality that takes no more bytes than the map that was chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import inf
from typing import NamedTuple

import numpy as np

from gainmap_bench.inputs.evaluation import BenchPair, graded_scene, scene_pair
from gainmap_bench.inputs.sources import sources_of, usable
from gainmap_codec.codec.encoding import map_trials, renditions
from gainmap_codec.pixels.formats.images import encode_jpeg
from gainmap_codec.pixels.maps.gain_map import compute_gain_map
from gainmap_codec.pixels.maps.map_choice import MapRecipe, MapTrials, Trial, choose_map
from gainmap_codec.pixels.maps.probe import Probe

FULL = MapRecipe(scale=1, channels=3, quality=95)
QUARTER = MapRecipe(scale=4, channels=1, quality=90)
"""Offsets of 1/64 and ranges without the lowest 0.1 %."""

_HEADER = (
    "picture",
    "chosen",
    "bytes",
    "dB (libultrahdr)",
    "dE_ITP",
    "1/1 x 3 q95: bytes",
    "dB",
    "1/4 x 1 q90: bytes",
    "dB (libultrahdr)",
    "better of both at our bytes, dB",
    "margin, dB",
)


class Comparison(NamedTuple):
    """The map that was chosen and the two others on one picture; `at_our_bytes` has those that can be as small."""

    name: str
    chosen: Trial
    full: Trial
    quarter: Trial
    at_our_bytes: tuple[Trial, ...]

    @property
    def margin(self) -> float:
        """PQ-PSNR in dB over the better of the others at the same bytes, of the reader that likes ours least."""
        ours = max((trial.ours for trial in self.at_our_bytes), default=-inf)
        theirs = max((trial.libultrahdr for trial in self.at_our_bytes), default=-inf)
        return min(self.chosen.ours - ours, self.chosen.libultrahdr - theirs)


def compare(pair: BenchPair) -> Comparison:
    """One picture."""
    base, alternate = renditions(pair.pair)
    trials = map_trials(pair.pair, base, alternate)
    recipe = choose_map(trials, scale="auto", channels="auto", quality="auto").best.recipe
    everywhere = slice(None), slice(None)
    lights = base.at(*everywhere), alternate.at(*everywhere)
    probe = Probe(*lights, pair.pair.color.to_bt2020, np.ones(1), base.size[0] * base.size[1])
    whole = replace(trials, probe=probe)
    chosen = whole.of(recipe)
    smaller = [_within(whole, recipe, chosen.bytes) for recipe in (FULL, QUARTER)]
    found = tuple(whole.of(recipe) for recipe in smaller if recipe)
    return Comparison(pair.name, chosen, whole.of(FULL), whole.of(QUARTER), found)


def _within(trials: MapTrials, recipe: MapRecipe, most: float) -> MapRecipe | None:
    """The recipe at the highest quality that takes at most so many bytes."""
    codes, _ = compute_gain_map(
        trials.probe.base,
        trials.probe.alternate,
        alternate_headroom=trials.headrooms[1],
        scale=recipe.scale,
        channels=recipe.channels,
    )
    low, high = 0, 100
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(encode_jpeg(codes, quality=middle)) <= most else (low, middle - 1)
    return replace(recipe, quality=low) if low else None


def map_rows(pairs: Iterable[str]) -> Iterator[str]:
    """Markdown rows: both scenes, then each pair of arguments as `sources_of` reads them; last the worst margin."""
    yield f"| {' | '.join(_HEADER)} |"
    yield f"| {' | '.join('---' for _ in _HEADER)} |"
    margins = []
    named = (
        replace(pair, name=f"{pair.name}, {source.sdr.name}") if source.sdr else pair
        for source, pair in usable(source for text in pairs for source in sources_of(text))
    )
    for pair in (scene_pair(), graded_scene(), *named):
        found = compare(pair)
        margins.append(found.margin)
        yield _row(found)
    yield ""
    yield f"Worst margin: {min(margins):+.2f} dB."


def _row(found: Comparison) -> str:
    recipe, best = found.chosen.recipe, max(found.at_our_bytes, key=lambda trial: trial.ours, default=None)
    cells = (
        found.name,
        f"1/{recipe.scale} x {recipe.channels} q{recipe.quality}, offset 1/{1 / recipe.offset:.0f}, "
        f"range without the lowest {recipe.outliers:g} %",
        f"{found.chosen.bytes:,.0f}",
        _both(found.chosen),
        f"{found.chosen.de_itp:.2f}",
        f"{found.full.bytes:,.0f}",
        f"{found.full.ours:.2f}",
        f"{found.quarter.bytes:,.0f}",
        _both(found.quarter),
        f"{best.ours:.2f}" if best else "neither is as small",
        f"{found.margin:+.2f}" if best else "",
    )
    return f"| {' | '.join(cells)} |"


def _both(trial: Trial) -> str:
    return f"{trial.ours:.2f} ({trial.libultrahdr:.2f})"
