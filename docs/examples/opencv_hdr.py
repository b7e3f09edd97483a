"""HDR between OpenCV and gain-map files: its tone mapping as the SDR rendition, its resizing on HDR light.

OpenCV holds pictures as BGR; linear light is float32 with 1.0 = SDR white.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

import gainmap_codec as gm


def read_hdr_bgr(path: Path) -> np.ndarray:
    """The HDR rendition of a gain-map file as OpenCV takes it: float32 (H, W, 3), BGR, linear, sRGB primaries.

    ``cv2.imread`` would give the SDR picture, and say nothing.
    """
    return gm.decode(path, color_space="srgb").pixels[..., ::-1]


def write_gain_map_jpeg(hdr_bgr: np.ndarray, path: Path) -> None:
    """A gain-map JPEG of HDR light in BGR, whose SDR rendition is OpenCV's tone mapping by Reinhard's operator."""
    light = np.maximum(hdr_bgr, 0).astype(np.float32)
    sdr = cv2.createTonemapReinhard(gamma=2.2, intensity=0, light_adapt=0.8, color_adapt=0).process(light)
    codes = np.rint(np.nan_to_num(sdr).clip(0, 1)[..., ::-1] * 255).astype(np.uint8)
    path.write_bytes(gm.encode(light[..., ::-1], codes, carry="standard"))


def half_size(source: Path, target: Path) -> None:
    """A photo with a gain map at half its size, by OpenCV's area averaging of HDR light."""
    hdr = read_hdr_bgr(source)
    height, width = hdr.shape[:2]
    write_gain_map_jpeg(cv2.resize(hdr, (width // 2, height // 2), interpolation=cv2.INTER_AREA), target)
