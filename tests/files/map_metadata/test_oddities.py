"""What is told of gain maps that are used all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gainmap_codec.files.map_metadata.oddities import odd_gain_map
from gainmap_codec.files.records import AppleMetadata, CodedImage, Fraction, GainMapMetadata, StoredGainMap
from support.cases import ONE_CHANNEL

BASE = CodedImage(b"", 400, 300, 3)


def told(metadata: GainMapMetadata | AppleMetadata, width: int = 40, height: int = 30) -> list[str]:
    return list(odd_gain_map(BASE, StoredGainMap(CodedImage(b"", width, height, 1), metadata, "iso21496")))


def test_nothing_odd() -> None:
    assert told(ONE_CHANNEL) == []
    assert told(AppleMetadata(4.0, None, "xmp")) == []
    assert told(ONE_CHANNEL, 133, 100) == []  # sizes are rounded


@pytest.mark.parametrize(
    ("metadata", "line"),
    [
        (replace(ONE_CHANNEL, reserved_flags=0x21), "reserved flags (21)"),
        (replace(ONE_CHANNEL, alternate_hdr_headroom=ONE_CHANNEL.base_hdr_headroom), "the gain map changes nothing"),
    ],
)
def test_odd_numbers(metadata: GainMapMetadata, line: str) -> None:
    (found,) = told(metadata)
    assert line in found


def test_offsets_below_0() -> None:
    channel = replace(ONE_CHANNEL.channels[0], base_offset=Fraction(-1, 64))
    assert told(replace(ONE_CHANNEL, channels=(channel,))) == ["the gain map has offsets below 0"]


def test_another_shape() -> None:
    expected = "the gain map has another aspect ratio: 40x40 for a base of 400x300"
    assert told(ONE_CHANNEL, 40, 40) == told(AppleMetadata(4.0, None, "xmp"), 40, 40) == [expected]


@pytest.mark.parametrize(
    ("base", "size"),
    [
        ((65_535, 1), (16_384, 1)),
        ((1, 500), (1, 125)),
        ((200, 133), (50, 34)),
        ((200, 133), (50, 33)),
        ((8, 5), (4, 3)),
    ],
)
def test_a_map_has_whole_pixels(base: tuple[int, int], size: tuple[int, int]) -> None:
    found = StoredGainMap(CodedImage(b"", *size, 1), ONE_CHANNEL, "iso21496")
    assert list(odd_gain_map(CodedImage(b"", *base, 3), found)) == []
