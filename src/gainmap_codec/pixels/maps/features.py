"""Sines and cosines of a number: how a small network is told fine differences of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color.light import Array


def octave_features(values: NDArray[np.floating], octaves: int, first: int) -> Array:
    """Sines and cosines of 2^k·π·value for `octaves` octaves k from `first` on.

    Args:
        values: (...), nominal range [−1, 1].
    Returns:
        float32 (..., 2 × octaves): sin, cos of the first octave, sin, cos of the second …
    """
    found = np.empty((*values.shape, octaves, 2), np.float32)
    angle = np.multiply(values, np.pi * 2.0**first, dtype=np.float64)
    sine, cosine = np.sin(angle), np.cos(angle)
    for octave in range(octaves):
        found[..., octave, 0], found[..., octave, 1] = sine, cosine
        # Of twice the angle. In float64, twelve octaves stay 10⁴ times nearer than float32 can tell.
        sine, cosine = 2 * sine * cosine, 1 - 2 * sine * sine
    return found.reshape(*values.shape, 2 * octaves)
