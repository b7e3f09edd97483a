from __future__ import annotations

import math
import struct
from dataclasses import replace
from fractions import Fraction as Exact
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.errors import FormatError, GainMapError, Limits, UnsupportedError
from gainmap_codec.files.heif.read import parse_heif
from gainmap_codec.files.map_metadata.iso21496 import fraction_of, parse_iso21496, serialize_iso21496
from gainmap_codec.files.records import Fraction, GainMapChannel, GainMapMetadata
from support.cases import ISO_CASES, ONE_CHANNEL, THREE_CHANNELS
from support.heif_files import tmap_file

ONE = ISO_CASES["one-channel"][1]
THREE = ISO_CASES["three-channels"][1]
COMPACT = bytes.fromhex("00000000 48 00000040 00000000 00000080 00000000 00000080 00000040 00000001 00000001")


def patched(data: bytes, offset: int, replacement: str) -> bytes:
    new = bytes.fromhex(replacement)
    return data[:offset] + new + data[offset + len(new) :]


@pytest.mark.parametrize("name", ISO_CASES)
def test_golden_bytes_both_ways(name: str) -> None:
    metadata, data = ISO_CASES[name]
    assert parse_iso21496(data) == metadata
    assert serialize_iso21496(metadata) == data


def test_common_denominator_form_of_libultrahdr() -> None:
    metadata = parse_iso21496(COMPACT)
    assert metadata.alternate_hdr_headroom == Fraction(128, 64)
    assert metadata.channels[0].gain_map_max == Fraction(128, 64)
    assert metadata.channels[0].base_offset == Fraction(1, 64)
    assert metadata.use_base_colour_space


def test_three_channels_in_the_common_denominator_form() -> None:
    data = patched(COMPACT, 4, "C8") + 2 * COMPACT[17:]
    metadata = parse_iso21496(data)
    assert len(data) == 77
    assert len(metadata.channels) == 3
    assert metadata.channels[2] == metadata.channels[0]


def test_bit_3_at_full_length_is_only_a_reserved_bit() -> None:
    assert parse_iso21496(patched(ONE, 4, "48")) == replace(ONE_CHANNEL, reserved_flags=8)


@pytest.mark.parametrize(("flags", "data"), [("02", ONE), ("03", THREE)])
def test_old_flags_counted_from_the_low_end(flags: str, data: bytes) -> None:
    assert parse_iso21496(patched(data, 4, flags)) == parse_iso21496(data)


def test_old_flags_without_base_colour_space() -> None:
    metadata = parse_iso21496(patched(THREE, 4, "01"))
    assert metadata == replace(THREE_CHANNELS, use_base_colour_space=False)


@pytest.mark.parametrize("data", [ONE, THREE])
def test_one_extra_leading_zero_byte(data: bytes) -> None:
    assert parse_iso21496(b"\0" + data) == parse_iso21496(data)


def test_a_newer_minimum_version_is_unsupported() -> None:
    with pytest.raises(UnsupportedError, match="expected minimum_version 0, got 1"):
        parse_iso21496(patched(ONE, 0, "0001 0001"))


def test_writer_version_below_the_minimum() -> None:
    with pytest.raises(FormatError, match="expected writer_version >= minimum_version, got 0 and 1"):
        parse_iso21496(patched(ONE, 0, "0001 0000"))


def test_trailing_bytes_are_allowed_to_newer_writers_only() -> None:
    assert parse_iso21496(patched(ONE, 0, "0000 0001") + b"new") == replace(ONE_CHANNEL, writer_version=1)
    with pytest.raises(FormatError, match="expected the end behind the last field, got 3 bytes more"):
        parse_iso21496(ONE + b"new")


@pytest.mark.parametrize(
    ("offset", "replacement", "problem"),
    [
        (9, "00000000", "base_hdr_headroom: expected a denominator"),
        (25, "00000000", r"gain_map_min\[0\]: expected a denominator"),
        (57, "00000000", r"alternate_offset\[0\]: expected a denominator"),
        (37, "00000000 00000001", r"gamma\[0\]: expected more than 0"),
        (29, "FFFFFFFF 00000001", "expected gain_map_max >= gain_map_min, got -1 and 0"),
        (13, "00000021 00000001", "alternate_hdr_headroom: expected at most 32 stops, got 33/1"),
        (21, "80000000 00000001", r"gain_map_min\[0\]: expected at most 32 stops"),
    ],
)
def test_impossible_numbers(offset: int, replacement: str, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        parse_iso21496(patched(ONE, offset, replacement))


def test_maximum_and_minimum_are_compared_exactly() -> None:
    below = "7FFFFFFE FFFFFFFF 7FFFFFFD FFFFFFFE"  # differ by 2^-33 or so: one float32, but max < min
    assert float(Exact(0x7FFFFFFE, 0xFFFFFFFF) - Exact(0x7FFFFFFD, 0xFFFFFFFE)) > 0
    with pytest.raises(FormatError, match="expected gain_map_max >= gain_map_min"):
        parse_iso21496(patched(ONE, 21, below))


@pytest.mark.parametrize("size", range(61))
def test_every_truncation_is_refused(size: int) -> None:
    with pytest.raises(FormatError):
        parse_iso21496(ONE[:size])


@given(st.binary(max_size=150))
def test_any_bytes_give_metadata_or_an_error(data: bytes) -> None:
    try:
        metadata = parse_iso21496(data)
    except GainMapError:
        return
    assert len(metadata.channels) in (1, 3)
    assert all(math.isfinite(number) for channel in metadata.channels for number in map(float, channel_of(channel)))


def channel_of(channel: GainMapChannel) -> tuple[Fraction, ...]:
    return (
        channel.gain_map_min,
        channel.gain_map_max,
        channel.gamma,
        channel.base_offset,
        channel.alternate_offset,
    )


def with_channel(**changes: Fraction) -> GainMapMetadata:
    return replace(ONE_CHANNEL, channels=(replace(ONE_CHANNEL.channels[0], **changes),))


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        (replace(ONE_CHANNEL, channels=ONE_CHANNEL.channels * 2), "1 or 3 channels, got 2"),
        (replace(ONE_CHANNEL, base_hdr_headroom=Fraction(-1, 1)), "an unsigned 32-bit numerator"),
        (replace(ONE_CHANNEL, minimum_version=1, writer_version=1), "minimum_version 0, got 1"),
        (replace(ONE_CHANNEL, writer_version=65536), "a number of 2 unsigned bytes, got 65536"),
        (with_channel(gamma=Fraction(0, 1)), "expected more than 0"),
        (with_channel(gain_map_max=Fraction(-1, 1)), "expected gain_map_max >= gain_map_min"),
        (with_channel(base_offset=Fraction(-1, 64)), "expected offsets of 0 or more"),
        (with_channel(base_offset=Fraction(2**31, 64)), "a signed 32-bit numerator"),
        (with_channel(base_offset=Fraction(1, 2**32)), "a denominator"),
    ],
)
def test_writer_refuses_invalid_metadata(metadata: GainMapMetadata, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        serialize_iso21496(metadata)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, (0, 1)),
        (1 / 64, (1, 64)),
        (-3.0, (-3, 1)),
        (1 / 3, (1, 3)),
        (2.656715, (531343, 200000)),
        (32.0, (32, 1)),
    ],
)
def test_fractions_of_simple_numbers_are_simple(value: float, expected: tuple[int, ...]) -> None:
    assert fraction_of(value) == expected
    assert fraction_of(value, rounding="nearest") == expected


@given(st.floats(-2000, 2000), st.sampled_from(["nearest", "down", "up"]))
def test_fractions_round_to_their_side_and_fit(value: float, rounding: Any) -> None:
    fraction = fraction_of(value, rounding=rounding)
    error = Exact(*fraction) - Exact(value)
    assert 1 <= fraction.denominator <= 2**24
    assert abs(fraction.numerator) < 2**31
    # Neighbours with denominators up to N are at most 1/N apart.
    assert abs(error) <= Exact(1, min(2**24, (2**31 - 1) // 2000))
    assert not (rounding == "down" and error > 0)
    assert not (rounding == "up" and error < 0)


@given(st.floats(-(2**31) + 1, 2**31 - 1), st.sampled_from(["nearest", "down", "up"]))
def test_fractions_of_any_size_fit_the_wire(value: float, rounding: Any) -> None:
    fraction = fraction_of(value, rounding=rounding, max_denominator=2**32 - 1)
    assert abs(fraction.numerator) < 2**31
    assert 1 <= fraction.denominator < 2**32


def test_rounding_takes_the_closest_fraction_of_a_side() -> None:
    value = math.pi
    down, up = (Exact(*fraction_of(value, rounding=rounding)) for rounding in ("down", "up"))
    assert down < Exact(value) < up
    assert up.numerator * down.denominator - down.numerator * up.denominator == 1  # Farey neighbours: none between


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2.0**31, -1e300])
def test_numbers_without_a_fraction(value: float) -> None:
    with pytest.raises(ValueError, match="expected a finite number"):
        fraction_of(value)


# 22 blobs, written by `struct` from these numbers: flags, headrooms, channels; each a fraction (n, d) as stored.
ONE_OFFSET = ((1, 64), (1, 64))
PLAIN = ((0, 1), (2, 1), (1, 1), *ONE_OFFSET)
WIRE_FORMS: list[tuple[int, tuple[tuple[int, int], ...], tuple[tuple[tuple[int, int], ...], ...]]] = [
    (0x00, ((0, 1), (2, 1)), (PLAIN,)),
    (0x40, ((0, 1), (2, 1)), (PLAIN,)),
    (0x80, ((0, 1), (2, 1)), (PLAIN,) * 3),
    (0xC0, ((0, 1), (2, 1)), (PLAIN,) * 3),
    (0x40, ((2, 1), (0, 1)), (PLAIN,)),  # an HDR base
    (0xC0, ((2, 1), (0, 1)), (PLAIN,) * 3),
    (0x40, ((0, 64), (128, 64)), (((0, 64), (128, 64), (64, 64), (1, 64), (1, 64)),)),  # common denominators
    (0xC0, ((0, 1000), (2300, 1000)), (((0, 1000), (2300, 1000), (1000, 1000), (15, 1000), (15, 1000)),) * 3),
    (0x40, ((0, 1), (2, 1)), (((-1, 2), (3, 1), (1, 1), *ONE_OFFSET),)),  # negative minima
    (0xC0, ((0, 1), (3, 1)), (((-1, 1), (9, 1), (1, 1), *ONE_OFFSET), ((-1, 2), (6, 1), (1, 2), *ONE_OFFSET), PLAIN)),
    (0x40, ((0, 1), (2, 1)), (((-3, 1), (-1, 1), (1, 1), *ONE_OFFSET),)),  # darker everywhere
    (0x40, ((2**32 - 1, 2**32 - 1), (0, 2**32 - 1)), (PLAIN,)),  # extreme fractions
    (0x40, ((0, 1), (32, 1)), (((-(2**31), 2**26), (2**31 - 1, 2**26), (1, 2**32 - 1), *ONE_OFFSET),)),
    (0x00, ((0, 7), (1, 3)), (((1, 3), (2, 6), (2**32 - 1, 1), (2**31 - 1, 1), (0, 2**32 - 1)),)),
    (0x40, ((0, 4), (6, 4)), (((2, 4), (6, 4), (10, 10), (2, 128), (0, 3)),)),  # not in lowest terms
    (0x80, ((0, 1), (1, 1)), (((0, 1), (0, 1), (1, 1), (0, 1), (0, 1)),) * 3),  # flat maps
    (0x40, ((1, 1), (1, 1)), (PLAIN,)),  # equal headrooms
    (0x40, ((13, 10), (0, 1)), (((-257, 1000), (1277, 1000), (954, 1000), (1, 10**7), (1, 10**7)),)),
    (0xC0, ((0, 1), (16, 1)), (((0, 1), (16, 1), (1, 8), (0, 1), (1, 64)),) * 3),
    (0x00, ((0, 1), (2, 1)), (((0, 1), (2, 1), (8, 1), *ONE_OFFSET),)),
    (0xC0, ((0, 1), (399, 100)), (((-384, 100), (384, 100), (111, 100), *ONE_OFFSET),) * 3),
    (0x80, ((1, 2), (5, 2)), (PLAIN, ((1, 2), (1, 2), (1, 1), *ONE_OFFSET), PLAIN)),
]


def wire(
    flags: int, headrooms: tuple[tuple[int, int], ...], channels: tuple[tuple[tuple[int, int], ...], ...]
) -> bytes:
    data = struct.pack(">HHB", 0, 0, flags) + b"".join(struct.pack(">II", *pair) for pair in headrooms)
    for low, high, gamma, base, alternate in channels:
        data += struct.pack(">iIiIIIiIiI", *low, *high, *gamma, *base, *alternate)
    return data


@pytest.mark.parametrize("form", WIRE_FORMS)
def test_wire_forms_come_back_byte_for_byte_from_both_carriers(
    form: tuple[int, tuple[tuple[int, int], ...], tuple[tuple[tuple[int, int], ...], ...]],
) -> None:
    """As the blob of a JPEG segment, and as the payload of a tmap item (one zero byte before it)."""
    data = wire(*form)
    metadata = parse_iso21496(data)
    assert [tuple(f) for f in (metadata.base_hdr_headroom, metadata.alternate_hdr_headroom)] == list(form[1])
    assert tuple(tuple(tuple(f) for f in vars(channel).values()) for channel in metadata.channels) == form[2]
    assert serialize_iso21496(metadata) == data
    stored = parse_heif(tmap_file(metadata).build(), Limits()).gain_map
    assert stored is not None and stored.metadata == metadata
    assert b"\0" + serialize_iso21496(metadata) in tmap_file(metadata).build()
