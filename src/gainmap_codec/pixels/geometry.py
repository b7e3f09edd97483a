"""EXIF orientation of pixel arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Pixels = TypeVar("Pixels", bound=NDArray[Any])

_INVERSE = {6: 8, 8: 6}  # every other orientation undoes itself


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


Window = tuple[int, int, int, int]
"""Top, left, height and width of a part of a raster."""


def turned_window(window: Window, size: tuple[int, ...], turn: Callable[[NDArray[Any]], NDArray[Any]]) -> Window:
    """Where a part of a raster of `size`, height and width, lies after `turn`, which turns and mirrors rasters."""
    top, left, height, width = window
    corners = turn(np.array([[0, 1], [2, 3]]))
    if corners[0, 0] >= 2:
        top = size[0] - top - height
    if corners[0, 0] % 2:
        left = size[1] - left - width
    return (left, top, width, height) if abs(corners[0, 1] - corners[0, 0]) == 2 else (top, left, height, width)


def inverse_of(orientation: int) -> int:
    """The orientation that undoes another."""
    return _INVERSE.get(orientation, orientation)


def to_stored(pixels: Pixels, orientation: int) -> Pixels:
    """The inverse of `to_upright`."""
    return to_upright(pixels, _INVERSE.get(orientation, orientation))
