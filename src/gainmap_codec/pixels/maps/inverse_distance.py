"""How libultrahdr, and with it Android, enlarges a gain map: other pixels than a bilinear enlargement's.

Source: libultrahdr 1.4 lib/src/gainmapmath.cpp, sampleMap and ShepardsIDW; tests/readers compares with the library.
"""

from __future__ import annotations

import numpy as np

from gainmap_codec.pixels.color.light import AnyCodes, Array


def enlarged_by_inverse_distance(codes: AnyCodes, scale: int, height: int, width: int, *, bits: int = 8) -> Array:
    """A map at the size of its picture: of the four next pixels, counted from corners, by the inverse of distances.

    Args:
        codes: Code values, (h, w) or (h, w, C).
        scale: Pixels of the picture for each of the map, along a side.
        height, width: Of the picture.
        bits: Depth of the code values.
    Returns:
        Coded values, float32 (height, width) or (height, width, C) in [0, 1].
    """
    sides = ((0, 1), (0, 1)) + ((0, 0),) * (codes.ndim - 2)
    cells = np.pad(codes.astype(np.float32) / np.float32((1 << bits) - 1), sides, "edge")
    enlarged = np.empty((codes.shape[0] * scale, codes.shape[1] * scale, *codes.shape[2:]), np.float32)
    for down in range(scale):
        for right in range(scale):
            enlarged[down::scale, right::scale] = _between(cells, down / scale, right / scale)
    return enlarged[:height, :width]


def _between(cells: Array, down: float, right: float) -> Array:
    """The values at one place between the cells, which have a row and a column more."""
    if not down and not right:
        return cells[:-1, :-1]
    nearness = 1 / np.hypot(*np.meshgrid((down, 1 - down), (right, 1 - right), indexing="ij"))
    (first, second), (third, fourth) = (nearness / nearness.sum()).astype(np.float32)
    upper = first * cells[:-1, :-1] + second * cells[:-1, 1:]
    return np.asarray(upper + third * cells[1:, :-1] + fourth * cells[1:, 1:], np.float32)
