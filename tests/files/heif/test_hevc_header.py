"""The colour in HEVC's sequence parameter sets, whatever stands in front of it."""

from __future__ import annotations

import re

import pytest

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.heif.hevc_header import color_of_hevc
from support.codestreams import Fields, escaped, hvcc, packed

LIMITS = Limits()
COLOR = Nclx(9, 16, 9, True)
UNSAID = Nclx(2, 2, 2, False)
SLICE = bytes((0, 0, 0, 3, 20 << 1, 1, 0x80))
VUI: Fields = [(1, 1), (0, 1), (0, 1), (1, 1), (5, 3), (1, 1), (1, 1), (9, 8), (16, 8), (9, 8)]
LONG_VUI: Fields = [(1, 1), (1, 1), (255, 8), (4, 16), (3, 16), (1, 1), (1, 1), *VUI[3:]]
RANGE_ALONE: Fields = [*VUI[:6], (0, 1)]
NO_SIGNAL: Fields = [(1, 1), (0, 1), (0, 1), (0, 1)]

# Sets of short-term references: two pictures before and one behind; then two sets told by their differences.
LISTED: Fields = [(2, 0), (1, 0), (0, 0), (1, 1), (1, 0), (1, 1), (3, 0), (1, 1)]
PREDICTED: Fields = [(1, 1), (1, 1), (0, 0), (1, 1), (0, 1), (0, 1), (0, 1), (1, 1), (1, 1)]
AGAIN: Fields = [(1, 1), (0, 1), (1, 0), (1, 1), (1, 1), (1, 1), (1, 1)]


def parameters(
    vui: Fields | None,
    *,
    layers: int = 0,
    chroma: int = 1,
    window: bool = False,
    scaling: bool = False,
    pcm: bool = False,
    references: Fields | None = None,
) -> bytes:
    """A sequence parameter set. Source: ITU-T H.265 clause 7.3.2.2.1."""
    fields: Fields = [(33, 7), (1, 9), (0, 4), (layers, 3), (1, 1), (0, 64), (0, 24), (93, 8)]
    if layers:
        fields += [(0b10, 2)] + [(0b11, 2)] * (layers - 1) + [(0, 2)] * (8 - layers)
        fields += [(0, 88)] + [(0, 96)] * (layers - 1)
    fields += [(0, 0), (chroma, 0)] + ([(0, 1)] if chroma == 3 else []) + [(96, 0), (64, 0)]
    fields += [(1, 1), (0, 0), (3, 0), (0, 0), (5, 0)] if window else [(0, 1)]
    fields += [(2, 0), (2, 0), (4, 0), (1, 1)] + [(4, 0), (2, 0), (0, 0)] * (layers + 1)
    fields += [(0, 0), (3, 0), (0, 0), (3, 0), (0, 0), (0, 0)]
    fields += scaling_lists() if scaling else [(0, 1)]
    fields += [(0, 2)] + ([(1, 1), (7, 4), (7, 4), (0, 0), (2, 0), (0, 1)] if pcm else [(0, 1)])
    fields += references or [(0, 0), (0, 1)]
    fields += [(0, 2)] + (vui or [(0, 1)])
    return escaped(packed(fields))


def scaling_lists() -> Fields:
    """Lists of all sizes: by turns predicted and spelled out."""
    fields: Fields = [(1, 1), (1, 1)]
    for size, count in enumerate((6, 6, 6, 2)):
        for index in range(count):
            numbers = (size > 1) + min(64, 1 << (4 + 2 * size))
            fields += [(0, 1), (0, 0)] if index % 2 else [(1, 1)] + [(index, 0)] * numbers
    return fields


@pytest.mark.parametrize(
    "unit",
    [
        parameters(VUI),
        parameters(LONG_VUI),
        parameters(VUI, layers=3),
        parameters(VUI, chroma=3, window=True),
        parameters(VUI, scaling=True, pcm=True),
        parameters(VUI, references=[(3, 0), *LISTED, *PREDICTED, *AGAIN, (0, 1)]),
        parameters(VUI, references=[(0, 0), (1, 1), (2, 0), (77, 8), (1, 1), (5, 8), (0, 1)]),
    ],
    ids=["plain", "aspect ratio", "layers", "4:4:4 and window", "scaling and pcm", "short-term", "long-term"],
)
def test_the_colour_is_found(unit: bytes) -> None:
    assert color_of_hevc(hvcc(unit), SLICE, LIMITS) == COLOR


@pytest.mark.parametrize(
    ("vui", "color"), [(None, UNSAID), (NO_SIGNAL, UNSAID), (RANGE_ALONE, UNSAID._replace(full_range=True))]
)
def test_what_is_not_said_is_unspecified(vui: Fields | None, color: Nclx) -> None:
    assert color_of_hevc(hvcc(parameters(vui)), b"", LIMITS) == color


def test_parameters_in_the_data_come_first() -> None:
    own = parameters(VUI)
    data = len(own).to_bytes(4, "big") + own + SLICE
    assert color_of_hevc(hvcc(parameters(RANGE_ALONE)), data, LIMITS) == COLOR
    assert color_of_hevc(hvcc(), data, LIMITS) == COLOR
    assert color_of_hevc(hvcc(), SLICE, LIMITS) is None


def test_broken_parameters_are_errors() -> None:
    unit = parameters(VUI, layers=2, scaling=True)
    for size in range(1, len(unit)):
        try:
            assert color_of_hevc(hvcc(unit[:size]), b"", LIMITS) in (COLOR, None)
        except FormatError as error:
            assert re.fullmatch(
                r"HEVC sequence parameter set at byte \d+: expected \d+ bits, got \d+: cut off", str(error)
            )
    with pytest.raises(FormatError, match="expected a number up to 64, got 65"):
        color_of_hevc(hvcc(parameters(VUI, references=[(65, 0)])), b"", LIMITS)
    with pytest.raises(FormatError, match="box hvcC"):
        color_of_hevc(bytes(10), b"", LIMITS)
