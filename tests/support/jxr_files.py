"""JPEG XR files of `fixtures/jxr`, coded once, without loss, by jxrlib's own program, and what is drawn on them.

    JxrEncApp -i drawn.tif -o half.jxr -c 25 -q 1      (Debian: libjxr-tools 1.2~git20170615)

with ``-c 24`` for fixed-16, ``-c 14`` for fixed-32, and ``-c 31`` for ten-bit, of a PNM of 16 bits whose lowest six
are 0. half.jxr has the alpha's size as Windows writes it, where jxrlib writes the file's, and EXIF and XMP by exiftool
12.57, among them what Windows' Game Bar says: who made it, and when.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

JXR_INPUTS = {
    "jxr/half.jxr": "a screenshot as Windows writes them: 64bppRGBAHalf, with EXIF, GPS and XMP",
    "jxr/fixed-16.jxr": "64bppRGBAFixedPoint: scRGB in 16 bits, 13 of them behind the point",
    "jxr/fixed-32.jxr": "96bppRGBFixedPoint: scRGB in 32 bits, 24 of them behind the point",
    "jxr/ten-bit.jxr": "a screenshot as Xbox consoles write them: 32bppBGR101010, BT.2020 PQ",
}
_SIZE = (16, 24, 3)
_COUNT = 16 * 24 * 3


def drawn_scrgb() -> NDArray[np.float64]:
    """Of half.jxr and fixed-32.jxr, and 16 times as much as of fixed-16.jxr: -2 to 34 in steps of 1/32."""
    return np.arange(_COUNT).reshape(_SIZE) / 32 - 2


def drawn_codes() -> NDArray[np.int64]:
    """Of ten-bit.jxr: all codes, one after the other."""
    return (np.arange(_COUNT) % 1024).reshape(_SIZE)
