"""What the npm module's parts are asked by tests, without a browser (node runs them)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gainmap_codec.files.records import Fraction, GainMapChannel, GainMapMetadata
from support.node import answers_of
from support.paths import ROOT

ONE = GainMapChannel(Fraction(-1, 16), Fraction(45, 16), Fraction(1, 1), Fraction(1, 64), Fraction(1, 512))
OTHER = replace(ONE, gain_map_max=Fraction(3, 1), gamma=Fraction(5, 4))
METADATA = {
    "one channel": GainMapMetadata(Fraction(0, 1), Fraction(45, 16), (ONE,)),
    "three channels": GainMapMetadata(Fraction(1, 4), Fraction(3, 1), (ONE, OTHER, ONE)),
}


def ask(*jobs: dict[str, Any]) -> list[Any]:
    """What the module's parts make of each job."""
    return answers_of("npm_module.mjs", list(jobs), ROOT)


def numbers(metadata: GainMapMetadata) -> dict[str, Any]:
    """The metadata as the module has them."""
    fields = {
        "min": "gain_map_min",
        "max": "gain_map_max",
        "gamma": "gamma",
        "baseOffset": "base_offset",
        "alternateOffset": "alternate_offset",
    }
    channels = [{key: float(getattr(each, name)) for key, name in fields.items()} for each in metadata.channels]
    headrooms = float(metadata.base_hdr_headroom), float(metadata.alternate_hdr_headroom)
    return {"baseHeadroom": headrooms[0], "alternateHeadroom": headrooms[1], "channels": channels}
