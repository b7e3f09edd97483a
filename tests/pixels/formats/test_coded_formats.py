"""PQ and HLG pictures: PNG, TIFF, HEIC and AVIF."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from gainmap_codec.errors import FormatError, LimitError, Limits, UnsupportedError
from gainmap_codec.files.container import serialize_file
from gainmap_codec.files.records import Codec, GainMapFile
from gainmap_codec.pixels.color.code_points import BT2020_PQ, color_of_code_points
from gainmap_codec.pixels.color.icc_profile import icc_profile_for, pq_icc_profile
from gainmap_codec.pixels.color.light import ColorSpace, pq_decode, pq_encode
from gainmap_codec.pixels.formats.coded_image import code_picture
from gainmap_codec.pixels.formats.hdr_files import read_hdr
from gainmap_codec.pixels.hdr_image import HdrImage
from support.hdr_files import codes_of, heic, picture, with_cicp
from support.profiles import gamma_profile

TEN_BITS = 1023


def test_png_round_trip_within_half_a_16_bit_step(tmp_path: Path) -> None:
    image = HdrImage(picture(), "bt2020")
    image.save(tmp_path / "A.PNG")
    back = read_hdr(tmp_path / "A.PNG")
    np.testing.assert_allclose(back.to_pq(), image.to_pq(), atol=0.5 / 65535 + 2e-5)
    data = (tmp_path / "A.PNG").read_bytes()
    assert data[33:49] == struct.pack(">I4s4BI", 4, b"cICP", 9, 16, 0, 1, zlib.crc32(b"cICP\x09\x10\x00\x01"))
    assert Image.open(io.BytesIO(data)).size == (17, 12), "other readers take the file too"


@pytest.mark.parametrize(("code", "space"), [(1, "srgb"), (9, "bt2020"), (12, "display-p3")])
def test_png_primaries(code: int, space: ColorSpace) -> None:
    png = with_cicp(bytes(imagecodecs.png_encode(codes_of(16, picture()))), code, 16, 0, 1)
    image = read_hdr(png)
    assert image.color_space == space
    np.testing.assert_allclose(pq_encode(image.pixels), pq_encode(picture()), atol=4e-5)


@pytest.mark.parametrize("code", [4, 5, 6, 7, 8, 11, 22])
@pytest.mark.parametrize("transfer", [16, 18])
def test_other_primaries_become_bt2020(code: int, transfer: int) -> None:
    codes = codes_of(16, picture())
    image = read_hdr(with_cicp(bytes(imagecodecs.png_encode(codes)), code, transfer, 0, 1))
    color = color_of_code_points(code, transfer, 16)
    assert image.color_space == "bt2020"
    np.testing.assert_allclose(image.pixels, color.linearize(codes) @ color.to_bt2020.T, rtol=1e-4, atol=1e-4)


def test_png_hlg_at_the_points_of_bt2408() -> None:
    """On a 1000-nit display 75 % is 203 nits, 100 % the peak and 38 % a grey of 26 nits (BT.2408 table 1)."""
    codes = np.repeat(np.rint(np.array([[0, 0.38, 0.75, 1]]) * 65535).astype(np.uint16)[..., None], 3, axis=2)
    light = read_hdr(with_cicp(bytes(imagecodecs.png_encode(codes)), 9, 18, 0, 1)).pixels[0, :, 1]
    np.testing.assert_allclose(light * 203, [0, 26, 203, 1000], rtol=0.01, atol=0.3)


@pytest.mark.parametrize(
    ("code_points", "message"),
    [
        ((), "expected an HDR picture, got an SDR PNG"),
        ((9, 13, 0, 1), "expected transfer 16 .*, got 13"),
        ((2, 16, 0, 1), "expected primaries of ITU-T H.273, got number 2"),
        ((99, 16, 0, 1), "expected primaries of ITU-T H.273, got number 99"),
        ((9, 16, 0, 0), "got .* full range 0"),
        ((9, 16), "broken PNG file"),
    ],
)
def test_png_refusals(code_points: tuple[int, ...], message: str) -> None:
    png = bytes(imagecodecs.png_encode(codes_of(16, picture())))
    with pytest.raises((UnsupportedError, FormatError), match=message):
        read_hdr(with_cicp(png, *code_points) if code_points else png)


def test_png_of_8_bits_is_refused() -> None:
    png = bytes(imagecodecs.png_encode(np.zeros((4, 4, 3), np.uint8)))
    with pytest.raises(UnsupportedError, match=r"expected 16 bits, .* got 8 bits"):
        read_hdr(with_cicp(png, 9, 16, 0, 1))


def test_png_grey_and_alpha() -> None:
    codes = codes_of(16, picture())
    grey = read_hdr(with_cicp(bytes(imagecodecs.png_encode(codes[..., 0].copy())), 9, 16, 0, 1))
    np.testing.assert_array_equal(grey.pixels[..., 0], grey.pixels[..., 2])
    rgba = read_hdr(with_cicp(bytes(imagecodecs.png_encode(np.dstack([codes, codes[..., :1]]))), 9, 16, 0, 1))
    assert rgba.warnings == ("the HDR picture's transparency is left out",)


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_tiff_is_bt2020_pq(byteorder: str) -> None:
    data = imagecodecs.tiff_encode(codes_of(16, picture()), byteorder=byteorder)
    image = read_hdr(bytes(data))
    assert image.color_space == "bt2020"
    np.testing.assert_allclose(image.to_pq(), pq_encode(picture()), atol=4e-5)


@pytest.mark.parametrize(("code_points", "space"), [((9, 16), "bt2020"), ((12, 16), "display-p3"), ((1, 18), "srgb")])
def test_a_tiff_is_what_the_cicp_tag_of_its_profile_says(code_points: tuple[int, int], space: str) -> None:
    profile = pq_icc_profile().replace(bytes([9, 16, 0, 1]), bytes([*code_points, 0, 1]))
    codes = codes_of(16, picture())
    image = read_hdr(bytes(imagecodecs.tiff_encode(codes, iccprofile=profile)))
    assert image.color_space == space
    color = color_of_code_points(*code_points, 16)
    np.testing.assert_allclose(image.pixels, color.linearize(codes), rtol=1e-6)


@pytest.mark.parametrize("profile", [icc_profile_for("display-p3"), gamma_profile("srgb", 1.0)], ids=["P3", "linear"])
def test_a_tiff_in_sdr_is_not_taken_for_pq(profile: bytes) -> None:
    with pytest.raises(UnsupportedError, match="not HDR: expected a picture in PQ or HLG, got one in "):
        read_hdr(bytes(imagecodecs.tiff_encode(codes_of(16, picture()), iccprofile=profile)))


def test_tiff_of_8_bits_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="expected a TIFF of 16-bit integers, got uint8"):
        read_hdr(bytes(imagecodecs.tiff_encode(np.zeros((4, 4, 3), np.uint8))))


def test_heic_at_10_bits() -> None:
    codes = codes_of(10, picture(32, 48))
    image = read_hdr(heic(codes, 12, 16))
    assert image.color_space == "display-p3"
    assert np.abs(np.rint(pq_encode(image.pixels) * TEN_BITS) - codes).max() <= 2, "YCbCr rounds once"


def test_heic_that_is_not_hdr_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="not HDR"):
        read_hdr(heic(codes_of(10, picture(32, 48)), 1, 13))


@pytest.mark.parametrize("bits", [10, 12])
def test_avif_at_full_depth(bits: int) -> None:
    codes = codes_of(bits, picture(32, 48))
    data = imagecodecs.avif_encode(
        codes, 100, bitspersample=bits, pixelformat="444", primaries=9, transfer=16, matrix=9, speed=8
    )
    image = read_hdr(bytes(data))
    assert image.color_space == "bt2020"
    assert np.abs(np.rint(image.to_pq() * (2**bits - 1)) - codes).max() <= 2, "YCbCr rounds once"


@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_a_picture_that_is_stored_turned_is_read_upright(kind: str) -> None:
    codes = codes_of(10, picture(32, 48))
    coder: Codec = "av1" if kind == "avif" else "hevc"
    coded = code_picture(codes, coder, quality=100, nclx=BT2020_PQ, bits=10, speed=4)
    file = GainMapFile("avif" if kind == "avif" else "heic", coded, b"", orientation=6)
    image = read_hdr(serialize_file(file, []))
    assert np.abs(np.rint(image.to_pq() * TEN_BITS) - np.rot90(codes, -1)).max() <= 10, "not without loss"


def test_of_an_animation_the_primary_image_is_read() -> None:
    """Frames that are larger than the item, and many: a decoder that is given the whole file takes those."""
    stream = io.BytesIO()
    frames = [Image.new("RGB", (640, 480), color) for color in ("red", "lime", "blue")]
    frames[0].save(stream, "AVIF", save_all=True, append_images=frames[1:], duration=100)
    whole = stream.getvalue()
    assert whole[8:12] == b"avis" and imagecodecs.avif_decode(whole).shape == (3, 480, 640, 3)
    image = read_hdr(whole.replace(b"nclx\0\1\0\r", b"nclx\0\x09\0\x10"))
    assert image.pixels.shape == (480, 640, 3)
    assert np.ptp(image.pixels, axis=(0, 1)).max() < 1e-3 < image.pixels[0, 0, 0], "the first frame, all of it red"
    with pytest.raises(LimitError, match="got 307200"):
        read_hdr(whole, limits=Limits(pixels=1 << 16))


def test_alpha_of_an_avif_is_dropped_with_a_note() -> None:
    codes = np.dstack([codes_of(10, picture(32, 48)), np.full((32, 48), 500, np.uint16)])
    data = imagecodecs.avif_encode(codes, 90, bitspersample=10, primaries=9, transfer=16, matrix=9, speed=10)
    image = read_hdr(bytes(data))
    assert image.warnings == ("the HDR picture's transparency is left out",) and image.pixels.shape == (32, 48, 3)


def test_a_png_that_does_not_begin_with_its_header_is_broken() -> None:
    png = with_cicp(bytes(imagecodecs.png_encode(codes_of(16, picture()))), 9, 16, 0, 1)
    text = struct.pack(">I", 13) + b"tEXt" + struct.pack(">IIB4s", 1, 1, 16, b"abcd") + bytes(4)
    with pytest.raises(FormatError, match="expected its header first, got chunk b'tEXt'"):
        read_hdr(png[:8] + text + png[8:])


def test_real_avif_is_10_bit_pq_in_p3(data_dir: Path) -> None:
    path = data_dir / "pairs/hdr-gainmap/input_hdr.avif"
    image = read_hdr(path)
    assert image.color_space == "display-p3"
    codes = imagecodecs.avif_decode(path.read_bytes())
    np.testing.assert_allclose(image.pixels, pq_decode(codes.astype(np.float32) / np.float32(TEN_BITS)), rtol=1e-5)
    assert image.measured_headroom() == pytest.approx(3.24, abs=0.01)


def test_an_sdr_avif_is_not_hdr(data_dir: Path) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "AVIF")
    with pytest.raises(UnsupportedError, match="not HDR"):
        read_hdr(stream.getvalue())
