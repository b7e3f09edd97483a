"""How different two pictures look: dE_ITP, which counts colour as eyes do. PQ-PSNR is in `light`."""

from __future__ import annotations

import numpy as np

from gainmap_codec.pixels.color.light import Array, pq_encode
from gainmap_codec.pixels.rendition import transformed

# ITU-R BT.2100-2 table 7, for PQ: BT.2020 to LMS, and its PQ codes to I, T = Ct / 2 and P (ITU-R BT.2124).
_TO_LMS = np.array([[1688, 2146, 262], [683, 2951, 462], [99, 309, 3688]], np.float32) / np.float32(4096)
_TO_ITP = np.array([[2048, 2048, 0], [3305, -6806.5, 3501.5], [17933, -17390, -543]], np.float32) / np.float32(4096)


def itp(linear: Array) -> Array:
    """I, T and P, float32 (..., 3), of linear BT.2020, float32 (..., 3); 1.0 = SDR white. Negatives count as 0."""
    return transformed(pq_encode(transformed(np.maximum(linear, 0), _TO_LMS)), _TO_ITP)


def delta_e_itp(first: Array, second: Array) -> Array:
    """dE_ITP, float32 (...), of two pictures as `itp` gives them; 1 is about what an eye can just tell.

    Source: ITU-R BT.2124-0 annex 1.
    """
    squares = np.square(first - second)
    total: Array = (
        squares[..., 0] + squares[..., 1] + squares[..., 2]
    )  # a third of the time of a sum along an axis of 3
    return np.float32(720) * np.sqrt(total, out=total)
