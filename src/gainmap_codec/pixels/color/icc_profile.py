"""ICC profiles for the pictures that we write: three sets of primaries with the sRGB curve, and BT.2020 PQ.

Written here rather than by LittleCMS, whose bytes hold the time of day and its version; a test reads
them with it.
"""

from __future__ import annotations

import struct
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.pixels.color.base_color import D50_XYZ, BaseColor, colorants_d50
from gainmap_codec.pixels.color.code_points import BT2020_PQ_RGB
from gainmap_codec.pixels.color.light import D65, PQ_PEAK, ColorSpace, adapt_white, pq_decode, xy_to_xyz

_DESCRIPTIONS: dict[ColorSpace, str] = {
    "srgb": "sRGB",
    "display-p3": "Display P3",
    "bt2020": "BT.2020 primaries, sRGB curve",
}
_PQ_STEPS = 4096


@cache
def icc_profile_for(color_space: ColorSpace) -> bytes:
    """A display profile of these primaries with the sRGB curve: the same bytes for ever, half a kilobyte.

    Source: ICC.1:2022 clauses 7.2 (header), 7.3 (tag table), 8.4.3 (matrix-based display profiles), 10.18
    (parametric curves).
    """
    return _display_profile(_DESCRIPTIONS[color_space], color_space, _srgb_curve(), {})


def icc_profile_describing(color: BaseColor) -> bytes | None:
    """The profile of `icc_profile_for` that says what this colour is, or None where none does."""
    if color.primaries is None or color.curve != "srgb":
        return None
    return icc_profile_for(color.primaries)


@cache
def pq_icc_profile() -> bytes:
    """A display profile of BT.2020 PQ, whose white is 10 000 nits: the same bytes for ever, 9 KB.

    Its cicp tag says BT.2020 and PQ to readers that know it. Others find the curve as a table of 16 bits, steps of
    0.15 nits, and show SDR white where it is on such a display: dark.
    Source: ICC.1:2022 clauses 9.2.17 and 10.3 (cicp), 10.6 (curves).
    """
    light = pq_decode(np.linspace(0, 1, _PQ_STEPS, dtype=np.float32)) / np.float32(PQ_PEAK)
    curve = struct.pack(">4s4xI", b"curv", _PQ_STEPS) + np.rint(light * 65535).astype(">u2").tobytes()
    return _display_profile("BT.2020 PQ", "bt2020", curve, {b"cicp": b"cicp" + bytes([0, 0, 0, 0, *BT2020_PQ_RGB])})


def _display_profile(description: str, color_space: ColorSpace, curve: bytes, more: dict[bytes, bytes]) -> bytes:
    """A matrix-based display profile, with `more` tags."""
    red, green, blue = colorants_d50(color_space).T
    tags = {
        b"desc": _text(description),
        b"cprt": _text("CC0"),
        b"wtpt": _numbers(b"XYZ ", D50_XYZ),
        b"chad": _numbers(b"sf32", adapt_white(xy_to_xyz(D65), D50_XYZ)),
        b"rXYZ": _numbers(b"XYZ ", red),
        b"gXYZ": _numbers(b"XYZ ", green),
        b"bXYZ": _numbers(b"XYZ ", blue),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
        **more,
    }
    table, data = _laid_out(tags)
    version = 0x04400000 if more else 0x04300000  # 4.4 brought cicp
    return _header(128 + len(table) + len(data), version) + table + data


def _header(size: int, version: int) -> bytes:
    return struct.pack(
        ">I4sI4s4s4s6H4s4sI4sIQI12s4s16s28s",
        size,
        b"",  # preferred colour management module
        version,
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


def _srgb_curve() -> bytes:
    """The sRGB curve as a parametric curve of type 3 (IEC 61966-2-1)."""
    return struct.pack(">4s4xH2x", b"para", 3) + _fixed(np.array([2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]))


def _fixed(values: NDArray[np.float64]) -> bytes:
    """The s15Fixed16 numbers of ICC.1."""
    return np.rint(values * 65536).astype(">i4").tobytes()
