"""Colour by the numbers of ITU-T H.273, as the boxes and bitstreams of HEIC and AVIF files hold them.

Source: ITU-T H.273 (07/2024), tables 2, 3 and 4, which ISO/IEC 23091-2 repeats.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

UNSPECIFIED = 2
"""In each of the three tables: told by other means, or not at all."""


class Primaries(IntEnum):
    """`ColourPrimaries`, table 2: the chromaticities of red, green, blue and white."""

    BT709 = 1
    """Those of sRGB too."""
    BT470M = 4
    BT601_625 = 5
    BT601_525 = 6
    SMPTE240 = 7
    FILM = 8
    BT2020 = 9
    DCI_P3 = 11
    DISPLAY_P3 = 12
    EBU3213 = 22


class Transfer(IntEnum):
    """`TransferCharacteristics`, table 3: the curve between light and code values."""

    BT709 = 1
    GAMMA22 = 4
    GAMMA28 = 5
    BT601 = 6
    SMPTE240 = 7
    LINEAR = 8
    XVYCC = 11
    BT1361 = 12
    SRGB = 13
    BT2020_10 = 14
    BT2020_12 = 15
    PQ = 16
    HLG = 18


class Matrix(IntEnum):
    """`MatrixCoefficients`, table 4: how luma and chroma are made of red, green and blue."""

    IDENTITY = 0
    """Red, green and blue themselves."""
    BT709 = 1
    BT601 = 6
    BT2020 = 9


class Nclx(NamedTuple):
    """A picture's colour by code points: plain integers, since files also hold those that have no name here."""

    primaries: int
    transfer: int
    matrix: int
    full_range: bool


_PRIMARIES, _TRANSFERS, _MATRICES = ((0, 3, *range(13, 22)), 22), ((0, 3), 18), ((3,), 17)
"""Reserved numbers of each table, and the last that is not."""


def without_reserved(nclx: Nclx) -> Nclx:
    """The same with `UNSPECIFIED` for numbers that the tables reserve: libheif refuses a whole picture for one."""
    primaries, transfer, matrix = (
        UNSPECIFIED if number in reserved or number > last else number
        for number, (reserved, last) in zip(nclx[:3], (_PRIMARIES, _TRANSFERS, _MATRICES), strict=True)
    )
    return Nclx(primaries, transfer, matrix, nclx.full_range)
