"""The neural payload: `NeuralGainMap` ⇄ bytes, format 0. docs/format.md is its specification, byte by byte.

24 bytes  header        magic, version, length, CRC, shape of the network, headrooms, range, measured quality
24 bytes  coordinates   only when not the identity
 4 bytes  colour range  only in the family "published"
72 bytes  binding
 3 bytes  weight steps
 …        weights, range coded
"""

from __future__ import annotations

import math
import struct
import zlib
from itertools import pairwise
from typing import get_args

from gainmap_codec.errors import FormatError, GainMapError, Limits, UnsupportedError
from gainmap_codec.files.range_coder import IntegerModel, RangeDecoder, RangeEncoder
from gainmap_codec.files.records import Binding, Domain, Family, NeuralGainMap, Preset, QuantizedLayer

MAGIC = b"GNN"
VERSION = 0
HEADER_BYTES = 24
STRICT_BYTES = 8
SOFT_BYTES = 64
BINDING_BYTES = STRICT_BYTES + SOFT_BYTES
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
MAX_WEIGHT = 127
MAX_STEP_EXPONENT = 16
"""Steps of up to 2^4: whatever the integers, a forward pass then stays far from the end of float32."""
PSNR_STEPS = 4

_WHERE = "neural payload"

# The numbers of these names on the wire are their positions here: only ever append.
PRESETS: tuple[Preset, ...] = ("paper-gain", "paper-gamma", "balanced")
DOMAINS: tuple[Domain, ...] = ("pq_gain", "pq_gamma", "pq_difference")
FAMILIES: tuple[Family, ...] = ("published", "table")
assert set(PRESETS) == set(get_args(Preset)) and set(FAMILIES) == set(get_args(Family))

# magic, version, length, CRC; then flags, octaves, neurons, offsets, two headrooms, range shift and scale, two PSNRs
_PREFIX = struct.Struct(">3sBHI")
_FIELDS = struct.Struct(">BBBBeeeeBB")
_COORDINATES = struct.Struct(">6f")
_COLOR = struct.Struct(">ee")
_STEPS = struct.Struct(">3b")


def layer_shapes(
    family: Family, position_octaves: int, color_octaves: int, neurons: int, outputs: int
) -> tuple[tuple[int, int], ...]:
    """Inputs and outputs of each layer; where the family has biases, one input more than neurons before it."""
    bias = int(family == "table")
    features = 2 * (2 * position_octaves + 3 * color_octaves)
    sizes = (features, neurons, neurons, outputs)
    return tuple((inputs + bias, outputs) for inputs, outputs in pairwise(sizes))


def serialize_payload(network: NeuralGainMap) -> bytes:
    """The payload's bytes, format 0.

    Raises:
        ValueError: A field does not fit the format.
    """
    neurons, outputs = network.layers[0].outputs, network.layers[-1].outputs
    shapes = layer_shapes(network.family, network.position_octaves, network.color_octaves, neurons, outputs)
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
            _psnr_to_wire(network.neural_psnr),
            _psnr_to_wire(network.standard_psnr),
        )
        steps = _STEPS.pack(*(layer.step_exponent for layer in network.layers))
        color = _COLOR.pack(network.color_shift, network.color_scale) if network.family == "published" else b""
    except (struct.error, OverflowError) as error:
        raise ValueError(f"{_WHERE}: a field is out of its range ({error})") from None
    coordinates = _COORDINATES.pack(*network.coordinates) if moved else b""
    binding = network.binding.strict + network.binding.soft
    body = fields + coordinates + color + binding + steps + _encode_weights(network.layers)
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
    if family == "published":
        color = _COLOR.unpack(_slice(body, at, _COLOR.size))
        at += _COLOR.size
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
    shapes = layer_shapes(family, octaves >> 4, octaves & 15, neurons, 3 if flags >> 3 & 1 else 1)
    limits.check("weights", sum(inputs * outputs for inputs, outputs in shapes))
    return NeuralGainMap(
        preset=PRESETS[flags >> 5],
        family=family,
        domain=DOMAINS[flags >> 1 & 3],
        position_octaves=octaves >> 4,
        color_octaves=octaves & 15,
        layers=_decode_weights(body[at + _STEPS.size :], shapes, steps),
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
    straight = xy == yx == 0 and xx != 0 != yy
    turned = xx == yy == 0 and xy != 0 != yx
    if not all(abs(value) <= 1024 for value in coordinates) or not (straight or turned):
        raise FormatError(_WHERE, "coordinates must be a crop, flip or quarter turn", offset=HEADER_BYTES)


def _psnr_to_wire(psnr: float) -> int:
    return int(min(max(psnr, 0), 63.75) * PSNR_STEPS)


def _encode_weights(layers: tuple[QuantizedLayer, ...]) -> bytes:
    coder = RangeEncoder()
    for layer in layers:
        model = IntegerModel()
        for weight in layer.weights:
            if abs(weight) > MAX_WEIGHT:
                raise ValueError(f"{_WHERE}: weights of at most {MAX_WEIGHT} wanted, {weight} found")
            model.encode(weight, coder)
    return coder.finish()


def _decode_weights(
    data: bytes, shapes: tuple[tuple[int, int], ...], steps: tuple[int, ...]
) -> tuple[QuantizedLayer, ...]:
    coder = RangeDecoder(data)
    layers = []
    for (inputs, outputs), step in zip(shapes, steps, strict=True):
        model = IntegerModel()
        weights = tuple(model.decode(coder) for _ in range(inputs * outputs))
        if any(abs(weight) > MAX_WEIGHT for weight in weights):
            raise FormatError(_WHERE, f"a weight is above {MAX_WEIGHT}")
        layers.append(QuantizedLayer(inputs, outputs, weights, step))
    if not coder.exhausted:
        raise FormatError(_WHERE, "bytes are left behind the last weight")
    return tuple(layers)
