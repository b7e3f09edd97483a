"""Radiance and NumPy bytes to and from `HdrImage`. Scene-linear: 1.0 is taken as SDR white."""

from __future__ import annotations

import io
import re

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from gainmap_codec.errors import FormatError, Limits, UnsupportedError
from gainmap_codec.pixels.color.light import D65, PRIMARIES, Chromaticities, White, matrix_to_bt2020
from gainmap_codec.pixels.formats.decoding import decoding, image_from_file, primaries_and_white
from gainmap_codec.pixels.hdr_image import HdrImage

_NPY_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_RGBE_MAX = 1e38  # its largest power of two is 2^127
_LONGEST = 300  # characters of a message about a shape, which may hold any number


def decode_radiance(data: bytes, name: str, limits: Limits) -> HdrImage:
    """Radiance RGBE picture, top-down; primaries of BT.709 and D65 unless the header has PRIMARIES.

    The values are divided by the product of the header's EXPOSURE lines, as the format asks.

    Raises:
        FormatError: The file is broken.
        UnsupportedError: XYZE pixels or another scan order than ``-Y H +X W``.
        LimitError: Over `limits.pixels`.
    Source: "Radiance File Formats" (radsite.lbl.gov/radiance/refer/filefmts.pdf), section on picture files.
    """
    with decoding(name, "Radiance"):
        head = _radiance_head(data)
        if head is None:
            raise FormatError(name, "broken Radiance file: expected a resolution line in the first 64 KB, got none")
        lines = head[1].decode("latin-1").splitlines()
        size = re.fullmatch(r"-Y (\d{1,9}) \+X (\d{1,9})", head[2].decode("latin-1").strip())
        if size is None or "FORMAT=32-bit_rle_xyze" in lines:
            raise UnsupportedError(f"{name}: expected RGBE pixels in the order -Y H +X W, got others")
        height, width = int(size[1]), int(size[2])
        limits.check("pixels", width * height)
        header = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y %d +X %d\n" % (height, width)
        pixels = np.zeros((height, width, 3), np.float32)
        # A header of our own: the library reads lines otherwise, and would find another size in some.
        imagecodecs.rgbe_decode(header + data[head.end() :], out=pixels)
        pixels = pixels @ _radiance_to_bt2020(lines).T.astype(np.float32)
    return image_from_file(pixels, "bt2020", name)


def primaries_of_radiance(data: bytes) -> tuple[Chromaticities, White]:
    """The primaries of a file that `decode_radiance` reads, and its white."""
    head = _radiance_head(data)
    return _primaries_in(head[1].decode("latin-1").splitlines() if head else [])


def _radiance_head(data: bytes) -> re.Match[bytes] | None:
    """The header's lines, and behind them the one that tells the size."""
    return re.match(rb"#\?(.*?)\n\n([^\n]{1,80})\n", data[:65536], re.DOTALL)


def decode_npy(data: bytes, name: str, limits: Limits) -> HdrImage:
    """NumPy array file: floating point (H, W, 3), linear, sRGB primaries.

    Raises:
        FormatError: The file is broken, or not such an array; one of objects is not looked into.
        UnsupportedError: A version of the file format that is not known.
        LimitError: Over `limits.pixels`.
    """
    stream = io.BytesIO(data)
    with decoding(name, "npy"):
        version = np.lib.format.read_magic(stream)
        if version not in _NPY_HEADERS:
            raise UnsupportedError(f"{name}: expected npy version 1.0 or 2.0, got {version[0]}.{version[1]}")
        shape, fortran_order, dtype = _NPY_HEADERS[version](stream)
        if not _is_picture(shape) or dtype.kind != "f" or dtype.itemsize > 8:
            raise FormatError(name, f"expected a float array of shape (H, W, 3), got {dtype} {shape}"[:_LONGEST])
        limits.check("pixels", shape[0] * shape[1])
        flat = np.frombuffer(data, dtype, count=shape[0] * shape[1] * 3, offset=stream.tell())
    return image_from_file(flat.reshape(shape, order="F" if fortran_order else "C"), "srgb", name)


def _is_picture(shape: tuple[object, ...]) -> bool:
    """Whether it is (H, W, 3): whole numbers above 0, of which True is none."""
    return len(shape) == 3 and all(type(side) is int and side > 0 for side in shape) and shape[2] == 3


def encode_npy(image: HdrImage) -> bytes:
    """NumPy array file, float32 (H, W, 3), linear, sRGB primaries (negative outside them)."""
    stream = io.BytesIO()
    np.save(stream, image.convert("srgb").pixels, allow_pickle=False)
    return stream.getvalue()


def encode_radiance(image: HdrImage) -> bytes:
    """Radiance RGBE picture, run-length coded, sRGB primaries, as readers without PRIMARIES take it; 0 for less."""
    pixels = _in_rgbe_steps(np.clip(image.convert("srgb").pixels, 0, _RGBE_MAX))
    height, width = pixels.shape[:2]
    room = 1000 + height * (8 + 6 * width)  # noise gets larger than the library reckons with
    return bytes(imagecodecs.rgbe_encode(pixels, out=room))


def _in_rgbe_steps(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values that the library's coder, which rounds down, takes for the nearest that RGBE has.

    A pixel's brightest value says its step: 2^(e - 8) for one in [2^(e - 1), 2^e).
    Source: rgbe.c by Bruce Walter, whose reader takes a code value times the step, as OpenCV's and OpenImageIO's do.
    """
    brightest = pixels.max(axis=-1, keepdims=True)
    exponent = np.frexp(brightest)[1]
    exponent = exponent + (brightest >= np.ldexp(np.float32(255.5), exponent - 8))
    codes = np.rint(np.ldexp(pixels, 8 - exponent))
    return np.asarray(np.ldexp(codes + np.float32(0.25) * (codes > 0), exponent - 8), dtype=np.float32)


def _radiance_to_bt2020(lines: list[str]) -> NDArray[np.float64]:
    """Matrix of the header's PRIMARIES, with the exposure taken out."""
    exposure = np.prod([float(line.partition("=")[2]) for line in lines if line.startswith("EXPOSURE=")])
    if not 1e-12 < exposure < 1e12:
        raise ValueError(f"expected an EXPOSURE between 1e-12 and 1e12, got {exposure}")
    return matrix_to_bt2020(*_primaries_in(lines)) / exposure


def _primaries_in(lines: list[str]) -> tuple[Chromaticities, White]:
    """What the header's last PRIMARIES says; those of BT.709 where it has none."""
    told = [line.partition("=")[2] for line in lines if line.startswith("PRIMARIES=")]
    return primaries_and_white([float(n) for n in told[-1].split()]) if told else (PRIMARIES["srgb"], D65)
