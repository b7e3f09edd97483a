"""Fuzzing of neural payloads whose CRC is true: what is in them is read, rendered and written again, or refused.

The bytes are a payload's fields and integers, without magic and CRC, which are put in front of them. Their
binding is made that of the base beside them, so that the map is rendered and not just refused as another base's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import atheris
from common import LIMITS, check_line, check_lines, fuzz

with atheris.instrument_imports(include=["gainmap_codec"]):
    import gainmap_codec as gm
    from gainmap_codec.errors import GainMapError, Limits
    from gainmap_codec.files.jpeg.read import parse_jpeg
    from gainmap_codec.files.jpeg.write import serialize_jpeg
    from gainmap_codec.files.jumbf import MAX_PAYLOAD_BYTES
    from gainmap_codec.files.payload.format import parse_payload, sealed, serialize_payload
    from gainmap_codec.files.payload.layout import PREFIX_BYTES, read_fields, write_fields
    from gainmap_codec.pixels.formats.images import encode_jpeg

import numpy as np

from support.networks import random_network

BASE = parse_jpeg(encode_jpeg(np.arange(24 * 32 * 3, dtype=np.uint8).reshape(24, 32, 3), quality=90), Limits())
GOLDEN = sorted(Path(__file__).parents[1].glob("fixtures/payload/v1/*.bin"))
PRESETS = ("tiny", "balanced", "best", "paper-gain", "paper-gamma")


def bound_to_the_base(body: bytes) -> bytes:
    """The payload, with the digest of the base in its binding where its fields can be read."""
    payload = sealed(body)
    try:
        fields, integers = read_fields(payload)
        binding = replace(fields.binding, strict=BASE.base_digest)
        return sealed(write_fields(replace(fields, binding=binding)) + integers)
    except Exception:  # such fields are to be refused by the reader itself
        return payload


def read_and_rendered(payload: bytes) -> None:
    data = serialize_jpeg(replace(BASE, payload=payload))
    for verb in (gm.inspect, gm.decode):
        result = verb(data, limits=LIMITS)  # the base is there, whatever the payload says
        check_lines(result.warnings)
        if isinstance(result, gm.HdrImage):
            assert np.isfinite(result.pixels).all()


def written_again(payload: bytes) -> None:
    try:
        network = parse_payload(payload, LIMITS)
    except GainMapError as error:
        check_line(error)
        return
    assert parse_payload(serialize_payload(network)) == network


def target(data: bytes) -> None:
    if len(data) > MAX_PAYLOAD_BYTES - PREFIX_BYTES:
        return
    payload = bound_to_the_base(data)
    written_again(payload)
    read_and_rendered(payload)


def seeds() -> Iterator[bytes]:
    yield from (path.read_bytes()[PREFIX_BYTES:] for path in GOLDEN)
    for preset in PRESETS:
        for outputs in (1, 3):
            for details in (0, 2):
                grid = {} if preset.startswith("paper") else {"grid": (8, 12)}
                network = random_network(preset, neurons=2, outputs=outputs, details=details, **grid)
                yield serialize_payload(network)[PREFIX_BYTES:]


if __name__ == "__main__":
    fuzz(target, seeds())
