"""Codestreams that are cut off: what is missing of them, and whole ones of what is there, decoded by libjxl."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray

from gainmap_codec.errors import NO_LIMITS, FormatError, Limits
from gainmap_codec.files.jxl.damage import completed, in_usual_order
from gainmap_codec.files.jxl.frames import FrameData, read_frames
from gainmap_codec.files.jxl.header import parse_header
from gainmap_codec.files.jxl.picture import read_header
from gainmap_codec.pixels.formats.jpeg_xl import decode_jpeg_xl
from support.jxl_files import codestream_of, picture

GROUP = 256
"""Side of the squares that libjxl codes by themselves."""


def noisy(height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """Of all values, so that libjxl makes no palette of them."""
    return np.squeeze(np.random.default_rng(7).integers(0, 256, (height, width, channels)).astype(np.uint8))


def coded(codes: NDArray[np.uint8], **options: Any) -> bytes:
    return codestream_of(bytes(imagecodecs.jpegxl_encode(codes, usecontainer=False, **options)))


def frame_of(codestream: bytes) -> FrameData:
    frame = read_frames(codestream, parse_header(codestream), 1, NO_LIMITS)
    assert frame is not None
    return frame


def missing(codestream: bytes) -> str | None:
    return read_header(codestream, Limits())[1]


def test_what_is_missing() -> None:
    whole = picture(600, 300)
    header, size = parse_header(whole), len(whole)
    assert missing(whole) is None and missing(whole + b"more") is None
    assert missing(whole[:-1]) == f"the picture is cut off: 1 of its {size - header.size:,} bytes are missing"
    for end in range(header.size, frame_of(whole).start):
        assert missing(whole[:end]) == "the picture is cut off in front of its pixels"
    assert missing(whole[: frame_of(whole).start]) is not None


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("effort", [1, 3, 7])
def test_groups_that_are_there_are_what_they_were(channels: int, effort: int) -> None:
    codes = noisy(300, 600, channels)
    codestream = coded(codes, lossless=True, effort=effort)
    frame = frame_of(codestream)
    stops = list(accumulate(frame.sizes, initial=frame.start))[1:]
    assert frame.stop == len(codestream) and len(stops) == 3 + 6
    for group, stop in enumerate(stops[3:]):
        whole = completed(codestream[: stop - 1], parse_header(codestream))
        assert whole is not None
        found = np.squeeze(imagecodecs.jpegxl_decode(whole)).reshape(300, 600, channels)
        wanted = codes.reshape(300, 600, channels).copy()
        for index in range(group, 6):
            top, left = index // 3 * GROUP, index % 3 * GROUP
            wanted[top : top + GROUP, left : left + GROUP] = 0
        np.testing.assert_array_equal(found, wanted)


def test_what_cannot_be_completed() -> None:
    small = picture(24, 16)
    assert completed(small[:-1], parse_header(small)) is None
    for large in (picture(600, 300), coded(noisy(300, 600, 3), level=90)):
        header, frame = parse_header(large), frame_of(large)
        for end in range(header.size, frame.start + frame.sizes[0]):
            assert completed(large[:end], header) is None


def test_blocks_stay_as_they_are() -> None:
    codestream = coded(noisy(300, 600, 3), level=90)[:-1]
    assert completed(codestream, parse_header(codestream)) is codestream


@pytest.mark.parametrize("size", [(300, 2100), (600, 3100)])
@pytest.mark.parametrize("options", [{"level": 90}, {"lossless": True}], ids=str)
def test_sections_in_the_usual_order(size: tuple[int, int], options: dict[str, Any]) -> None:
    """The same picture, of which the left half is there when the right one is cut off."""
    codes = noisy(*size, 3)
    codestream = coded(codes, effort=3, **options)
    ordered = in_usual_order(codestream)
    assert frame_of(codestream).lehmer and not frame_of(ordered).lehmer
    assert sorted(frame_of(codestream).sizes) == sorted(frame_of(ordered).sizes)
    assert len(ordered) == frame_of(ordered).stop < len(codestream) and missing(ordered) is None
    wanted = imagecodecs.jpegxl_decode(codestream)
    np.testing.assert_array_equal(imagecodecs.jpegxl_decode(ordered), wanted)
    np.testing.assert_array_equal(decode_jpeg_xl(ordered[:-1])[:, :1000], wanted[:, :1000])
    assert in_usual_order(ordered) is ordered
    if "level" in options:
        with pytest.raises(FormatError, match="cut off before any"):
            decode_jpeg_xl(codestream[:-1])
