"""Whether a picture still shows all of another one that looks alike, or has been cut or moved by a little."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.raster.resampling import box_average

_CELLS = 64
_DAMPING = 0.5  # code values per cell, squared: flat pictures tell nothing of displacement


def displacement(codes: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """How far the edges of a picture lie from those of its reference, as a share of its side; about 0 to 0.05.

    Shift and stretch across and down, by least squares over the slopes of means over at most 64 × 64 cells; so it
    neither matters how large the picture is, nor how it was coded. A picture without any detail gives 0.

    Args:
        codes: (h, w, 3).
        reference: (H, W, 3), of the same look.
    Source: Lucas and Kanade, "An iterative image registration technique", 1981, section 4.
    """
    rows, columns = (min(_CELLS, *sides) for sides in zip(codes.shape[:2], reference.shape[:2], strict=True))
    if min(rows, columns) < 2:
        return 0.0
    seen, known = (_means(each, rows, columns) for each in (codes, reference))
    down, across = np.gradient((seen + known) / 2)
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    slopes = np.stack([across, across * x, down, down * y], axis=2).reshape(-1, 4)
    normal = slopes.T @ slopes + np.eye(4) * (_DAMPING * len(slopes))
    moved = np.abs(np.linalg.solve(normal, slopes.T @ (seen - known).ravel()))
    return float(max((moved[0] + moved[1]) / columns, (moved[2] + moved[3]) / rows))


def _means(codes: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.float64]:
    """Means of green over rows × columns cells."""
    strips = (codes[r : r + 256, :, 1].astype(np.float32) for r in range(0, len(codes), 256))
    lines = np.concatenate([box_average(strip, columns) for strip in strips])
    return box_average(np.ascontiguousarray(lines.T), rows).T.astype(np.float64)
