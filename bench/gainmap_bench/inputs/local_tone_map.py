"""A base made by local tone mapping, as phones make theirs: for the experiments, so that such pairs need no phone."""

from __future__ import annotations

import cv2
import numpy as np

from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.raster.tone_map import tone_map

_DARKEST = np.float32(2**-10)  # of linear light: what is darker is exposed alike
_PART = 1 / 24  # of the longer side: radius of a surrounding
_EDGE = 1.0  # stops that a surrounding must differ by to be kept apart
_KEPT = 0.5  # of the differences between surroundings; details keep all of theirs


def tone_map_locally(linear: Array) -> Array:
    """Compress HDR to SDR: surroundings are exposed towards their median, then highlights rolled off by `tone_map`.

    Args:
        linear: Linear-light RGB, float32 (H, W, 3); 1.0 = SDR white.
    Returns:
        Linear-light RGB in the same primaries, float32 (H, W, 3) in [0, 1].
    Source: base and detail layers of Durand and Dorsey, SIGGRAPH 2002, by the guided filter of He et al., ECCV 2010.
    """
    stops = np.log2(np.maximum(linear.max(axis=2), _DARKEST))
    surrounding = _guided(stops, max(round(max(stops.shape) * _PART), 1))
    exposure = (1 - _KEPT) * (np.median(surrounding) - surrounding)
    exposed = np.asarray(np.maximum(linear, 0) * np.exp2(exposure)[..., np.newaxis], np.float32)
    return tone_map(exposed, headroom=HdrImage(exposed, "srgb").measured_headroom())


def _guided(values: Array, radius: int) -> Array:
    """Smooth where values vary by less than `_EDGE`, float32 (H, W): a guided filter that is its own guide."""
    size = 2 * radius + 1, 2 * radius + 1
    mean = cv2.blur(values, size)
    variance = cv2.blur(values * values, size) - mean * mean
    slope = variance / (variance + np.float32(_EDGE**2))
    return np.asarray(cv2.blur(slope, size) * values + cv2.blur((1 - slope) * mean, size), np.float32)
