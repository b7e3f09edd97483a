"""Where the models of the range coder start: docs/format.md, "States".

They were trained on payloads of many pictures (`python -m gainmap_bench states`), and are a part of the format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gainmap_codec.files.payload.range_coder import MagnitudeStates, State

TABLE: Mapping[str, str] = {
    "second": "149:4 186:8 168:8 186:16",
    "step": "24:8 42:64 70:64 107:64 224:16 251:0 128:0",
    "weight 0": "88:8 107:16 168:32 186:16 168:2 224:64 149:64",
    "weight 1": "88:2 70:64 107:64 149:16 201:8 186:2 186:64",
    "weight 2": "88:2 32:32 55:32 88:32 128:8 186:8 201:8",
    "weight 3": "88:2 24:32 24:64 42:64 88:32 149:16 201:64",
    "weight 4": "70:2 7:64 10:64 18:64 32:64 107:4 149:32",
    "dead": "254:0 201:0 128:0 128:0 128:0 128:0 128:0",
    "difference": "55:16 88:4 107:64 149:4 168:4 201:1 201:32",
    "down": "201:64",
    "latent": "224:8 201:16 201:16 168:16 128:16 107:8 70:8",
    "detail": "249:64 232:64 224:16 224:16 201:8 201:8 168:4",
    "cell 0": "88:1 168:0 201:1 238:0 224:0 128:0",
    "cell 1": "168:4 224:8 224:1 224:0 128:0 128:0",
    "cell 2": "149:1 201:4 201:8 249:0 128:0 128:0",
    "cell 3": "128:2 201:4 224:8 168:2 238:0 128:0",
    "cell 4": "107:4 201:4 238:8 232:8 214:0 128:0",
    "cell 5": "88:8 186:4 224:8 232:0 238:0 128:0",
    "cell 6": "55:8 149:4 214:4 224:2 251:0 128:0",
    "filled": "251:8 214:8 128:8 107:0 88:4 32:8",
    "sign": "149:64 168:32 186:16 214:8",
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
