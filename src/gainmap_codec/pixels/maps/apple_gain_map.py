"""Compute and apply one of Apple's own gain maps, which are not of ISO 21496-1's kind: they scale linear light.

Source: Apple, "Applying Apple HDR effect to your photos". Apple's page names the Rec. 709 curve for the map; Chromium,
tev and apple-hdr-heic take the sRGB curve, and so do we (docs/supported.md has what is known about it).
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.map_metadata.apple import VERSION
from gainmap_codec.files.map_metadata.iso21496 import MAX_LOG2
from gainmap_codec.files.records import AppleMetadata
from gainmap_codec.pixels import loops
from gainmap_codec.pixels.color.light import AnyCodes, Array, srgb_encode
from gainmap_codec.pixels.maps.gain_map import ReadyMap
from gainmap_codec.pixels.raster.resampling import bilinear_taps
from gainmap_codec.pixels.rendition import Gains, Light, Rule
from gainmap_codec.pixels.strips import for_each_strip, rows_in_cache

_DECIMALS = 6  # of a headroom, as iPhones write it
_LEAST = 1e-6
_BLACK = 1e-6  # of SDR white
_DARKER, _DARKER_STOPS = 0.01, 0.15  # of SDR white; what both are less than is how a base was coded


class AppleMap(NamedTuple):
    """One of Apple's own gain maps.

    Attributes:
        codes: Code values, uint8 (h, w).
        metadata: Its headroom.
        darker: Share of the map, 0…1, where HDR is darker than SDR, which it cannot say: SDR stays there.
    """

    codes: NDArray[np.uint8]
    metadata: AppleMetadata
    darker: float


def apple_gain_map_between(base: Light, alternate: Light, luminance: Array, *, headroom: float, scale: int) -> AppleMap:
    """The map that turns `base` into `alternate` as far as one factor for all channels can.

    The factor is that of the luminance over each of the map's pixels: of means of light, so that black counts little.

    Args:
        base: Linear RGB, of any size; 1.0 = SDR white; as a decoder will see it.
        alternate: The HDR rendition in the same primaries, same size and units.
        luminance: Shares of R, G and B in luminance, (3,).
        headroom: Of the HDR rendition, log2 (stops), and so of the map: a larger gain, which few pixels have, would
            make the rest too dark on displays of less headroom.
        scale: Pixels of the base per pixel of the map along either side, >= 1.
    """
    dark, bright = (_mean_luminance(each, luminance, scale) for each in (base, alternate))
    is_lit = (dark > _BLACK) & (bright > 0)
    gains = np.log2(np.divide(bright, dark, out=np.ones_like(dark), where=is_lit))
    made = apple_of_gains(np.minimum(gains, np.float32(headroom)), headroom)
    return made._replace(darker=float(((dark - bright > _DARKER) & (gains < -_DARKER_STOPS)).mean()))


def _mean_luminance(light: Light, luminance: Array, scale: int) -> Array:
    """Over each pixel of the map, float32 (h, w)."""
    down, across = (np.linspace(0, side, ceil(side / scale) + 1) for side in light.size)
    means = np.empty((len(down) - 1, len(across) - 1), np.float32)

    def average(strip: slice) -> None:
        edges = down[strip.start : strip.stop + 1]
        rows = slice(int(edges[0]), ceil(edges[-1]))
        plane = np.maximum((light.at(rows, slice(None)) * luminance).sum(axis=2, dtype=np.float32), 0)
        line = np.empty(light.size[1], np.float32)
        loops.window_means(plane[..., np.newaxis], edges - rows.start, across, line, means[strip])

    for_each_strip(means.shape[0], average, max(rows_in_cache(light.size[1]) // scale, 1))
    return means


def apple_of_gains(gains: Array, headroom: float) -> AppleMap:
    """The map of the gains of its pixels.

    Args:
        gains: log2, float32 (h, w).
        headroom: Of the HDR rendition, log2 (stops), >= 0; the map's is that, or its largest gain.
    """
    most = round(2.0 ** min(max(headroom, float(gains.max()), 0.0), MAX_LOG2), _DECIMALS)
    factors: Array = np.exp2(np.maximum(gains, 0), dtype=np.float32) - np.float32(1)
    codes = np.rint(srgb_encode(factors / np.float32(max(most - 1, _LEAST))) * 255).astype(np.uint8)
    return AppleMap(codes, AppleMetadata(most, VERSION, "xmp"), float((gains < -_DARKER_STOPS).mean()))


def apple_gain_map_for(
    size: tuple[int, ...], gain_map: AnyCodes, metadata: AppleMetadata, *, headroom: float, bits: int = 8
) -> ReadyMap:
    """A map made ready to turn a base into the rendition for a display: base · (1 + (h − 1) · curve(map)).

    h is the smaller of the map's and the display's headroom. The map is interpolated before its curve is undone
    (bilinear, pixel centres aligned).

    Args:
        size: Height and width of the base, whose linear RGB has 1.0 = SDR white.
        gain_map: Code values of any size, (h, w) or (h, w, 3); of three channels each serves its own.
        metadata: Its headroom.
        headroom: Display headroom, log2 (stops); infinity shows the brightest rendition.
        bits: Depth of the map's code values.
    """
    most = max(min(metadata.headroom, 2.0 ** min(headroom, 64)) - 1, 0.0)
    planes = gain_map[..., np.newaxis] if gain_map.ndim == 2 else gain_map
    rows, columns = bilinear_taps(size[0], planes.shape[0]), bilinear_taps(size[1], planes.shape[1])

    def gains(strip: slice, across: slice) -> Gains:
        cells, down = rows.within(strip)
        values = np.multiply(planes[cells], np.float32(1 / ((1 << bits) - 1)), dtype=np.float32)
        return Gains(np.ascontiguousarray(np.swapaxes(values, 1, 2)), down, columns.part(across))

    return ReadyMap(Rule("apple", most), gains)
