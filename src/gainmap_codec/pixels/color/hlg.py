"""HLG, as on a display of 1000 cd/m²: signals to light and back.

Source: ITU-R BT.2100-2 table 5 (OETF, OOTF and their inverses; a, b and c by their names there).
"""

from __future__ import annotations

import numpy as np

from gainmap_codec.pixels.color.base_color import BT2020_LUMA
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS, Array

HLG_PEAK = 1000.0 / SDR_WHITE_NITS
"""Linear value of white at signal 1: the display's 1000 cd/m² over SDR white."""

SYSTEM_GAMMA = 1.2
"""Of that display."""

_A, _B, _C = 0.17883277, 0.28466892, 0.55991073


def hlg_scene(signal: Array) -> Array:
    """Light of the scene, float32, of signals in [0, 1], such that the system gamma gives multiples of SDR white."""
    high = (np.exp((np.maximum(signal, 0.5) - np.float32(_C)) / np.float32(_A)) + np.float32(_B)) / 12
    scene = np.where(signal <= 0.5, signal**2 / 3, high)
    return np.asarray(scene * HLG_PEAK ** (1 / SYSTEM_GAMMA), dtype=np.float32)


def hlg_encode(linear: Array) -> Array:
    """Signals of light as the display shows it, float32 (..., 3); beyond 1 where HLG has none for it.

    Colours other than white end below 1000 cd/m²: pure blue, say, at 568 in its own channel.

    Args:
        linear: BT.2020, float32 (..., 3); 1.0 = SDR white. Negatives count as 0.
    """
    shown = np.maximum(linear, 0) / np.float32(HLG_PEAK)
    luminance = np.maximum(shown @ BT2020_LUMA, np.finfo(np.float32).tiny)
    scene = shown * (luminance ** np.float32(1 / SYSTEM_GAMMA - 1))[..., np.newaxis]
    high = np.float32(_A) * np.log(np.maximum(12 * scene - np.float32(_B), np.float32(1 - _B))) + np.float32(_C)
    return np.where(scene <= np.float32(1 / 12), np.sqrt(3 * scene), high).astype(np.float32)
