"""The neural payload: `NeuralGainMap` ⇄ bytes, format 0. docs/format.md is its specification, byte by byte.

24 bytes  header        magic, version, length, CRC, shape of the network, headrooms, range, measured quality
24 bytes  coordinates   only when not the identity
 4 bytes  colour range  only in the family "published"
 5 bytes  working grid  only in the family "multiscale", then a byte of step for each grid of latents
72 bytes  binding
 3 bytes  weight steps
 …        weights, then latents, range coded
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import replace
from itertools import pairwise
from typing import get_args

from gainmap_codec.errors import FormatError, GainMapError, Limits, UnsupportedError
from gainmap_codec.files.payload.latents import LARGEST, cells, decode_latents, encode_latents, latent_levels
from gainmap_codec.files.payload.range_coder import IntegerModel, RangeDecoder, RangeEncoder
from gainmap_codec.files.payload.records import (
    Binding,
    Domain,
    Family,
    LatentGrid,
    NeuralGainMap,
    Preset,
    QuantizedLayer,
)

MAGIC = b"GNN"
VERSION = 0
HEADER_BYTES = 24
STRICT_BYTES = 8
SOFT_BYTES = 64
BINDING_BYTES = STRICT_BYTES + SOFT_BYTES
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
MAX_WEIGHT = 4095
MAX_STEP_EXPONENT = 16
"""Steps of up to 2^4: whatever the integers, a forward pass then stays far from the end of float32."""
PSNR_STEPS = 4
MAX_COORDINATE = 1024
MIN_SCALE = 2.0**-24
"""Of a coordinate: a raster that covers less of the network's picture has no width in float32."""

_WHERE = "neural payload"

# The numbers of these names on the wire are their positions here: only ever append.
PRESETS: tuple[Preset, ...] = ("paper-gain", "paper-gamma", "balanced", "tiny", "best")
DOMAINS: tuple[Domain, ...] = ("pq_gain", "pq_gamma", "pq_difference", "log2_gain")
FAMILIES: tuple[Family, ...] = ("published", "multiscale")
assert set(PRESETS) == set(get_args(Preset)) and set(FAMILIES) == set(get_args(Family))

# magic, version, length, CRC; then flags, octaves, neurons, offsets, two headrooms, range shift and scale, two PSNRs
_PREFIX = struct.Struct(">3sBHI")
_FIELDS = struct.Struct(">BBBBeeeeBB")
_COORDINATES = struct.Struct(">6f")
_COLOR = struct.Struct(">ee")
_GRID = struct.Struct(">HHB")
_STEPS = struct.Struct(">3b")

_SCALES = 4  # the base at four scales, three colours each, and two coordinates


def layer_shapes(
    family: Family, position_octaves: int, color_octaves: int, neurons: int, outputs: int, latents: int = 0
) -> tuple[tuple[int, int], ...]:
    """Inputs and outputs of each layer; where the family has biases, one input more than neurons before it."""
    bias = int(family == "multiscale")
    features = 2 * (2 * position_octaves + 3 * color_octaves)
    if family == "multiscale":
        features += 2 + 3 * _SCALES + latents
    sizes = (features, neurons, neurons, outputs)
    return tuple((inputs + bias, outputs) for inputs, outputs in pairwise(sizes))


def serialize_payload(network: NeuralGainMap) -> bytes:
    """The payload's bytes, format 0.

    Raises:
        ValueError: A field does not fit the format.
    """
    neurons, outputs = network.layers[0].outputs, network.layers[-1].outputs
    octaves = network.position_octaves, network.color_octaves
    shapes = layer_shapes(network.family, *octaves, neurons, outputs, len(network.latents))
    if shapes != tuple((layer.inputs, layer.outputs) for layer in network.layers):
        raise ValueError(f"{_WHERE}: layers of shape {shapes} wanted")
    halves = (
        network.position_octaves,
        network.color_octaves,
        network.base_offset_exponent,
        network.alternate_offset_exponent,
    )
    if not all(0 <= half <= 15 for half in halves) or math.isnan(network.neural_psnr + network.standard_psnr):
        raise ValueError(f"{_WHERE}: a field is out of its range (octaves, offset exponents: 0…15; PQ-PSNR: a number)")
    moved = network.coordinates != IDENTITY
    flags = (
        FAMILIES.index(network.family)
        | DOMAINS.index(network.domain) << 1
        | (outputs == 3) << 3
        | moved << 4
        | PRESETS.index(network.preset) << 5
    )
    if max(layer.step_exponent for layer in network.layers) > MAX_STEP_EXPONENT:
        raise ValueError(f"{_WHERE}: weight steps of at most {MAX_STEP_EXPONENT} wanted")
    try:
        fields = _FIELDS.pack(
            flags,
            network.position_octaves << 4 | network.color_octaves,
            neurons,
            network.base_offset_exponent << 4 | network.alternate_offset_exponent,
            network.base_hdr_headroom,
            network.alternate_hdr_headroom,
            network.residual_shift,
            network.residual_scale,
            psnr_to_wire(network.neural_psnr),
            psnr_to_wire(network.standard_psnr),
        )
        steps = _STEPS.pack(*(layer.step_exponent for layer in network.layers))
        color = _COLOR.pack(network.color_shift, network.color_scale) if network.family == "published" else b""
        grid = _pack_grid(network) if network.family == "multiscale" else b""
    except (struct.error, OverflowError) as error:
        raise ValueError(f"{_WHERE}: a field is out of its range ({error})") from None
    coordinates = _COORDINATES.pack(*network.coordinates) if moved else b""
    binding = network.binding.strict + network.binding.soft
    body = fields + coordinates + color + grid + binding + steps + _encode_integers(network)
    length = _PREFIX.size + len(body)
    if length > 0xFFFF:
        raise ValueError(f"{_WHERE}: at most 65535 bytes, {length} needed")
    data = _PREFIX.pack(MAGIC, VERSION, length, zlib.crc32(body)) + body
    try:
        parse_payload(data)  # nothing is written that our own reader refuses
    except GainMapError as error:
        raise ValueError(str(error)) from None
    return data


def parse_payload(data: bytes, limits: Limits | None = None) -> NeuralGainMap:
    """The record in a payload. Bytes behind the payload's own length are ignored: carriers pad.

    Raises:
        FormatError: Damaged, or not a payload.
        UnsupportedError: A format version from the future.
        LimitError: More bytes or weights than `limits` allow.
    """
    limits = limits or Limits()
    body = _checked_body(data, limits)
    flags, octaves, neurons, offsets, base, alternate, shift, scale, neural, standard = _FIELDS.unpack_from(body)
    at = _FIELDS.size
    family = FAMILIES[flags & 1]
    if flags >> 1 & 3 >= len(DOMAINS) or flags >> 5 >= len(PRESETS):
        raise FormatError(_WHERE, f"unknown domain or preset in flags {flags:#04x}", offset=_PREFIX.size)
    coordinates: tuple[float, ...] = IDENTITY
    if flags >> 4 & 1:
        coordinates = _COORDINATES.unpack(_slice(body, at, _COORDINATES.size))
        at += _COORDINATES.size
        _check_coordinates(coordinates)
    color = (0.0, 1.0)
    rows = columns = 0
    latents: tuple[LatentGrid, ...] = ()
    details: tuple[LatentGrid, ...] = ()
    if family == "published":
        color = _COLOR.unpack(_slice(body, at, _COLOR.size))
        at += _COLOR.size
    else:
        if octaves >> 4:
            raise FormatError(_WHERE, f"no octaves of position wanted, {octaves >> 4} found", offset=_PREFIX.size + 1)
        (rows, columns), latents, details, at = _parse_grid(body, at, limits)
    strict = _slice(body, at, STRICT_BYTES)
    soft = _slice(body, at + STRICT_BYTES, SOFT_BYTES)
    at += BINDING_BYTES
    steps = _STEPS.unpack(_slice(body, at, _STEPS.size))
    if not all(map(math.isfinite, (base, alternate, shift, scale, *color))) or base < 0 or alternate < base:
        raise FormatError(_WHERE, "headrooms and ranges must be finite, 0 <= base headroom <= alternate headroom")
    if max(steps) > MAX_STEP_EXPONENT:
        raise FormatError(_WHERE, f"weight steps of at most {MAX_STEP_EXPONENT} wanted, {max(steps)} found")
    if neurons == 0:
        raise FormatError(_WHERE, "at least 1 neuron wanted, 0 found", offset=_PREFIX.size + 2)
    outputs = 3 if flags >> 3 & 1 else 1
    shapes = layer_shapes(family, octaves >> 4, octaves & 15, neurons, outputs, len(latents))
    limits.check("weights", sum(inputs * outputs for inputs, outputs in shapes))
    layers, grids = _decode_integers(body[at + _STEPS.size :], shapes, steps, latents + details)
    return NeuralGainMap(
        preset=PRESETS[flags >> 5],
        family=family,
        domain=DOMAINS[flags >> 1 & 3],
        position_octaves=octaves >> 4,
        color_octaves=octaves & 15,
        layers=layers,
        residual_shift=shift,
        residual_scale=scale,
        base_hdr_headroom=base,
        alternate_hdr_headroom=alternate,
        base_offset_exponent=offsets >> 4,
        alternate_offset_exponent=offsets & 15,
        binding=Binding(strict, soft),
        neural_psnr=neural / PSNR_STEPS,
        standard_psnr=standard / PSNR_STEPS,
        color_shift=color[0],
        color_scale=color[1],
        coordinates=coordinates,
        grid=(rows, columns),
        latents=grids[: len(latents)],
        details=grids[len(latents) :],
    )


def _checked_body(data: bytes, limits: Limits) -> bytes:
    """What follows length and CRC, once these are right."""
    if len(data) < HEADER_BYTES or data[:3] != MAGIC:
        raise FormatError(_WHERE, f"{HEADER_BYTES} bytes or more that start {MAGIC!r} wanted, {data[:3]!r} found")
    _, version, length, crc = _PREFIX.unpack_from(data)
    if version != VERSION:
        raise UnsupportedError(f"{_WHERE}: format {VERSION} is read, this one is format {version}")
    limits.check("payload_bytes", length)
    if not HEADER_BYTES <= length <= len(data):
        raise FormatError(_WHERE, f"its length says {length} bytes, {len(data)} found", offset=4)
    body = data[_PREFIX.size : length]
    if zlib.crc32(body) != crc:
        raise FormatError(_WHERE, "the CRC does not match", offset=6)
    return body


def _slice(body: bytes, start: int, size: int) -> bytes:
    if start + size > len(body):
        raise FormatError(_WHERE, f"need {size} bytes, {max(len(body) - start, 0)} left", offset=_PREFIX.size + start)
    return body[start : start + size]


def _check_coordinates(coordinates: tuple[float, ...]) -> None:
    """Each network coordinate depends on one file coordinate, so that tables stay possible."""
    xx, xy, _, yx, yy, _ = coordinates
    straight = xy == yx == 0 and min(abs(xx), abs(yy)) >= MIN_SCALE
    turned = xx == yy == 0 and min(abs(xy), abs(yx)) >= MIN_SCALE
    if not all(abs(value) <= MAX_COORDINATE for value in coordinates) or not (straight or turned):
        raise FormatError(_WHERE, "coordinates must be a crop, flip or quarter turn", offset=HEADER_BYTES)


def psnr_to_wire(psnr: float) -> int:
    return int(min(max(psnr, 0), 63.75) * PSNR_STEPS)


def empty_latents(
    rows: int, columns: int, latents: int, details: int
) -> tuple[tuple[LatentGrid, ...], tuple[LatentGrid, ...]]:
    """Latents and details of a working grid, all zero, as the format lays them out."""

    def grid(level: int) -> LatentGrid:
        return LatentGrid(cells(rows, level), cells(columns, level), (), 0)

    inputs, added = latent_levels(rows, columns, latents, details)
    return tuple(map(grid, inputs)), tuple(map(grid, added))


def _pack_grid(network: NeuralGainMap) -> bytes:
    """The working grid, how many grids of latents and details there are, and their steps."""
    rows, columns = network.grid
    grids = network.latents + network.details
    wanted = sum(empty_latents(rows, columns, len(network.latents), len(network.details)), ())
    if [(grid.rows, grid.columns) for grid in grids] != [(grid.rows, grid.columns) for grid in wanted]:
        raise ValueError(f"{_WHERE}: latents of another size than their level's")
    if max(len(network.latents), len(network.details)) > 15:
        raise ValueError(f"{_WHERE}: at most 15 grids of latents and of details")
    counts = len(network.latents) << 4 | len(network.details)
    return _GRID.pack(rows, columns, counts) + struct.pack(f">{len(grids)}b", *(grid.step_exponent for grid in grids))


def _parse_grid(
    body: bytes, at: int, limits: Limits
) -> tuple[tuple[int, int], tuple[LatentGrid, ...], tuple[LatentGrid, ...], int]:
    """The working grid, its latents and details still empty, and where the next part begins."""
    rows, columns, counts = _GRID.unpack(_slice(body, at, _GRID.size))
    at += _GRID.size
    if rows == 0 or columns == 0:
        raise FormatError(_WHERE, f"a working grid of at least 1 × 1 wanted, {rows} × {columns} found")
    latents, details = empty_latents(rows, columns, counts >> 4, counts & 15)
    limits.check("latents", sum(grid.rows * grid.columns for grid in latents + details))
    count = len(latents) + len(details)
    steps = struct.unpack(f">{count}b", _slice(body, at, count))
    if max(steps, default=0) > MAX_STEP_EXPONENT:
        raise FormatError(_WHERE, f"latent steps of at most {MAX_STEP_EXPONENT} wanted, {max(steps)} found")
    stepped = [replace(grid, step_exponent=step) for grid, step in zip(latents + details, steps, strict=True)]
    return (rows, columns), tuple(stepped[: len(latents)]), tuple(stepped[len(latents) :]), at + count


def _encode_integers(network: NeuralGainMap) -> bytes:
    """Weights layer by layer, then latents and details grid by grid."""
    coder = RangeEncoder()
    for layer in network.layers:
        model = IntegerModel()
        for weight in layer.weights:
            if abs(weight) > MAX_WEIGHT:
                raise ValueError(f"{_WHERE}: weights of at most {MAX_WEIGHT} wanted, {weight} found")
            model.encode(weight, coder)
    for grid in network.latents + network.details:
        if len(grid.values) != grid.rows * grid.columns or _exceeds(grid.values, LARGEST):
            raise ValueError(f"{_WHERE}: {grid.rows} × {grid.columns} latents of at most {LARGEST} wanted")
        encode_latents(grid.values, grid.rows, grid.columns, coder)
    return coder.finish()


def _decode_integers(
    data: bytes, shapes: tuple[tuple[int, int], ...], steps: tuple[int, ...], grids: tuple[LatentGrid, ...]
) -> tuple[tuple[QuantizedLayer, ...], tuple[LatentGrid, ...]]:
    coder = RangeDecoder(data)
    layers, filled = [], []
    for (inputs, outputs), step in zip(shapes, steps, strict=True):
        model = IntegerModel()
        weights = tuple(model.decode(coder) for _ in range(inputs * outputs))
        if _exceeds(weights, MAX_WEIGHT):
            raise FormatError(_WHERE, f"a weight is above {MAX_WEIGHT}")
        layers.append(QuantizedLayer(inputs, outputs, weights, step))
    for grid in grids:
        values = decode_latents(grid.rows, grid.columns, coder)
        if _exceeds(values, LARGEST):
            raise FormatError(_WHERE, f"a latent is above {LARGEST}")
        filled.append(replace(grid, values=values))
    if not coder.exhausted:
        raise FormatError(_WHERE, "bytes are left behind the last integer")
    return tuple(layers), tuple(filled)


def _exceeds(values: tuple[int, ...], largest: int) -> bool:
    return max(values, default=0) > largest or min(values, default=0) < -largest
