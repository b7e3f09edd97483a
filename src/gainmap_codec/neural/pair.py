"""What a fit needs to know of a pair."""

from __future__ import annotations

from typing import Protocol

from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.light import AnyCodes, Array


class PairLike(Protocol):
    """A decoded base, its colour, and the HDR rendition in the same raster; see `gainmap_codec.codec.pairing.Pair`."""

    @property
    def codes(self) -> AnyCodes: ...
    @property
    def color(self) -> BaseColor: ...
    @property
    def hdr(self) -> Array: ...
