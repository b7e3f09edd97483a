"""What each part of the codec buys: the same fit without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from gainmap_bench.inputs.evaluation import BenchPair
from gainmap_codec.files.payload.inputs import multiscale_inputs
from gainmap_codec.files.payload.records import NeuralGainMap, Preset
from gainmap_codec.neural.blank import empty_record
from gainmap_codec.neural.fit.multiscale import MultiscaleConfig, MultiscaleFit
from gainmap_codec.neural.fit.presets import measured, shipped_presets
from gainmap_codec.neural.fit.target import make_targets

_AROUND = multiscale_inputs(0).around
_SURROUNDINGS = slice(_AROUND[0].start, _AROUND[-1].stop)  # the base averaged over coarser levels


def _all(config: MultiscaleConfig) -> MultiscaleConfig:
    return config


_VARIANTS: dict[str, tuple[Callable[[MultiscaleConfig], MultiscaleConfig], bool]] = {
    "everything": (_all, True),
    "without the surroundings": (_all, False),
    "without latents": (lambda config: replace(config, latents=0), True),
    "without details": (lambda config: replace(config, details=0), True),
    "without latents and details": (lambda config: replace(config, latents=0, details=0), True),
}
"""A change of the preset, and whether the network is shown the surroundings."""


def ablation_rows(pairs: Iterable[BenchPair], preset: Preset, seed: int) -> Iterator[str]:
    """Markdown rows: picture, what was left out, bytes, PQ-PSNR, and the price in bytes of both together.

    Every fit starts from one seed and the first residual that suits the pair: no probes, so that rows differ in one
    thing.
    """
    yield "| picture | codec | bytes | PQ-PSNR dB | bytes more for the same quality, at the preset's price |"
    yield "| --- | --- | --- | --- | --- |"
    for pair in pairs:
        first = None
        for name, (change, sees) in _VARIANTS.items():
            size, psnr, price = _fitted(pair, preset, change(shipped_presets().multiscale[preset]), seed, sees)
            cost = size - price * psnr
            first = cost if first is None else first
            yield f"| {pair.name} | {name} | {size} | {psnr:.2f} | {cost - first:+.0f} |"


def _fitted(
    pair: BenchPair, preset: Preset, config: MultiscaleConfig, seed: int, sees: bool
) -> tuple[int, float, float]:
    """Bytes, PQ-PSNR in dB, and the bytes per dB that the fit went by."""
    blank = replace(empty_record(preset, "multiscale"), alternate_hdr_headroom=pair.pair.headroom)
    fit = _start(blank, config, pair, seed, sees)
    fit.learn(fit.config.steps)
    fit.round_latents()
    fit.improve(fit.config.bytes_per_db, config.rounds)
    if not sees:  # what weighed zeros is noise
        fit.model.weights[0][_SURROUNDINGS] = 0
    found = measured(fit.network(), pair.pair)
    return found.size, found.psnr, fit.config.bytes_per_db


def _start(blank: NeuralGainMap, config: MultiscaleConfig, pair: BenchPair, seed: int, sees: bool) -> MultiscaleFit:
    """A fit at its beginning, whose features are 0 where it is not to see the surroundings."""
    target = make_targets(pair.pair)[0]
    fit = MultiscaleFit(blank, config, pair.pair, target, seed)
    if sees:
        return fit
    fit.points.features[_SURROUNDINGS] = 0
    return MultiscaleFit(blank, config, pair.pair, target, seed, like=fit)
