"""The methods by name: what ``bench rd`` can measure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gainmap_codec.bench.coders import CODERS
from gainmap_codec.bench.networks import NeuralPayloads, PaperNetworks
from gainmap_codec.bench.ordinary import OrdinaryMaps
from gainmap_codec.bench.points import Method

_QUICK_EVERY = 4  # one of so many qualities
_QUICK_STEPS = 20  # of a published network's fit


def _ordinary(name: str) -> Callable[[bool], Method]:
    return lambda quick: OrdinaryMaps(CODERS[name], _QUICK_EVERY if quick else 1)


METHODS: dict[str, Callable[[bool], Method]] = {
    **{name: _ordinary(name) for name in CODERS},
    "paper": lambda quick: PaperNetworks(steps=_QUICK_STEPS if quick else None),
    "neural": lambda quick: NeuralPayloads(),
}
"""Makers of methods; each takes whether a quick look is enough."""


def methods_named(names: Iterable[str], *, quick: bool) -> list[Method]:
    """The methods of these names.

    Raises:
        ValueError: An unknown name.
    """
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise ValueError(f"method: one of {', '.join(METHODS)} wanted, {unknown[0]!r} found")
    return [METHODS[name](quick) for name in dict.fromkeys(names)]
