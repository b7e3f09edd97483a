"""Where the bytes of neural payloads go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.payload.format import is_payload
from gainmap_codec.files.payload.layout import SOFT_BYTES, STRICT_BYTES, read_fields
from gainmap_codec.pixels.formats.sources import read_source


def part_rows(files: Iterable[Path]) -> Iterator[str]:
    """A table: a row for each photo or bare payload; of a photo without a payload, none."""
    yield "| file | header and grid | binding | integers, picture | in all |"
    yield "| --- | --- | --- | --- | --- |"
    for file in files:
        data = read_source(file, Limits())[0]
        payload = data if is_payload(data) else parse_file(data, str(file), Limits()).payload
        if payload:
            yield f"| {file.stem} | {' | '.join(map(str, part_sizes(payload)))} |"


def part_sizes(payload: bytes) -> tuple[int, int, int, int]:
    """Bytes of magic to qualities, binding, integers with a picture, and all."""
    _, integers = read_fields(payload)
    binding = STRICT_BYTES + SOFT_BYTES
    return len(payload) - len(integers) - binding, binding, len(integers), len(payload)
