"""From a pair to a neural gain map: presets, the choice of a residual, fits that have to meet a size or a quality."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from gainmap_codec.files.payload.format import through_payload
from gainmap_codec.files.payload.records import NeuralGainMap, Preset
from gainmap_codec.files.payload.weights import in_order
from gainmap_codec.neural.blank import empty_record
from gainmap_codec.neural.fit.effort import EFFORTS, USUAL
from gainmap_codec.neural.fit.gradient_steps import Progress
from gainmap_codec.neural.fit.multiscale import MultiscaleConfig, MultiscaleFit
from gainmap_codec.neural.fit.picture import (
    keep_within,
    nearest,
    reach,
    trials_for_prices,
    trials_for_targets,
    worth_most,
)
from gainmap_codec.neural.fit.target import make_targets
from gainmap_codec.neural.pair import PairLike
from gainmap_codec.neural.published.config import PUBLISHED, PublishedConfig
from gainmap_codec.pixels.maps.neural_map import neural_worth
from gainmap_codec.pixels.strips import THREADS


@dataclass(frozen=True)
class Presets:
    """What the names of presets stand for: each is in one of the two."""

    multiscale: Mapping[Preset, MultiscaleConfig]
    published: Mapping[Preset, PublishedConfig]


SHIPPED = Presets(
    multiscale=MappingProxyType(
        {
            "tiny": MultiscaleConfig(neurons=10, bytes_per_db=100, most_bytes=600, most_weights=470),
            "balanced": MultiscaleConfig(neurons=14, bytes_per_db=500),
            "best": MultiscaleConfig(
                neurons=20, bytes_per_db=2000, steps=18000, rounds=6, refine_steps=800, has_picture=True
            ),
        }
    ),
    published=PUBLISHED,
)


def shipped_presets() -> Presets:
    """What everybody fits by who hands in no presets: `encode` and the command line among them.

    It is looked up at each call, so that tests which need shorter fits replace one attribute, `SHIPPED` of this module.
    """
    return SHIPPED


_MARGIN_DB = 1.0  # by which another residual than the first must lead: it is the first that gains most afterwards
_TRIES = 8  # prices, for a target
_TRY_ROUNDS = 2
_CLOSE_BYTES = 0.95  # of the bytes asked for: near enough to stop
_CLOSE_DB = 0.1
_HIGHEST_PRICE, _LOWEST_PRICE = 20_000.0, 4.0  # bytes per dB
_BYTES_PER_WEIGHT = 1.0  # where bytes are few; a narrower network that can afford finer weights and latents is better
_HEADER_BYTES = 34  # magic, fields and binding, as `python -m gainmap_bench parts` counts them
_LATENT_BYTES = 26  # at least, where bytes are few
_BOLDEST, _TIMIDEST = 4.0, 1.5  # factors between one price and the next while only one side of the target is known


@dataclass(frozen=True)
class FittedNetwork:
    """A network as its readers get it, and what it is worth.

    Attributes:
        network: The record, with the numbers that its payload holds.
        payload: Its bytes.
        psnr: PQ-PSNR in dB.
        peak: The brightest that it shows, linear; 1.0 = SDR white.
        notes: A line for a target that was not met, and by how much.
    """

    network: NeuralGainMap
    payload: bytes
    psnr: float
    peak: float
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Of the payload, bytes."""
        return len(self.payload)


def fit_pair(
    preset: Preset,
    pair: PairLike,
    fields: dict[str, object],
    *,
    target_bytes: int | None = None,
    target_psnr: float | None = None,
    device: str = "cpu",
    seed: int = 0,
    effort: int = USUAL,
    progress: Progress | None = None,
    presets: Presets | None = None,
) -> FittedNetwork:
    """The neural gain map of a pair.

    Args:
        fields: Of the record: what is known without a fit.
        target_bytes: Size of the payload to keep within.
        target_psnr: PQ-PSNR in dB to reach in as few bytes as that takes.
        device: "cpu", "cuda" or "cuda:N", for a published network; all others are fitted on the CPU.
        effort: A key of `EFFORTS`; published networks are fitted as published whatever it is.
        progress: Is told the part done, 0…1.
        presets: What `preset` is one of; None takes those of `shipped_presets`.
    Raises:
        ValueError: A target for a published network, which has one size; or there is no such device.
    """
    presets = presets or shipped_presets()
    if preset in presets.published:
        if target_bytes is not None or target_psnr is not None:
            raise ValueError(f"preset {preset}: its networks have one size, no target can be met")
        return _fit_published(preset, presets.published[preset], pair, fields, device, seed, progress)
    blank = replace(empty_record(preset, "multiscale"), **fields)  # type: ignore[arg-type]
    config = presets.multiscale[preset].with_effort(EFFORTS[effort])
    return _fit_multiscale(blank, config, pair, target_bytes, target_psnr, seed, progress)


def _fit_published(
    preset: Preset,
    config: PublishedConfig,
    pair: PairLike,
    fields: dict[str, object],
    device: str,
    seed: int,
    progress: Progress | None,
) -> FittedNetwork:
    """By torch, which is loaded here."""
    from gainmap_codec.neural.devices import torch_device
    from gainmap_codec.neural.published.fit import blank_network, fit_published

    torch_device(device)
    blank = replace(blank_network(preset, config), **fields)  # type: ignore[arg-type]
    result = fit_published(blank, config, pair, device=device, seed=seed, progress=progress)
    return measured(result.network, pair)


def _fit_multiscale(
    blank: NeuralGainMap,
    config: MultiscaleConfig,
    pair: PairLike,
    target_bytes: int | None,
    target_psnr: float | None,
    seed: int,
    progress: Progress | None,
) -> FittedNetwork:
    if target_bytes is not None or target_psnr is not None:
        config = replace(config, has_picture=True)
    if target_bytes is not None:
        config = replace(config, most_weights=_most_weights(target_bytes))
    fit, first = _fitted(blank, config, pair, seed, progress)
    if target_psnr is not None:
        reached = _reach(fit, pair, first, target_psnr)
        most_weights = _most_weights(reached.size)
        if reached.notes or most_weights >= sum(len(layer.weights) for layer in first.network.layers):
            return reached
        fit, first = _fitted(blank, replace(config, most_weights=most_weights), pair, seed)
        return nearest([reached, _reach(fit, pair, first, target_psnr)], target_psnr)
    most = config.most_bytes if target_bytes is None else target_bytes
    if most is not None and (target_bytes is not None or first.size > most):
        return _keep_within(fit, pair, first, most)
    if not config.has_picture:
        return first
    price = fit.config.bytes_per_db
    trials = trials_for_prices(first.network, fit.target, pair)
    found = [first, *worth_most(trials, price, partial(measured, pair=pair))]
    return min(found, key=lambda each: each.size - price * each.psnr)


def _most_weights(size: int) -> int:
    """Of a network whose payload has so many bytes."""
    return max(0, round((size - _HEADER_BYTES - _LATENT_BYTES) / _BYTES_PER_WEIGHT))


def _fitted(
    blank: NeuralGainMap, config: MultiscaleConfig, pair: PairLike, seed: int, progress: Progress | None = None
) -> tuple[MultiscaleFit, FittedNetwork]:
    """A fit at its own price, and what it gives."""
    fit = start_fit(blank, config, pair, seed, _part(progress, 0, 0.4))
    fit.improve(fit.config.bytes_per_db, config.rounds, _part(progress, 0.4, 1))
    return fit, measured(fit.network(), pair)


def start_fit(
    blank: NeuralGainMap,
    config: MultiscaleConfig,
    pair: PairLike,
    seed: int,
    progress: Progress | None = None,
) -> MultiscaleFit:
    """A fit of the residual, and from the seed, that a short probe found the most promising."""
    targets = make_targets(pair)
    if config.has_picture:  # of differences of PQ codes: the errors of any other weigh here more, there less
        targets.reverse()
    first = seed * config.probes
    targets = targets[: config.probes]
    begun = MultiscaleFit(blank, config, pair, targets[0], first)

    def probe(number: int) -> tuple[float, MultiscaleFit]:
        turn, fit = number % len(targets), begun
        if turn:
            fit = MultiscaleFit(blank, config, pair, targets[turn], first + number, like=begun)
        elif number:
            fit = begun.restarted(first + number)
        return fit.learn(config.probe_steps, noise_from=1.0) + _MARGIN_DB * (turn > 0), fit

    with ThreadPoolExecutor(THREADS) as pool:
        _, best = min(pool.map(probe, range(config.probes)), key=lambda each: each[0])
    best.learn(best.config.steps, progress=progress)
    best.round_latents()
    return best


def _part(progress: Progress | None, start: float, stop: float) -> Progress | None:
    """A progress that fills a part of another."""
    return None if progress is None else lambda done: progress(start + (stop - start) * done)


def measured(network: NeuralGainMap, pair: PairLike) -> FittedNetwork:
    """A network after its way through a payload, its neurons in the order that costs least, with what it is worth."""
    payload, parsed = through_payload(replace(network, layers=in_order(network.layers)))
    headroom = parsed.alternate_hdr_headroom
    worth = neural_worth(parsed, pair.codes, pair.color, pair.hdr, headroom=headroom)
    return FittedNetwork(parsed, payload, worth.psnr, worth.peak)


def _keep_within(fit: MultiscaleFit, pair: PairLike, first: FittedNetwork, target: int) -> FittedNetwork:
    """The best payload of at most `target` bytes that some prices give, or the smallest."""
    tried = _tried(
        fit,
        pair,
        first,
        is_enough=lambda found: found.size >= target,
        is_met=lambda found: _CLOSE_BYTES * target <= found.size <= target,
        factor=lambda found: (target / found.size) ** 2,
    )
    if fit.config.has_picture:
        trials = trials_for_targets(first.network, fit.target, pair)
        tried += keep_within(trials, target, partial(measured, pair=pair))
    within = [found for found in tried if found.size <= target]
    if within:
        return max(within, key=lambda found: (found.psnr, -found.size))  # several may be without error
    smallest = min(tried, key=lambda found: (found.size, -found.psnr))
    note = f"target_bytes: expected at most {target}, got {smallest.size}, the smallest that was found"
    return replace(smallest, notes=(note,))


def _reach(fit: MultiscaleFit, pair: PairLike, first: FittedNetwork, target: float) -> FittedNetwork:
    """The smallest payload of at least `target` dB that some prices or pictures give, or the best."""
    trials = trials_for_targets(first.network, fit.target, pair)
    pictures = reach(trials, target, partial(measured, pair=pair))
    most = min((found.size for found in pictures if found.psnr >= target), default=math.inf)

    def is_met(found: FittedNetwork) -> bool:
        is_hopeless = found.psnr < target and found.size >= most
        return is_hopeless or target <= found.psnr <= target + _CLOSE_DB

    def factor(found: FittedNetwork) -> float:
        return 10 ** min((target + _CLOSE_DB / 2 - found.psnr) / 4, 9.0)  # no step is so long

    begun, is_far_below = fit.state(), fit.config.bytes_per_db * factor(first) <= _LOWEST_PRICE
    cheapest = _cheapest(fit, pair) if is_far_below else []
    tried = pictures + cheapest
    if not cheapest or cheapest[-1].psnr < target:
        fit.restore(begun)
        tried += _tried(fit, pair, first, is_enough=lambda found: found.psnr >= target, is_met=is_met, factor=factor)
    best = nearest(tried, target)
    if best.psnr >= target:
        return best
    note = f"target_psnr: expected {target:.2f} dB, got {best.psnr:.2f} dB, the best that was found"
    return replace(best, notes=(note,))


def _cheapest(fit: MultiscaleFit, pair: PairLike) -> list[FittedNetwork]:
    """What the lowest price gives, once and again while that saves a twentieth of the bytes."""
    tried: list[FittedNetwork] = []
    while len(tried) < 2 or tried[-1].size < _CLOSE_BYTES * tried[-2].size:
        fit.improve(_LOWEST_PRICE, _TRY_ROUNDS)
        tried.append(measured(fit.network(), pair))
    return tried


def _tried(
    fit: MultiscaleFit,
    pair: PairLike,
    first: FittedNetwork,
    *,
    is_enough: Callable[[FittedNetwork], bool],
    is_met: Callable[[FittedNetwork], bool],
    factor: Callable[[FittedNetwork], float],
) -> list[FittedNetwork]:
    """What a search over prices found. A try begins at the cheapest state that is more than enough, where there is one.

    What a low price has taken away, a higher one does not bring back.
    """
    tried = [first]
    price, low, high = fit.config.bytes_per_db, _LOWEST_PRICE, _HIGHEST_PRICE
    ample = fit.state()
    while len(tried) <= _TRIES and not is_met(tried[-1]):
        found = tried[-1]
        step = factor(found)
        if is_enough(found):
            high, ample = price, fit.state()
            step = min(max(step, 1 / _BOLDEST), 1 / _TIMIDEST) if low == _LOWEST_PRICE else step
        else:
            low = price
            step = max(min(step, _BOLDEST), _TIMIDEST) if high == _HIGHEST_PRICE else step
        price = _between(low, high, price * step)
        fit.restore(ample)
        fit.improve(price, _TRY_ROUNDS)
        tried.append(measured(fit.network(), pair))
    return tried


def _between(low: float, high: float, wanted: float) -> float:
    """`wanted` where it lies between the prices known to be too low and too high, else their geometric mean."""
    return wanted if low < wanted < high else math.sqrt(low * high)
