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
from PIL import Image

from gainmap_codec.errors import FormatError, Limits, UnsupportedError
from gainmap_codec.files.container import parse_file, sampling_of
from gainmap_codec.files.records import Codec, CodedImage, Crop
from gainmap_codec.pixels.formats import coded_image
from gainmap_codec.pixels.formats.coded_image import DEFAULT_SPEED, Chroma, code_picture, decode_coded_image
from gainmap_codec.pixels.scene import render_scene
from support.paths import FIXTURES

CODERS: tuple[Codec, ...] = ("jpeg", "hevc", "av1")


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


@pytest.mark.parametrize("quality", [90, 100])
@pytest.mark.parametrize("codec", CODERS)
@pytest.mark.parametrize("chroma", ["4:2:0", "4:4:4"])
def test_chroma_is_stored_as_asked(codec: Codec, chroma: Chroma, quality: int) -> None:
    codes = ramps(8, 3).astype(np.uint8)
    assert sampling_of(code_picture(codes, codec, quality=quality, chroma=chroma)) == chroma
    assert sampling_of(code_picture(codes[..., 0], codec, quality=quality, chroma=chroma)) == "4:0:0"


def test_jpegs_in_420_are_those_of_pillow() -> None:
    codes, stream = ramps(8, 3).astype(np.uint8), io.BytesIO()
    Image.fromarray(codes).save(stream, "JPEG", quality=80, subsampling=2, optimize=True)
    assert code_picture(codes, "jpeg", quality=80, chroma="4:2:0").data == stream.getvalue()


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_slow_coding_is_small(codec: Codec) -> None:
    codes = (render_scene(width=192, height=128) ** (1 / 2.2) * 255).clip(0, 255).astype(np.uint8)
    slow, default, quick = (code_picture(codes, codec, quality=60, chroma="4:2:0", speed=speed) for speed in (3, 8, 10))
    assert len(slow.data) < len(default.data) < len(quick.data)
    assert default.data == code_picture(codes, codec, quality=60, chroma="4:2:0").data


@pytest.mark.parametrize("size", [(1, 1), (16, 300), (31, 31), (32, 32)])
def test_small_pictures_are_coded_at_any_speed(size: tuple[int, int]) -> None:
    """x265 refuses its slowest preset where a side is below 32."""
    codes = np.full((*size, 3), 99, np.uint8)
    assert np.abs(decode_coded_image(code_picture(codes, "hevc", quality=90, speed=0)).astype(int) - 99).max() <= 1


@pytest.mark.parametrize("speed", [6, DEFAULT_SPEED])
def test_any_number_of_threads_codes_the_same_av1(speed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = np.random.default_rng(5).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    made = []
    for threads in (2, 7):
        monkeypatch.setattr(coded_image, "_AV1_THREADS", threads)
        made += [code_picture(picture, "av1", quality=50, speed=speed).data for picture in (codes, codes[..., 0])]
    assert made[:2] == made[2:]


def test_long_pictures_that_x265_refuses_are_told_by_their_size() -> None:
    for shape in ((4217, 31), (1, 4217, 3)):
        with pytest.raises(
            UnsupportedError, match=r"^HEVC: expected sides of at least 32 pixels where one has over 4216"
        ):
            code_picture(np.zeros(shape, np.uint8), "hevc", quality=50)
    for shape in ((4216, 1), (32, 4217)):
        assert code_picture(np.zeros(shape, np.uint8), "hevc", quality=50).height == shape[0]
