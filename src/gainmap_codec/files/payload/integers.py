"""All integers of a payload ⇄ bytes, by one range coder: docs/format.md, "Entropy coding"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.payload.latents import LARGEST, code_grids
from gainmap_codec.files.payload.layout import WHERE
from gainmap_codec.files.payload.range_coder import BitModel, Coder, MagnitudeModel, RangeDecoder, RangeEncoder
from gainmap_codec.files.payload.records import LatentGrid, QuantizedLayer
from gainmap_codec.files.payload.states import TRAINED, States
from gainmap_codec.files.payload.weights import MAX_WEIGHT, code_layers

Part = TypeVar("Part", QuantizedLayer, LatentGrid)

STEPS = range(-128, 17)
"""Step exponents. Steps of up to 2^4 keep a forward pass far from the end of float32, whatever the integers."""

_WEIGHT_STEP, _LATENT_STEP, _DETAIL_STEP = -20, -6, -14  # usual exponents: what the first is compared with
_STEP_BITS = 8
_WORK_PER_WEIGHT = 24


class Integers(NamedTuple):
    """What is range coded.

    Attributes:
        layers: Of the network, the first first.
        latents: The finest first.
        details: The coarsest first.
    """

    layers: tuple[QuantizedLayer, ...]
    latents: tuple[LatentGrid, ...]
    details: tuple[LatentGrid, ...]


def encode_integers(integers: Integers) -> bytes:
    """The bytes of integers.

    Raises:
        ValueError: One is larger than the format allows, or a layer or grid has not as many as its size says.
        LimitError: A layer or grid takes more work than a reader's limits allow.
    """
    for layer in integers.layers:
        _check(layer.weights, layer.inputs, layer.outputs, MAX_WEIGHT, "weights")
    for grid in integers.latents + integers.details:
        _check(grid.values, grid.rows, grid.columns, LARGEST, "latents")
    coder = RangeEncoder()
    code_integers(integers, coder, Limits())
    return coder.finish()


def decode_integers(data: bytes, blank: Integers, limits: Limits) -> Integers:
    """The integers in bytes: the mirror of `encode_integers`.

    Args:
        data: Entropy coded.
        blank: Layers and grids as large as they are, of whatever integers.
        limits: Of one file.
    Raises:
        FormatError: One is larger than the format allows, or bytes are left behind the last one.
        LimitError: More work than `limits` allow.
    """
    coder = RangeDecoder(data)
    found = code_integers(blank, coder, limits)
    for layer in found.layers:
        if _largest(layer.weights) > MAX_WEIGHT:
            raise FormatError(WHERE, f"expected weights of at most {MAX_WEIGHT}, got a larger one")
    if not coder.exhausted:
        raise FormatError(WHERE, "expected its end behind the last integer, got more bytes")
    return found


def code_integers(given: Integers, coder: Coder, limits: Limits, states: States = TRAINED) -> Integers:
    """Code step exponents, weights, latents and details; the integers, with all that a decoder reads.

    Raises:
        FormatError: A step exponent is larger or smaller than the format allows.
        LimitError: More work than `limits` allow.
    """
    given = _code_steps(given, coder, states)
    limits.spend(_WORK_PER_WEIGHT * sum(len(layer.weights) for layer in given.layers))
    layers = code_layers(given.layers, coder, states)
    return Integers(layers, *code_grids(given.latents, given.details, coder, limits, states))


def _code_steps(given: Integers, coder: Coder, states: States) -> Integers:
    """The same with all step exponents coded."""
    model = MagnitudeModel(states.step, [BitModel(state) for state in states.second], _STEP_BITS)
    layers = _with_steps(given.layers, _WEIGHT_STEP, model, coder)
    latents = _with_steps(given.latents, _LATENT_STEP, model, coder)
    return Integers(layers, latents, _with_steps(given.details, _DETAIL_STEP, model, coder))


def _with_steps(parts: Sequence[Part], usual: int, model: MagnitudeModel, coder: Coder) -> tuple[Part, ...]:
    """Each exponent as its difference from the one before."""
    found, last = [], usual
    for part in parts:
        last += model.code_signed(coder, part.step_exponent - last)
        if last not in STEPS:
            raise FormatError(WHERE, f"expected step exponents in {STEPS[0]}…{STEPS[-1]}, got {last}")
        found.append(replace(part, step_exponent=last))
    return tuple(found)


def _check(values: Sequence[int], rows: int, columns: int, largest: int, name: str) -> None:
    if len(values) != rows * columns or _largest(values) > largest:
        expected = f"expected {rows} × {columns} {name} of at most {largest}"
        raise ValueError(f"{WHERE}: {expected}, got {len(values)} of at most {_largest(values)}")


def _largest(values: Sequence[int]) -> int:
    return max(max(values, default=0), -min(values, default=0))
