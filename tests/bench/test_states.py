"""Training of the range coder's states: costs as the coder has them, and no picture judged by its own states."""

from __future__ import annotations

from pathlib import Path

import pytest

from gainmap_bench.experiments.states import CANDIDATES, candidate_costs, read_payloads, state_rows, table_rows
from gainmap_codec.files.payload.format import serialize_payload
from gainmap_codec.files.payload.integers import Integers, encode_integers
from gainmap_codec.files.payload.range_coder import BitModel, RangeEncoder
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.files.payload.states import TABLE, TRAINED
from support.networks import random_network


def networks() -> dict[str, NeuralGainMap]:
    seeds = {"a.1": 1, "a.2": 2, "b.1": 3, "b.2": 4}
    return {name: random_network("tiny", seed, neurons=4, outputs=1, color_octaves=0) for name, seed in seeds.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, network in networks().items():
        (tmp_path / name).write_bytes(serialize_payload(network))
    (tmp_path / "notes.txt").write_text("no payload")
    return tmp_path


@pytest.mark.parametrize("state", [(128, 0), (249, 64), (32, 8)])
def test_a_candidate_costs_what_the_coder_writes(state: tuple[int, int]) -> None:
    bits = [int(n % 7 == 0) for n in range(2000)]
    coder, model = RangeEncoder(), BitModel(state)
    for bit in bits:
        coder.bit(model, bit)
    assert candidate_costs(bits)[CANDIDATES.index(state)] / 8 == pytest.approx(len(coder.finish()), abs=2)


def test_payloads_cost_what_the_coder_writes(folder: Path) -> None:
    chosen = [CANDIDATES.index(_state(text)) for row in TABLE.values() for text in row.split()]
    for coded, network in zip(read_payloads(folder), networks().values(), strict=True):
        written = encode_integers(Integers(network.layers, network.latents, network.details))
        assert coded.size(chosen) == pytest.approx(len(written), abs=2)
    assert TRAINED.down == _state(TABLE["down"])


def test_rows_and_the_table(folder: Path) -> None:
    lines = list(state_rows(list(read_payloads(folder))))
    rows = {line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ")[1:] for line in lines[2:7]}
    assert list(rows) == [*networks(), "**mean**"]
    for row in rows.values():
        untrained, others, all_of_them = map(float, row)
        assert all_of_them <= others < untrained
    assert [line.split()[0] for line in lines[8:]] == [name.split()[0] for name in TABLE]


def test_the_table_is_written_as_it_stands() -> None:
    states = [_state(text) for row in TABLE.values() for text in row.split()]
    assert list(table_rows(states)) == [f"    {name:<12}{row}" for name, row in TABLE.items()]


def _state(text: str) -> tuple[int, int]:
    probability, seen = map(int, text.split(":"))
    return probability, seen
