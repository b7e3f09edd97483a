"""What a fit needs to know of a pair."""

from __future__ import annotations

from typing import Protocol

from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.light import AnyCodes, Array
from gainmap_codec.pixels.maps.one_gain import Offsets, OneGain


class PairLike(Protocol):
    """A decoded base, its colour, the HDR rendition in the same raster, and what is known of how this was made.

    See `gainmap_codec.codec.pairing.Pair`.
    """

    @property
    def codes(self) -> AnyCodes: ...
    @property
    def color(self) -> BaseColor: ...
    @property
    def hdr(self) -> Array: ...
    @property
    def gain(self) -> OneGain | None: ...
    @property
    def offsets(self) -> Offsets | None: ...
