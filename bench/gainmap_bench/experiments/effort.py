"""How much is done: the whole of every experiment, or what two idle cores do in ten minutes with four pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gainmap_bench.methods.contenders import CODED_MAPS, Contender, Payload
from gainmap_bench.methods.float_networks import PUBLISHED_SCHEDULE, Kind, PublishedMlp, Schedule
from gainmap_bench.methods.mlp_itm import MlpItm
from gainmap_bench.methods.networks import NeuralPayloads
from gainmap_codec.files.payload.records import Preset


@dataclass(frozen=True)
class Effort:
    """The sizes of the experiments.

    Attributes:
        longest_side: Pixels that larger pictures are averaged to; None keeps them.
        schedule: Of the published networks' fits.
        itm: Of MLP-ITM's pre-training and fit.
        presets: Of ours, in the table.
        payloads: Of ours, in the rate-distortion curves.
        widths: Neurons of the published networks, there.
        kinds: What the published networks predict, there and in the comparison of initial weights.
        every: Takes one of so many qualities of the codecs.
        checkpoints: Steps after which initial weights are compared.
        noise_fits: Pictures of noise that are fitted apart, and their steps.
        noise_steps: Of the pre-training on all of them together.
    """

    longest_side: int | None
    schedule: Schedule
    itm: tuple[Schedule, Schedule]
    presets: tuple[Preset, ...]
    payloads: NeuralPayloads
    widths: tuple[int, ...]
    kinds: tuple[Kind, ...]
    every: int
    checkpoints: tuple[int, ...]
    noise_fits: tuple[int, int]
    noise_steps: int

    def contenders(self, memory: Path) -> Iterator[Contender]:
        """The rows of the table; `memory` is a folder that exists."""
        yield from CODED_MAPS
        kinds: tuple[Kind, ...] = ("direct", "gain", "gamma")
        direct, *residuals = (PublishedMlp(kind, schedule=self.schedule) for kind in kinds)
        yield direct
        yield MlpItm(memory, *self.itm)
        yield from residuals
        yield from map(Payload, self.presets)


FULL = Effort(
    longest_side=None,
    schedule=PUBLISHED_SCHEDULE,
    itm=(Schedule(2000, 1 << 14, 5e-4), Schedule(1000, 1 << 14, 5e-4)),
    presets=("tiny", "balanced", "best"),
    payloads=NeuralPayloads(),
    widths=(8, 16, 32, 64, 128),
    kinds=("gain", "gamma"),
    every=1,
    checkpoints=(100, 300, 1000, 3000),
    noise_fits=(49, 1000),
    noise_steps=10_000,
)
QUICK = Effort(
    longest_side=400,
    schedule=Schedule(batch=1 << 14),
    itm=(Schedule(500, 1 << 14, 5e-4), Schedule(500, 1 << 14, 5e-4)),
    presets=("tiny", "balanced"),
    payloads=NeuralPayloads((("tiny", ()), ("balanced", (4, 0.25))), (38, 42, 46, 50, 54)),
    widths=(8, 16, 32),
    kinds=("gamma",),
    every=4,
    checkpoints=(100, 300, 1000),
    noise_fits=(12, 300),
    noise_steps=1000,
)
