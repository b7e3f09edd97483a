"""Headers of JPEG XL codestreams: bits by hand, and those that libjxl writes and reads."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.errors import FormatError, UnsupportedError
from gainmap_codec.files.jxl.bits import in_bits, in_bytes
from gainmap_codec.files.jxl.header import (
    ALPHA,
    GREY,
    XYB,
    ColorEncoding,
    ImageHeader,
    parse_header,
    serialize_header,
)
from support.jxl_files import ADOBE_RGB, codestream_of


def codestream(*fields: str) -> bytes:
    return b"\xff\x0a" + in_bytes("".join(fields))


def test_usual_picture_by_hand() -> None:
    # 8 x 8: small, (height / 8 - 1) in 5 bits, ratio 1 in 3; all metadata as usual; all transforms as usual.
    header = parse_header(bytes.fromhex("ff0a 4106"))
    assert header == ImageHeader(8, 8, size=4)
    assert (header.is_xyb, header.bits, header.color) == (True, 8, ColorEncoding())


def test_fields_by_hand() -> None:
    size = "0" + "00" + in_bits(299, 9) + in_bits(3, 3)  # 300 rows, 4:3
    more = "1" + in_bits(5, 3) + "000"  # orientation 6
    depth = "0" + "10"  # 10 bits
    bt2020_pq = "000010" + "01" + in_bits(7, 4) + "0" + "01" + in_bits(14, 4) + "10"
    tones = "0" + in_bits(0x70E2, 16) + 33 * "0"  # 10 000 nits as a half
    metadata = "0" + more + depth + "1" + "00" + "0" + bt2020_pq + tones + "00"
    header = parse_header(codestream(size, metadata, "1"))
    assert (header.width, header.height, header.orientation, header.bits) == (400, 300, 6, 10)
    assert header.color == ColorEncoding(primaries=9, transfer=16)
    assert (header.is_xyb, header.intensity_target) == (False, 10000)


@pytest.mark.parametrize(
    "shape", [(40, 56), (40, 56, 3), (40, 56, 4), (33, 57, 3), (1, 1), (600, 300, 3)], ids=lambda shape: str(shape)
)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("quality", [None, 90])
def test_headers_of_libjxl(shape: tuple[int, ...], kind: type, quality: int | None) -> None:
    coded = imagecodecs.jpegxl_encode(np.ones(shape, kind), level=quality)
    header = parse_header(codestream_of(bytes(coded)))
    assert (header.height, header.width) == shape[:2]
    assert header.bits == 8 * np.dtype(kind).itemsize and (header.exponent_bits > 0) == (kind is np.float32)
    assert header.is_xyb == (quality is not None)
    assert header.color.space == (GREY if len(shape) == 2 else 0)
    assert header.extra_channels == ((ALPHA,) if shape[2:] == (4,) else ())
    again = serialize_header(header) + codestream_of(bytes(coded))[header.size :]
    assert parse_header(again) == replace(header, size=len(serialize_header(header)))
    np.testing.assert_array_equal(imagecodecs.jpegxl_decode(again), imagecodecs.jpegxl_decode(coded))


NUMBERS = st.integers(-(1 << 20), (1 << 20) - 1)
POINTS = st.tuples(NUMBERS, NUMBERS)
COLORS = st.one_of(
    st.sampled_from([ADOBE_RGB, ColorEncoding(XYB), ColorEncoding(GREY, transfer=18), ColorEncoding(3, has_icc=True)]),
    st.builds(ColorEncoding, st.just(0), st.just(2), POINTS, st.just(2), st.tuples(POINTS, POINTS, POINTS)),
)


@given(
    st.builds(
        ImageHeader,
        width=st.integers(1, 1 << 30),
        height=st.integers(1, 1 << 30),
        orientation=st.integers(1, 8),
        bits=st.integers(1, 31),
        is_xyb=st.booleans(),
        color=COLORS,
        intensity_target=st.sampled_from([255.0, 1000.0, 10000.0]),
    ),
    st.binary(max_size=300),
)
def test_headers_come_back(header: ImageHeader, profile: bytes) -> None:
    header = replace(header, icc_profile=profile if header.color.has_icc else None)
    data = serialize_header(header)
    assert parse_header(data + b"frames") == replace(header, size=len(data))


def test_colour_is_what_libjxl_reads() -> None:
    """Adobe RGB, said by numbers: a picture coded in light comes out in it."""
    light = np.full((16, 16, 3), 0.5, np.float32)
    coded = codestream_of(bytes(imagecodecs.jpegxl_encode(light, level=99)))
    header = parse_header(coded)
    told = replace(header, bits=16, exponent_bits=0, color=ADOBE_RGB)
    codes = imagecodecs.jpegxl_decode(serialize_header(told) + coded[header.size :])
    assert codes.dtype == np.uint16
    np.testing.assert_allclose(codes / 65535, 0.5**0.454707, atol=0.002)


def test_what_is_broken_is_refused() -> None:
    whole = serialize_header(ImageHeader(300, 200, orientation=3, color=ADOBE_RGB))
    for end in range(len(whole)):
        with pytest.raises(FormatError, match="JPEG XL codestream"):
            parse_header(whole[:end])
    depth = "0" + "11"
    with pytest.raises(FormatError, match="expected a depth that there is, got 60 bits"):
        parse_header(codestream("1" + in_bits(0, 5) + in_bits(1, 3), "0", "0", depth + in_bits(59, 6), 20 * "0"))
    channels = "11" + in_bits(4000, 12)
    with pytest.raises(UnsupportedError, match="expected at most 16 extra channels, got 4001"):
        parse_header(codestream("1" + in_bits(0, 5) + in_bits(1, 3), "0", "0", "000", "1", channels, 20 * "0"))


@given(st.binary(max_size=64))
def test_junk_is_a_header_or_an_error(junk: bytes) -> None:
    with suppress(FormatError, UnsupportedError):
        assert parse_header(b"\xff\x0a" + junk).width > 0
