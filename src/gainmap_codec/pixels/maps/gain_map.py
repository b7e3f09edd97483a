"""Compute and apply a standard gain map (ISO 21496-1): one rendition of a picture from the other.

Both directions work in strips of rows: applying a map takes a few megabytes beside the arrays that go in and
out, computing one a plane of the picture's height and the map's width.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.map_metadata.iso21496 import MAX_LOG2, fraction_of
from gainmap_codec.files.records import Fraction, GainMapChannel, GainMapMetadata
from gainmap_codec.pixels import loops
from gainmap_codec.pixels.color.light import AnyCodes, Array
from gainmap_codec.pixels.raster.resampling import bilinear_taps
from gainmap_codec.pixels.rendition import Gains, Light, Rule, render_strips, renderer
from gainmap_codec.pixels.strips import for_each_strip, rows_in_cache

GainMap = NDArray[np.uint8] | NDArray[np.uint16] | Array

_FLAT_LOG2 = 2.0**-10  # ranges below a thousandth of a stop are rounding noise, which would only cost bytes


def headroom_weight(headroom: float, base_headroom: float, alternate_headroom: float) -> float:
    """How far to go from the base to the alternate on a display: 0 shows the base, ±1 the alternate.

    Args:
        headroom: Display headroom, log2 (stops).
        base_headroom: Headroom at which the base is right, log2.
        alternate_headroom: Headroom at which the alternate is right, log2.
    Returns:
        W in [-1, 1], negative for an HDR base (the map stores log2(HDR / SDR) all the same); 0 where both
        headrooms are equal.
    Source: ISO 21496-1:2025 clause 6; libavif src/gainmap.c (avifGetGainMapWeight).
    """
    if alternate_headroom == base_headroom:
        return 0.0
    weight = (headroom - base_headroom) / (alternate_headroom - base_headroom)
    weight = min(max(weight, 0.0), 1.0)
    return -weight if alternate_headroom < base_headroom else weight


def apply_gain_map(
    base: Array,
    gain_map: GainMap,
    metadata: GainMapMetadata,
    *,
    headroom: float,
    bits: int = 8,
    out: Array | None = None,
) -> Array:
    """Render `base` for a display of the given headroom.

    The map's gamma and range are undone first and the gains interpolated (bilinear, pixel centres aligned) in
    log2. A map of one channel and metadata of three are legal, and so is the reverse: the single plane or the
    single set of numbers then serves all channels.

    Args:
        base: Linear RGB in the primaries of the maths, float32 (H, W, 3); 1.0 = SDR white.
        gain_map: Encoded gain map of any size, (h, w) or (h, w, C), C in {1, 3}; code values as uint8 or uint16, or
            float32 in [0, 1].
        metadata: How to read `gain_map`.
        headroom: Display headroom, log2 (stops); infinity shows the brightest rendition.
        bits: Depth of code values.
        out: Where to put the result, float32 (H, W, 3); may be `base` itself.
    Returns:
        Linear RGB in the same primaries, float32 (H, W, 3), >= 0. Where the weight is 0 it is the base.
    Raises:
        ValueError: an array of another shape or type.
    Source: ISO 21496-1:2025 clause 6; libavif src/gainmap.c; tev src/imageio/GainMap.cpp (interpolation).
    """
    _check_rgb("base", base)
    result = np.empty_like(base) if out is None else out
    _check_same_shape("out", result, base)
    ready = gain_map_for(base.shape[:2], gain_map, metadata, headroom=headroom, bits=bits)
    render_strips(result, renderer(base, None, rule=ready.rule, gains=lambda rows: ready.at(rows, slice(None))))
    return result


class ReadyMap(NamedTuple):
    """A gain map made ready for a picture.

    Attributes:
        rule: What its gains do.
        at: Gains of some rows and columns of the picture.
    """

    rule: Rule
    at: Callable[[slice, slice], Gains]


def gain_map_for(
    size: tuple[int, ...], gain_map: GainMap, metadata: GainMapMetadata, *, headroom: float, bits: int = 8
) -> ReadyMap:
    """A gain map for a picture of `size`, height and width; other arguments as of `apply_gain_map`."""
    weight = headroom_weight(headroom, float(metadata.base_hdr_headroom), float(metadata.alternate_hdr_headroom))
    channels = _channels(gain_map, metadata, weight, bits)
    rows, columns = bilinear_taps(size[0], gain_map.shape[0]), bilinear_taps(size[1], gain_map.shape[1])
    offsets = np.array([(each.base_offset, each.alternate_offset) for each in (channels * 3)[:3]], np.float32).T
    if weight == 0:
        offsets = 0 * offsets  # unequal ones would shift the base, which is right as it is

    def gains(strip: slice, across: slice) -> Gains:
        cells, down = rows.within(strip)
        planes = [channel.log2_gain(channel.codes[cells]) for channel in channels]
        return Gains(np.ascontiguousarray(np.stack(planes, axis=1)), down, columns.part(across))

    return ReadyMap(Rule("log2_gain", offsets=np.ascontiguousarray(offsets)), gains)


class _Channel(NamedTuple):
    """One plane of a gain map with the numbers that turn it into gains."""

    codes: GainMap
    log2_gain: Callable[[GainMap], Array]
    base_offset: np.float32
    alternate_offset: np.float32


def _channels(gain_map: GainMap, metadata: GainMapMetadata, weight: float, bits: int) -> list[_Channel]:
    if gain_map.ndim == 2:
        gain_map = gain_map[:, :, np.newaxis]
    if gain_map.ndim != 3 or gain_map.shape[2] not in (1, 3) or gain_map.size == 0:
        raise ValueError(f"gain_map: expected (h, w), (h, w, 1) or (h, w, 3), got {gain_map.shape}")
    count = max(gain_map.shape[2], len(metadata.channels))
    return [
        _channel(
            gain_map[:, :, index % gain_map.shape[2]],
            metadata.channels[index % len(metadata.channels)],
            weight,
            bits,
        )
        for index in range(count)
    ]


def _channel(codes: GainMap, numbers: GainMapChannel, weight: float, bits: int) -> _Channel:
    low, high = float(numbers.gain_map_min), float(numbers.gain_map_max)
    exponent = 1 / float(numbers.gamma)

    def log2_gain(encoded: GainMap) -> Array:
        straight = np.asarray(np.clip(encoded, 0, 1), np.float32) ** np.float32(exponent)
        return np.asarray(straight * np.float32((high - low) * weight) + np.float32(low * weight), np.float32)

    offsets = np.float32(float(numbers.base_offset)), np.float32(float(numbers.alternate_offset))
    if codes.dtype in (np.uint8, np.uint16):
        table = log2_gain(np.arange(1 << bits, dtype=np.float32) / np.float32((1 << bits) - 1))
        return _Channel(codes, lambda block: table[block], *offsets)
    if codes.dtype != np.float32:
        raise ValueError(f"gain_map: expected uint8, uint16 or float32, got {codes.dtype}")
    return _Channel(codes, log2_gain, *offsets)


def compute_gain_map(
    base: Array | Light,
    alternate: Array | Light,
    *,
    base_headroom: float = 0.0,
    alternate_headroom: float,
    scale: int,
    channels: int,
    offset: float = 1 / 64,
    outliers: float = 0.1,
    bits: int = 8,
) -> tuple[AnyCodes, GainMapMetadata]:
    """The gain map that turns `base` into `alternate`, and its metadata.

    Ratios are taken at full size and averaged over the map's pixels in log2. The range reaches to the highest gain,
    since highlights are the brightest of all and few; it may leave out some of the lowest, which are clamped. A map
    of one gain everywhere has min == max and zeros for pixels.
    Gamma is 1: readers that interpolate coded values and those that interpolate gains then agree.

    Args:
        base: Linear RGB, float32 (H, W, 3), or what makes it; 1.0 = SDR white; as a decoder will see it. Negatives
            count as 0.
        alternate: The other rendition in the same primaries, same shape and units.
        base_headroom: Headroom at which `base` is right, log2 (stops).
        alternate_headroom: Headroom at which `alternate` is right, log2.
        scale: Pixels of the base per pixel of the map along either side, >= 1.
        channels: 1 (from the largest of R, G and B, so that no colour clips) or 3.
        offset: Added to both renditions before the division, linear, > 0.
        outliers: Percentage of the map, its lowest gains, that the range leaves out.
        bits: Depth of the map's code values.
    Returns:
        The encoded map, uint8 of 8 bits, else uint16, (ceil(H / scale), ceil(W / scale)), with (…, 3) for three
        channels.
    Raises:
        ValueError: arrays of different shapes, or an option outside its range.
    Source: ISO 21496-1:2025 clause 5; libavif src/gainmap.c (outliers, which it leaves out at both ends).
    """
    lights = _light("base", base), _light("alternate", alternate)
    if lights[0].size != lights[1].size:
        raise ValueError(f"alternate: expected {lights[0].size} like the base, got {lights[1].size}")
    if scale < 1 or channels not in (1, 3) or not offset > 0:
        raise ValueError(f"expected scale >= 1, channels 1 or 3, offset > 0, got {scale}, {channels}, {offset}")
    # The map holds log2(brighter / darker) whichever rendition is the base.
    bright, dark = lights if alternate_headroom < base_headroom else lights[::-1]
    planes, numbers = [], []
    for ratio in _log2_ratios(bright, dark, (None,) if channels == 1 else (0, 1, 2), scale, offset):
        codes, low, high = quantized(ratio, outliers, bits)
        planes.append(codes)
        numbers.append(GainMapChannel(low, high, Fraction(1, 1), fraction_of(offset), fraction_of(offset)))
    metadata = GainMapMetadata(fraction_of(base_headroom), fraction_of(alternate_headroom), tuple(numbers))
    return (planes[0] if channels == 1 else cast(AnyCodes, np.stack(planes, axis=2))), metadata


def _light(name: str, pixels: Array | Light) -> Light:
    if isinstance(pixels, Light):
        return pixels
    _check_rgb(name, pixels)
    return Light.of(pixels)


def _log2_ratios(bright: Light, dark: Light, channels: tuple[int | None, ...], scale: int, offset: float) -> Array:
    """Mean log2 ratios over each map pixel, float32 (n, h, w), of channels; of the largest where one is None."""
    width = bright.size[1]
    down, across = (np.linspace(0, side, ceil(side / scale) + 1) for side in bright.size)
    averaged = np.empty((len(channels), len(down) - 1, len(across) - 1), np.float32)
    most = offset * (2.0**MAX_LOG2 - 1)  # more gain has no place in a file

    def divide(strip: slice) -> None:
        edges = down[strip.start : strip.stop + 1]
        rows = slice(int(edges[0]), ceil(edges[-1]))
        above, below = (np.ascontiguousarray(each.at(rows, slice(None))) for each in (bright, dark))
        line = np.empty(width, np.float32)
        for place, channel in zip(averaged, channels, strict=True):
            ratio = place[strip] if scale == 1 else np.empty((rows.stop - rows.start, width), np.float32)
            loops.light_ratios(above, below, 3 if channel is None else channel, offset, most, ratio)
            np.log2(ratio, out=ratio)
            if scale > 1:
                loops.window_means(ratio[..., np.newaxis], edges - rows.start, across, line, place[strip])

    for_each_strip(averaged.shape[1], divide, max(rows_in_cache(width) // scale, 1))
    return averaged


def quantized(gains: Array, outliers: float, bits: int) -> tuple[AnyCodes, Fraction, Fraction]:
    """Codes of log2 gains, of the same shape, and their range as it will be stored; see `compute_gain_map`."""
    codes: AnyCodes = np.zeros(gains.shape, np.uint8 if bits == 8 else np.uint16)
    low, high = (float(edge) for edge in np.percentile(gains, (outliers, 100)))
    if high - low < _FLAT_LOG2:
        level = fraction_of((low + high) / 2)
        return codes, level, level
    stored_low, stored_high = fraction_of(low, rounding="down"), fraction_of(high, rounding="up")
    most = (1 << bits) - 1
    start, step = float(stored_low), (float(stored_high) - float(stored_low)) / most

    def encode(strip: slice) -> None:
        codes[strip] = np.clip(np.rint((gains[strip] - np.float32(start)) / np.float32(step)), 0, most)

    for_each_strip(gains.shape[0], encode, rows_in_cache(gains.shape[1]))
    return codes, stored_low, stored_high


def _check_rgb(name: str, pixels: Array) -> None:
    if pixels.dtype != np.float32 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise ValueError(f"{name}: expected float32 (H, W, 3), got {pixels.dtype} {pixels.shape}")


def _check_same_shape(name: str, pixels: Array, base: Array) -> None:
    _check_rgb(name, pixels)
    if pixels.shape != base.shape:
        raise ValueError(f"{name}: expected {base.shape} like the base, got {pixels.shape}")
