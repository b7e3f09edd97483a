"""A gain map's numbers as plain values, for people to read and edit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.map_metadata.plain import metadata_from_dict, metadata_to_dict
from gainmap_codec.files.records import AppleMetadata, Fraction, GainMapChannel, GainMapMetadata
from support.cases import ONE_CHANNEL, THREE_CHANNELS

APPLE = AppleMetadata(4.25, 131072, "xmp")


@pytest.mark.parametrize("metadata", [ONE_CHANNEL, THREE_CHANNELS, APPLE], ids=["one", "three", "apple"])
@pytest.mark.parametrize("color", [None, Nclx(9, 16, 9, True)], ids=["no colour", "a colour"])
def test_through_json_and_back_it_is_the_same_record(metadata: Any, color: Nclx | None) -> None:
    text = json.dumps(metadata_to_dict(metadata, color))
    assert metadata_from_dict(json.loads(text)) == (metadata, color)


def test_fractions_are_never_reduced() -> None:
    numbers = GainMapChannel(Fraction(-2, 4), Fraction(20, 10), Fraction(10, 10), Fraction(4, 256), Fraction(0, 7))
    metadata = GainMapMetadata(Fraction(0, 3), Fraction(6, 2), (numbers,), use_base_colour_space=False)
    plain = metadata_to_dict(metadata)
    assert plain["alternate_hdr_headroom"] == {"value": 3.0, "stored": [6, 2]}
    assert plain["channels"][0]["gain_map_min"] == {"value": -0.5, "stored": [-2, 4]}
    assert metadata_from_dict(plain)[0] == metadata


def test_a_plain_number_stands_for_its_fraction() -> None:
    plain = metadata_to_dict(ONE_CHANNEL)
    plain["alternate_hdr_headroom"] = 2.5
    plain["channels"][0]["base_offset"] = 0.015625
    metadata, _ = metadata_from_dict(plain)
    assert isinstance(metadata, GainMapMetadata)
    assert metadata.alternate_hdr_headroom == Fraction(5, 2)
    assert metadata.channels[0].base_offset == Fraction(1, 64)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"kind": "hdrgm"}, r"metadata: kind: expected 'ISO 21496-1' or 'Apple', got 'hdrgm'"),
        ({"base_headroom": 0}, r"metadata: expected only .*, got 'base_headroom'"),
        ({"channels": []}, r"metadata: channels: expected a list of 1 or 3, got \[\]"),
        ({"channels": ["x"]}, r"channels\[0\]: expected names with values in braces, got 'x'"),
        ({"channels": [{"gamma": 1}]}, r"channels\[0\]: expected gain_map_min, .*, got none"),
        ({"alternate_hdr_headroom": "3"}, r"metadata: alternate_hdr_headroom: expected a number, got '3'"),
        ({"alternate_hdr_headroom": True}, r"alternate_hdr_headroom: expected a number, got True"),
        ({"alternate_hdr_headroom": float("nan")}, r"alternate_hdr_headroom: expected a number, got nan"),
        ({"alternate_hdr_headroom": 10**400}, r"alternate_hdr_headroom: expected a number, got 1000"),
        ({"alternate_hdr_headroom": 99}, r"alternate_hdr_headroom: expected at most 32 stops, got 99/1"),
        ({"alternate_hdr_headroom": -1}, r"alternate_hdr_headroom: expected an unsigned 32-bit numerator"),
        (
            {"alternate_hdr_headroom": {"value": 2, "stored": [3, 1]}},
            r"expected one number, got value 2 and ",
        ),
        ({"alternate_hdr_headroom": {"stored": [3, 0]}}, r"expected numbers of 32 bits, the second above 0"),
        ({"alternate_hdr_headroom": {"stored": [3.5, 1]}}, r"\.stored: expected two whole numbers, got \[3.5, 1\]"),
        ({"use_base_colour_space": 1}, r"use_base_colour_space: expected true or false, got 1"),
        ({"writer_version": -1}, r"writer_version: expected a whole number from 0 to 65535, got -1"),
        ({"alternate_color": {"primaries": 9}}, r"alternate_color: expected transfer, matrix, full_range, got none"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(change: dict[str, Any], line: str) -> None:
    with pytest.raises(ValueError, match=line) as caught:
        metadata_from_dict(metadata_to_dict(ONE_CHANNEL) | change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("plain", [None, [], "x", 3, {}])
def test_what_is_no_description_is_refused(plain: object) -> None:
    with pytest.raises(ValueError, match="metadata: "):
        metadata_from_dict(plain)


def test_apples_headroom_has_bounds() -> None:
    with pytest.raises(ValueError, match=r"headroom: expected a number from 1 to 2\^32, got 0.5"):
        metadata_from_dict({"kind": "Apple", "headroom": 0.5})
