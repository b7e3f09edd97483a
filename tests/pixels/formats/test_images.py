"""HDR pictures of every format, JPEG, and pictures that become a base."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits, UnsupportedError
from gainmap_codec.files.records import Codec
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.color.code_points import color_of_code_points
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import pq_encode
from gainmap_codec.pixels.formats.coded_image import code_picture
from gainmap_codec.pixels.formats.hdr_files import read_hdr
from gainmap_codec.pixels.formats.images import decode_jpeg, encode_jpeg, open_picture, read_base
from support.hdr_files import picture, samples, with_cicp
from support.paths import FIXTURES

SAMPLES = samples()


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_pixel_limit_is_checked_before_decoding(kind: str) -> None:
    assert read_hdr(SAMPLES[kind]).pixels.size > 0
    with pytest.raises(LimitError, match="pixels: expected at most 100"):
        read_hdr(SAMPLES[kind], limits=Limits(pixels=100))


@pytest.mark.parametrize("kind", SAMPLES)
def test_cut_files_name_path_and_problem(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"cut.{kind}"
    path.write_bytes(SAMPLES[kind][: len(SAMPLES[kind]) // 4])
    with pytest.raises(FormatError, match=rf"cut\.{kind}: (broken \w+ file: |box |file: it ends too early)") as caught:
        read_hdr(path)
    assert "\n" not in str(caught.value)


@settings(max_examples=150)
@given(
    kind=st.sampled_from(sorted(SAMPLES)),
    seed=st.integers(0, 2**32 - 1),
    flips=st.integers(1, 6),
)
def test_garbled_files_give_a_picture_or_one_of_our_errors(kind: str, seed: int, flips: int) -> None:
    random = np.random.default_rng(seed)
    data = bytearray(SAMPLES[kind])
    for place in random.integers(0, min(len(data), 600), flips):
        data[place] ^= 1 << int(random.integers(8))
    try:
        image = read_hdr(bytes(data), limits=Limits(pixels=1 << 16))
    except GainMapError:
        return
    assert np.isfinite(image.pixels).all()


def test_missing_unknown_and_oversized(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_hdr(tmp_path / "none.exr")
    for data, got in ((b"", "an empty file"), (b"hello", "one that begins with b'hell'"), (b"\x89PNJ", "one that")):
        with pytest.raises(FormatError, match=f"bytes: expected a picture in OpenEXR, .* or JPEG, got {got}"):
            read_hdr(data)
    with pytest.raises(LimitError, match="file_bytes"):
        read_hdr(SAMPLES["png"], limits=Limits(file_bytes=100))


@pytest.mark.parametrize("file", ["exr", "png", "tiff", "jxr", "radiance"])
def test_errors_name_the_file(file: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture.{file}"
    path.write_bytes((FIXTURES / "jxr/half.jxr").read_bytes() if file == "jxr" else SAMPLES[file])
    told = f"^{re.escape(str(path))}: "
    with pytest.raises(LimitError, match=f"{told}pixels: expected at most 1, got"):
        read_hdr(path, limits=Limits(pixels=1))
    path.write_bytes(path.read_bytes()[:14])
    with pytest.raises(GainMapError, match=told) as caught:
        read_hdr(path)
    assert str(caught.value).count(str(path)) == 1


@pytest.mark.parametrize("file", ["exr", "jxr", "radiance"])
def test_an_hdr_picture_in_place_of_the_sdr_one(file: str) -> None:
    data = (FIXTURES / "jxr/half.jxr").read_bytes() if file == "jxr" else SAMPLES[file]
    kind = {"exr": "OpenEXR", "jxr": "JPEG XR", "radiance": "Radiance"}[file]
    with pytest.raises(UnsupportedError, match=f"sdr: expected an SDR picture, got {kind}, which is read as HDR alone"):
        read_base(data)


@pytest.mark.parametrize("name", ["input_sdr.jpg", "input_sdr_2ev.jpg"])
def test_decoded_pixels_are_those_of_pillow(data_dir: Path, name: str) -> None:
    path = data_dir / "pairs/hdr-gainmap" / name
    with Image.open(path) as image:
        np.testing.assert_array_equal(decode_jpeg(path.read_bytes()), np.asarray(image))


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_decoded_pixels_are_those_of_pillow_for_every_subsampling(subsampling: int) -> None:
    stream = io.BytesIO()
    codes = (pq_encode(picture(37, 51)) * 255).astype(np.uint8)
    Image.fromarray(codes).save(stream, "JPEG", subsampling=subsampling, progressive=subsampling == 1)
    np.testing.assert_array_equal(decode_jpeg(stream.getvalue()), np.asarray(Image.open(stream)))


def test_encode_jpeg_is_444_deterministic_and_carries_the_profile() -> None:
    codes = (pq_encode(picture(64, 48)) * 255).astype(np.uint8)
    icc = icc_profile_for("display-p3")
    data = encode_jpeg(codes, quality=92, icc_profile=icc)
    assert data == encode_jpeg(codes, quality=92, icc_profile=icc)
    assert data[:2] == b"\xff\xd8"
    assert data[-2:] == b"\xff\xd9"
    image = Image.open(io.BytesIO(data))
    assert image.info["icc_profile"] == icc
    assert isinstance(image, JpegImageFile)
    assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3
    assert np.abs(decode_jpeg(data).astype(int) - codes).max() <= 12


def test_grey_jpeg_has_one_component() -> None:
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16)
    back = decode_jpeg(encode_jpeg(codes, quality=95))
    assert back.shape == (16, 16)
    assert np.abs(back.astype(int) - codes).max() <= 6


@pytest.mark.parametrize("shape", [(300, 300, 3), (300, 300), (1, 500, 3), (41, 23, 3)])
@pytest.mark.parametrize("quality", [1, 50, 80, 95, 100])
def test_noise_is_coded(shape: tuple[int, ...], quality: int) -> None:
    """With a profile of two segments, too; the bytes are those that Pillow writes of pictures that it can write."""
    noise = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    data = encode_jpeg(noise, quality=quality, icc_profile=bytes(70_000))
    back = decode_jpeg(data)
    assert back.shape == shape
    if quality == 100:
        assert np.abs(back.astype(int) - noise).max() <= 4
    smooth, stream = np.full(shape, 90, np.uint8), io.BytesIO()
    Image.fromarray(smooth).save(stream, "JPEG", quality=quality, subsampling=0, optimize=True)
    assert encode_jpeg(smooth, quality=quality) == stream.getvalue()


def test_jpeg_refusals() -> None:
    for data in (b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xd9"):
        with pytest.raises(FormatError, match="broken JPEG file"):
            decode_jpeg(data)
    stream = io.BytesIO()
    Image.new("CMYK", (8, 8)).save(stream, "JPEG")
    with pytest.raises(UnsupportedError, match="expected 8-bit grey or RGB"):
        decode_jpeg(stream.getvalue())
    with pytest.raises(ValueError, match="uint8"):
        encode_jpeg(np.zeros((4, 4, 4), np.uint8), quality=90)
    with pytest.raises(ValueError, match="quality"):
        encode_jpeg(np.zeros((4, 4, 3), np.uint8), quality=0)


def test_a_cut_scan_still_gives_its_upper_part() -> None:
    codes = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    data = encode_jpeg(codes, quality=90)
    whole, part = decode_jpeg(data), decode_jpeg(data[: len(data) * 3 // 4])
    np.testing.assert_array_equal(part[:32], whole[:32])


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_a_file_of_boxes_is_kept_bit_for_bit(codec: Codec) -> None:
    """Pillow would give its pixels without the colour that code points tell."""
    data = code_picture(np.zeros((64, 64, 3), np.uint8), codec, quality=80).data
    assert read_base(data).file == data


def test_a_jpeg_is_kept_bit_for_bit(tmp_path: Path) -> None:
    data = saved(Image.new("RGB", (8, 8)), "JPEG") + b"trailer"
    (tmp_path / "a.jpg").write_bytes(data)
    base = read_base(tmp_path / "a.jpg")
    assert base.file == data
    assert base.pixels is None


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_files_give_pixels_and_metadata(kind: str) -> None:
    codes = np.random.default_rng(1).integers(0, 256, (9, 7, 3)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    icc = icc_profile_for("display-p3")
    options = {"lossless": True} if kind == "WEBP" else {}
    base = read_base(saved(Image.fromarray(codes), kind, exif=exif, icc_profile=icc, **options))
    np.testing.assert_array_equal(base.pixels, codes)
    assert base.file is None
    assert base.icc_profile == icc
    assert base.exif is not None
    assert base.exif[:2] in (b"II", b"MM")


@pytest.mark.parametrize("encode", [imagecodecs.png_encode, imagecodecs.tiff_encode])
def test_16_bit_files_are_rounded(encode: Callable[[np.ndarray], bytes]) -> None:
    codes = np.array(
        [[[0, 128, 129], [257 * 100, 257 * 100 + 128, 257 * 100 + 129], [65535, 65535 - 129, 65535 - 128]]], np.uint16
    )
    base = read_base(bytes(encode(codes)))
    np.testing.assert_array_equal(base.pixels, [[[0, 0, 1], [100, 100, 101], [255, 254, 255]]])


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "YCbCr", "1"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    base = read_base(Image.new("RGB", (4, 4), (255, 255, 255)).convert(mode))
    np.testing.assert_array_equal(base.pixels, np.full((4, 4, 3), 255))


def test_what_is_lost_is_noted() -> None:
    base = read_base(Image.new("RGBA", (4, 4), (10, 20, 30, 0)))
    assert base.notes == ("sdr: its transparency is left out",)
    np.testing.assert_array_equal(base.pixels, np.tile(np.array([10, 20, 30], np.uint8), (4, 4, 1)))
    colour = Image.new("RGB", (4, 4))
    colour.info["icc_profile"] = imagecodecs.cms_profile("gray", gamma=2.2)
    base = read_base(colour)
    assert base.icc_profile is None
    assert base.notes == ("sdr: its ICC profile is not for RGB and is dropped",)
    assert read_base(Image.new("RGB", (4, 4))).notes == ()


def test_arrays_as_base() -> None:
    codes = np.zeros((3, 4, 3), np.uint8)
    pixels = read_base(codes).pixels
    assert pixels is not None and np.shares_memory(pixels, codes)
    assert read_base(np.zeros((3, 4, 4), np.uint8)).notes == ("sdr: its transparency is left out",)
    with pytest.raises(TypeError, match="expected uint8 or uint16 code values, got float32"):
        read_base(np.zeros((3, 4, 3), np.float32))
    with pytest.raises(ValueError, match="Pillow's mode F"):
        read_base(Image.new("F", (3, 4)))


def test_base_refusals() -> None:
    for data in (b"", b"hello"):
        with pytest.raises(FormatError, match="expected a picture that Pillow can open"):
            read_base(data)
    with pytest.raises(FormatError, match="broken picture file"):
        read_base(saved(Image.new("RGB", (64, 64)), "PNG")[:60])
    with pytest.raises(LimitError, match="pixels"):
        read_base(saved(Image.new("RGB", (64, 64)), "PNG"), limits=Limits(pixels=1000))


def test_pictures_between_pillows_warning_and_our_limit_pass_silently(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = saved(Image.new("RGB", (64, 64)), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3000)
    assert read_base(data).pixels is not None
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(LimitError, match=r"sdr: expected at most 2000 pixels, .*, got 4096"):
        read_base(data)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert read_base(data).pixels is not None


def test_threads_that_read_pictures_leave_the_filters_of_warnings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3000)
    small, large = (saved(Image.new("RGB", (side, 64)), "WEBP") for side in (64, 80))
    before, filters = warnings.filters, list(warnings.filters)

    def read(number: int) -> bool:
        if number % 2:
            return read_base(small).pixels is not None and warnings.filters is before
        with pytest.raises(LimitError, match="pixels: expected at most 5000, got 5120"):
            read_base(large, limits=Limits(pixels=5000))
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(200)))
    assert warnings.filters is before
    assert list(warnings.filters) == filters


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "JPEG2000", "AVIF"])
def test_pictures_are_opened_as_pillow_opens_them(kind: str) -> None:
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (16, 16, 3)).astype(np.uint8))
    data = saved(picture, kind)
    mine = np.asarray(open_picture(data, "a picture", Limits()).convert("RGB"))
    np.testing.assert_array_equal(mine, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


@pytest.mark.parametrize("own", [None, icc_profile_for("srgb")], ids=["no profile", "a profile"])
@pytest.mark.parametrize(("primaries", "transfer"), [(12, 13), (9, 1), (1, 8), (5, 4)])
def test_a_png_has_the_colour_of_its_cicp_chunk(primaries: int, transfer: int, own: bytes | None) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4)).save(stream, "PNG", icc_profile=own)
    base = read_base(with_cicp(stream.getvalue(), primaries, transfer, 0, 1))
    found, wanted = base_color_of_icc(base.icc_profile), color_of_code_points(primaries, transfer, 8)
    np.testing.assert_allclose(found.curves, wanted.curves, atol=1e-4)
    np.testing.assert_allclose(found.to_bt2020, wanted.to_bt2020, atol=1e-4)


def test_a_png_in_srgb_needs_no_profile_and_one_in_pq_is_not_sdr() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4)).save(stream, "PNG")
    assert read_base(with_cicp(stream.getvalue(), 1, 13, 0, 1)).icc_profile is None
    assert read_base(with_cicp(stream.getvalue(), 9, 13)).icc_profile is None, "a chunk that is cut off says nothing"
    for transfer in (16, 18):
        with pytest.raises(UnsupportedError, match="sdr: expected an SDR picture, got one in PQ or HLG"):
            read_base(with_cicp(stream.getvalue(), 9, transfer, 0, 1))
