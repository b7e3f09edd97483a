"""ICC profiles for the bases that we write: sRGB, Display P3 and BT.2020 primaries, all with the sRGB curve.

Written here rather than by LittleCMS, whose bytes hold the time of day and its version; a test reads
them with it.
"""

from __future__ import annotations

import struct
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.base_color import D50_XYZ, colorants_d50
from gainmap_codec.pixels.color import D65, ColorSpace, adapt_white, xy_to_xyz

_DESCRIPTIONS: dict[ColorSpace, str] = {
    "srgb": "sRGB",
    "display-p3": "Display P3",
    "bt2020": "BT.2020 primaries, sRGB curve",
}


@cache
def icc_profile_for(color_space: ColorSpace) -> bytes:
    """A display profile of these primaries with the sRGB curve: the same bytes for ever, half a kilobyte.

    Source: ICC.1:2022 clauses 7.2 (header), 7.3 (tag table), 8.4.3 (matrix-based display profiles), 10.18
    (parametric curves).
    """
    red, green, blue = colorants_d50(color_space).T
    curve = _curve()
    tags = {
        b"desc": _text(_DESCRIPTIONS[color_space]),
        b"cprt": _text("CC0"),
        b"wtpt": _numbers(b"XYZ ", D50_XYZ),
        b"chad": _numbers(b"sf32", adapt_white(xy_to_xyz(D65), D50_XYZ)),
        b"rXYZ": _numbers(b"XYZ ", red),
        b"gXYZ": _numbers(b"XYZ ", green),
        b"bXYZ": _numbers(b"XYZ ", blue),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, data = _laid_out(tags)
    return _header(128 + len(table) + len(data)) + table + data


def _header(size: int) -> bytes:
    return struct.pack(
        ">I4sI4s4s4s6H4s4sI4sIQI12s4s16s28s",
        size,
        b"",  # preferred colour management module
        0x04300000,  # version 4.3
        b"mntr",
        b"RGB ",
        b"XYZ ",
        *(2026, 1, 1, 0, 0, 0),  # date and time of creation: a constant, for the sake of equal bytes
        b"acsp",
        b"",  # platform
        0,  # flags
        b"",  # manufacturer
        0,  # model
        0,  # attributes
        1,  # relative colorimetric
        _fixed(D50_XYZ),
        b"",  # creator
        b"",  # profile ID: not computed
        b"",  # reserved
    )


def _laid_out(tags: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """Tag table and tag data; tags with equal data share it."""
    start = 128 + 4 + 12 * len(tags)
    entries, data, places = b"", b"", dict[bytes, int]()
    for signature, element in tags.items():
        if element not in places:
            places[element] = start + len(data)
            data += element + bytes(-len(element) % 4)
        entries += struct.pack(">4sII", signature, places[element], len(element))
    return struct.pack(">I", len(tags)) + entries, data


def _text(text: str) -> bytes:
    coded = text.encode("utf-16-be")
    return struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", len(coded), 28) + coded


def _numbers(kind: bytes, values: NDArray[np.float64]) -> bytes:
    return kind + bytes(4) + _fixed(values)


def _curve() -> bytes:
    """The sRGB curve as a parametric curve of type 3 (IEC 61966-2-1)."""
    return struct.pack(">4s4xH2x", b"para", 3) + _fixed(np.array([2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]))


def _fixed(values: NDArray[np.float64]) -> bytes:
    """The s15Fixed16 numbers of ICC.1."""
    return np.rint(values * 65536).astype(">i4").tobytes()
