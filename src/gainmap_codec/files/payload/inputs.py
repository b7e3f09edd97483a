"""What a network's first layer takes in, and where each input stands: docs/format.md, "Features"."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import NamedTuple

from gainmap_codec.files.payload.records import Family

AROUND = (-2, 0, 2)
"""Family "multiscale": levels of the base's averages, from that of the finest latents on."""

_COLORS = 3


class MultiscaleInputs(NamedTuple):
    """Places of the inputs of the family "multiscale", as slices; the constant 1 comes behind them.

    Attributes:
        place: x and y.
        colors: R, G, B where the network is evaluated.
        around: The same of each coarser level.
        octaves: Sines and cosines of the colours.
        latents: One each.
    """

    place: slice
    colors: slice
    around: tuple[slice, ...]
    octaves: slice
    latents: slice

    @property
    def doubled(self) -> slice:
        """Those that go in times 2: all in front of the octaves."""
        return slice(0, self.octaves.start)

    @property
    def of_base(self) -> int:
        """How many there are without the latents."""
        return int(self.octaves.stop)


class PublishedInputs(NamedTuple):
    """Places of the inputs of the family "published", as slices: octaves of x, of y, and of R, G, B."""

    x: slice
    y: slice
    colors: slice


def multiscale_inputs(color_octaves: int, latents: int = 0) -> MultiscaleInputs:
    """Of a network with so many octaves and latents."""
    place, colors, *around, octaves, last = _places(
        2, _COLORS, *[_COLORS] * len(AROUND), 2 * _COLORS * color_octaves, latents
    )
    return MultiscaleInputs(place, colors, tuple(around), octaves, last)


def published_inputs(position_octaves: int, color_octaves: int) -> PublishedInputs:
    """Of a network with so many octaves."""
    return PublishedInputs(*_places(2 * position_octaves, 2 * position_octaves, 2 * _COLORS * color_octaves))


def _places(*sizes: int) -> list[slice]:
    """One part behind the other."""
    return [slice(*each) for each in pairwise(accumulate(sizes, initial=0))]


def layer_shapes(
    family: Family, position_octaves: int, color_octaves: int, neurons: int, outputs: int, latents: int = 0
) -> tuple[tuple[int, int], ...]:
    """Inputs and outputs of each layer; where the family has biases, one input more than neurons before it."""
    bias = int(family == "multiscale")
    if family == "multiscale":
        last = multiscale_inputs(color_octaves, latents)[-1]
    else:
        last = published_inputs(position_octaves, color_octaves)[-1]
    sizes = (last.stop, neurons, neurons, outputs)
    return tuple((inputs + bias, outputs) for inputs, outputs in pairwise(sizes))
