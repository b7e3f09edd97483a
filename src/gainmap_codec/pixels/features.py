"""Sines and cosines of a number: how a small network is told fine differences of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color import Array


def octave_features(values: NDArray[np.floating], octaves: int, first: int) -> Array:
    """Sines and cosines of 2^k·π·value for `octaves` octaves k from `first` on.

    Args:
        values: (...), nominal range [−1, 1].
    Returns:
        float32 (..., 2 × octaves): sin, cos of the first octave, sin, cos of the second …
    """
    angles = np.pi * values[..., None] * 2.0 ** np.arange(first, first + octaves)
    pairs = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    return pairs.reshape(*values.shape, 2 * octaves).astype(np.float32)
