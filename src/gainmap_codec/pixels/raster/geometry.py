"""Turned rasters and parts of them: EXIF orientations, boxes, windows, and coordinates of neural gain maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.orientations import inverse_of

Pixels = TypeVar("Pixels", bound=NDArray[Any])
Edge = TypeVar("Edge", int, float)
_Edge = TypeVar("_Edge", covariant=True)


class Box(NamedTuple, Generic[_Edge]):
    """Edges of a part of a picture, in pixels: whole numbers, or a `Box[float]` whose edges may lie between pixels.

    Attributes:
        right: The edge behind the last column.
        bottom: The edge behind the last row.
    """

    left: _Edge
    top: _Edge
    right: _Edge
    bottom: _Edge


class Window(NamedTuple):
    """Where a part of a raster begins and what its size is, in the order of arrays' axes."""

    top: int
    left: int
    height: int
    width: int


def to_upright(pixels: Pixels, orientation: int) -> Pixels:
    """The picture as it is to be looked at.

    Args:
        pixels: Stored raster, (H, W, ...).
        orientation: EXIF orientation, 1…8 (5…8 exchange height and width).
    Returns:
        The same values, contiguous.
    """
    return np.ascontiguousarray(turned(pixels, orientation))  # type: ignore[return-value]


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """As `to_upright`, without copying: a view of the same values.

    Source: EXIF 3.0 (CIPA DC-008), tag 0112.
    """
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]  # type: ignore[assignment]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]  # type: ignore[assignment]
    return pixels


def turned_window(window: Window, size: tuple[int, ...], turn: Callable[[NDArray[Any]], NDArray[Any]]) -> Window:
    """Where a window of a raster of `size`, height and width, lies after `turn`, which turns and mirrors rasters."""
    top, left, height, width = window
    corners = turn(np.array([[0, 1], [2, 3]]))
    if corners[0, 0] >= 2:
        top = size[0] - top - height
    if corners[0, 0] % 2:
        left = size[1] - left - width
    is_turned = abs(corners[0, 1] - corners[0, 0]) == 2
    return Window(left, top, width, height) if is_turned else Window(top, left, height, width)


def to_stored(pixels: Pixels, orientation: int) -> Pixels:
    """The inverse of `to_upright`."""
    return to_upright(pixels, inverse_of(orientation))


def stored_box(box: Box[Edge], width: Edge, height: Edge, orientation: int) -> Box[Edge]:
    """Where a box of the upright picture lies in its stored raster of `width` × `height`."""
    left, top, right, bottom = box
    is_turned = orientation in (5, 6, 7, 8)
    if is_turned:
        width, height = height, width
    if orientation in (2, 3, 6, 7):
        left, right = width - right, width - left
    if orientation in (3, 4, 7, 8):
        top, bottom = height - bottom, height - top
    return Box(top, left, bottom, right) if is_turned else Box(left, top, right, bottom)


def cropped_coordinates(
    coordinates: tuple[float, ...], box: Box[float], width: int, height: int, *, end_to_end: bool
) -> tuple[float, ...]:
    """Coordinates of a neural gain map (`NeuralGainMap.coordinates`) for a part of its raster.

    Args:
        box: The part, inside the stored raster of `width` × `height`.
        end_to_end: −1 and 1 are the centres of the outermost pixels, as published, and not the raster's edges.
    """
    left, top, right, bottom = box
    across = _along(left, right, width, end_to_end)
    down = _along(top, bottom, height, end_to_end)
    xx, xy, x0, yx, yy, y0 = coordinates
    x0, y0 = (at + a * across[1] + b * down[1] for a, b, at in ((xx, xy, x0), (yx, yy, y0)))
    return xx * across[0], xy * down[0], x0, yx * across[0], yy * down[0], y0


def turned_coordinates(coordinates: tuple[float, ...], turn: int) -> tuple[float, ...]:
    """Coordinates of a neural gain map for its raster turned by an EXIF orientation."""
    across = -1.0 if turn in (2, 3, 6, 7) else 1.0
    down = -1.0 if turn in (3, 4, 7, 8) else 1.0
    xx, xy, x0, yx, yy, y0 = coordinates
    if turn in (5, 6, 7, 8):  # what was a row is a column now
        xx, xy, yx, yy = xy, xx, yy, yx
    return xx * across, xy * down, x0, yx * across, yy * down, y0


def _along(start: float, stop: float, size: int, end_to_end: bool) -> tuple[float, float]:
    """Scale and shift that make file coordinates of the whole side of those of its part."""
    if not end_to_end:
        return (stop - start) / size, (start + stop) / size - 1
    if size == 1:
        return 1.0, 0.0
    # A side of one pixel has the coordinate 0 whatever the scale, which must not be 0.
    return max(stop - start - 1, 0.5) / (size - 1), (start + stop - 1) / (size - 1) - 1
