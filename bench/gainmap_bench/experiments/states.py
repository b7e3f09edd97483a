"""States of the range coder, trained on payloads: the table in docs/format.md, and what it saves on other pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.payload.integers import Integers, code_integers
from gainmap_codec.files.payload.range_coder import RATES, BitModel, State
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.files.payload.states import TABLE, states_of

Vector = NDArray[np.float64]

_ODDS = np.linspace(-4.85, 4.85, 31)  # natural logarithms
_SEEN = (0, 1, 2, 4, 8, 16, 32, 64)
CANDIDATES = tuple(sorted({(round(256 / (1 + np.exp(-odds))), seen) for odds in _ODDS for seen in _SEEN}))
_UNTRAINED = CANDIDATES.index((128, 0))


@dataclass(frozen=True)
class Coded:
    """A payload as its models see it.

    Attributes:
        name: Of its file.
        costs: Bits of each state's models, by candidate, float64 (states, candidates).
        even: Bits without a model.
    """

    name: str
    costs: Vector
    even: int

    @property
    def picture(self) -> str:
        """The file's name up to the first dot."""
        return self.name.partition(".")[0]

    def size(self, chosen: Sequence[int]) -> float:
        """Bytes, where these candidates are the states."""
        return (self.even + float(self.costs[np.arange(len(chosen)), chosen].sum())) / 8


class _Recorder:
    """A coder that keeps the bits of each model."""

    def __init__(self) -> None:
        self.bits: defaultdict[BitModel, bytearray] = defaultdict(bytearray)
        self.even = 0

    def bit(self, model: BitModel, bit: int) -> int:
        self.bits[model].append(bit)
        return bit

    def even_bit(self, bit: int) -> int:
        self.even += 1
        return bit


def read_payloads(folder: Path) -> Iterator[Coded]:
    """The payloads among a folder's files."""
    for path in sorted(folder.iterdir()):
        try:
            network = parse_payload(path.read_bytes())
        except GainMapError:
            continue
        yield _coded(path.name, network)


def _coded(name: str, network: NeuralGainMap) -> Coded:
    numbers = count(1)  # a state's number stands where its probability belongs
    numbered = {row: [(next(numbers), 0) for _ in states.split()] for row, states in TABLE.items()}
    recorder = _Recorder()
    integers = Integers(network.layers, network.latents, network.details)
    code_integers(integers, recorder, Limits().of_one_file(), states_of(numbered))
    costs = np.zeros((next(numbers) - 1, len(CANDIDATES)))
    for model, bits in recorder.bits.items():
        costs[(model.probability >> 8) - 1] += candidate_costs(bits)
    return Coded(name, costs, recorder.even)


def candidate_costs(bits: Iterable[int]) -> Vector:
    """What the bits of a model cost from each candidate on, as `BitModel` adapts."""
    rates = np.array(RATES)
    probability, seen = np.array(CANDIDATES).T
    probability = probability << 8
    total = np.zeros(len(CANDIDATES))
    for bit in bits:
        total -= np.log2((65536 - probability if bit else probability) / 65536)
        probability = probability + (((0 if bit else 65536) - probability) * rates[seen] >> 12)
        probability = np.clip(probability, 32, 65504)
        seen = np.minimum(seen + 1, len(RATES) - 1)
    return total


def trained(payloads: Sequence[Coded]) -> list[int]:
    """The candidate of each state that costs least, each payload weighed by its size."""
    untrained = [_UNTRAINED] * len(payloads[0].costs)
    total = sum(each.costs / each.size(untrained) for each in payloads)
    probability = np.array(CANDIDATES)[:, 0] / 256
    doubt = -np.log2(probability * (1 - probability)) - 2  # a bit of each value: for states that hardly occur
    mean = np.mean([each.size(untrained) for each in payloads])
    return [int(number) for number in np.argmin(total + doubt / mean, axis=1)]


def state_rows(payloads: Sequence[Coded]) -> Iterator[str]:
    """Markdown: bytes of all integers by even states, by states of other pictures, and by states of all; the table."""
    yield "| payload | untrained | trained on other pictures | trained on all |"
    yield "| --- | --- | --- | --- |"
    final = trained(payloads)
    untrained = [_UNTRAINED] * len(final)
    sizes: list[tuple[float, ...]] = []
    for picture in dict.fromkeys(each.picture for each in payloads):
        other = trained([each for each in payloads if each.picture != picture])
        for each in (each for each in payloads if each.picture == picture):
            sizes.append((each.size(untrained), each.size(other), each.size(final)))
            yield _row(each.name, sizes[-1])
    yield _row("**mean**", np.mean(sizes, axis=0))
    yield ""
    yield from table_rows([CANDIDATES[number] for number in final])


def _row(name: str, sizes: Any) -> str:
    return f"| {name} | " + " | ".join(f"{size:.1f}" for size in sizes) + " |"


def table_rows(states: Iterable[State]) -> Iterator[str]:
    """The table of states, as docs/format.md has it."""
    each = iter(states)
    for name, row in TABLE.items():
        yield f"    {name:<12}" + " ".join("{}:{}".format(*next(each)) for _ in row.split())
