"""Radiance and npy files, read and written."""

from __future__ import annotations

import io
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from gainmap_codec.errors import FormatError, GainMapError, LimitError, UnsupportedError
from gainmap_codec.pixels.color.light import D65, PRIMARIES
from gainmap_codec.pixels.formats.images import read_hdr
from gainmap_codec.pixels.hdr_image import HdrImage
from support.hdr_files import picture, radiance


def test_npy_round_trip_is_exact_in_srgb(tmp_path: Path) -> None:
    image = HdrImage(picture(), "srgb")
    image.save(tmp_path / "a.npy")
    back = read_hdr(tmp_path / "a.npy")
    assert back.color_space == "srgb"
    np.testing.assert_array_equal(back.pixels, image.pixels)


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


def test_npy_header_that_lies_about_its_size_allocates_nothing() -> None:
    stream = io.BytesIO()
    np.save(stream, picture())
    data = stream.getvalue().replace(b"(12, 17, 3)", b"(9999, 9999, 3)")
    with pytest.raises(FormatError, match="broken npy file"):
        read_hdr(data)


@pytest.mark.parametrize("array", [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4)), np.array([{}])])
def test_other_arrays_are_refused(array: np.ndarray) -> None:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    with pytest.raises(FormatError, match=r"expected a float array of shape \(H, W, 3\)"):
        read_hdr(stream.getvalue())
