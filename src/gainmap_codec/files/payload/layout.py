"""The fields of a payload, format 1: one table, by which they are read, written and edited.

The table is the class `Fields`: each line says a field's name, what it is in Python, how it stands in the file, and
when it is there. It covers all that lies between the CRC and the range coded integers, bit by bit in file order, under
the names of `NeuralGainMap` where the record has them. docs/format.md is the specification.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Protocol, get_args, get_type_hints

from gainmap_codec.errors import FormatError
from gainmap_codec.files.bits import BitReader, BitWriter
from gainmap_codec.files.payload.records import Binding, Domain, Family, Preset

WHERE = "neural payload"
"""What errors are about."""

PREFIX_BYTES = 4
"""Magic, version and CRC, in front of the fields."""

STRICT_BYTES = 4
SOFT_BYTES = 13
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
MOST_GRIDS = 7
"""Grids of latents, and of details."""

# The numbers of these names in the file are their positions here: only ever append.
PRESETS: tuple[Preset, ...] = ("paper-gain", "paper-gamma", "balanced", "tiny", "best")
DOMAINS: tuple[Domain, ...] = ("pq_gain", "pq_gamma", "pq_difference", "log2_gain")
FAMILIES: tuple[Family, ...] = ("published", "multiscale")
assert set(PRESETS) == set(get_args(Preset)) and set(FAMILIES) == set(get_args(Family))

_OCTAVES = (0, 1, 2, 3, 4, 6, 8, 12)
_OFFSETS = ((0.0, 0.0), (1 / 64, 1 / 64))  # those that have a number
_SHIFTS = 128  # of the residual, in one of its scale

Known = Mapping[str, Any]
"""Fields by name: those in front of the one in question, at least."""


class _Wire(Protocol):
    """How a field stands in the file."""

    def read(self, reader: BitReader, known: Known) -> Any: ...
    def write(self, value: Any, writer: BitWriter) -> None: ...


class _Bits(NamedTuple):
    """A whole number, counted from `first`, or what it stands for."""

    width: int
    meanings: tuple[Any, ...] | None = None
    first: int = 0

    def read(self, reader: BitReader, known: Known) -> Any:
        number = reader.take(self.width)
        if self.meanings is None:
            return number + self.first
        if number >= len(self.meanings):
            problem = f"expected a number of at most {len(self.meanings) - 1}, got {number}"
            raise FormatError(WHERE, problem, offset=(reader.position - 1) // 8)
        return self.meanings[number]

    def write(self, value: Any, writer: BitWriter) -> None:
        writer.put(value - self.first if self.meanings is None else self.meanings.index(value), self.width)


class _Numbers(NamedTuple):
    """So many numbers of a type of `struct`, as a tuple."""

    type: str
    size: int

    def read(self, reader: BitReader, known: Known) -> tuple[Any, ...]:
        layout = struct.Struct(f">{self.size}{self.type}")
        return layout.unpack(reader.take_bytes(layout.size))

    def write(self, value: Any, writer: BitWriter) -> None:
        writer.put_bytes(struct.pack(f">{self.size}{self.type}", *value))


class _Number(NamedTuple):
    """One number of a type of `struct`."""

    type: str

    def read(self, reader: BitReader, known: Known) -> Any:
        return _Numbers(self.type, 1).read(reader, known)[0]

    def write(self, value: Any, writer: BitWriter) -> None:
        _Numbers(self.type, 1).write((value,), writer)


class _Steps(NamedTuple):
    """A number from 0 on, in so many steps a unit; what is larger than the bits can say is as large as they can."""

    width: int
    per_unit: int
    rounded: Callable[[float], int]

    def read(self, reader: BitReader, known: Known) -> float:
        return reader.take(self.width) / self.per_unit

    def write(self, value: float, writer: BitWriter) -> None:
        most = (1 << self.width) - 1
        writer.put(self.rounded(min(value * self.per_unit, most)), self.width)


class _Optional(NamedTuple):
    """A bit that says whether the field is there; without, it has its usual value."""

    wire: _Wire
    usual: Any

    def read(self, reader: BitReader, known: Known) -> Any:
        return self.wire.read(reader, known) if reader.take(1) else self.usual

    def write(self, value: Any, writer: BitWriter) -> None:
        writer.put(value != self.usual, 1)
        if value != self.usual:
            self.wire.write(value, writer)


class _Offsets(NamedTuple):
    """Of base and alternate: a number for the usual ones, else one or two f16."""

    def read(self, reader: BitReader, known: Known) -> tuple[float, float]:
        kind = reader.take(2)
        if kind < len(_OFFSETS):
            return _OFFSETS[kind]
        base, *other = _Numbers("e", kind - 1).read(reader, known)
        return base, other[0] if other else base

    def write(self, value: tuple[float, float], writer: BitWriter) -> None:
        given = value[:1] if value[0] == value[1] else value
        writer.put(_OFFSETS.index(value) if value in _OFFSETS else 1 + len(given), 2)
        if value not in _OFFSETS:
            _Numbers("e", len(given)).write(given, writer)


def _bits_of(number: float) -> int:
    """Those of an f16."""
    return int.from_bytes(struct.pack(">e", number), "big")


def _scale_of(code: int) -> float:
    """The f16 whose twelve bits behind the sign are given."""
    scale: float = struct.unpack(">e", (code << 3).to_bytes(2, "big"))[0]
    return scale


class _Range(NamedTuple):
    """Shift and scale of the residual: twelve bits behind an f16's sign for the scale, the shift in 128ths of it."""

    def read(self, reader: BitReader, known: Known) -> tuple[float, float]:
        scale = _scale_of(reader.take(12))
        shift = (reader.take(12) ^ 2048) - 2048
        return shift * scale / _SHIFTS, scale

    def write(self, value: tuple[float, float], writer: BitWriter) -> None:
        shift, scale = value
        count = round(shift * _SHIFTS / scale)
        if not -2048 <= count <= 2047:
            raise ValueError("out of range")
        writer.put(_bits_of(scale) + 4 >> 3, 12)
        writer.put(count & 4095, 12)


class _Size(NamedTuple):
    """Rows and columns: how many bits each takes, less 1, in four bits; then both, less 1."""

    def read(self, reader: BitReader, known: Known) -> tuple[int, int]:
        count = reader.take(4) + 1
        return reader.take(count) + 1, reader.take(count) + 1

    def write(self, value: tuple[int, int], writer: BitWriter) -> None:
        count = max((max(value) - 1).bit_length(), 1)
        writer.put(count - 1, 4)
        for each in value:
            writer.put(each - 1, count)


class _BindingBytes(NamedTuple):
    """Zeros up to a whole byte, the strict part, then the soft one; all behind it are bytes."""

    def read(self, reader: BitReader, known: Known) -> Binding:
        reader.align()
        return Binding(reader.take_bytes(STRICT_BYTES), reader.take_bytes(SOFT_BYTES))

    def write(self, value: Binding, writer: BitWriter) -> None:
        if (len(value.strict), len(value.soft)) != (STRICT_BYTES, SOFT_BYTES):
            raise ValueError("another length")
        writer.align()
        writer.put_bytes(value.strict + value.soft)


def _is_published(known: Known) -> bool:
    return bool(known["family"] == "published")


def _is_multiscale(known: Known) -> bool:
    return bool(known["family"] == "multiscale")


def _has_picture(known: Known) -> bool:
    return bool(known["has_picture"])


_QUALITY = _Steps(8, 4, math.floor)  # quarters of a decibel
_HEADROOM = _Steps(13, 256, round)  # stops


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What stands in front of the integers, in file order: what it is, how it is stored, and when it is there.

    Attributes:
        has_picture: There is a picture behind the integers.
        outputs: Of the network.
        neurons: Width of both hidden layers.
        latent_count: Grids of latents.
        detail_count: Grids of details.
        offsets: `base_offset` and `alternate_offset`.
        residual_range: `residual_shift` and `residual_scale`.
        picture_level: As in `CodedPicture`, and so are `picture_zero`, `picture_step` and `picture_tools`.

    All others are as in `NeuralGainMap`.
    """

    family: Annotated[Family, _Bits(1, FAMILIES)]
    preset: Annotated[Preset, _Bits(3, PRESETS)]
    domain: Annotated[Domain, _Bits(2, DOMAINS)]
    outputs: Annotated[int, _Bits(1, (1, 3))]
    has_picture: Annotated[bool, _Bits(1, (False, True))]
    neurons: Annotated[int, _Bits(6, first=1)]
    position_octaves: Annotated[int, _Bits(3, _OCTAVES), _is_published] = 0
    color_octaves: Annotated[int, _Bits(3, _OCTAVES)]
    latent_count: Annotated[int, _Bits(3), _is_multiscale] = 0
    detail_count: Annotated[int, _Bits(3), _is_multiscale] = 0
    grid: Annotated[tuple[int, int], _Size(), _is_multiscale] = (0, 0)
    alternate_hdr_headroom: Annotated[float, _HEADROOM]
    base_hdr_headroom: Annotated[float, _Optional(_HEADROOM, 0.0)]
    residual_range: Annotated[tuple[float, float], _Range()]
    offsets: Annotated[tuple[float, float], _Offsets()]
    color_shift: Annotated[float, _Number("e"), _is_published] = 0.0
    color_scale: Annotated[float, _Number("e"), _is_published] = 1.0
    coordinates: Annotated[tuple[float, ...], _Optional(_Numbers("f", 6), IDENTITY)] = IDENTITY
    picture_level: Annotated[int, _Bits(4), _has_picture] = 0
    picture_zero: Annotated[int, _Bits(8), _has_picture] = 0
    picture_step: Annotated[int, _Number("b"), _has_picture] = 0
    picture_tools: Annotated[int, _Bits(7), _has_picture] = 0
    neural_psnr: Annotated[float, _QUALITY]
    standard_psnr: Annotated[float, _QUALITY]
    binding: Annotated[Binding, _BindingBytes()]


_TABLE = {name: hint.__metadata__ for name, hint in get_type_hints(Fields, include_extras=True).items()}


def _present(known: Known) -> Iterator[tuple[str, _Wire]]:
    """The fields that are there, one after the other: whether one is there depends on those in front of it."""
    for name, (wire, *conditions) in _TABLE.items():
        if all(is_there(known) for is_there in conditions):
            yield name, wire


def read_fields(payload: bytes) -> tuple[Fields, bytes]:
    """The fields, and the entropy coded integers behind them, of a whole payload.

    Raises:
        FormatError: It ends inside of a field, or a number has no meaning.
    """
    reader = BitReader(payload, WHERE, position=8 * PREFIX_BYTES)
    known: dict[str, Any] = {}
    for name, wire in _present(known):
        known[name] = wire.read(reader, known)
    return Fields(**known), reader.rest()


def write_fields(values: Fields) -> bytes:
    """The bytes of the fields: the mirror of `read_fields`, without what stands in front of them.

    Raises:
        ValueError: A value does not fit its field.
    """
    writer, known = BitWriter(), vars(values)
    for name, wire in _present(known):
        try:
            wire.write(known[name], writer)
        except (struct.error, OverflowError, ValueError, ZeroDivisionError):
            expected = f"{name}: expected a value that fits the format"
            raise ValueError(f"{WHERE}: {expected}, got {known[name]!r}") from None
    return writer.getvalue()


def residual_range(low: float, high: float) -> tuple[float, float]:
    """The shift and scale nearest to residuals in low…high that the format can say, hardly wider.

    Outputs are clipped to −1…1: where a residual is flat at either end, a range that ends there says so for nothing.

    Raises:
        ValueError: They are too large.
    """
    middle = (low + high) / 2
    half = max((high - low) / 2, abs(middle) * _SHIFTS / 2000, 2.0**-14)
    try:
        code = _bits_of(half) >> 3
    except OverflowError:
        raise ValueError(f"expected residuals within 65504, got {low} to {high}") from None
    scale = _scale_of(code)
    return round(middle * _SHIFTS / scale) * scale / _SHIFTS, scale
