"""Radiance and npy files, read and written."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest

from gainmap_codec.errors import FormatError, GainMapError, LimitError, UnsupportedError
from gainmap_codec.pixels.color.light import D65, PRIMARIES
from gainmap_codec.pixels.formats.hdr_files import read_hdr
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


def test_radiance_is_written_as_the_nearest_code_values(tmp_path: Path) -> None:
    """OpenCV reads what we read: off by half a step at most, neither darker nor brighter as a whole."""
    pixels = np.exp2(np.random.default_rng(1).uniform(-6, 6, (64, 64, 3))).astype(np.float32)
    pixels[0, 0], pixels[0, 1] = (1.999, 0.2, 0.3), 0  # the first rounds up to the next power of two
    HdrImage(pixels, "srgb").save(tmp_path / "a.hdr")
    theirs = np.asarray(cv2.imread(str(tmp_path / "a.hdr"), cv2.IMREAD_UNCHANGED))[..., ::-1]
    np.testing.assert_allclose(read_hdr(tmp_path / "a.hdr").convert("srgb").pixels, theirs, rtol=1e-4, atol=1e-4)
    step = np.exp2(np.frexp(theirs.max(axis=-1, keepdims=True))[1] - 8.0)
    assert np.max(np.abs(theirs - pixels) / step) < 0.501
    assert abs(theirs.sum() / pixels.sum() - 1) < 3e-4


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


@pytest.mark.parametrize(
    "shape", ["(True, True, 3)", "(-2, -1, 3)", "(1000000000000000000000000000000, 0, 3)", "(0, 4, 3)", "(2.0, 2, 3)"]
)
def test_npy_shapes_that_are_none(shape: str) -> None:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    data = b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header.encode() + bytes(48)
    with pytest.raises(FormatError, match=r"bytes: (broken npy file: shape is not valid|expected a float array)"):
        read_hdr(data)


def test_npy_of_objects_is_not_unpickled() -> None:
    stream = io.BytesIO()
    np.save(stream, np.full((2, 2, 3), Trap(), object), allow_pickle=True)
    with pytest.raises(FormatError, match="expected a float array of shape"):
        read_hdr(stream.getvalue())


class Trap:
    """Unpickling one is an error of its own."""

    def __reduce__(self) -> tuple[object, ...]:
        return pytest.fail, ("it was unpickled",)


def test_npy_of_another_version_is_unsupported() -> None:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, picture(), version=(3, 0))
    with pytest.raises(UnsupportedError, match=r"expected npy version 1\.0 or 2\.0, got 3\.0"):
        read_hdr(stream.getvalue())


@pytest.mark.parametrize("end", [" " * 60, "9" * 4, "x"])
def test_a_radiance_size_has_one_meaning(end: str) -> None:
    """The library reads lines of 128 bytes, and numbers as far as they go."""
    data = radiance(picture())
    image = data.replace(b"-Y 12 +X 17\n", b"-Y 12 +X 17" + end.encode() + b"\n")
    if end.isspace():
        np.testing.assert_array_equal(read_hdr(image).pixels, read_hdr(data).pixels)
        return
    with pytest.raises((FormatError, UnsupportedError)):
        read_hdr(image)


def test_a_second_size_in_a_radiance_header_is_not_believed() -> None:
    """The library takes the first line that begins like a size, and what is behind it for pixels."""
    data = radiance(picture(), "-Y 20000 +X 20000")
    np.testing.assert_array_equal(read_hdr(data).pixels, read_hdr(radiance(picture())).pixels)
