"""Apply one of Apple's own gain maps, which are not of ISO 21496-1's kind: they scale linear light, not its logarithm.

Source: Apple, "Applying Apple HDR effect to your photos". Apple's page names the Rec. 709 curve for the map; Chromium,
tev and apple-hdr-heic take the sRGB curve, and so do we (docs/supported.md has what is known about it).
"""

from __future__ import annotations

import numpy as np

from gainmap_codec.files.records import AppleMetadata
from gainmap_codec.pixels.color.light import AnyCodes
from gainmap_codec.pixels.maps.gain_map import ReadyMap
from gainmap_codec.pixels.raster.resampling import bilinear_taps
from gainmap_codec.pixels.rendition import Gains, Rule


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
