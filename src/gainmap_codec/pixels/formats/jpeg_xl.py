"""JPEG XL out, by OpenImageIO: imagecodecs codes it too, but labels all of it sRGB."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.errors import MissingDependencyError
from gainmap_codec.files.heif.boxes import make_box
from gainmap_codec.pixels.color.code_points import BT2020_PQ_RGB
from gainmap_codec.pixels.formats.decoding import coding
from gainmap_codec.pixels.picture_metadata import PictureMetadata

_CODESTREAM = b"\xff\x0a"
_SIGNATURE = make_box(b"JXL ", b"\r\n\x87\n") + make_box(b"ftyp", b"jxl ", bytes(4), b"jxl ")


def encode_jpeg_xl(codes: NDArray[np.uint16], quality: int, metadata: PictureMetadata) -> bytes:
    """BT.2020 PQ of 16 bits, said by the codestream's own colour encoding; without loss at quality 100.

    Source: ISO/IEC 18181-2 (boxes ``jxlc``, ``Exif`` and ``xml ``).
    """
    coded = _coded(codes, quality)
    if not metadata.names:
        return coded
    if coded.startswith(_CODESTREAM):
        coded = _SIGNATURE + make_box(b"jxlc", coded)
    exif = make_box(b"Exif", bytes(4), metadata.exif) if metadata.exif else b""
    xmp = make_box(b"xml ", metadata.xmp) if metadata.xmp else b""
    return coded + exif + xmp


def _coded(codes: NDArray[np.uint16], quality: int) -> bytes:
    try:
        import OpenImageIO as oiio
    except ImportError as error:
        raise MissingDependencyError(
            "JPEG XL: expected OpenImageIO to be installed: pip install 'gainmap-codec[jxl]'"
        ) from error
    spec = oiio.ImageSpec(codes.shape[1], codes.shape[0], 3, "uint16")
    spec.attribute("CICP", oiio.TypeDesc("int[4]"), tuple(map(int, BT2020_PQ_RGB)))
    spec["Compression"] = f"jpegxl:{quality}"
    with tempfile.TemporaryDirectory() as folder, coding("JPEG XL"):
        path = Path(folder, "picture.jxl")
        output = oiio.ImageOutput.create(str(path))
        if output is None or not (output.open(str(path), spec) and output.write_image(codes) and output.close()):
            raise RuntimeError(output.geterror() if output else oiio.geterror())
        return path.read_bytes()
