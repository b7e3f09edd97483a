"""Encoding speed: ours per preset, and other people's encoders of gain-map JPEGs from the same HDR picture."""

from __future__ import annotations

import imagecodecs
import numpy as np

import gainmap_codec as gm
from gainmap_bench.speed.decode import Work
from gainmap_codec.pixels.color.light import Array

STANDARD, BALANCED = "standard map alone", "balanced"


def encoders(data: bytes) -> dict[str, Work]:
    """What makes a gain-map JPEG of the HDR rendition of one, by name; ours keep the base's bytes, peers make one."""
    hdr = gm.decode(data, color_space="srgb", prefer="standard").pixels
    half = _with_alpha(hdr).astype(np.float16)
    return {
        STANDARD: lambda: gm.encode(data, carry="standard"),
        "tiny": lambda: gm.encode(data, preset="tiny"),
        BALANCED: lambda: gm.encode(data, preset="balanced"),
        "libultrahdr (imagecodecs)": lambda: imagecodecs.ultrahdr_encode(half, level=92),
        "libvips uhdrsave": lambda: _libvips(hdr),
    }


def _with_alpha(pixels: Array) -> Array:
    return np.concatenate([pixels, np.ones_like(pixels[..., :1])], axis=2)


def _libvips(hdr: Array) -> bytes:
    import pyvips  # its shared library is not everywhere

    found: bytes = pyvips.Image.new_from_array(hdr, interpretation="scrgb").uhdrsave_buffer(Q=92)
    return found
