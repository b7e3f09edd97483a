"""Initial weights of the published networks compared: what each start reaches after so many steps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from torch import Tensor

from gainmap_bench.experiments.effort import Effort
from gainmap_bench.experiments.jobs import Job, run
from gainmap_bench.inputs.evaluation import BenchPair, Evaluation
from gainmap_bench.inputs.sources import Source, load
from gainmap_bench.inputs.synthetic import PICTURES, noise_pair
from gainmap_bench.methods.float_networks import (
    Kind,
    Lesson,
    PublishedMlp,
    Schedule,
    training,
    weights_of_bytes,
    weights_to_bytes,
)
from gainmap_bench.report.pages import Table
from gainmap_codec.neural.pair import PairLike
from gainmap_codec.neural.published.network import forward
from gainmap_codec.neural.published.one_thread import one_thread
from gainmap_codec.pixels.formats.outputs import write_atomically

RANDOM = "default random"
NATURAL = "natural pictures, averaged"
APART = "noise, averaged"
TOGETHER = "noise, together"
OURS = "ours"
STARTS = {
    RANDOM: "torch's default for linear layers, uniform within 1/√inputs",
    NATURAL: "the mean of the weights that the other pairs' fits end at",
    APART: "the mean of the weights of separate fits to pictures of noise: the published code",
    TOGETHER: "one network trained on all pictures of noise: the paper's text",
    OURS: "the initial weights that we ship: one network, trained on all pictures of noise by a falling rate",
}
"""The starts, and what they are. All that are averaged begin at the same random weights."""

_RULES = 1  # raise when fits are measured in another way
_NOISE_PIXELS = 1 << 13

Curve = dict[int, float]
"""PQ-PSNR in dB by steps."""


def curves(
    digests: Mapping[Source, str], effort: Effort, seed: int, memory: Path, processes: int
) -> dict[Kind, dict[str, list[Curve]]]:
    """For each network and start, a curve a pair. Natural pictures need a second pair: else theirs are left out.

    Args:
        digests: The pairs, and what names their content.
        effort: Which networks, and after how many steps.
        seed: Of the draws of pixels and of random weights.
        memory: Folder that exists, where what was measured is kept.
        processes: To work in.
    """
    noise = [
        Job(f"{kind}: {start}", partial(start_weights, start, kind, effort, seed, memory, ()))
        for kind in effort.kinds
        for start in (APART, TOGETHER)
    ]
    run(noise, processes)
    plain = [start for start in STARTS if start != NATURAL]
    found = _fits(digests, effort, seed, memory, processes, plain)
    if len(digests) > 1:
        found |= _fits(digests, effort, seed, memory, processes, [NATURAL])
    first = next(iter(digests))
    return {
        kind: {
            start: [found[kind, start, source] for source in digests]
            for start in STARTS
            if (kind, start, first) in found
        }
        for kind in effort.kinds
    }


def _fits(
    digests: Mapping[Source, str], effort: Effort, seed: int, memory: Path, processes: int, starts: Sequence[str]
) -> dict[tuple[Kind, str, Source], Curve]:
    keys = [(kind, start, source) for source in digests for kind in effort.kinds for start in starts]
    jobs = []
    for kind, start, source in keys:
        others = tuple(digest for each, digest in digests.items() if each != source) if start == NATURAL else ()
        work = partial(fit_curve, source, digests[source], others, start, kind, effort, seed, memory)
        jobs.append(Job(f"{source.hdr.stem}: {kind}, {start}", work))
    return dict(zip(keys, run(jobs, processes), strict=True))


def fit_curve(
    source: Source,
    digest: str,
    others: tuple[str, ...],
    start: str,
    kind: Kind,
    effort: Effort,
    seed: int,
    memory: Path,
) -> Curve:
    """The curve of one fit, from `memory` where it is there; the weights that it ends at stay there too."""
    path = _path(digest, others, start, kind, effort, seed, memory).with_suffix(".json")
    if not path.exists():
        weights = start_weights(start, kind, effort, seed, memory, others)
        _fit(load(source, effort.longest_side), weights, kind, effort, seed, path)
    return {int(steps): float(psnr) for steps, psnr in json.loads(path.read_text("utf-8"))}


def _fit(pair: BenchPair, weights: list[Tensor], kind: Kind, effort: Effort, seed: int, path: Path) -> None:
    mlp, evaluation = PublishedMlp(kind), Evaluation(pair.pair)
    network, lesson = mlp.lesson(pair.pair, np.random.default_rng(seed))
    where = evaluation.shape, evaluation.rows, evaluation.columns, evaluation.base_pq
    schedule = Schedule(effort.checkpoints[-1], effort.schedule.batch, effort.schedule.rate)
    found = []
    with one_thread():
        for steps in training(weights, forward, lesson, schedule):
            if steps in effort.checkpoints:
                psnr = evaluation.score(mlp.predict(mlp.serialize(network, weights), *where)).psnr
                found.append((steps, psnr))
    write_atomically(path.with_suffix(".weights"), weights_to_bytes(weights))
    write_atomically(path, json.dumps(found).encode())


def _path(
    digest: str, others: tuple[str, ...], start: str, kind: Kind, effort: Effort, seed: int, memory: Path
) -> Path:
    key = [_RULES, others, start, kind, asdict(effort.schedule), effort.checkpoints, seed]
    if start in (APART, TOGETHER):
        key += [effort.noise_fits, effort.noise_steps]
    return memory / f"{digest}-init-{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]}"


def start_weights(
    start: str, kind: Kind, effort: Effort, seed: int, memory: Path, others: tuple[str, ...]
) -> list[Tensor]:
    """Weights to start from; those of noise are made when they are first asked for."""
    mlp = PublishedMlp(kind)
    if start == RANDOM:
        return _random(mlp, seed)
    if start == OURS:
        return mlp.start(seed)
    if start == NATURAL:
        paths = [_path(each, (), RANDOM, kind, effort, seed, memory).with_suffix(".weights") for each in others]
        return _mean([weights_of_bytes(path.read_bytes(), mlp.shapes) for path in paths])
    numbers = effort.noise_fits if start == APART else (effort.noise_steps,)
    name = f"init-{kind}-{start.split()[-1]}-{'-'.join(map(str, numbers))}-{effort.schedule.batch}-{seed}.weights"
    path = memory / name
    if not path.exists():
        made = _noise_apart(mlp, effort, seed) if start == APART else _noise_together(mlp, effort, seed)
        write_atomically(path, weights_to_bytes(made))
    return weights_of_bytes(path.read_bytes(), mlp.shapes)


def _random(mlp: PublishedMlp, seed: int) -> list[Tensor]:
    rng = np.random.default_rng(seed)
    bounds = [(shape, shape[0] ** -0.5) for shape in mlp.shapes]
    return [torch.from_numpy(rng.uniform(-bound, bound, shape).astype(np.float32)) for shape, bound in bounds]


def _mean(all_weights: Sequence[list[Tensor]]) -> list[Tensor]:
    return [torch.stack(same).mean(0) for same in zip(*all_weights, strict=True)]


def _noise_apart(mlp: PublishedMlp, effort: Effort, seed: int) -> list[Tensor]:
    rng, fitted = np.random.default_rng(0), []
    pictures, steps = effort.noise_fits
    schedule = Schedule(steps, effort.schedule.batch, effort.schedule.rate)
    for _ in range(pictures):
        lesson = mlp.lesson(noise_pair(rng), rng)[1]
        fitted.append(_trained(_random(mlp, seed), lesson, schedule))
    return _mean(fitted)


def _noise_together(mlp: PublishedMlp, effort: Effort, seed: int) -> list[Tensor]:
    rng = np.random.default_rng(0)
    inputs, wanted = zip(*(_part(mlp, noise_pair(rng), rng) for _ in range(PICTURES)), strict=True)
    order = torch.from_numpy(rng.permutation(PICTURES * _NOISE_PIXELS))
    lesson = Lesson(torch.cat(inputs)[order], torch.cat(wanted)[order])
    return _trained(_random(mlp, seed), lesson, Schedule(effort.noise_steps, 1 << 14, effort.schedule.rate))


def _part(mlp: PublishedMlp, pair: PairLike, rng: np.random.Generator) -> Lesson:
    return mlp.lesson(pair, rng, _NOISE_PIXELS)[1]


def _trained(weights: list[Tensor], lesson: Lesson, schedule: Schedule) -> list[Tensor]:
    with one_thread():
        for _ in training(weights, forward, lesson, schedule):
            pass
    return [weight.detach() for weight in weights]


def mean_curves(found: dict[Kind, dict[str, list[Curve]]]) -> dict[str, dict[str, Curve]]:
    """Means over pairs, by the network's name and start."""
    return {
        PublishedMlp(kind).name: {
            start: {steps: fmean(curve[steps] for curve in pairs) for steps in pairs[0]}
            for start, pairs in starts.items()
        }
        for kind, starts in found.items()
    }


def table(found: dict[Kind, dict[str, list[Curve]]]) -> Table:
    """Means over pairs by steps, and on how many pairs a start beats random weights at the end."""
    rows = []
    for kind, starts in found.items():
        for start, pairs in starts.items():
            last = max(pairs[0])
            wins = sum(curve[last] > other[last] for curve, other in zip(pairs, starts[RANDOM], strict=True))
            means = (f"{fmean(curve[steps] for curve in pairs):.2f}" for steps in pairs[0])
            rows.append((PublishedMlp(kind).name, start, *means, f"{wins} of {len(pairs)}"))
    steps = next(iter(next(iter(found.values())).values()))[0]
    header = "network", "initial weights", *(f"{each} steps" for each in steps), "better than random at the end"
    return Table("init", "PQ-PSNR in dB, means over pairs", header, tuple(rows))
