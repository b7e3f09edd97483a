"""The table of fields: it mirrors itself, and its sizes are those of docs/format.md."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from gainmap_codec.errors import FormatError
from gainmap_codec.files.payload.layout import (
    HEADER_BYTES,
    PREFIX_BYTES,
    SOFT_BYTES,
    STRICT_BYTES,
    Fields,
    read_fields,
    write_fields,
)
from support.paths import FIXTURES

PAYLOADS = {path.stem: path.read_bytes() for path in sorted((FIXTURES / "payload/v0").glob("*.bin"))}
FIELDS = {name: read_fields(payload)[0] for name, payload in PAYLOADS.items()}


@pytest.mark.parametrize("name", PAYLOADS)
def test_what_is_read_is_written_again(name: str) -> None:
    found, integers = read_fields(PAYLOADS[name])
    assert write_fields(found) + integers == PAYLOADS[name][PREFIX_BYTES:]


@pytest.mark.parametrize("name", PAYLOADS)
def test_sizes_are_those_of_the_layout_in_the_specification(name: str) -> None:
    found = FIELDS[name]
    sizes = {
        "header": HEADER_BYTES - PREFIX_BYTES,
        "coordinates": 24 * found.is_moved,
        "colour range": 4 * (found.family == "published"),
        "working grid": (5 + found.latent_count + found.detail_count) * (found.family == "multiscale"),
        "binding": STRICT_BYTES + SOFT_BYTES,
        "weight steps": 3,
    }
    assert len(write_fields(found)) == sum(sizes.values())


def test_every_cut_is_told_with_its_place() -> None:
    for name, payload in PAYLOADS.items():
        end = PREFIX_BYTES + len(write_fields(FIELDS[name]))
        for size in range(PREFIX_BYTES, end):
            with pytest.raises(FormatError, match=r"neural payload at byte \d+: \w+ \d+ bytes"):
                read_fields(payload[:size])


@pytest.mark.parametrize("name", ["position_octaves", "color_octaves", "base_offset_exponent"])
def test_bits_keep_to_their_bits(name: str) -> None:
    most: dict[str, Any] = {name: 15}
    more: dict[str, Any] = {name: 16}
    found = replace(FIELDS["balanced"], **most)
    assert read_fields(bytes(PREFIX_BYTES) + write_fields(found))[0] == found
    with pytest.raises(ValueError, match=f"{name}: expected a value that fits the format, got 16"):
        write_fields(replace(found, **more))


def test_names_are_numbers_in_the_file() -> None:
    with pytest.raises(ValueError, match="outputs: expected a value that fits the format, got 2"):
        write_fields(replace(FIELDS["balanced"], outputs=2))


def test_each_field_has_a_place_in_some_fixture() -> None:
    absent = {each.name for each in fields(Fields)}
    for found in FIELDS.values():
        absent -= {name for name, value in vars(found).items() if value not in ((), 0, (0, 0))}
    assert absent <= {"base_hdr_headroom"}
