"""The fields of a payload, format 0: one table, by which they are read, written and edited.

The table is the class `Fields`: each line says a field's name, what it is in Python, how it stands in the file, and
when it is there. It covers all that lies between the CRC and the range coded integers, in file order, under the names
of `NeuralGainMap` where the record has them. docs/format.md is the specification.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Protocol, get_args, get_type_hints

from gainmap_codec.errors import FormatError
from gainmap_codec.files.cursor import Reader
from gainmap_codec.files.payload.records import Binding, Domain, Family, Preset

WHERE = "neural payload"
"""What errors are about."""

PREFIX_BYTES = 10
"""Magic, version, length and CRC, in front of the fields."""

HEADER_BYTES = 24
STRICT_BYTES = 8
SOFT_BYTES = 64
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
MOST_GRIDS = 15
"""Grids of latents, and of details."""

# The numbers of these names in the file are their positions here: only ever append.
PRESETS: tuple[Preset, ...] = ("paper-gain", "paper-gamma", "balanced", "tiny", "best")
DOMAINS: tuple[Domain, ...] = ("pq_gain", "pq_gamma", "pq_difference", "log2_gain")
FAMILIES: tuple[Family, ...] = ("published", "multiscale")
assert set(PRESETS) == set(get_args(Preset)) and set(FAMILIES) == set(get_args(Family))

_CODES = {"u8": "B", "u16": "H", "i8": "b", "f16": "e", "f32": "f"}  # docs/format.md's types as `struct` has them

Known = Mapping[str, Any]
"""Fields by name: those in front of the one in question, at least."""


class _Wire(Protocol):
    """How a field stands in the file."""

    def read(self, reader: Reader, known: Known) -> Any: ...
    def write(self, value: Any, data: bytearray) -> None: ...


class _Bits(NamedTuple):
    """Some bits of a byte. Fields that share one follow each other, the highest bits first."""

    high: int
    low: int
    meanings: tuple[Any, ...] | None = None

    def read(self, reader: Reader, known: Known) -> Any:
        if self.high < 7:
            reader.position -= 1  # the byte that the field before began
        number = reader.u8() >> self.low & (1 << self.high - self.low + 1) - 1
        if self.meanings is None:
            return number
        if number >= len(self.meanings):
            problem = f"expected a number of at most {len(self.meanings) - 1} in bits {self.high}–{self.low}"
            raise FormatError(WHERE, f"{problem}, got {number}", offset=reader.position - 1)
        return self.meanings[number]

    def write(self, value: Any, data: bytearray) -> None:
        number = value if self.meanings is None else self.meanings.index(value)
        if number not in range(1 << self.high - self.low + 1):
            raise ValueError("too large")
        if self.high == 7:
            data.append(0)
        data[-1] |= number << self.low


class _Numbers(NamedTuple):
    """Numbers of a type, as a tuple: so many, or as many as other fields sum to."""

    type: str
    size: int | tuple[str, ...]

    def read(self, reader: Reader, known: Known) -> tuple[Any, ...]:
        count = self.size if isinstance(self.size, int) else sum(known[name] for name in self.size)
        layout = struct.Struct(f">{count}{_CODES[self.type]}")
        return layout.unpack(reader.take(layout.size))

    def write(self, value: Any, data: bytearray) -> None:
        count = self.size if isinstance(self.size, int) else len(value)
        data += struct.pack(f">{count}{_CODES[self.type]}", *value)


class _Number(NamedTuple):
    """One number of a type."""

    type: str

    def read(self, reader: Reader, known: Known) -> Any:
        layout = struct.Struct(f">{_CODES[self.type]}")
        return layout.unpack(reader.take(layout.size))[0]

    def write(self, value: Any, data: bytearray) -> None:
        data += struct.pack(f">{_CODES[self.type]}", value)


class _Quarters(NamedTuple):
    """A quality in quarters of a decibel, rounded down, 0…63.75."""

    def read(self, reader: Reader, known: Known) -> float:
        return reader.u8() / 4

    def write(self, value: float, data: bytearray) -> None:
        data.append(int(min(max(value, 0), 63.75) * 4))


class _BindingBytes(NamedTuple):
    """The strict part, then the soft one."""

    def read(self, reader: Reader, known: Known) -> Binding:
        return Binding(reader.take(STRICT_BYTES), reader.take(SOFT_BYTES))

    def write(self, value: Binding, data: bytearray) -> None:
        if (len(value.strict), len(value.soft)) != (STRICT_BYTES, SOFT_BYTES):
            raise ValueError("another length")
        data += value.strict + value.soft


def _is_moved(known: Known) -> bool:
    return bool(known["is_moved"])


def _is_published(known: Known) -> bool:
    return bool(known["family"] == "published")


def _is_multiscale(known: Known) -> bool:
    return bool(known["family"] == "multiscale")


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What stands in front of the integers, in file order: what it is, how it is stored, and when it is there.

    Attributes:
        is_moved: Coordinates follow.
        outputs: Of the network.
        neurons: Width of both hidden layers.
        latent_count: Grids of latents.
        detail_count: Grids of details.
        grid_steps: Step exponents of the latents, then of the details.
        weight_steps: Step exponents of the three layers.

    All others are as in `NeuralGainMap`.
    """

    # Header
    preset: Annotated[Preset, _Bits(7, 5, PRESETS)]
    is_moved: Annotated[bool, _Bits(4, 4, (False, True))]
    outputs: Annotated[int, _Bits(3, 3, (1, 3))]
    domain: Annotated[Domain, _Bits(2, 1, DOMAINS)]
    family: Annotated[Family, _Bits(0, 0, FAMILIES)]
    position_octaves: Annotated[int, _Bits(7, 4)]
    color_octaves: Annotated[int, _Bits(3, 0)]
    neurons: Annotated[int, _Number("u8")]
    base_offset_exponent: Annotated[int, _Bits(7, 4)]
    alternate_offset_exponent: Annotated[int, _Bits(3, 0)]
    base_hdr_headroom: Annotated[float, _Number("f16")]
    alternate_hdr_headroom: Annotated[float, _Number("f16")]
    residual_shift: Annotated[float, _Number("f16")]
    residual_scale: Annotated[float, _Number("f16")]
    neural_psnr: Annotated[float, _Quarters()]
    standard_psnr: Annotated[float, _Quarters()]
    # Coordinates
    coordinates: Annotated[tuple[float, ...], _Numbers("f32", 6), _is_moved] = IDENTITY
    # Colour range
    color_shift: Annotated[float, _Number("f16"), _is_published] = 0.0
    color_scale: Annotated[float, _Number("f16"), _is_published] = 1.0
    # Working grid
    grid: Annotated[tuple[int, int], _Numbers("u16", 2), _is_multiscale] = (0, 0)
    latent_count: Annotated[int, _Bits(7, 4), _is_multiscale] = 0
    detail_count: Annotated[int, _Bits(3, 0), _is_multiscale] = 0
    grid_steps: Annotated[tuple[int, ...], _Numbers("i8", ("latent_count", "detail_count")), _is_multiscale] = ()
    # Binding
    binding: Annotated[Binding, _BindingBytes()]
    # Weight steps
    weight_steps: Annotated[tuple[int, ...], _Numbers("i8", 3)]


_TABLE = {name: hint.__metadata__ for name, hint in get_type_hints(Fields, include_extras=True).items()}


def _present(known: Known) -> Iterator[tuple[str, _Wire]]:
    """The fields that are there, one after the other: whether one is there depends on those in front of it."""
    for name, (wire, *conditions) in _TABLE.items():
        if all(is_there(known) for is_there in conditions):
            yield name, wire


def read_fields(payload: bytes) -> tuple[Fields, bytes]:
    """The fields, and the entropy coded integers behind them, of a payload without bytes behind its own length.

    Raises:
        FormatError: It ends inside of a field, or a number has no meaning.
    """
    reader = Reader(payload, WHERE, position=PREFIX_BYTES)
    known: dict[str, Any] = {}
    for name, wire in _present(known):
        known[name] = wire.read(reader, known)
    return Fields(**known), payload[reader.position :]


def write_fields(values: Fields) -> bytes:
    """The bytes of the fields: the mirror of `read_fields`, without what stands in front of them.

    Raises:
        ValueError: A value does not fit its field.
    """
    data, known = bytearray(), vars(values)
    for name, wire in _present(known):
        try:
            wire.write(known[name], data)
        except (struct.error, OverflowError, ValueError):
            expected = f"{name}: expected a value that fits the format"
            raise ValueError(f"{WHERE}: {expected}, got {known[name]!r}") from None
    return bytes(data)
