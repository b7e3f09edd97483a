"""The methods by name: what ``bench rd`` can measure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gainmap_bench.experiments.effort import Effort
from gainmap_bench.methods.coders import CODERS
from gainmap_bench.methods.networks import PaperNetworks
from gainmap_bench.methods.ordinary import OrdinaryMaps
from gainmap_bench.methods.points import Method

METHODS = (*CODERS, "paper", "neural")
"""Their names."""


def methods_named(
    names: Iterable[str], effort: Effort, widths: Sequence[int] = (PaperNetworks().widths)
) -> list[Method]:
    """The methods of these names.

    Args:
        names: Any of `METHODS`.
        effort: The sizes of codecs' sweeps, fits and payloads.
        widths: Of the published networks.
    Raises:
        ValueError: An unknown name.
    """
    return [_method(name, effort, widths) for name in dict.fromkeys(names)]


def _method(name: str, effort: Effort, widths: Sequence[int]) -> Method:
    if name not in METHODS:
        raise ValueError(f"method: one of {', '.join(METHODS)} wanted, {name!r} found")
    if name == "paper":
        return PaperNetworks(effort.kinds, tuple(widths), effort.schedule)
    return effort.payloads if name == "neural" else OrdinaryMaps(CODERS[name], effort.every)
