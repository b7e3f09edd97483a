"""The one log2 gain for all three channels by which a rendition was made, where its gain map tells one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gainmap_codec.files.map_metadata.iso21496 import MAX_LOG2, fraction_of
from gainmap_codec.files.records import AppleMetadata, Fraction, GainMapChannel, GainMapMetadata
from gainmap_codec.pixels.color.light import AnyCodes, Array, srgb_decode
from gainmap_codec.pixels.maps.gain_map import quantized
from gainmap_codec.pixels.raster.geometry import Box, turned
from gainmap_codec.pixels.raster.resampling import bilinear_taps


class OneGain(NamedTuple):
    """hdr = (base + base offset) · 2^gain − alternate offset, the same in all primaries, since these share their white.

    Attributes:
        values: The gain, float32 (h, w, 1), of any size: it lies over the whole raster, pixel centres aligned.
        base_offset: Linear, as in ISO 21496-1.
        alternate_offset: See `base_offset`.
    """

    values: Array
    base_offset: float
    alternate_offset: float

    def at(self, rows: slice, columns: slice, height: int, width: int) -> Array:
        """The gain at some rows and columns of a raster of this size, float32 (rows, columns, 1)."""
        cells, down = bilinear_taps(height, self.values.shape[0]).within(rows)
        across = bilinear_taps(width, self.values.shape[1]).part(columns)
        return down.interpolate(across.interpolate(self.values[cells], axis=1), axis=0)

    def hdr_of(self, base: Array, gain: Array) -> Array:
        """Linear HDR (..., 3) of a linear base, by the gain there."""
        hdr: Array = (base + np.float32(self.base_offset)) * np.exp2(gain) - np.float32(self.alternate_offset)
        return np.maximum(hdr, 0, out=hdr)

    def base_of(self, hdr: Array, gain: Array) -> Array:
        """The linear base (..., 3) that linear HDR was made of, by the gain there."""
        base: Array = (hdr + np.float32(self.alternate_offset)) * np.exp2(-gain) - np.float32(self.base_offset)
        return np.maximum(base, 0, out=base)

    def turned(self, orientation: int) -> OneGain:
        """The gain over the raster turned to upright; see `gainmap_codec.pixels.raster.geometry.turned`."""
        return self._replace(values=turned(self.values, orientation))

    def part(self, box: Box[int], width: int, height: int) -> OneGain:
        """The gain over a part of a raster of this size."""
        rows, columns = slice(box.top, box.bottom), slice(box.left, box.right)
        return self._replace(values=self.at(rows, columns, height, width))


Offsets = tuple[float, float]
"""Of base and alternate, linear, as in ISO 21496-1."""


def offsets_of(metadata: GainMapMetadata | AppleMetadata) -> Offsets:
    """The offsets of a gain map, those of its first channel where channels differ."""
    if isinstance(metadata, AppleMetadata):
        return 0.0, 0.0
    return float(metadata.channels[0].base_offset), float(metadata.channels[0].alternate_offset)


def one_gain_of(codes: AnyCodes, metadata: GainMapMetadata | AppleMetadata, bits: int) -> OneGain | None:
    """What a stored gain map shows in full on the brightest display, or None where its channels differ.

    Args:
        codes: The map's code values, (h, w) or (h, w, 3).
        bits: Their depth.
    """
    if codes.ndim == 3 and (codes != codes[..., :1]).any():
        return None
    coded = np.arange(1 << bits, dtype=np.float32) / np.float32((1 << bits) - 1)
    if isinstance(metadata, AppleMetadata):
        table = np.log2(1 + np.float32(metadata.headroom - 1) * srgb_decode(coded))
    elif len(set(metadata.channels)) > 1 or not _brightens(metadata):
        return None
    else:
        numbers = metadata.channels[0]
        low, high = float(numbers.gain_map_min), float(numbers.gain_map_max)
        table = coded ** np.float32(1 / float(numbers.gamma)) * np.float32(high - low) + np.float32(low)
    return OneGain(table[codes.reshape(*codes.shape[:2], -1)[..., :1]], *offsets_of(metadata))


def gain_map_of(gain: OneGain, headrooms: tuple[float, float], bits: int) -> tuple[AnyCodes, GainMapMetadata]:
    """A gain as a standard gain map of its size over its own range, the reverse of `one_gain_of`.

    Args:
        headrooms: Of base and alternate, log2.
        bits: Depth of the map's code values, (h, w).
    Source: ISO 21496-1:2025 clause 5.
    """
    values = np.clip(np.nan_to_num(gain.values[..., 0]), -MAX_LOG2, MAX_LOG2)  # a network may say anything
    codes, low, high = quantized(values, 0, bits)
    numbers = GainMapChannel(
        low, high, Fraction(1, 1), fraction_of(gain.base_offset), fraction_of(gain.alternate_offset)
    )
    return codes, GainMapMetadata(fraction_of(headrooms[0]), fraction_of(headrooms[1]), (numbers,))


def _brightens(metadata: GainMapMetadata) -> bool:
    """Whether the alternate is the brighter rendition: an HDR base is itself what the brightest display shows."""
    return float(metadata.alternate_hdr_headroom) > float(metadata.base_hdr_headroom)
