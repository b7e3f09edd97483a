"""Where the models of the range coder start: docs/format.md, "States".

They were trained on payloads of many pictures (`python -m gainmap_bench states`), and are a part of the format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gainmap_codec.files.payload.range_coder import MagnitudeStates, State

TABLE: Mapping[str, str] = {
    "second": "186:4 168:16 168:16 186:32",
    "step": "42:64 88:32 107:64 168:8 253:0 128:0 128:0",
    "weight 0": "70:16 88:32 149:16 214:32 214:64 201:0 224:0",
    "weight 1": "42:32 55:64 107:32 168:16 214:16 224:4 243:64",
    "weight 2": "32:16 32:64 55:64 88:16 149:16 214:8 238:16",
    "weight 3": "32:8 18:64 24:64 55:64 107:16 168:16 214:16",
    "weight 4": "24:16 7:64 13:64 24:64 42:32 107:8 186:16",
    "dead": "254:0 186:64 186:0 128:0 128:0 128:0 128:0",
    "difference": "55:4 88:16 107:8 128:32 168:64 168:64 224:16",
    "down": "214:64",
    "latent": "232:16 201:16 186:32 168:32 128:64 107:16 88:8",
    "detail": "249:64 232:64 224:32 224:16 201:8 186:4 149:4",
    "cell 0": "149:1 186:0 214:1 214:1 238:0 128:0",
    "cell 1": "201:4 232:4 214:0 224:0 128:0 128:0",
    "cell 2": "186:1 232:8 238:4 214:64 149:0 128:0",
    "cell 3": "186:4 238:4 224:4 214:0 201:0 128:0",
    "cell 4": "168:4 224:2 238:8 238:0 168:0 128:0",
    "cell 5": "128:4 224:2 238:16 214:0 224:0 128:0",
    "cell 6": "88:2 168:1 214:2 238:8 232:0 128:0",
    "filled": "243:2 224:16 149:4 107:1 88:2 32:8",
    "sign": "149:64 186:16 201:32 232:16",
}
"""By the names of docs/format.md: probabilities of a 0 in 256ths, and behind the colon what the model has seen."""


class States(NamedTuple):
    """Where all models start.

    Attributes:
        second: Of the bit below the leading one, by the bit count.
        step: Of step exponents.
        weights: Of weights, by class.
        dead: Of weights of neurons that nothing follows.
        difference: Of how far a neuron's first weight is from that of the neuron before.
        down: Of whether it is below that.
        latents: Of cells of latents, by class.
        details: Of cells of details, by class.
        filled: Of blocks, by the filled ones around it; three more where the coarser grid has values.
        signs: Of cells, by how far their neighbours lean to one side.
    """

    second: tuple[State, ...]
    step: MagnitudeStates
    weights: tuple[MagnitudeStates, ...]
    dead: MagnitudeStates
    difference: MagnitudeStates
    down: State
    latents: tuple[MagnitudeStates, ...]
    details: tuple[MagnitudeStates, ...]
    filled: tuple[State, ...]
    signs: tuple[State, ...]


def states_of(table: Mapping[str, Sequence[State]]) -> States:
    """The states in a table with the rows of `TABLE`."""
    longer = [tuple(table[f"cell {n}"]) for n in range(len(table["latent"]))]
    return States(
        second=tuple(table["second"]),
        step=_magnitude(table["step"]),
        weights=tuple(_magnitude(row) for name, row in table.items() if name.startswith("weight")),
        dead=_magnitude(table["dead"]),
        difference=_magnitude(table["difference"]),
        down=table["down"][0],
        latents=tuple(map(MagnitudeStates, table["latent"], longer)),
        details=tuple(map(MagnitudeStates, table["detail"], longer)),
        filled=tuple(table["filled"]),
        signs=tuple(table["sign"]),
    )


def _magnitude(row: Sequence[State]) -> MagnitudeStates:
    return MagnitudeStates(row[0], tuple(row[1:]))


def _read(row: str) -> list[State]:
    pairs = (each.split(":") for each in row.split())
    return [(int(probability), int(seen)) for probability, seen in pairs]


TRAINED = states_of({name: _read(row) for name, row in TABLE.items()})
