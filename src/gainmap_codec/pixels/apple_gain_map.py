"""Apply one of Apple's own gain maps, which are not of ISO 21496-1's kind: they scale linear light, not its logarithm.

Source: Apple, "Applying Apple HDR effect to your photos". Apple's page names the Rec. 709 curve for the map; Chromium,
tev and apple-hdr-heic take the sRGB curve, and so do we (docs/supported.md has what is known about it).
"""

from __future__ import annotations

import numpy as np

from gainmap_codec.files.records import AppleMetadata
from gainmap_codec.pixels.color import AnyCodes, Array, srgb_decode
from gainmap_codec.pixels.resampling import bilinear_taps
from gainmap_codec.pixels.strips import for_each_strip


def apply_apple_gain_map(
    base: Array, gain_map: AnyCodes, metadata: AppleMetadata, *, headroom: float, bits: int = 8
) -> None:
    """Turn `base` into the rendition for a display of the given headroom: base · (1 + (h − 1) · curve(map)).

    h is the smaller of the map's and the display's headroom. The map is interpolated before its curve is undone
    (bilinear, pixel centres aligned).

    Args:
        base: Linear RGB, float32 (H, W, 3); 1.0 = SDR white; changed in place.
        gain_map: Code values of any size, (h, w) or (h, w, 3); of three channels each serves its own.
        metadata: Its headroom.
        headroom: Display headroom, log2 (stops); infinity shows the brightest rendition.
        bits: Depth of the map's code values.
    """
    most = np.float32(min(metadata.headroom, 2.0 ** min(headroom, 64)) - 1)
    if most <= 0:
        return
    planes = gain_map[..., np.newaxis] if gain_map.ndim == 2 else gain_map
    rows, columns = bilinear_taps(base.shape[0], planes.shape[0]), bilinear_taps(base.shape[1], planes.shape[1])

    def render(strip: slice) -> None:
        taps = rows.part(strip)
        start, stop = int(taps.first[0]), int(taps.second[-1]) + 1
        for channel in range(planes.shape[2]):
            codes = planes[start:stop, :, channel].astype(np.float32)
            codes = taps.shifted(-start).interpolate(columns.interpolate(codes, axis=1), axis=0)
            gain = srgb_decode(codes * np.float32(1 / ((1 << bits) - 1)))
            gain *= most
            gain += 1
            if planes.shape[2] == 1:
                base[strip] *= gain[..., np.newaxis]
            else:
                base[strip, :, channel] *= gain

    for_each_strip(base.shape[0], render)
