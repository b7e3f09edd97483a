"""OpenEXR files, read and written."""

from __future__ import annotations

import io
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from numpy.typing import NDArray

from gainmap_codec.errors import FormatError, LimitError, Limits, UnsupportedError
from gainmap_codec.pixels.color.light import COLOR_SPACES, D65, PRIMARIES, ColorSpace, convert
from gainmap_codec.pixels.formats.hdr_files import read_hdr
from gainmap_codec.pixels.hdr_image import HdrImage
from support.hdr_files import exr_bytes, picture


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
    HdrImage(np.array([[[1e9, -1e9, 0]]], np.float32)).save(tmp_path / "a.exr")
    assert np.abs(read_hdr(tmp_path / "a.exr").pixels).max() == 65504


def test_exr_primaries_and_white_are_honoured() -> None:
    """White of the file, here D50, becomes white of the result."""
    chromaticities = (*np.ravel(PRIMARIES["display-p3"]), 0.3457, 0.3585)
    data = exr_bytes({"chromaticities": chromaticities}, {"RGB": np.ones((2, 3, 3), np.float32)})
    np.testing.assert_allclose(read_hdr(data).pixels, 1, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_exr_without_chromaticities_is_bt709_and_alpha_goes(dtype: type[np.float16 | np.float32]) -> None:
    rgba: NDArray[np.float16 | np.float32] = np.dstack([picture(), np.ones((12, 17))]).astype(dtype)
    image = read_hdr(exr_bytes({}, {"RGBA": rgba}))
    assert image.warnings == ("the HDR picture's transparency is left out",)
    expected = convert(rgba[..., :3].astype(np.float32), "srgb", "bt2020")
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-6, atol=1e-6)


def test_exr_luminance_chroma() -> None:
    """A colour ramp survives sub-sampling of its chroma by two in both directions."""
    rgb = np.array([0.4, 0.8, 0.2], np.float32) * (1 + picture(16, 16, 1.0)[..., 2:])
    y = rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32)
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


def test_a_tile_of_an_exr_counts_against_the_limit() -> None:
    """It is decoded whole: one of a gigabyte may stand for a picture of 4 x 4."""
    tiles = OpenEXR.TileDescription()
    tiles.xSize = tiles.ySize = 16
    data = exr_bytes({"type": OpenEXR.tiledimage, "tiles": tiles}, {"RGB": picture(4, 4)})
    assert read_hdr(data).pixels.shape == (4, 4, 3)
    place = data.index(b"tiledesc\0") + 13
    huge = data[:place] + (20000).to_bytes(4, "little") * 2 + data[place + 8 :]
    with pytest.raises(LimitError, match="expected at most 268435456, got 300000000"):
        read_hdr(huge)


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
