"""HDR pictures out: `HdrImage` to the bytes of every format that other programs take HDR in."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.files.container import serialize_file
from gainmap_codec.files.readback import read_back
from gainmap_codec.files.records import CODECS, Container, GainMapFile
from gainmap_codec.files.tags.exif import orientation
from gainmap_codec.pixels.color.code_points import BT2020_HDR
from gainmap_codec.pixels.color.hdr_codes import HdrTransfer, hdr_codes
from gainmap_codec.pixels.color.icc_profile import pq_icc_profile
from gainmap_codec.pixels.formats.coded_formats import encode_png
from gainmap_codec.pixels.formats.coded_image import Chroma, code_picture
from gainmap_codec.pixels.formats.decoding import coding
from gainmap_codec.pixels.formats.exr import encode_exr
from gainmap_codec.pixels.formats.linear_formats import encode_npy, encode_radiance
from gainmap_codec.pixels.formats.outputs import write_atomically
from gainmap_codec.pixels.formats.sources import AnyPath
from gainmap_codec.pixels.formats.tiff_writer import encode_tiff
from gainmap_codec.pixels.hdr_image import HdrImage

_Encode = Callable[[HdrImage, int, list[str]], bytes]  # picture, quality, and where to tell what is lost

_SPEED = 6  # the HDR master is worth more time than photos are: 3 dB more than at their speed, in AVIF


def write_hdr(path: AnyPath, image: HdrImage, quality: int, transfer: HdrTransfer) -> list[str]:
    """Write `image` in the format of the extension (`HdrImage.save` tells the details).

    Returns:
        A line for each thing that is lost.
    Raises:
        ValueError, TypeError: Another extension, an option out of its range or of another type, or HLG where it is not
            written.
        UnsupportedError: The encoder cannot code this picture.
        OSError: The file cannot be written.
    """
    extension = Path(path).suffix.lower()
    if extension not in EXTENSIONS:
        known = ", ".join(EXTENSIONS)
        raise ValueError(f"{os.fspath(path)}: expected one of the extensions {known}, got {extension or 'none'}")
    data, notes = code_hdr(image, extension, quality, transfer)
    write_atomically(path, data)
    return notes


def code_hdr(image: HdrImage, extension: str, quality: int, transfer: HdrTransfer = "pq") -> tuple[bytes, list[str]]:
    """The bytes of a file with such an extension, and a line for each thing that is lost.

    Raises:
        ValueError, TypeError, UnsupportedError: As `write_hdr`.
    """
    if isinstance(quality, bool) or not isinstance(quality, Integral):
        raise TypeError(f"quality: expected a whole number, got {quality!r}")
    if not 1 <= quality <= 100:
        raise ValueError(f"quality: expected 1…100, got {quality!r}")
    check_transfer(transfer, extension)
    notes = list(image.metadata.lost)
    if extension in _CODED:
        return _encode_coded(image, quality, transfer, *_CODED[extension], notes), notes
    return _ENCODERS[extension](image, quality, notes), notes


def check_transfer(transfer: HdrTransfer, extension: str) -> None:
    """Raise ValueError for a curve that is unknown, or not written in files with such an extension."""
    if transfer not in get_args(HdrTransfer):
        raise ValueError(f"transfer: expected pq or hlg, got {transfer!r}")
    if transfer != "pq" and extension not in _CODED:
        raise ValueError(
            f"transfer: expected an AVIF, HEIC or JPEG XL file to write beside {transfer}, got {extension}"
        )


def _encode_coded(
    image: HdrImage,
    quality: int,
    transfer: HdrTransfer,
    container: Container,
    chroma: Chroma,
    bits: int,
    notes: list[str],
) -> bytes:
    """BT.2020, said by code points, full range; turned as its EXIF says."""
    codes = hdr_codes(image.convert("bt2020").pixels, transfer, bits, notes)
    nclx = BT2020_HDR[transfer]
    picture = code_picture(codes, CODECS[container], quality=quality, nclx=nclx, bits=bits, chroma=chroma, speed=_SPEED)
    exif, xmp = image.metadata.exif, image.metadata.xmp
    turn = 1 if exif is None else orientation(exif)
    file = GainMapFile(container, picture, b"", exif=exif, xmp=xmp, orientation=turn)
    data = serialize_file(file, notes)
    read_back(data, replace(file, exif=None, xmp=None))  # which nobody has looked at, and may be junk
    return data


def _encode_tiff(image: HdrImage, notes: list[str]) -> bytes:
    """16-bit BT.2020 PQ, said by an ICC profile: TIFF itself has no words for it."""
    with coding("TIFF"):
        return encode_tiff(_pq_codes(image, notes), pq_icc_profile(), image.metadata, notes)


def _pq_codes(image: HdrImage, notes: list[str]) -> NDArray[np.uint16]:
    """BT.2020 PQ code values of 16 bits."""
    return hdr_codes(image.convert("bt2020").pixels, "pq", 16, notes)


def _without_metadata(encode: Callable[[HdrImage], bytes], extension: str) -> _Encode:
    """An encoder that says which metadata its format has no place for."""

    def encoded(image: HdrImage, _: int, notes: list[str]) -> bytes:
        notes += [f"{name} is not kept: {extension} has no place for it" for name in image.metadata.names]
        return encode(image)

    return encoded


_ENCODERS: dict[str, _Encode] = {
    ".exr": lambda image, _, notes: encode_exr(image, notes),
    ".png": lambda image, _, notes: encode_png(_pq_codes(image, notes), image.metadata),
    ".npy": _without_metadata(encode_npy, ".npy"),
    ".hdr": _without_metadata(encode_radiance, ".hdr"),
    ".tif": lambda image, _, notes: _encode_tiff(image, notes),
    ".tiff": lambda image, _, notes: _encode_tiff(image, notes),
}
_CODED: dict[str, tuple[Container, Chroma, int]] = {
    ".avif": ("avif", "4:4:4", 10),
    ".heic": ("heic", "4:2:0", 10),
    ".jxl": ("jxl", "4:4:4", 16),
}
"""Container, chroma and depth."""
EXTENSIONS = (*_CODED, *_ENCODERS)
"""Of the files that are written."""
