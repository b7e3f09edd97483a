"""A picture of 96 x 64 with both renditions, for fits of seconds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.payload.records import Binding
from gainmap_codec.pixels.color.base_color import BaseColor, base_color_of_icc
from gainmap_codec.pixels.color.light import Array, convert
from gainmap_codec.pixels.maps.one_gain import Offsets, OneGain
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.pixels.scene import render_scene


class Pair(NamedTuple):
    """See `PairLike`."""

    codes: NDArray[np.uint8]
    color: BaseColor
    hdr: Array
    gain: OneGain | None = None
    offsets: Offsets | None = None


SRGB = base_color_of_icc(None)
HDR = render_scene(96, 64)
CODES = encode_base(tone_map(convert(HDR, "bt2020", "srgb"), headroom=3.2))
SCENE = Pair(CODES, SRGB, HDR)
FIELDS: dict[str, Any] = {"alternate_hdr_headroom": 3.25, "binding": Binding(bytes(range(4)), bytes(range(13)))}
