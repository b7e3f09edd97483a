"""The table of fields: it mirrors itself, and its sizes are those of docs/format.md."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from gainmap_codec.errors import FormatError
from gainmap_codec.files.payload.layout import (
    IDENTITY,
    PREFIX_BYTES,
    SOFT_BYTES,
    STRICT_BYTES,
    Fields,
    read_fields,
    residual_range,
    write_fields,
)
from support.paths import FIXTURES

PAYLOADS = {path.stem: path.read_bytes() for path in sorted((FIXTURES / "payload/v1").glob("*.bin"))}
FIELDS = {name: read_fields(payload)[0] for name, payload in PAYLOADS.items()}
BALANCED = FIELDS["balanced"]


def read_again(found: Fields) -> Fields:
    return read_fields(bytes(PREFIX_BYTES) + write_fields(found))[0]


@pytest.mark.parametrize("name", PAYLOADS)
def test_what_is_read_is_written_again(name: str) -> None:
    found, integers = read_fields(PAYLOADS[name])
    assert write_fields(found) + integers == PAYLOADS[name][PREFIX_BYTES:]


@pytest.mark.parametrize("name", PAYLOADS)
def test_sizes_are_those_of_the_layout_in_the_specification(name: str) -> None:
    found = FIELDS[name]
    offsets = {(0.0, 0.0): 0, (1 / 64, 1 / 64): 0}.get(found.offsets, 16 * len(set(found.offsets)))
    bits = {
        "kind, neurons": 14,
        "octaves, levels": 6 if found.family == "published" else 9,
        "grid": (found.family == "multiscale") * (4 + 2 * max((max(found.grid) - 1).bit_length(), 1)),
        "headrooms": 14 + 13 * (found.base_hdr_headroom > 0),
        "range": 24,
        "offsets": 2 + offsets,
        "colour range": 32 * (found.family == "published"),
        "coordinates": 1 + 192 * (found.coordinates != IDENTITY),
        "qualities": 16,
        "picture": 27 * found.has_picture,
    }
    assert len(write_fields(found)) == -(-sum(bits.values()) // 8) + STRICT_BYTES + SOFT_BYTES


def test_every_cut_is_told_with_its_place() -> None:
    for name, payload in PAYLOADS.items():
        end = PREFIX_BYTES + len(write_fields(FIELDS[name]))
        for size in range(PREFIX_BYTES, end):
            with pytest.raises(FormatError, match=r"neural payload at byte \d+: expected \d+ bits, got \d+"):
                read_fields(payload[:size])


@pytest.mark.parametrize(
    ("name", "least", "most", "more"),
    [
        ("neurons", 1, 64, (0, 65)),
        ("color_octaves", 0, 12, (5, 7, 13, -1)),
        ("latent_count", 0, 7, (8, -1)),
        ("detail_count", 0, 7, (8,)),
        ("grid", (1, 1), (65536, 65536), ((0, 2), (2, 0), (65537, 1))),
        ("outputs", 1, 3, (2,)),
        ("offsets", (0.0, 0.0), (65504.0, 2.0**-24), ((1e6, 0.0),)),
        ("residual_range", (0.0, 2.0**-21), (2047 * 510.0, 65280.0), ((0.0, 0.0), (16.0, 1.0), (0.0, -1.0))),
        ("base_hdr_headroom", 0.0, 8191 / 256, (-1.0,)),
        ("picture_level", 0, 15, (16, -1)),
        ("picture_zero", 0, 255, (256,)),
        ("picture_tools", 0, 127, (128,)),
    ],
)
def test_fields_keep_to_their_bits(name: str, least: Any, most: Any, more: Any) -> None:
    for value in (least, most):
        found = replace(BALANCED, **{name: value, "has_picture": True})
        assert read_again(found) == found
    for value in more:
        with pytest.raises(ValueError, match=f"{name}: expected a value that fits the format, got "):
            write_fields(replace(BALANCED, has_picture=True, **{name: value}))


@pytest.mark.parametrize(
    ("offsets", "size"),
    [
        ((0.0, 0.0), 0),
        ((1 / 64, 1 / 64), 0),
        ((1e-5, 1e-5), 2),
        ((0.0, 1 / 64), 4),
        ((1e-5, 1e-6), 4),
    ],
)
def test_offsets_take_what_they_need(offsets: tuple[float, float], size: int) -> None:
    found = replace(BALANCED, offsets=offsets)
    assert len(write_fields(found)) == len(write_fields(BALANCED)) + size
    assert read_again(found).offsets == tuple(float(np.float16(each)) for each in offsets)


def test_what_is_as_usual_is_a_bit() -> None:
    plain = replace(BALANCED, coordinates=IDENTITY, base_hdr_headroom=0.0)
    moved = (0.5, 0.0, 0.0, 0.0, 1.0, 0.0)
    other: dict[str, Any] = {"coordinates": moved, "base_hdr_headroom": 1.5}
    taken = {name: len(write_fields(replace(plain, **{name: value}))) for name, value in other.items()}
    least = len(write_fields(plain))
    assert {name: size - least for name, size in taken.items()} == {
        "coordinates": 24,
        "base_hdr_headroom": 2,
    }


def test_numbers_are_rounded_to_the_nearest_that_the_file_can_say() -> None:
    given: dict[str, Any] = {
        "alternate_hdr_headroom": 2.3004,
        "base_hdr_headroom": 1.0019,
        "residual_range": (0.7, 0.9),
        "neural_psnr": 47.99,
        "standard_psnr": 1000.0,
    }
    found = read_again(replace(BALANCED, **given))
    assert found.alternate_hdr_headroom == 589 / 256 and found.base_hdr_headroom == 1.0
    assert found.residual_range == (100 * 0.8984375 / 128, 0.8984375)
    assert (found.neural_psnr, found.standard_psnr) == (47.75, 63.75)
    assert read_again(replace(BALANCED, alternate_hdr_headroom=32.0)).alternate_hdr_headroom == 8191 / 256


@pytest.mark.parametrize(
    ("low", "high"), [(0, 3), (-1.5, 2), (0.99, 1.01), (2.0, 2.0), (-40, 40), (-1000, -990), (0, 2.0**-12)]
)
def test_a_residual_range_ends_where_residuals_do(low: float, high: float) -> None:
    shift, scale = residual_range(low, high)
    assert max(abs(shift - scale - low), abs(shift + scale - high)) <= 0.0125 * scale or high - low < scale
    assert scale <= max((high - low) / 2, abs(low + high) / 2 / 15.6, 2.0**-14)
    assert read_again(replace(BALANCED, residual_range=(shift, scale))).residual_range == (shift, scale)


def test_residuals_too_large_for_any_range() -> None:
    with pytest.raises(ValueError, match="expected residuals within"):
        residual_range(0, 1e9)


def test_each_field_has_a_place_in_some_fixture() -> None:
    absent = {each.name for each in fields(Fields)}
    for found in FIELDS.values():
        absent -= {name for name, value in vars(found).items() if value not in ((), 0, (0, 0), (0.0, 0.0))}
    assert absent <= {"has_picture"}
