"""A base of another size: its light averaged where it shrinks, its code values interpolated where it grows."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gainmap_codec.pixels.color.light import AnyCodes, Array
from gainmap_codec.pixels.raster.resampling import box_average


def resize_codes(codes: AnyCodes, width: int, height: int, curves: Array) -> AnyCodes:
    """Code values of a picture at another size.

    Means of light, and not of code values: what an HDR rendition of the smaller picture then is, is the smaller HDR
    rendition of the picture. Means over the new pixels' very areas, without a sharper filter's overshoot, which an HDR
    rendition would multiply.

    Args:
        codes: (H, W) or (H, W, 3).
        curves: Light of each code value in R, G and B, float32 (3, 2^bits).
    """
    planes = codes[..., np.newaxis] if codes.ndim == 2 else codes
    resized = [_resized(planes[..., index], width, height, curves[index]) for index in range(planes.shape[2])]
    result = resized[0] if codes.ndim == 2 else np.stack(resized, axis=2)
    return cast(AnyCodes, result.astype(codes.dtype))


def _resized(plane: AnyCodes, width: int, height: int, curve: Array) -> NDArray[np.float64]:
    """One channel, whole code values."""
    small = min(height, plane.shape[0]), min(width, plane.shape[1])
    values = plane.astype(np.float64)
    if small != plane.shape:
        lines = box_average(curve[plane], small[1])
        light = box_average(np.ascontiguousarray(lines.T), small[0]).T
        increasing = np.maximum.accumulate(curve)  # a profile's table may falter
        values = np.interp(light, increasing, np.arange(len(curve)))
    if small != (height, width):
        larger = Image.fromarray(values.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
        values = np.asarray(larger, np.float64)
    return np.rint(values).clip(0, len(curve) - 1)
