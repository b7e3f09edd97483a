"""From code values to the linear light of a rendition: one compiled loop for all gain maps, strip by strip.

Of each pixel: its code values through three curves, a matrix into the primaries of the maths, the gain, a matrix out of
them. Nothing but the result is ever as large as the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels import loops
from gainmap_codec.pixels.strips import for_each_strip, rows_in_cache

if TYPE_CHECKING:
    from gainmap_codec.pixels.color.base_color import BaseColor
    from gainmap_codec.pixels.color.light import Array
    from gainmap_codec.pixels.raster.resampling import Taps

Way = Literal["none", "log2_gain", "pq_gain", "pq_gamma", "pq_difference", "apple"]
_WAYS: tuple[Way, ...] = ("none", "log2_gain", "pq_gain", "pq_gamma", "pq_difference", "apple")  # as in native/native.h


class Gains(NamedTuple):
    """A gain map's numbers for some rows of a picture, bilinear between the centres of cells.

    Attributes:
        values: float32 (cells down, C, cells across), C in {1, 3}.
        down: Which cells each row lies between.
        across: The same of each column; None where every column is a cell.
    """

    values: Array
    down: Taps
    across: Taps | None


GainsOfRows = Callable[[slice], Gains]


@dataclass(frozen=True, eq=False)
class Rule:
    """How gains change light.

    Attributes:
        way: "log2_gain": (b + kb) · 2^min(weight · gain, 64) − ka; the PQ domains as in `maps.residual`, with the
            offsets where weight is not 1; "apple": b · (1 + weight · light of the sRGB code `gain`).
        weight: How far to go from the base to the rendition, in −1…1; for "apple" any number.
        offsets: kb and ka, float32 (2, 3), of R, G and B.
        brightest: Linear light, at most, of "log2_gain".
    """

    way: Way
    weight: float = 1.0
    offsets: Array = field(default_factory=lambda: np.zeros((2, 3), np.float32))
    brightest: float = float("inf")


UNCHANGED = Rule("none")


Render = Callable[[slice, NDArray[np.floating]], None]
"""Renders some rows of a picture into an array of float32 or float16 (h, W, 3), of any strides, on this thread."""


def renderer(
    codes: NDArray[Any],
    color: BaseColor | None,
    *,
    to_maths: NDArray[np.floating] | None = None,
    rule: Rule = UNCHANGED,
    gains: GainsOfRows | None = None,
    from_maths: NDArray[np.floating] | None = None,
) -> Render:
    """What renders rows of a picture.

    Args:
        codes: uint8 or uint16 (H, W, 3), of any strides; or linear light, float32, where `color` is None.
        color: What the code values mean.
        to_maths: Linear base RGB to the primaries in which gains apply, (3, 3).
        rule: What gains do.
        gains: Those of the rows that a slice of 0…H names.
        from_maths: Linear RGB of these primaries to that of the result, (3, 3).
    """
    curves, luma, gamma = (color.curves, color.luma, color.system_gamma - 1) if color else (None, None, 0.0)
    before, after = _matrix(to_maths), _matrix(from_maths)

    def render(rows: slice, place: NDArray[np.floating]) -> None:
        here = gains(rows) if gains else None
        strip = place if _can_hold(place) else np.empty(place.shape, np.float32)
        loops.render(
            codes[rows],
            curves,
            luma,
            gamma,
            before,
            _WAYS.index(rule.way),
            rule.weight,
            rule.brightest,
            rule.offsets,
            here and (here.values, *here.down, *(here.across or (None, None, None))),
            after,
            np.empty((2, here.values.shape[1], place.shape[1]), np.float32) if here and here.across else None,
            strip,
        )
        if strip is not place:
            place[...] = strip

    return render


def render_strips(out: NDArray[np.floating], render: Render) -> None:
    """Render all rows of a picture, on several threads; `out` may be what they are rendered of."""
    for_each_strip(len(out), lambda rows: render(rows, out[rows]), rows_in_cache(out.shape[1]))


def rendered(render: Render, rows: slice, width: int) -> Array:
    """Some rows of a rendition, float32 (h, W, 3), on this thread."""
    out = np.empty((rows.stop - rows.start, width, 3), np.float32)
    render(rows, out)
    return out


class Light(NamedTuple):
    """The linear light of a picture, made where it is asked for: none of it need stand in memory.

    Attributes:
        size: Height and width.
        at: Of some rows and columns, float32 (h, w, 3).
    """

    size: tuple[int, int]
    at: Callable[[slice, slice], Array]

    @classmethod
    def of(cls, pixels: Array) -> Light:
        """Of an array, float32 (H, W, 3)."""
        return cls((pixels.shape[0], pixels.shape[1]), lambda rows, columns: pixels[rows, columns])


def light_of(codes: NDArray[Any], color: BaseColor, matrix: NDArray[np.floating] | None = None) -> Array:
    """Linear light, float32 (..., 3), of code values (..., 3), times a matrix (3, 3)."""
    linear = np.empty(codes.shape, np.float32)
    rows = -1, *codes.shape[-2:]
    render_strips(linear.reshape(rows), renderer(codes.reshape(rows), color, to_maths=matrix))
    return linear


def transformed(pixels: Array, matrix: NDArray[np.floating]) -> Array:
    """Each pixel of float32 (..., 3) times a matrix (3, 3); NumPy would have BLAS start threads of its own."""
    out = np.empty(pixels.shape, np.float32)
    rows = -1, *np.atleast_2d(pixels).shape[-2:]
    render_strips(out.reshape(rows), renderer(pixels.reshape(rows), None, to_maths=matrix))
    return out


def _can_hold(place: NDArray[np.floating]) -> bool:
    """Whether the loop can write here: float32, the channels of a pixel side by side."""
    return place.dtype == np.float32 and place.strides[2] == place.itemsize and place.flags.aligned


def _matrix(matrix: NDArray[np.floating] | None) -> Array | None:
    """For the loop, None for one that does nothing that float32 could tell, as there and back between two primaries."""
    if matrix is None or np.abs(matrix - np.eye(3)).max() < 1e-9:
        return None
    return np.ascontiguousarray(matrix, np.float32)
