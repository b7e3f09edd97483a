"""Apply one of Apple's own gain maps, which are not of ISO 21496-1's kind: they scale linear light, not its logarithm.

Source: Apple, "Applying Apple HDR effect to your photos". Apple's page names the Rec. 709 curve for the map; Chromium,
tev and apple-hdr-heic take the sRGB curve, and so do we (docs/supported.md has what is known about it).
"""

from __future__ import annotations

import numpy as np

from gainmap_codec.files.records import AppleMetadata
from gainmap_codec.pixels.color.light import AnyCodes, Array, srgb_decode
from gainmap_codec.pixels.maps.gain_map import ApplyStrip
from gainmap_codec.pixels.raster.resampling import bilinear_taps


def apple_gain_map_strips(
    size: tuple[int, ...], gain_map: AnyCodes, metadata: AppleMetadata, *, headroom: float, bits: int = 8
) -> ApplyStrip:
    """A map made ready to turn strips of a base into the rendition for a display: base · (1 + (h − 1) · curve(map)).

    h is the smaller of the map's and the display's headroom. The map is interpolated before its curve is undone
    (bilinear, pixel centres aligned).

    Args:
        size: Height and width of the base, whose linear RGB has 1.0 = SDR white.
        gain_map: Code values of any size, (h, w) or (h, w, 3); of three channels each serves its own.
        metadata: Its headroom.
        headroom: Display headroom, log2 (stops); infinity shows the brightest rendition.
        bits: Depth of the map's code values.
    """
    most = np.float32(min(metadata.headroom, 2.0 ** min(headroom, 64)) - 1)
    planes = gain_map[..., np.newaxis] if gain_map.ndim == 2 else gain_map
    down, columns = bilinear_taps(size[0], planes.shape[0]), bilinear_taps(size[1], planes.shape[1])

    def apply(pixels: Array, rows: slice, across: slice) -> None:
        if most <= 0:
            return
        taps = down.part(rows)
        start, stop = int(taps.first[0]), int(taps.second[-1]) + 1
        for channel in range(planes.shape[2]):
            codes = planes[start:stop, :, channel].astype(np.float32)
            codes = taps.shifted(-start).interpolate(columns.part(across).interpolate(codes, axis=1), axis=0)
            gain = srgb_decode(codes * np.float32(1 / ((1 << bits) - 1)))
            gain *= most
            gain += 1
            if planes.shape[2] == 1:
                pixels *= gain[..., np.newaxis]
            else:
                pixels[..., channel] *= gain

    return apply
