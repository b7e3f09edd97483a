"""Changing what a payload says about its base, its network untouched: every other byte stays as it is."""

from __future__ import annotations

import struct
import zlib

from gainmap_codec.errors import GainMapError
from gainmap_codec.files.payload.format import (
    BINDING_BYTES,
    FAMILIES,
    HEADER_BYTES,
    IDENTITY,
    parse_payload,
    psnr_to_wire,
)
from gainmap_codec.files.payload.records import Binding

_COORDINATES = struct.Struct(">6f")
_FLAGS, _NEURAL_PSNR, _STANDARD_PSNR = 10, 22, 23
_MOVED = 1 << 4


def edit_payload(
    payload: bytes,
    *,
    binding: Binding | None = None,
    coordinates: tuple[float, ...] | None = None,
    neural_psnr: float | None = None,
    standard_psnr: float | None = None,
) -> bytes:
    """The payload with other values of these fields, None for as it is; weights and latents keep their bytes.

    Args:
        payload: Valid, without bytes behind its own length.
        coordinates: As in `NeuralGainMap`.
        neural_psnr: PQ-PSNR in dB, 0 for not measured; likewise `standard_psnr`.
    Raises:
        ValueError: Coordinates that the format does not allow.
    """
    head = bytearray(payload[:HEADER_BYTES])
    start = HEADER_BYTES + _COORDINATES.size * bool(head[_FLAGS] & _MOVED)
    stop = start + _bytes_before_binding(head[_FLAGS], payload[start:])
    place, middle, bound = payload[HEADER_BYTES:start], payload[start:stop], payload[stop : stop + BINDING_BYTES]
    tail = payload[stop + BINDING_BYTES :]
    if coordinates is not None:
        is_moved = tuple(coordinates) != IDENTITY
        head[_FLAGS] = head[_FLAGS] & ~_MOVED | is_moved * _MOVED
        place = _COORDINATES.pack(*coordinates) if is_moved else b""
    if binding is not None:
        bound = binding.strict + binding.soft
    for position, psnr in ((_NEURAL_PSNR, neural_psnr), (_STANDARD_PSNR, standard_psnr)):
        if psnr is not None:
            head[position] = psnr_to_wire(psnr)
    body = bytes(head[10:]) + place + middle + bound + tail
    edited = bytes(head[:4]) + (10 + len(body)).to_bytes(2, "big") + zlib.crc32(body).to_bytes(4, "big") + body
    try:
        parse_payload(edited)
    except GainMapError as error:
        raise ValueError(str(error)) from None
    return edited


def _bytes_before_binding(flags: int, rest: bytes) -> int:
    """Size of the colour range, or of the working grid with a step for each grid of latents and details."""
    if FAMILIES[flags & 1] == "published":
        return 4
    return 5 + (rest[4] >> 4) + (rest[4] & 15)
