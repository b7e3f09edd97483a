"""Standard gain maps of other sizes, and of Apple's kind as ISO 21496-1 and back: code values in, code values out.

Gains are what is averaged and interpolated: the map's gamma is undone first and applied again. Its range may stay, as
both are linear in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.map_metadata.iso21496 import fraction_of
from gainmap_codec.files.records import AppleMetadata, Fraction, GainMapChannel, GainMapMetadata
from gainmap_codec.pixels.color.light import AnyCodes, Array, srgb_decode
from gainmap_codec.pixels.maps.apple_gain_map import AppleMap, apple_of_gains
from gainmap_codec.pixels.maps.one_gain import one_gain_of
from gainmap_codec.pixels.raster.geometry import Box
from gainmap_codec.pixels.raster.resampling import resized, taps_at

_NEAR = 1e-6  # of a map's pixel
_HIGHLIGHTS = 0.001  # of the pixels: fewer are specks, whose loss nobody sees
_NO_OFFSET = 2.0**-17  # of SDR white, a thousandth of a nit and a half; libultrahdr writes 1e-7


def iso_of_apple(codes: AnyCodes, metadata: AppleMetadata, bits: int) -> tuple[AnyCodes, GainMapMetadata]:
    """One of Apple's own gain maps as one of ISO 21496-1 that means the same at every pixel of the map.

    Apple's factor 1 + (h − 1) · curve(map) is a gain of log2 of that, over a range of 0 to log2 h, without offsets.
    Half a code of the result, 0.4 % of light at a headroom of 3 stops, is all that is lost. Between the map's pixels,
    and on displays below the headroom, the two kinds differ: one interpolates codes, the other gains.

    Args:
        codes: The map's code values, (h, w) or (h, w, 3).
        bits: Their depth, which the result keeps.
    Source: Apple, "Applying Apple HDR effect to your photos"; ISO 21496-1:2025 clause 6.
    """
    largest = (1 << bits) - 1
    curve = srgb_decode(np.arange(largest + 1, dtype=np.float32) / np.float32(largest))
    gains = np.log2(1 + (metadata.headroom - 1) * curve.astype(np.float64))
    most = fraction_of(float(np.log2(metadata.headroom)), rounding="up")
    table = np.rint(gains * (largest / float(most))) if float(most) > 0 else np.zeros(largest + 1)
    numbers = GainMapChannel(Fraction(0, 1), most, Fraction(1, 1), Fraction(0, 1), Fraction(0, 1))
    converted = np.minimum(table, largest).astype(codes.dtype)[codes]
    return cast(AnyCodes, converted), GainMapMetadata(Fraction(0, 1), most, (numbers,))


def apple_of_iso(codes: AnyCodes, metadata: GainMapMetadata, bits: int) -> AppleMap | None:
    """A gain map of ISO 21496-1 as one of Apple's own that means the same at every pixel of the map, where it can.

    That takes one channel, or three equal ones, no offsets to speak of, and an SDR base. Half a code of the result is
    lost, and gains below 1, which Apple's maps do not have. Its headroom is the alternate's, or the largest gain.

    Args:
        codes: The map's code values, (h, w) or (h, w, 3).
        bits: Their depth; the result has 8.
    Source: Apple, "Applying Apple HDR effect to your photos"; ISO 21496-1:2025 clause 6.
    """
    one = one_gain_of(codes, metadata, bits)
    if (
        one is None
        or float(metadata.base_hdr_headroom) > 0
        or max(abs(one.base_offset), abs(one.alternate_offset)) > _NO_OFFSET
    ):
        return None
    return apple_of_gains(one.values[..., 0], float(metadata.alternate_hdr_headroom))


def crop_gain_map(
    codes: AnyCodes, metadata: GainMapMetadata | AppleMetadata, bits: int, box: Box[float], base_size: tuple[int, int]
) -> AnyCodes:
    """The part of a map that belongs to a part of its base.

    Where an edge of the box lies between the map's pixels, these are interpolated at twice their density, which keeps
    more of them than the same density does; along both sides, so that the map keeps the proportions of its base.

    Args:
        codes: The map's code values, (h, w) or (h, w, 3).
        box: The part, in pixels of the base.
        base_size: Width and height of the base.
    """
    left, top, right, bottom = box
    across = _whole_cells(left, right, base_size[0], codes.shape[1])
    down = _whole_cells(top, bottom, base_size[1], codes.shape[0])
    if across and down:
        return codes[down, across]

    def interpolate(gains: Array) -> Array:
        rows = _between_cells(top, bottom, base_size[1], gains.shape[0])
        columns = _between_cells(left, right, base_size[0], gains.shape[1])
        gains = taps_at(rows, gains.shape[0]).interpolate(gains, axis=0)
        return taps_at(columns, gains.shape[1]).interpolate(gains, axis=1)

    return _through_gains(codes, metadata, bits, interpolate)


def resize_gain_map(
    codes: AnyCodes, metadata: GainMapMetadata | AppleMetadata, bits: int, size: tuple[int, int]
) -> AnyCodes:
    """The map at `size` (width, height): its gains averaged where it shrinks, interpolated where it grows."""
    if size == (codes.shape[1], codes.shape[0]):
        return codes
    return _through_gains(codes, metadata, bits, lambda gains: resized(gains, *size))


def highlight_gain(codes: AnyCodes, metadata: GainMapMetadata | AppleMetadata, bits: int) -> float:
    """The gain in stops that one pixel in a thousand of a map exceeds, of the channel where that is most.

    Args:
        codes: The map's code values, (h, w) or (h, w, 3).
        bits: Their depth.
    """
    if isinstance(metadata, AppleMetadata):
        codes, metadata = iso_of_apple(codes, metadata, bits)
    planes, channels = codes.reshape(-1, 1 if codes.ndim == 2 else 3), metadata.channels
    pairs = range(max(planes.shape[1], len(channels)))
    highest = [_high(planes[:, index % planes.shape[1]]) for index in pairs]
    return max(_gain_of(code, channels[index % len(channels)], bits) for index, code in enumerate(highest))


def _high(plane: NDArray[np.integer[Any]]) -> int:
    """The least code value that no more than a thousandth of a channel's pixels exceed."""
    return int(np.searchsorted(np.cumsum(np.bincount(plane)), plane.size * (1 - _HIGHLIGHTS)))


def _gain_of(code: int, channel: GainMapChannel, bits: int) -> float:
    """Source: ISO 21496-1:2025 clause 6."""
    least, most = float(channel.gain_map_min), float(channel.gain_map_max)
    return float(least + (most - least) * (code / ((1 << bits) - 1)) ** (1 / float(channel.gamma)))


def _whole_cells(start: float, stop: float, size: int, cells: int) -> slice | None:
    """The map's pixels under a stretch of the base; None where its ends are between them."""
    first, last = start * cells / size, stop * cells / size
    if abs(first - round(first)) < _NEAR and abs(last - round(last)) < _NEAR and round(last) > round(first):
        return slice(round(first), round(last))
    return None


def _between_cells(start: float, stop: float, size: int, cells: int) -> NDArray[np.float64]:
    """Positions among the map's pixels under a stretch of the base: twice as many, at most one for each of its own."""
    first, last = start * cells / size, stop * cells / size
    count = min(max(round(2 * (last - first)), 1), max(round(stop - start), 1))
    return np.asarray(first + (np.arange(count) + 0.5) * ((last - first) / count) - 0.5, np.float64)


def _through_gains(
    codes: AnyCodes, metadata: GainMapMetadata | AppleMetadata, bits: int, change: Callable[[Array], Array]
) -> AnyCodes:
    """Code values whose gains, 0…1 of the range, `change` makes of float32 (h, w, C).

    Of Apple's own maps it is the code values themselves, as their readers interpolate these.
    """
    largest = (1 << bits) - 1
    planes = codes[..., np.newaxis] if codes.ndim == 2 else codes
    gammas = _gammas(metadata, planes.shape[2])
    gains = (planes.astype(np.float32) * np.float32(1 / largest)) ** (1 / gammas)
    changed = np.clip(change(gains.astype(np.float32)), 0, 1) ** gammas
    result = np.rint(changed * np.float32(largest)).astype(codes.dtype)
    return cast(AnyCodes, result[..., 0] if codes.ndim == 2 else result)


def _gammas(metadata: GainMapMetadata | AppleMetadata, count: int) -> Array:
    """Of each channel of a map, (count,)."""
    if isinstance(metadata, AppleMetadata):
        return np.ones(count, np.float32)
    channels = metadata.channels * (count // len(metadata.channels) or 1)
    return np.array([float(channel.gamma) for channel in channels[:count]], np.float32)
