"""A base of another size, as every picture editor makes it: by its code values."""

from __future__ import annotations

import numpy as np
from PIL import Image

from gainmap_codec.pixels.color import AnyCodes


def resize_codes(codes: AnyCodes, width: int, height: int, bits: int) -> AnyCodes:
    """Code values of a picture at another size, by Pillow's Lanczos filter.

    Code values are averaged, not light: the averages that a neural gain map sees of the base then stay what they were.

    Args:
        codes: (H, W) or (H, W, 3).
        bits: Their depth.
    """
    if (width, height) == (codes.shape[1], codes.shape[0]):
        return codes
    if codes.dtype == np.uint8:
        image = Image.fromarray(np.ascontiguousarray(codes))
        return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))
    planes = codes[..., np.newaxis] if codes.ndim == 2 else codes
    resized = np.empty((height, width, planes.shape[2]), codes.dtype)
    for index in range(planes.shape[2]):
        plane = Image.fromarray(planes[..., index].astype(np.float32))
        larger = np.asarray(plane.resize((width, height), Image.Resampling.LANCZOS))
        resized[..., index] = np.rint(larger).clip(0, (1 << bits) - 1)
    return resized[..., 0] if codes.ndim == 2 else resized
