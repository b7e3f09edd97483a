"""Pixels of coded pictures: every codec, depth and number of channels."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.records import Codec, CodedImage, Crop
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from support.paths import FIXTURES


def ramps(bits: int, channels: int) -> NDArray[np.uint16]:
    y, x = np.mgrid[0:64, 0:64]
    codes = np.stack([x * 16, y * 16, (x + y) * 8], axis=2) * (1 << bits) // 1024
    return (codes if channels == 3 else codes[..., 0]).astype(np.uint16)


def av1(codes: NDArray[np.uint16], bits: int) -> bytes:
    form = "444" if codes.ndim == 3 else "400"
    return bytes(imagecodecs.avif_encode(codes, level=95, bitspersample=bits, pixelformat=form))


def hevc(codes: NDArray[np.uint16], bits: int, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(pillow_heif.options, "SAVE_HDR_TO_12_BIT", bits == 12)
    mode = "RGB;16" if codes.ndim == 3 else "I;16"
    stream = io.BytesIO()
    image = pillow_heif.from_bytes(mode, codes.shape[1::-1], (codes << (16 - bits)).tobytes())
    image.save(stream, quality=95, chroma=444)
    return stream.getvalue()


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("codec", ["av1", "hevc"])
def test_deep_pictures(codec: Codec, channels: int, bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = ramps(bits, channels)
    data = av1(codes, bits) if codec == "av1" else hevc(codes, bits, monkeypatch)
    image = parse_file(data, "", Limits()).base
    assert (image.codec, image.bits, image.channels) == (codec, bits, channels)
    decoded = decode_coded_image(image)
    assert (decoded.dtype.name, decoded.shape) == ("uint16", codes.shape)
    assert np.abs(decoded.astype(np.int32) - codes).max() <= 4 << (bits - 10)  # coded with loss


def jpeg() -> CodedImage:
    return parse_file((FIXTURES / "jpeg/base-16x16.jpg").read_bytes(), "", Limits()).base


def test_a_crop_is_a_part_of_what_is_coded() -> None:
    whole = decode_coded_image(jpeg())
    cut = replace(jpeg(), width=5, height=4, crop=Crop(3, 2, 16, 16))
    np.testing.assert_array_equal(decode_coded_image(cut), whole[2:6, 3:8])


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"width": 17}, r"expected a picture of shape \(16, 17, 3\), got \(16, 16, 3\)"),
        ({"channels": 1}, None),
        ({"bits": 10}, "expected 10 bits, got uint8 up to"),
    ],
)
def test_pictures_that_are_not_what_their_header_says(fields: dict[str, Any], problem: str | None) -> None:
    image = replace(jpeg(), **fields)
    if problem is None:
        assert decode_coded_image(image).shape == (16, 16)
        return
    with pytest.raises(FormatError, match=problem):
        decode_coded_image(image)


@pytest.mark.parametrize("name", ["heif/base-16x16.avif", "heif/base-64x64.heic"])
def test_broken_data_are_one_clear_error(name: str) -> None:
    image = parse_file((FIXTURES / name).read_bytes(), "", Limits()).base
    broken = replace(image, data=image.data[:-40] + bytes(40))
    try:
        decode_coded_image(broken)
    except FormatError as error:
        assert str(error).startswith(("AV1: ", "HEVC: ")) and "\n" not in str(error)
