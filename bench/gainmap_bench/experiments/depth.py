"""What the depth of a gain map's code values is worth where a picture is smooth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gainmap_codec.files.records import Codec
from gainmap_codec.pixels.color.light import Array, pq_encode, srgb_decode
from gainmap_codec.pixels.maps.gain_map import apply_gain_map, compute_gain_map
from gainmap_codec.pixels.maps.map_choice import MapRecipe, map_by
from gainmap_codec.pixels.rendition import Light

STOPS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0)
"""Largest gains of the ramps."""

_SIZE = (512, 1024)
_CODINGS: tuple[tuple[Codec, int], ...] = (("hevc", 8), ("hevc", 10), ("av1", 8), ("av1", 10), ("av1", 12))
_CODINGS += (("jxl", 8), ("jxl", 10), ("jxl", 12))
_RECIPE = MapRecipe(scale=1, channels=1, quality=90, offset=1 / 512, outliers=0.0)
_STEPS = 1023  # of 10-bit PQ


class Ramp(NamedTuple):
    """A smooth picture, linear RGB, float32 (H, W, 3), and a brighter one whose gains grow with its light."""

    base: Array
    hdr: Array


def ramp(stops: float, size: tuple[int, int] = _SIZE) -> Ramp:
    """From dark to white, with gains of 0 to so many stops."""
    down, across = (np.linspace(0, 1, side, dtype=np.float32) for side in size)
    signal = 0.9 * across + 0.1 * down[:, np.newaxis]
    base = np.repeat(srgb_decode(signal.astype(np.float32))[..., np.newaxis], 3, axis=2)
    return Ramp(base, base * np.exp2(np.float32(stops) * signal[..., np.newaxis]))


def depth_rows(size: tuple[int, int] = _SIZE) -> list[str]:
    """Markdown rows, one for each of `STOPS`: errors in steps of 10-bit PQ, of 99 pixels in 100, and bytes."""
    names = ["8 bits, no loss", "10 bits, no loss", *(f"{codec} q90, {bits}" for codec, bits in _CODINGS)]
    rows = [f"| stops | {' | '.join(names)} |", "| --- " * (len(names) + 1) + "|"]
    return [*rows, *(f"| {stops} | {' | '.join(_cells(ramp(stops, size), stops))} |" for stops in STOPS)]


def _cells(picture: Ramp, stops: float) -> Iterator[str]:
    for bits in (8, 10):
        yield f"{rounding_error(picture, stops, bits):.2f}"
    for codec, bits in _CODINGS:
        base, hdr = Light.of(picture.base), Light.of(picture.hdr)
        made = map_by(_RECIPE, base, hdr, headrooms=(0.0, stops), codec=codec, bits=bits)
        shown = apply_gain_map(picture.base, made.decoded, made.metadata, headroom=stops, bits=bits)
        yield f"{_error(shown, picture.hdr):.2f}, {len(made.image.data):,}"


def rounding_error(picture: Ramp, stops: float, bits: int) -> float:
    """Of a map of so many bits that is not coded, in steps of 10-bit PQ."""
    codes, metadata = compute_gain_map(
        *picture,
        alternate_headroom=stops,
        scale=1,
        channels=1,
        offset=_RECIPE.offset,
        outliers=_RECIPE.outliers,
        bits=bits,
    )
    return _error(apply_gain_map(picture.base, codes, metadata, headroom=stops, bits=bits), picture.hdr)


def _error(shown: Array, hdr: Array) -> float:
    return float(np.percentile(np.abs(pq_encode(shown) - pq_encode(hdr)), 99)) * _STEPS
