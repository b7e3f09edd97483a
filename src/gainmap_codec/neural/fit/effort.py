"""How long a fit may take: nine rows of factors on what a preset says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

USUAL = 5
"""The effort at which a preset is as it stands."""


@dataclass(frozen=True)
class Effort:
    """A row of the table; all but `probes` are factors on fields of `MultiscaleConfig`, rounded up.

    Attributes:
        probes: Fits that are begun.
        probe_steps: Of each of them.
        steps: Of learning.
        rounds: Of searches.
        refine_steps: Of a round.
    """

    probes: int = 2
    probe_steps: float = 1.0
    steps: float = 1.0
    rounds: float = 1.0
    refine_steps: float = 1.0


EFFORTS: Mapping[int, Effort] = MappingProxyType(
    {
        1: Effort(1, 0.25, 0.2, 0.3, 0.5),
        2: Effort(1, 0.5, 0.4, 0.3, 1.0),
        3: Effort(2, 0.5, 0.5, 0.6, 1.0),
        4: Effort(2, 1.0, 0.75, 0.6, 1.0),
        USUAL: Effort(),
        6: Effort(2, 1.0, 2.0, 1.0, 2.0),
        7: Effort(2, 1.0, 4.0, 1.0, 2.0),
        8: Effort(2, 2.0, 7.0, 2.0, 2.0),
        9: Effort(2, 2.0, 12.0, 2.0, 4.0),
    }
)
"""By what callers name them (docs/codec.md, "Effort")."""
