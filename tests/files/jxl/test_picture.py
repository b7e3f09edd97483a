"""Codestreams as records, turned and not."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest

from gainmap_codec.errors import LimitError, Limits, UnsupportedError
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.jxl.header import BLACK, ColorEncoding, parse_header, serialize_header
from gainmap_codec.files.jxl.picture import (
    coded_image,
    codestream_digest,
    codestream_sampling,
    header_of,
    read_header,
    turned_codestream,
)
from support.jxl_files import codestream_of, picture

LIMITS = Limits()


@pytest.mark.parametrize("bits", [8, 10, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_what_a_record_says(channels: int, bits: int) -> None:
    data = picture(24, 16, channels, bits=bits)
    image = coded_image(data, parse_header(data))
    assert image.data == data
    assert (image.codec, image.width, image.height, image.channels, image.bits) == ("jxl", 24, 16, channels, bits)
    points = Nclx(1, 13 if bits == 8 else 8, 0, True)  # what imagecodecs says of deep pictures: linear light
    assert (image.nclx, image.icc_profile, image.turn, image.crop) == (points, None, 1, None)
    assert codestream_sampling(image) == ("4:0:0" if channels == 1 else "4:4:4")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_codestreams_show_turned_pictures(orientation: int) -> None:
    data = picture(24, 16)
    header = parse_header(data)
    turned = turned_codestream(data, header, orientation)
    codes, upright = imagecodecs.jpegxl_decode(turned), imagecodecs.jpegxl_decode(data)
    expected = {1: upright, 3: upright[::-1, ::-1], 6: np.rot90(upright, -1), 8: np.rot90(upright)}
    if orientation in expected:
        np.testing.assert_array_equal(codes, expected[orientation])
    image = coded_image(turned, parse_header(turned))
    assert (image.width, image.height) == (24, 16)
    assert header_of(image).orientation == 1
    assert turned_codestream(turned, parse_header(turned), orientation) is turned
    np.testing.assert_array_equal(imagecodecs.jpegxl_decode(image.data), upright)


def test_the_digest_is_that_of_the_frames() -> None:
    data = picture()
    header = parse_header(data)
    frames = data[header.size :]
    told_otherwise = serialize_header(replace(header, orientation=7, intensity_target=300.0)) + frames
    for codestream in (data, told_otherwise):
        image = coded_image(codestream, parse_header(codestream))
        assert codestream_digest(image) == hashlib.sha256(frames).digest()[:4]


def test_what_is_not_read() -> None:
    header = parse_header(picture())
    for changed, message in (
        (replace(header, extra_channels=(BLACK,)), "expected grey or RGB"),
        (replace(header, color=ColorEncoding(3, has_icc=True)), "expected grey or RGB"),
    ):
        with pytest.raises(UnsupportedError, match=message):
            coded_image(picture(), changed)


def test_depths_are_those_of_code_values() -> None:
    header = parse_header(picture())
    for bits, exponent_bits, depth in ((1, 0, 8), (8, 0, 8), (11, 0, 11), (24, 0, 16), (16, 5, 16), (32, 8, 16)):
        assert coded_image(picture(), replace(header, bits=bits, exponent_bits=exponent_bits)).bits == depth


def test_sizes_are_checked() -> None:
    header = parse_header(picture())
    large = serialize_header(replace(header, width=1 << 29, height=1 << 29))
    with pytest.raises(LimitError, match="pixels"):
        read_header(large, LIMITS)
    data = picture(100, 100)
    assert read_header(data, Limits(pixels=10_000))[0].width == 100
    planes = np.zeros((100, 100, 4), np.uint8)
    with_alpha = codestream_of(imagecodecs.jpegxl_encode(planes))
    assert read_header(with_alpha, Limits(pixels=10_000))[0].extra_channels
    many = imagecodecs.jpegxl_encode(np.zeros((8, 100, 100), np.uint8), planar=True, photometric="gray")
    with pytest.raises(LimitError, match="pixels: expected at most 10000, got 30000"):
        read_header(codestream_of(many), Limits(pixels=10_000))
