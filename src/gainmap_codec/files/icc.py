"""ICC profiles written: those of displays, by colorants and a curve.

Written here rather than by LittleCMS, whose bytes hold the time of day and its version; a test reads
them with it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

D50 = (0.9642, 1.0, 0.8249)
"""White of the profile connection space (ICC.1:2022 clause 6.3.4.3)."""

BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
"""From XYZ to the responses of cones in which whites are adapted (ICC.1:2022 annex E)."""

Vector = Sequence[float]


def display_profile(
    description: str,
    colorants: Iterable[Vector],
    adaptation: Vector,
    curve: bytes,
    more: dict[bytes, bytes] | None = None,
) -> bytes:
    """A matrix-based display profile: the same bytes for ever.

    Args:
        description: What people read.
        colorants: XYZ of red, green and blue, white D50.
        adaptation: The matrix from XYZ with the display's white to D50, row by row.
        curve: The tag of each of the three channels.
        more: Further tags.
    Source: ICC.1:2022 clauses 7.2 (header), 7.3 (tag table) and 8.4.3 (matrix-based display profiles).
    """
    red, green, blue = map(_xyz, colorants)
    tags = {
        b"desc": _text(description),
        b"cprt": _text("CC0"),
        b"wtpt": _xyz(D50),
        b"chad": b"sf32" + bytes(4) + _fixed(adaptation),
        b"rXYZ": red,
        b"gXYZ": green,
        b"bXYZ": blue,
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
        **(more or {}),
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
        _fixed(D50),
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


def parametric_curve(*parameters: float) -> bytes:
    """A curve's tag, of type 0 (gamma alone) or 3 (gamma, a, b, c, d). Source: ICC.1:2022 clause 10.18."""
    kind = 3 if len(parameters) > 1 else 0
    return struct.pack(">4s4xH2x", b"para", kind) + _fixed(parameters)


def _xyz(values: Vector) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(values)


def _fixed(values: Iterable[float]) -> bytes:
    """The s15Fixed16 numbers of ICC.1."""
    return b"".join(round(float(value) * 65536).to_bytes(4, "big", signed=True) for value in values)


SRGB_CURVE = parametric_curve(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
"""IEC 61966-2-1."""
BT709_PARAMETERS = (1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)
"""The inverse of the camera's curve (ITU-R BT.709-6 item 1.2)."""


def profile_of_chromaticities(
    description: str, primaries: Sequence[Vector], white: Vector, curve: bytes
) -> bytes | None:
    """A display profile of the CIE x and y of red, green, blue and white; None where they span no colours.

    Source: SMPTE RP 177 (colorants); ICC.1:2022 annex E (adaptation to D50).
    """
    if min(y for _, y in (*primaries, white)) <= 0:
        return None
    red, green, blue, here = ((x / y, 1.0, (1 - x - y) / y) for x, y in (*primaries, white))
    columns = tuple(zip(red, green, blue, strict=True))
    shares = _solved(columns, here)
    if shares is None:
        return None
    cones = [there / own for there, own in zip(_times(BRADFORD, D50), _times(BRADFORD, here), strict=True)]
    adapted = [_adapted(unit, cones) for unit in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    adaptation = [number for row in zip(*adapted, strict=True) for number in row]
    colorants = [
        _adapted([share * part for part in column], cones)
        for share, column in zip(shares, (red, green, blue), strict=True)
    ]
    return display_profile(description, colorants, adaptation, curve)


def _adapted(xyz: Vector, cones: Vector) -> Vector:
    """XYZ beside another white, by what that does to each cone."""
    seen = [factor * response for factor, response in zip(cones, _times(BRADFORD, xyz), strict=True)]
    return _solved(BRADFORD, seen) or xyz


def _times(matrix: Sequence[Vector], vector: Vector) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def _solved(matrix: Sequence[Vector], wanted: Vector) -> list[float] | None:
    """The vector that a matrix turns into the one wanted, by Cramer's rule; None where it is singular."""
    whole = _determinant(matrix)
    if abs(whole) < 1e-9:
        return None
    columns = list(zip(*matrix, strict=True))
    return [_determinant([*columns[:n], tuple(wanted), *columns[n + 1 :]]) / whole for n in range(3)]


def _determinant(rows: Sequence[Vector]) -> float:
    (a, b, c), (d, e, f), (g, h, i) = rows
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
