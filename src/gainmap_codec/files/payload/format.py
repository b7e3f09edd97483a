"""The neural payload: `NeuralGainMap` ⇄ bytes, format 1. docs/format.md is its specification, bit by bit.

4 bytes       magic, version, CRC
 …            fields (`layout`)
 …            step exponents, weights, latents and details, range coded (`integers`)
 …            the frame of a picture, where there is one
"""

from __future__ import annotations

import math
import zlib
from dataclasses import fields
from typing import Any

from gainmap_codec.errors import FormatError, GainMapError, Limits, UnsupportedError
from gainmap_codec.files.cursor import Reader
from gainmap_codec.files.payload.inputs import layer_shapes
from gainmap_codec.files.payload.integers import STEPS, Integers, decode_integers, encode_integers
from gainmap_codec.files.payload.latents import cells, latent_levels
from gainmap_codec.files.payload.layout import (
    MOST_GRIDS,
    PREFIX_BYTES,
    WHERE,
    Fields,
    read_fields,
    write_fields,
)
from gainmap_codec.files.payload.records import CodedPicture, LatentGrid, NeuralGainMap, QuantizedLayer

VERSION = 1
_MOST_GROUPS = 4  # of seven bits, of a number of bytes
_PIXELS_PER_STEP = 8  # of a picture: flat ones take few bytes, but time
MAX_COORDINATE = 1024
MIN_SCALE = 2.0**-24
"""Of a coordinate: a raster that covers less of the network's picture has no width in float32."""

_MAGIC = 0xF64  # twelve bits; no text begins with the first eight
_TRIAL = b"GNN\0"  # what payloads of format 0 began with

_ALIKE = {each.name for each in fields(Fields)} & {each.name for each in fields(NeuralGainMap)}
"""What the record says in the words of the file."""


def serialize_payload(network: NeuralGainMap) -> bytes:
    """The payload's bytes, format 1.

    Raises:
        ValueError: A field does not fit the format.
    """
    return through_payload(network)[0]


def through_payload(network: NeuralGainMap) -> tuple[bytes, NeuralGainMap]:
    """The payload's bytes, format 1, and the record as its readers get it.

    Raises:
        ValueError: A field does not fit the format.
    """
    found = _fields_of(network)
    _check_sizes(network, found)
    written = write_fields(found)
    try:
        integers = encode_integers(Integers(network.layers, network.latents, network.details))
        data = sealed(written + _with_frame(integers, network.picture))
        return data, parse_payload(data)  # nothing is written that our own reader refuses
    except GainMapError as error:
        raise ValueError(str(error)) from None


def parse_payload(data: bytes, limits: Limits | None = None) -> NeuralGainMap:
    """The record in a payload.

    Raises:
        FormatError: Damaged, or not a payload.
        UnsupportedError: Of another version of the format.
        LimitError: More bytes, weights, latents or work than `limits` allow.
    """
    limits = (limits or Limits()).of_one_file()
    limits.check("payload_bytes", len(data))
    _check_prefix(data)
    found, rest = read_fields(data)
    check_fields(found)
    integers, picture = _picture_of(found, rest, limits)
    latents, details = empty_latents(*found.grid, found.latent_count, found.detail_count)
    limits.check("latents", sum(grid.rows * grid.columns for grid in latents + details))
    shapes = _shapes_of(found)
    limits.check("weights", sum(inputs * outputs for inputs, outputs in shapes))
    layers = tuple(QuantizedLayer(*shape, (0,) * math.prod(shape), 0) for shape in shapes)
    coded = decode_integers(integers, Integers(layers, latents, details), limits)
    alike: dict[str, Any] = {name: getattr(found, name) for name in _ALIKE}
    return NeuralGainMap(
        **alike,
        residual_shift=found.residual_range[0],
        residual_scale=found.residual_range[1],
        base_offset=found.offsets[0],
        alternate_offset=found.offsets[1],
        **coded._asdict(),
        picture=picture,
    )


def _with_frame(integers: bytes, picture: CodedPicture | None) -> bytes:
    """What is behind the fields; in front of a frame, it begins with how many bytes the integers take."""
    if picture is None:
        return integers
    size = len(integers)
    groups = [size >> shift & 127 for shift in range(0, max(size.bit_length(), 1), 7)]
    return bytes(group | 128 for group in groups[:-1]) + bytes(groups[-1:]) + integers + picture.frame


def _picture_of(found: Fields, rest: bytes, limits: Limits) -> tuple[bytes, CodedPicture | None]:
    """The integers, and the picture: the mirror of `_with_frame`."""
    if not found.has_picture:
        return rest, None
    pixels = math.prod(cells(side, found.picture_level) for side in found.grid)
    limits.check("pixels", pixels)
    limits.spend(pixels // _PIXELS_PER_STEP)
    reader, size = Reader(rest, WHERE), 0
    for shift in range(0, 7 * _MOST_GROUPS, 7):
        group = reader.u8()
        size |= (group & 127) << shift
        if group < 128:
            break
    integers, frame = reader.take(size), reader.take(reader.remaining)
    numbers = found.picture_level, found.picture_zero, found.picture_step, found.picture_tools
    return integers, CodedPicture(*numbers, frame)


def is_payload(data: bytes) -> bool:
    """Whether bytes begin as payloads do, those of any version."""
    return int.from_bytes(data[:2], "big") >> 4 == _MAGIC or data.startswith(_TRIAL)


def sealed(body: bytes) -> bytes:
    """A payload: magic, version and CRC in front of its fields and integers."""
    return (_MAGIC << 4 | VERSION).to_bytes(2, "big") + _crc(body) + body


def _crc(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(4, "big")[2:]


def _check_prefix(data: bytes) -> None:
    if data.startswith(_TRIAL):
        raise UnsupportedError(f"{WHERE}: expected format {VERSION}, got format 0, a trial version; make the map again")
    if len(data) < PREFIX_BYTES or not is_payload(data):
        got = f"{len(data)} that start {data[:2].hex(' ')}"
        raise FormatError(WHERE, f"expected at least {PREFIX_BYTES} bytes that start f6 41, got {got}")
    if (version := data[1] & 15) != VERSION:
        raise UnsupportedError(f"{WHERE}: expected format {VERSION}, got format {version}, of another program")
    if (crc := data[2:PREFIX_BYTES]) != (found := _crc(data[PREFIX_BYTES:])):
        raise FormatError(WHERE, f"expected bytes of the checksum {crc.hex()}, got {found.hex()}", offset=2)


def check_fields(found: Fields) -> None:
    """Refuse fields that no reader may take (docs/format.md, "What a reader must refuse").

    Raises:
        FormatError: One of them is such.
    """
    _check_coordinates(found.coordinates)
    base, alternate = found.base_hdr_headroom, found.alternate_hdr_headroom
    if base > alternate:
        raise FormatError(WHERE, f"expected base headroom <= alternate headroom, got {base} and {alternate}")
    ranges = *found.residual_range, found.color_shift, found.color_scale
    if not all(map(math.isfinite, (*ranges, *found.offsets))) or not found.residual_range[1] or min(found.offsets) < 0:
        expected = "finite ranges and offsets, a residual scale above 0, offsets of at least 0"
        raise FormatError(WHERE, f"expected {expected}, got ranges {ranges}, offsets {found.offsets}")
    if found.has_picture and found.family == "published":
        raise FormatError(WHERE, "expected no picture in the family published, got one")
    if found.picture_step > STEPS[-1]:
        raise FormatError(WHERE, f"expected a picture's step of at most {STEPS[-1]}, got {found.picture_step}")


def _check_coordinates(coordinates: tuple[float, ...]) -> None:
    """Each network coordinate depends on one file coordinate, so that tables stay possible."""
    xx, xy, _, yx, yy, _ = coordinates
    straight = xy == yx == 0 and min(abs(xx), abs(yy)) >= MIN_SCALE
    turned = xx == yy == 0 and min(abs(xy), abs(yx)) >= MIN_SCALE
    if not all(abs(value) <= MAX_COORDINATE for value in coordinates) or not (straight or turned):
        raise FormatError(WHERE, f"expected coordinates of a crop, flip or quarter turn, got {coordinates}")


def empty_latents(
    rows: int, columns: int, latents: int, details: int
) -> tuple[tuple[LatentGrid, ...], tuple[LatentGrid, ...]]:
    """Latents and details of a working grid, without values, as the format lays them out."""

    def grid(level: int) -> LatentGrid:
        return LatentGrid(cells(rows, level), cells(columns, level), (), 0)

    inputs, added = latent_levels(rows, columns, latents, details)
    return tuple(map(grid, inputs)), tuple(map(grid, added))


def _fields_of(network: NeuralGainMap) -> Fields:
    alike: dict[str, Any] = {name: getattr(network, name) for name in _ALIKE}
    if picture := network.picture:
        alike["picture_level"], alike["picture_zero"] = picture.level, picture.zero
        alike["picture_step"], alike["picture_tools"] = picture.step_exponent, picture.tools
    return Fields(
        **alike,
        has_picture=picture is not None,
        residual_range=(network.residual_shift, network.residual_scale),
        offsets=(network.base_offset, network.alternate_offset),
        outputs=network.layers[-1].outputs,
        neurons=network.layers[0].outputs,
        latent_count=len(network.latents),
        detail_count=len(network.details),
    )


def _shapes_of(found: Fields) -> tuple[tuple[int, int], ...]:
    octaves = found.position_octaves, found.color_octaves
    return layer_shapes(found.family, *octaves, found.neurons, found.outputs, found.latent_count)


def _check_sizes(network: NeuralGainMap, found: Fields) -> None:
    """What the file does not say, as it follows from the fields: sizes of layers and grids."""
    shapes, got = _shapes_of(found), tuple((layer.inputs, layer.outputs) for layer in network.layers)
    if shapes != got:
        raise ValueError(f"{WHERE}: expected layers of shape {shapes}, got {got}")
    if max(found.latent_count, found.detail_count) > MOST_GRIDS:
        counts = f"{found.latent_count} and {found.detail_count}"
        raise ValueError(f"{WHERE}: expected at most {MOST_GRIDS} grids of latents and of details, got {counts}")
    wanted = sum(empty_latents(*found.grid, found.latent_count, found.detail_count), ())
    for grid, empty in zip(network.latents + network.details, wanted, strict=True):
        if (grid.rows, grid.columns) != (empty.rows, empty.columns):
            sizes = f"{empty.rows} × {empty.columns}, got {grid.rows} × {grid.columns}"
            raise ValueError(f"{WHERE}: expected latents of their level's size, {sizes}")
