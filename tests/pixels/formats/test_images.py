"""Pictures in and out: each format written and read back, real files, and what is refused."""

from __future__ import annotations

import io
import struct
import sys
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagecodecs
import numpy as np
import OpenEXR
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gainmap_codec.errors import (
    FormatError,
    GainMapError,
    LimitError,
    Limits,
    UnsupportedError,
)
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import COLOR_SPACES, D65, PRIMARIES, ColorSpace, convert, pq_decode, pq_encode
from gainmap_codec.pixels.formats.images import (
    decode_jpeg,
    encode_jpeg,
    read_base,
    read_hdr,
    read_source,
    write_atomically,
)
from gainmap_codec.pixels.hdr_image import HdrImage

TEN_BITS = 1023


def picture(height: int = 12, width: int = 17, peak: float = 20.0) -> np.ndarray:
    """A smooth linear BT.2020 picture from black to `peak`."""
    y, x = np.mgrid[:height, :width]
    ramp = np.stack([x / width, y / height, (x + y) / (width + height)], axis=-1)
    return np.float32(peak * ramp**3)


def exr_bytes(header: dict[str, object], channels: dict[str, object]) -> bytes:
    stream = io.BytesIO()
    OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **header}, channels).write(
        stream
    )
    return stream.getvalue()


# --- what HdrImage.save writes


@pytest.mark.parametrize("space", COLOR_SPACES)
def test_exr_round_trip_in_every_space(tmp_path: Path, space: ColorSpace) -> None:
    image = HdrImage(picture(), "bt2020").convert(space)
    image.save(tmp_path / "a.exr")
    back = read_hdr(tmp_path / "a.exr")
    assert back.color_space == "bt2020"
    half_step = 2.0**-11 * np.abs(image.pixels).max(axis=2, keepdims=True)
    assert (np.abs(back.pixels - picture()) <= half_step + 1e-6).all()
    stored = OpenEXR.File(str(tmp_path / "a.exr")).header()["chromaticities"]
    np.testing.assert_allclose(stored, [*np.ravel(PRIMARIES[space]), *D65], atol=1e-6)


def test_exr_clips_beyond_half(tmp_path: Path) -> None:
    HdrImage(np.float32([[[1e9, -1e9, 0]]])).save(tmp_path / "a.exr")
    assert np.abs(read_hdr(tmp_path / "a.exr").pixels).max() == 65504


def test_png_round_trip_within_half_a_16_bit_step(tmp_path: Path) -> None:
    image = HdrImage(picture(), "bt2020")
    image.save(tmp_path / "A.PNG")
    back = read_hdr(tmp_path / "A.PNG")
    np.testing.assert_allclose(back.to_pq(), image.to_pq(), atol=0.5 / 65535 + 2e-5)
    data = (tmp_path / "A.PNG").read_bytes()
    assert data[33:49] == struct.pack(">I4s4BI", 4, b"cICP", 9, 16, 0, 1, zlib.crc32(b"cICP\x09\x10\x00\x01"))
    assert Image.open(io.BytesIO(data)).size == (17, 12), "other readers take the file too"


def test_npy_round_trip_is_exact_in_srgb(tmp_path: Path) -> None:
    image = HdrImage(picture(), "srgb")
    image.save(tmp_path / "a.npy")
    back = read_hdr(tmp_path / "a.npy")
    assert back.color_space == "srgb"
    np.testing.assert_array_equal(back.pixels, image.pixels)


def test_unknown_extension_lists_the_known() -> None:
    with pytest.raises(ValueError, match=r"a\.jpg: expected one of the extensions \.exr, \.png, .*, got \.jpg"):
        HdrImage(picture()).save("a.jpg")


def test_a_failed_write_leaves_nothing_and_keeps_the_old(tmp_path: Path) -> None:
    target = tmp_path / "out.exr"
    write_atomically(target, b"old")
    with pytest.raises(TypeError):
        write_atomically(target, "not bytes")  # type: ignore[arg-type]
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "no" / "such.exr", b"data")


# --- OpenEXR


def test_exr_primaries_and_white_are_honoured() -> None:
    """White of the file, here D50, becomes white of the result."""
    chromaticities = (*np.ravel(PRIMARIES["display-p3"]), 0.3457, 0.3585)
    data = exr_bytes({"chromaticities": chromaticities}, {"RGB": np.ones((2, 3, 3), np.float32)})
    np.testing.assert_allclose(read_hdr(data).pixels, 1, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_exr_without_chromaticities_is_bt709_and_alpha_goes(dtype: type) -> None:
    rgba = np.dstack([picture(), np.ones((12, 17))]).astype(dtype)
    image = read_hdr(exr_bytes({}, {"RGBA": rgba}))
    assert image.warnings == ("alpha dropped",)
    expected = convert(rgba[..., :3].astype(np.float32), "srgb", "bt2020")
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-6, atol=1e-6)


def test_exr_luminance_chroma() -> None:
    """A colour ramp survives sub-sampling of its chroma by two in both directions."""
    rgb = np.float32([0.4, 0.8, 0.2]) * (1 + picture(16, 16, 1.0)[..., 2:])
    y = rgb @ np.float32([0.2126, 0.7152, 0.0722])
    chroma = {c: OpenEXR.Channel(((rgb[..., i] - y) / y).astype("f2"), 2, 2) for c, i in (("RY", 0), ("BY", 2))}
    data = exr_bytes({"dataWindow": windows(0, 0, 15, 15)}, {"Y": OpenEXR.Channel(y.astype("f2"), 1, 1), **chroma})
    np.testing.assert_allclose(read_hdr(data).pixels, convert(rgb, "srgb", "bt2020"), rtol=3e-3)


def test_exr_luminance_alone_is_grey() -> None:
    y = picture()[..., 0].astype(np.float16)
    np.testing.assert_allclose(read_hdr(exr_bytes({}, {"Y": y})).pixels[..., 2], y, rtol=1e-5, atol=1e-6)


def windows(left: int, top: int, right: int, bottom: int) -> tuple[np.ndarray, np.ndarray]:
    return np.array([left, top], "i4"), np.array([right, bottom], "i4")


@pytest.mark.parametrize(
    ("data_window", "seen"),
    [((1, 2, 6, 5), (slice(2, 6), slice(1, 7))), ((-2, -1, 3, 2), (slice(0, 3), slice(0, 4)))],
)
def test_exr_display_window_is_filled_or_cut(data_window: tuple[int, ...], seen: tuple[slice, slice]) -> None:
    header = {"dataWindow": windows(*data_window), "displayWindow": windows(0, 0, 9, 7)}
    image = read_hdr(exr_bytes(header, {"RGB": np.ones((4, 6, 3), np.float16)}))
    expected = np.zeros((8, 10, 3))
    expected[seen] = 1
    np.testing.assert_allclose(image.pixels, expected, atol=1e-6)


def test_exr_with_infinity_is_an_error_in_one_line() -> None:
    rgb = np.ones((2, 2, 3), np.float16)
    rgb[1, 0] = np.inf
    with pytest.raises(FormatError, match="expected finite values"):
        read_hdr(exr_bytes({}, {"RGB": rgb}))


def test_exr_channels_that_nobody_wants_count_against_the_limit() -> None:
    """300 empty channels of 64 x 64 take a few kilobytes of file and 75 times the memory of a picture."""
    plane = np.zeros((64, 64), np.float16)
    data = exr_bytes({}, {f"c{i}": plane for i in range(297)} | {c: plane for c in "RGB"})
    with pytest.raises(LimitError, match=f"pixels: expected at most 4096, got {64 * 64 * 75}"):
        read_hdr(data, limits=Limits(pixels=64 * 64))


def test_multi_part_exr_gives_its_first_part() -> None:
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    parts = [
        OpenEXR.Part({**header, "name": name}, {"RGB": np.full((4, 4, 3), value, np.float32)})
        for name, value in (("a", 2), ("b", 3))
    ]
    stream = io.BytesIO()
    OpenEXR.File(parts).write(stream)
    np.testing.assert_allclose(read_hdr(stream.getvalue()).pixels, 2, rtol=1e-5)


def test_exr_broken_pixels_leave_what_others_print_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes to stdout is of the whole process: reading in several threads must not catch or redirect it."""
    data, out = exr_bytes({}, {"RGB": picture()})[:-100], io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)

    def read(number: int) -> None:
        with pytest.raises(FormatError, match=r"broken OpenEXR file: its pixels cannot be decoded"):
            read_hdr(data)
        sys.stdout.write(f"<{number}>")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, range(100)))
    assert sys.stdout is out
    assert [number for number in range(100) if f"<{number}>" not in out.getvalue()] == []


def test_exr_of_other_channels_is_unsupported() -> None:
    with pytest.raises(UnsupportedError, match="expected channels R, G, B or Y, got Z"):
        read_hdr(exr_bytes({}, {"Z": np.ones((2, 2), np.float32)}))


@pytest.mark.parametrize(
    ("name", "shape"), [("MtTamWest", (732, 1214)), ("GoldenGate", (860, 1262)), ("Tree", (906, 928))]
)
def test_real_exr_files(data_dir: Path, name: str, shape: tuple[int, int]) -> None:
    path = data_dir / f"pairs/openexr-images/{name}.exr"
    image = read_hdr(path)
    assert image.pixels.shape == (*shape, 3)
    reference = OpenEXR.File(str(path), separate_channels=True).channels()
    if name != "Tree":  # which has primaries of its own
        green = convert(np.stack([reference[c].pixels for c in "RGB"], -1).astype("f4"), "srgb", "bt2020")[..., 1]
        np.testing.assert_allclose(image.pixels[..., 1], green, rtol=1e-4, atol=1e-5)


# --- Radiance


def radiance(pixels: np.ndarray, *lines: str) -> bytes:
    data = bytes(imagecodecs.rgbe_encode(pixels, header=True))
    return data.replace(b"\n\n", b"".join(b"\n" + line.encode() for line in lines) + b"\n\n", 1)


def test_radiance_is_bt709_and_divided_by_its_exposures() -> None:
    pixels = picture() + np.float32(0.1)
    image = read_hdr(radiance(pixels, "EXPOSURE=2", "EXPOSURE= 4.0"))
    np.testing.assert_allclose(image.convert("srgb").pixels, pixels / 8, rtol=0.02, atol=0.02)


def test_radiance_primaries() -> None:
    numbers = " ".join(str(n) for n in (*np.ravel(PRIMARIES["bt2020"]), *D65))
    image = read_hdr(radiance(np.full((8, 9, 3), 0.5, np.float32), f"PRIMARIES={numbers}"))
    np.testing.assert_allclose(image.pixels, 0.5, rtol=1e-5)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b"-Y 12 +X 17", b"+Y 12 +X 17", UnsupportedError),
        (b"-Y 12 +X 17", b"-Y 99999999 +X 99999999", LimitError),
        (b"rgbe", b"xyze", UnsupportedError),
        (b"\n\n", b"\nEXPOSURE=0\n\n", FormatError),
        (b"\n\n", b"\nPRIMARIES=1 2 3\n\n", FormatError),
    ],
)
def test_radiance_refusals(old: bytes, new: bytes, error: type[GainMapError]) -> None:
    with pytest.raises(error):
        read_hdr(radiance(picture()).replace(old, new, 1))


def test_real_radiance_file(data_dir: Path) -> None:
    path = data_dir / "pairs/colorvideovdp/nancy_church.hdr"
    image = read_hdr(path)
    assert image.pixels.shape == (1024, 768, 3)
    np.testing.assert_allclose(
        image.convert("srgb").pixels, imagecodecs.rgbe_decode(path.read_bytes()), rtol=1e-3, atol=0.05
    )


# --- PNG, TIFF, HEIC, AVIF


def with_cicp(png: bytes, *code_points: int) -> bytes:
    body = b"cICP" + bytes(code_points)
    return png[:33] + struct.pack(">I", len(code_points)) + body + struct.pack(">I", zlib.crc32(body)) + png[33:]


def codes_of(bits: int, linear: np.ndarray) -> np.ndarray:
    return np.rint(pq_encode(linear) * (2**bits - 1)).astype(np.uint16)


@pytest.mark.parametrize(("code", "space"), [(1, "srgb"), (9, "bt2020"), (12, "display-p3")])
def test_png_primaries(code: int, space: ColorSpace) -> None:
    png = with_cicp(imagecodecs.png_encode(codes_of(16, picture())), code, 16, 0, 1)
    image = read_hdr(png)
    assert image.color_space == space
    np.testing.assert_allclose(pq_encode(image.pixels), pq_encode(picture()), atol=4e-5)


def test_png_hlg_at_the_points_of_bt2408() -> None:
    """On a 1000-nit display 75 % is 203 nits, 100 % the peak and 38 % a grey of 26 nits (BT.2408 table 1)."""
    codes = np.repeat(np.rint(np.array([[0, 0.38, 0.75, 1]]) * 65535).astype(np.uint16)[..., None], 3, axis=2)
    light = read_hdr(with_cicp(imagecodecs.png_encode(codes), 9, 18, 0, 1)).pixels[0, :, 1]
    np.testing.assert_allclose(light * 203, [0, 26, 203, 1000], rtol=0.01, atol=0.3)


@pytest.mark.parametrize(
    ("code_points", "message"),
    [
        ((), "expected an HDR PNG with a cICP chunk"),
        ((9, 13, 0, 1), "expected transfer 16 .*, got 13"),
        ((5, 16, 0, 1), "expected primaries .*, got 5"),
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
    grey = read_hdr(with_cicp(imagecodecs.png_encode(codes[..., 0].copy()), 9, 16, 0, 1))
    np.testing.assert_array_equal(grey.pixels[..., 0], grey.pixels[..., 2])
    rgba = read_hdr(with_cicp(imagecodecs.png_encode(np.dstack([codes, codes[..., :1]])), 9, 16, 0, 1))
    assert rgba.warnings == ("alpha dropped",)


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_tiff_is_bt2020_pq(byteorder: str) -> None:
    data = imagecodecs.tiff_encode(codes_of(16, picture()), byteorder=byteorder)
    image = read_hdr(bytes(data))
    assert image.color_space == "bt2020"
    np.testing.assert_allclose(image.to_pq(), pq_encode(picture()), atol=4e-5)


def test_tiff_of_8_bits_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="expected a TIFF of 16-bit integers, got uint8"):
        read_hdr(bytes(imagecodecs.tiff_encode(np.zeros((4, 4, 3), np.uint8))))


def heic(codes: np.ndarray, primaries: int, transfer: int) -> bytes:
    height, width, _ = codes.shape
    image = pillow_heif.from_bytes(mode="RGB;16", size=(width, height), data=(codes << 6).tobytes())
    stream = io.BytesIO()
    image.save(
        stream,
        quality=-1,
        chroma=444,
        color_primaries=primaries,
        transfer_characteristics=transfer,
        matrix_coefficients=9,
        full_range_flag=1,
    )
    return stream.getvalue()


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


def test_real_avif_is_10_bit_pq_in_p3(data_dir: Path) -> None:
    path = data_dir / "pairs/hdr-gainmap/input_hdr.avif"
    image = read_hdr(path)
    assert image.color_space == "display-p3"
    codes = imagecodecs.avif_decode(path.read_bytes())
    np.testing.assert_allclose(image.pixels, pq_decode(codes.astype(np.float32) / TEN_BITS), rtol=1e-5)
    assert image.measured_headroom() == pytest.approx(3.24, abs=0.01)


def test_an_sdr_avif_is_not_hdr(data_dir: Path) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "AVIF")
    with pytest.raises(UnsupportedError, match="not HDR"):
        read_hdr(stream.getvalue())


# --- what is refused everywhere


def samples() -> dict[str, bytes]:
    png = bytes(imagecodecs.png_encode(codes_of(16, picture())))
    avif = imagecodecs.avif_encode(
        codes_of(10, picture(32, 48)), 80, bitspersample=10, primaries=9, transfer=16, matrix=9, speed=10
    )
    npy = io.BytesIO()
    np.save(npy, picture())
    return {
        "radiance": radiance(picture()),
        "png": with_cicp(png, 9, 16, 0, 1),
        "tiff": bytes(imagecodecs.tiff_encode(codes_of(16, picture()))),
        "avif": bytes(avif),
        "heic": heic(codes_of(10, picture(32, 48)), 9, 16),
        "npy": npy.getvalue(),
        "exr": exr_bytes({}, {"RGB": picture()}),
    }


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
    with pytest.raises(FormatError, match=rf"cut\.{kind}: (broken \w+ file: |box )") as caught:
        read_hdr(path)
    assert "\n" not in str(caught.value)


@settings(max_examples=150, deadline=None)
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


def test_npy_header_that_lies_about_its_size_allocates_nothing() -> None:
    data = SAMPLES["npy"].replace(b"(12, 17, 3)", b"(9999, 9999, 3)")
    with pytest.raises(FormatError, match="broken npy file"):
        read_hdr(data)


@pytest.mark.parametrize("array", [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4)), np.array([{}])])
def test_other_arrays_are_refused(array: np.ndarray) -> None:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    with pytest.raises(FormatError, match=r"expected a float array of shape \(H, W, 3\)"):
        read_hdr(stream.getvalue())


def test_missing_unknown_and_oversized(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_hdr(tmp_path / "none.exr")
    for data in (b"", b"hello", b"\xff\xd8\xff\xe0"):
        with pytest.raises(FormatError, match="expected an HDR picture in OpenEXR, "):
            read_hdr(data)
    with pytest.raises(LimitError, match="file_bytes"):
        read_hdr(SAMPLES["png"], limits=Limits(file_bytes=100))


def test_sources_of_every_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")
    assert read_source(path) == read_source(str(path)) == (b"abc", str(path))
    assert read_source(bytearray(b"abc")) == (b"abc", "bytes")
    assert read_source(io.BytesIO(b"abc")) == (b"abc", "file object")
    with pytest.raises(TypeError, match="expected a path, bytes or a binary file, got int"):
        read_source(5)  # type: ignore[arg-type]


# --- JPEG


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
    assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3
    assert np.abs(decode_jpeg(data).astype(int) - codes).max() <= 12


def test_grey_jpeg_has_one_component() -> None:
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16)
    back = decode_jpeg(encode_jpeg(codes, quality=95))
    assert back.shape == (16, 16)
    assert np.abs(back.astype(int) - codes).max() <= 6


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


# --- SDR pictures


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


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
    codes = np.uint16(
        [[[0, 128, 129], [257 * 100, 257 * 100 + 128, 257 * 100 + 129], [65535, 65535 - 129, 65535 - 128]]]
    )
    base = read_base(bytes(encode(codes)))
    np.testing.assert_array_equal(base.pixels, [[[0, 0, 1], [100, 100, 101], [255, 254, 255]]])


def test_heic_as_base() -> None:
    pillow_heif_image = pillow_heif.from_pillow(Image.new("RGB", (64, 64), (200, 100, 50)))
    stream = io.BytesIO()
    pillow_heif_image.save(stream, quality=95)
    base = read_base(stream.getvalue())
    assert base.pixels is not None
    assert np.abs(base.pixels.astype(int) - [200, 100, 50]).max() <= 4


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "YCbCr", "1"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    base = read_base(Image.new("RGB", (4, 4), (255, 255, 255)).convert(mode))
    np.testing.assert_array_equal(base.pixels, np.full((4, 4, 3), 255))


def test_what_is_lost_is_noted() -> None:
    base = read_base(Image.new("RGBA", (4, 4), (10, 20, 30, 0)))
    assert base.notes == ("sdr: alpha dropped",)
    np.testing.assert_array_equal(base.pixels, np.tile(np.uint8([10, 20, 30]), (4, 4, 1)))
    grey = Image.new("L", (4, 4))
    grey.info["icc_profile"] = imagecodecs.cms_profile("gray", gamma=2.2)
    base = read_base(grey)
    assert base.icc_profile is None
    assert base.notes == ("sdr: its ICC profile is not for RGB and is dropped",)
    assert read_base(Image.new("RGB", (4, 4))).notes == ()


def test_arrays_as_base() -> None:
    codes = np.zeros((3, 4, 3), np.uint8)
    assert read_base(codes).pixels is codes
    for bad in (np.zeros((3, 4), np.uint8), np.zeros((3, 4, 3), np.float32), np.zeros((3, 4, 4), np.uint8)):
        with pytest.raises(ValueError, match="uint8 array"):
            read_base(bad)
    with pytest.raises(ValueError, match="Pillow's mode F"):
        read_base(Image.new("F", (3, 4)))


def test_base_refusals() -> None:
    for data in (b"", b"hello"):
        with pytest.raises(FormatError, match="expected a picture that Pillow or pillow-heif can open"):
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
    with pytest.raises(LimitError, match=r"bytes: expected at most 2000 pixels, .*, got 4096"):
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
    np.testing.assert_array_equal(read_base(data).pixels, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


def test_a_heic_over_the_limit_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 64))).save(stream)
    monkeypatch.setattr(pillow_heif.HeifFile, "to_pillow", lambda _: pytest.fail("decoded"))
    with pytest.raises(LimitError, match="pixels: expected at most 1000, got 4096"):
        read_base(stream.getvalue(), limits=Limits(pixels=1000))
