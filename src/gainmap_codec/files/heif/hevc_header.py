"""The colour that HEVC data announce in the VUI of their sequence parameter set, where no property of the item does.

Source: ITU-T H.265 (08/2021) clauses 7.3.1 (NAL units), 7.3.2.2 (sequence parameter set), 7.3.3 (profile, tier and
level), 7.3.4 (scaling lists), 7.3.7 (short-term reference pictures), E.2.1 (VUI); ISO/IEC 14496-15 clause 8.3.3 (hvcC).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from gainmap_codec.errors import Limits
from gainmap_codec.files.code_points import UNSPECIFIED, Nclx
from gainmap_codec.files.cursor import Reader
from gainmap_codec.files.heif.bits import Bits

_SEQUENCE_PARAMETERS = 33
_FIRST_PARAMETERS = 32  # types below are slices of pictures
_MOST_UNITS = 64  # in front of the first slice
_STEPS_PER_UNIT = 10  # of work
_ANY_RATIO = 255
_UNSAID = Nclx(UNSPECIFIED, UNSPECIFIED, UNSPECIFIED, full_range=False)
_WHERE = "HEVC sequence parameter set"


def color_of_hevc(record: bytes, data: bytes, limits: Limits) -> Nclx | None:
    """The code points of the first sequence parameter set, in the data or else in the record; None without one.

    What it does not say is unspecified and of limited range (clause E.3.1).

    Args:
        record: The item's hvcC.
        data: The item's data: NAL units, each behind its length.
        limits: Budgets for going through them.
    Raises:
        FormatError: The record, a unit or the parameter set is cut off, or counts more than HEVC allows.
        LimitError: More work than `limits` allow.
    """
    units = chain(_units_of_data(record, data), _units_of_record(record, limits))
    parameters = next((unit for unit in units if _kind(unit) == _SEQUENCE_PARAMETERS), None)
    return None if parameters is None else _color(Bits(_unescaped(parameters), _WHERE))


def _units_of_record(record: bytes, limits: Limits) -> Iterator[bytes]:
    reader = Reader(record, "box hvcC", position=22)
    for _ in range(reader.u8()):
        reader.u8()
        for _ in range(reader.u16()):
            limits.spend(_STEPS_PER_UNIT)
            yield reader.take(reader.u16())


def _units_of_data(record: bytes, data: bytes) -> Iterator[bytes]:
    """Those in front of the first slice."""
    sizes = (Reader(record, "box hvcC", position=21).u8() & 3) + 1
    reader = Reader(data, "HEVC data")
    for _ in range(_MOST_UNITS):
        unit = reader.take(reader.unsigned(sizes)) if reader.remaining else b""
        if not unit or _kind(unit) < _FIRST_PARAMETERS:
            return
        yield unit


def _kind(unit: bytes) -> int:
    return unit[0] >> 1 & 63 if unit else 0


def _unescaped(unit: bytes) -> bytes:
    """Without the bytes that keep start codes from appearing inside a unit (clause 7.4.2)."""
    return unit.replace(b"\0\0\3", b"\0\0")


def _color(bits: Bits) -> Nclx:
    """The fields of clause 7.3.2.2.1, in their order, up to the colour."""
    bits.take(16 + 4)  # unit header, video parameter set
    layers = bits.take(3)
    bits.take(1)
    _skip_profiles(bits, layers)
    bits.golomb()
    if bits.golomb() == 3:
        bits.take(1)
    _skip_numbers(bits, 2)  # width, height
    if bits.take(1):
        _skip_numbers(bits, 4)  # conformance window
    _skip_numbers(bits, 2)  # depths
    order_bits = bits.at_most(12) + 4
    _skip_numbers(bits, 3 * (1 if not bits.take(1) else layers + 1))
    _skip_numbers(bits, 6)
    _skip_tools(bits)
    _skip_references(bits, order_bits)
    bits.take(2)
    return _color_of_vui(bits) if bits.take(1) else _UNSAID


def _skip_numbers(bits: Bits, count: int) -> None:
    for _ in range(count):
        bits.golomb()


def _skip_profiles(bits: Bits, layers: int) -> None:
    bits.take(88 + 8)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    bits.take(2 * (8 - layers) if layers else 0)
    for profile, level in present:
        bits.take(88 * profile + 8 * level)


def _skip_tools(bits: Bits) -> None:
    if bits.take(1) and bits.take(1):
        _skip_scaling_lists(bits)
    bits.take(2)
    if bits.take(1):  # samples without prediction
        bits.take(8)
        _skip_numbers(bits, 2)
        bits.take(1)


def _skip_scaling_lists(bits: Bits) -> None:
    for size in range(4):
        for _ in range(0, 6, 3 if size == 3 else 1):
            if bits.take(1):
                _skip_numbers(bits, (size > 1) + min(64, 1 << (4 + 2 * size)))
            else:
                bits.golomb()


def _skip_references(bits: Bits, order_bits: int) -> None:
    deltas: list[int] = []
    for index in range(bits.at_most(64)):
        deltas = _predicted(bits, deltas) if index and bits.take(1) else _listed(bits)
    if bits.take(1):
        for _ in range(bits.at_most(32)):
            bits.take(order_bits + 1)


def _listed(bits: Bits) -> list[int]:
    """How far the pictures of a set are away, those before first."""
    found: list[int] = []
    for sign, count in ((-1, bits.at_most(16)), (1, bits.at_most(16))):
        delta = 0
        for _ in range(count):
            delta += sign * (bits.golomb() + 1)
            bits.take(1)
            found.append(delta)
    return found


def _predicted(bits: Bits, deltas: list[int]) -> list[int]:
    """The same of a set that is told by its difference from the one before."""
    sign = bits.take(1)
    step = (bits.golomb() + 1) * (-1 if sign else 1)
    moved = {delta + step for delta in (*deltas, 0) if bits.take(1) or bits.take(1)} - {0}
    return sorted((d for d in moved if d < 0), reverse=True) + sorted(d for d in moved if d > 0)


def _color_of_vui(bits: Bits) -> Nclx:
    """Source: ITU-T H.265 clause E.2.1, up to the matrix."""
    if bits.take(1) and bits.take(8) == _ANY_RATIO:
        bits.take(32)
    if bits.take(1):
        bits.take(1)  # overscan
    if not bits.take(1):
        return _UNSAID
    bits.take(3)
    full_range = bool(bits.take(1))
    if not bits.take(1):
        return _UNSAID._replace(full_range=full_range)
    return Nclx(bits.take(8), bits.take(8), bits.take(8), full_range)
