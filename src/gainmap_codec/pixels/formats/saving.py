"""HDR pictures out: `HdrImage` to the bytes of every format that other programs take HDR in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from gainmap_codec.errors import MissingDependencyError
from gainmap_codec.files.container import serialize_file
from gainmap_codec.files.records import CODECS, Container, GainMapFile
from gainmap_codec.pixels.color.code_points import BT2020_PQ, BT2020_PQ_RGB
from gainmap_codec.pixels.color.icc_profile import pq_icc_profile
from gainmap_codec.pixels.formats.coded_formats import encode_png
from gainmap_codec.pixels.formats.coded_image import Chroma, code_picture
from gainmap_codec.pixels.formats.decoding import coding
from gainmap_codec.pixels.formats.exr import encode_exr
from gainmap_codec.pixels.formats.linear_formats import encode_npy, encode_radiance
from gainmap_codec.pixels.formats.outputs import write_atomically
from gainmap_codec.pixels.formats.sources import AnyPath
from gainmap_codec.pixels.hdr_image import HdrImage

_DEFLATE, _HORIZONTAL = 8, 2  # TIFF's numbers of compression and predictor


def write_hdr(path: AnyPath, image: HdrImage, quality: int) -> None:
    """Write `image` in the format of the extension (`HdrImage.save` tells the details).

    Raises:
        ValueError: Another extension, or `quality` out of range.
        MissingDependencyError: JPEG XL without OpenImageIO.
        UnsupportedError: The encoder cannot code this picture.
        OSError: The file cannot be written.
    """
    extension = Path(path).suffix.lower()
    if not 1 <= quality <= 100:
        raise ValueError(f"quality: expected 1…100, got {quality!r}")
    if extension not in _ENCODERS:
        known = ", ".join(_ENCODERS)
        raise ValueError(f"{os.fspath(path)}: expected one of the extensions {known}, got {extension or 'none'}")
    write_atomically(path, _ENCODERS[extension](image, quality))


def _encode_heif(image: HdrImage, quality: int, container: Container, chroma: Chroma) -> bytes:
    """10-bit BT.2020 PQ, said by code points 9, 16, 9, full range."""
    codes = _pq_codes(image, 10)
    picture = code_picture(codes, CODECS[container], quality=quality, nclx=BT2020_PQ, bits=10, chroma=chroma)
    return serialize_file(GainMapFile(container, picture, b""), [])


def _encode_tiff(image: HdrImage) -> bytes:
    """16-bit BT.2020 PQ, said by an ICC profile: TIFF itself has no words for it. Deflate, with prediction."""
    with coding("TIFF"):
        return bytes(
            imagecodecs.tiff_encode(
                _pq_codes(image, 16), iccprofile=pq_icc_profile(), compression=_DEFLATE, predictor=_HORIZONTAL
            )
        )


def _encode_jpeg_xl(image: HdrImage, quality: int) -> bytes:
    """BT.2020 PQ of 16 bits, said by the codestream's own colour encoding; without loss at quality 100.

    By OpenImageIO: imagecodecs codes JPEG XL too, but labels all of it sRGB.
    """
    try:
        import OpenImageIO as oiio
    except ImportError as error:
        raise MissingDependencyError(
            "JPEG XL: expected OpenImageIO to be installed: pip install 'gainmap-codec[jxl]'"
        ) from error
    codes = _pq_codes(image, 16)
    spec = oiio.ImageSpec(codes.shape[1], codes.shape[0], 3, "uint16")
    spec.attribute("CICP", oiio.TypeDesc("int[4]"), tuple(map(int, BT2020_PQ_RGB)))
    spec["Compression"] = f"jpegxl:{quality}"
    with tempfile.TemporaryDirectory() as folder, coding("JPEG XL"):
        path = Path(folder, "picture.jxl")
        output = oiio.ImageOutput.create(str(path))
        if output is None or not (output.open(str(path), spec) and output.write_image(codes) and output.close()):
            raise RuntimeError(output.geterror() if output else oiio.geterror())
        return path.read_bytes()


def _pq_codes(image: HdrImage, bits: int) -> NDArray[np.uint16]:
    """BT.2020 PQ code values of so many bits, rounded."""
    return np.asarray(image.to_pq() * np.float32((1 << bits) - 1) + np.float32(0.5)).astype(np.uint16)


_ENCODERS: dict[str, Callable[[HdrImage, int], bytes]] = {
    ".exr": lambda image, _: encode_exr(image),
    ".png": lambda image, _: encode_png(image),
    ".npy": lambda image, _: encode_npy(image),
    ".hdr": lambda image, _: encode_radiance(image),
    ".tif": lambda image, _: _encode_tiff(image),
    ".tiff": lambda image, _: _encode_tiff(image),
    ".avif": lambda image, quality: _encode_heif(image, quality, "avif", "4:4:4"),
    ".heic": lambda image, quality: _encode_heif(image, quality, "heic", "4:2:0"),
    ".jxl": _encode_jpeg_xl,
}
