"""Gain-map numbers in XMP: every form that writers choose, and numbers that are none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.map_metadata.hdrgm import parse_hdrgm, serialize_hdrgm
from gainmap_codec.files.map_metadata.iso21496 import fraction_of
from gainmap_codec.files.records import Fraction, GainMapMetadata
from support.cases import EXTREME, ONE_CHANNEL, THREE_CHANNELS, channel
from support.xmp_packets import REQUIRED, packet, seq

LIMITS = Limits()


def test_defaults_and_attribute_form() -> None:
    assert parse_hdrgm(packet(REQUIRED), LIMITS) == ONE_CHANNEL


def test_element_form_other_prefix_and_single_quotes() -> None:
    data = packet(REQUIRED).replace(b"hdrgm:", b"g:").replace(b"xmlns:hdrgm", b"xmlns:g").replace(b'"', b"'")
    assert parse_hdrgm(data, LIMITS) == ONE_CHANNEL
    children = "<hdrgm:Version>1.0</hdrgm:Version><hdrgm:GainMapMax> 2.0 </hdrgm:GainMapMax>"
    value = "<rdf:Description><rdf:value>2</rdf:value></rdf:Description>"
    children += f"<hdrgm:HDRCapacityMax>{value}</hdrgm:HDRCapacityMax>"
    assert parse_hdrgm(packet("", children), LIMITS) == ONE_CHANNEL


def test_sequences_of_one_and_three() -> None:
    attributes = 'hdrgm:Version="1.0" hdrgm:HDRCapacityMax="3"'
    data = packet(attributes, seq("GainMapMax", "1", "2", "3") + seq("GainMapMin", "-.5"))
    metadata = parse_hdrgm(data, LIMITS)
    assert metadata is not None
    expected = tuple(channel(Fraction(-1, 2), Fraction(high, 1)) for high in (1, 2, 3))
    assert metadata.channels == expected


def test_an_hdr_base_swaps_headrooms_and_offsets() -> None:
    attributes = REQUIRED + ' hdrgm:BaseRenditionIsHDR="True" hdrgm:OffsetSDR="0.25" hdrgm:OffsetHDR="0.5"'
    metadata = parse_hdrgm(packet(attributes), LIMITS)
    assert metadata is not None
    assert (metadata.base_hdr_headroom, metadata.alternate_hdr_headroom) == ((2, 1), (0, 1))
    assert metadata.channels[0].base_offset == Fraction(1, 2)
    assert metadata.channels[0].alternate_offset == Fraction(1, 4)
    assert parse_hdrgm(serialize_hdrgm(metadata), LIMITS) == metadata


@pytest.mark.parametrize(
    "version", ["1", " 1.0 ", "1.1", "1.0.0", "01.0", "0.9", "", "1.", ".9", "v1.0", "1,0", "1.0 beta"]
)
def test_only_a_higher_major_version_is_unknown(version: str) -> None:
    assert parse_hdrgm(packet(REQUIRED.replace('"1.0"', f'"{version}"')), LIMITS) == ONE_CHANNEL


def test_no_version_at_all() -> None:
    assert parse_hdrgm(packet(REQUIRED.replace('hdrgm:Version="1.0"', "")), LIMITS) == ONE_CHANNEL


def test_a_capacity_for_each_channel() -> None:
    attributes = 'hdrgm:Version="1.0" hdrgm:GainMapMax="2"'
    assert parse_hdrgm(packet(attributes, seq("HDRCapacityMax", "2", "2", "2.0")), LIMITS) == ONE_CHANNEL


@pytest.mark.parametrize("text", ["true", "TRUE", "1", " True "])
def test_truth_in_any_spelling(text: str) -> None:
    metadata = parse_hdrgm(packet(f'{REQUIRED} hdrgm:BaseRenditionIsHDR="{text}"'), LIMITS)
    assert metadata is not None and metadata.base_hdr_headroom == (2, 1)
    false = {"true": "false", "1": "0"}.get(text.strip().lower(), "")
    assert parse_hdrgm(packet(f'{REQUIRED} hdrgm:BaseRenditionIsHDR="{false}"'), LIMITS) == ONE_CHANNEL


@pytest.mark.parametrize("attributes", ["", 'dc:title="x"', 'hdrgm:Version="1.0"'])
def test_packets_without_numbers(attributes: str) -> None:
    assert parse_hdrgm(packet(attributes), LIMITS) is None


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        (REQUIRED.replace('"1.0"', '"2.0"'), "hdrgm:Version: expected 1.0"),
        ('hdrgm:Version="1.0" hdrgm:GainMapMax="2"', "HDRCapacityMax: expected a value"),
        ('hdrgm:Version="1.0" hdrgm:HDRCapacityMax="2"', "GainMapMax: expected a value"),
        (REQUIRED + ' hdrgm:BaseRenditionIsHDR="yes"', "expected True or False, got yes"),
        *((REQUIRED.replace('"1.0"', f'"{text}"'), "hdrgm:Version: expected 1.0") for text in
          ("2", "v2.0", "10", "2,0", "3 beta")),
        (REQUIRED + ' hdrgm:Gamma="0"', "gamma"),
        (REQUIRED + ' hdrgm:GainMapMin="3"', "expected gain_map_max >= gain_map_min"),
        (REQUIRED + ' hdrgm:HDRCapacityMin="2.5"', "expected HDRCapacityMin 2.5 or more"),
        (REQUIRED + ' hdrgm:HDRCapacityMin="-1"', "base_hdr_headroom"),
        *((REQUIRED.replace('MapMax="2"', f'MapMax="{text}"'), "GainMapMax") for text in
          ("nan", "inf", "1e999", "1e300", "0x2", "2,5", "1_0", "", "٢", "--2", "1" * 65)),
        (REQUIRED.replace('GainMapMax="2"', 'GainMapMax="33"'), "at most 32 stops"),
    ],
)  # fmt: skip
def test_bad_numbers(attributes: str, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        parse_hdrgm(packet(attributes), LIMITS)


def test_two_values_and_lists_of_different_capacities_are_refused() -> None:
    with pytest.raises(FormatError, match="1 or 3 values, got 2"):
        parse_hdrgm(packet(REQUIRED, seq("Gamma", "1", "1")), LIMITS)
    with pytest.raises(FormatError, match="expected 1 value, got 3"):
        parse_hdrgm(packet(REQUIRED, seq("HDRCapacityMin", "0", "0", "1")), LIMITS)


@pytest.mark.parametrize("metadata", [ONE_CHANNEL, THREE_CHANNELS, replace(EXTREME, use_base_colour_space=True)])
def test_numbers_come_back_equal_as_floats(metadata: GainMapMetadata) -> None:
    again = parse_hdrgm(serialize_hdrgm(metadata), LIMITS)
    assert again is not None
    assert floats(again) == floats(metadata)


def floats(metadata: GainMapMetadata) -> list[float]:
    channels = list(metadata.channels)
    channels *= 3 // len(channels)
    numbers = [metadata.base_hdr_headroom, metadata.alternate_hdr_headroom]
    for one in channels:
        numbers += [one.gain_map_min, one.gain_map_max, one.gamma, one.base_offset, one.alternate_offset]
    return [float(number) for number in numbers]


@given(st.floats(0, 32), st.floats(0, 31), st.floats(0.01, 10))
def test_our_own_fractions_come_back_equal(headroom: float, high: float, gamma: float) -> None:
    one = channel(fraction_of(high - 1, rounding="down"), fraction_of(high, rounding="up"), fraction_of(gamma))
    metadata = GainMapMetadata(Fraction(0, 1), fraction_of(headroom), (one,))
    again = parse_hdrgm(serialize_hdrgm(metadata), LIMITS)
    assert again is not None
    assert floats(again) == floats(metadata)


def test_written_form_is_attributes_or_sequences() -> None:
    text = serialize_hdrgm(ONE_CHANNEL).decode()
    for name in ("GainMapMin", "Gamma", "OffsetSDR", "OffsetHDR", "HDRCapacityMin"):
        assert f' hdrgm:{name}="' in text
    assert text.startswith('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF ')
    assert ' hdrgm:Version="1.0"' in text
    assert ' hdrgm:OffsetSDR="0.015625"' in text
    assert ' hdrgm:GainMapMax="2.0" ' in text
    assert ' hdrgm:BaseRenditionIsHDR="False"' in text
    assert "<rdf:Seq>" not in text
    different = replace(THREE_CHANNELS, channels=(*ONE_CHANNEL.channels, *THREE_CHANNELS.channels[1:]))
    text = serialize_hdrgm(different).decode()
    assert "<hdrgm:GainMapMax><rdf:Seq><rdf:li>2.0</rdf:li><rdf:li>3.0</rdf:li><rdf:li>3.0</rdf:li></rdf:Seq>" in text
    assert ' hdrgm:Gamma="1.0"' in text


def test_maths_in_the_alternate_space_cannot_be_said() -> None:
    with pytest.raises(ValueError, match="use_base_colour_space"):
        serialize_hdrgm(replace(ONE_CHANNEL, use_base_colour_space=False))
