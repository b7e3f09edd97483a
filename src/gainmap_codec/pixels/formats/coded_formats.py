"""PQ and HLG pictures: PNG, TIFF, HEIC and AVIF bytes to `HdrImage`, and 16-bit PQ PNG out.

Colour is told by the coding-independent code points of ITU-T H.273: primaries and transfer.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from gainmap_codec.errors import Limits, UnsupportedError
from gainmap_codec.files.code_points import Matrix, Nclx
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.heif.extras import has_alpha
from gainmap_codec.pixels.color.code_points import (
    BT2020_PQ,
    BT2020_PQ_RGB,
    HDR_TRANSFERS,
    SPACES,
    UNKNOWN,
    color_of_code_points,
)
from gainmap_codec.pixels.formats.decoding import decode_av1, decode_hevc, decoding, image_from_file
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.raster.geometry import to_upright


def decode_png(data: bytes, name: str, limits: Limits) -> HdrImage:
    """16-bit PNG whose cICP chunk says PQ or HLG, full range; alpha dropped, grey spread over R, G and B.

    Raises:
        FormatError: The file is broken.
        UnsupportedError: No cICP chunk, or it says something else; or 8 bits.
        LimitError: Over `limits.pixels`.
    Source: PNG third edition (W3C, 2025), clauses 11.2.1 and 11.3.2.6.
    """
    with decoding(name, "PNG"):
        width, height, depth = struct.unpack_from(">IIB", data, 16)
        limits.check("pixels", width * height)
        cicp = png_chunk(data, b"cICP")
        if cicp is None:
            raise UnsupportedError(
                f"{name}: expected an HDR PNG with a cICP chunk that says PQ or HLG, got one without"
            )
        colour = Nclx(*struct.unpack("4B", cicp))
        if depth != 16 or colour.matrix != Matrix.IDENTITY or colour.full_range != 1:
            got = f"{depth} bits, matrix {colour.matrix}, full range {colour.full_range}"
            raise UnsupportedError(f"{name}: expected 16 bits, matrix 0, full range 1, got {got}")
        codes = imagecodecs.png_decode(data)
    return _image_of_codes(codes, 16, colour, name)


def encode_png(image: HdrImage) -> bytes:
    """16-bit BT.2020 PQ PNG with a cICP chunk that says so."""
    codes = np.asarray(image.to_pq() * np.float32(65535) + np.float32(0.5)).astype(np.uint16)
    png = bytes(imagecodecs.png_encode(codes))
    body = b"cICP" + bytes(BT2020_PQ_RGB)
    chunk = struct.pack(">I", 4) + body + struct.pack(">I", zlib.crc32(body))
    header_end = 8 + 25  # signature and IHDR, which must come first
    return png[:header_end] + chunk + png[header_end:]


def png_chunk(data: bytes, kind: bytes) -> bytes | None:
    """Data of the first chunk of this kind before the pixels, or None. Raises struct.error on a cut file."""
    position = 8
    while data[position + 4 : position + 8] != b"IDAT":
        (length,) = struct.unpack_from(">I", data, position)
        if data[position + 4 : position + 8] == kind:
            return data[position + 8 : position + 8 + length]
        position += 12 + length
    return None


def decode_tiff(data: bytes, name: str, limits: Limits) -> HdrImage:
    """First image of a 16-bit TIFF, taken as BT.2020 PQ (TIFF has no way to say it); alpha dropped.

    Raises:
        FormatError: The file is broken.
        UnsupportedError: Not 16-bit integers.
        LimitError: Over `limits.pixels`.
    """
    with decoding(name, "TIFF"):
        limits.check("pixels", _tiff_pixels(data, name))
        codes = imagecodecs.tiff_decode(data)
        if codes.dtype != np.uint16:
            raise UnsupportedError(f"{name}: expected a TIFF of 16-bit integers, got {codes.dtype}")
    return _image_of_codes(codes, 16, BT2020_PQ, name)


def decode_heif(data: bytes, name: str, limits: Limits) -> HdrImage:
    """Primary image of a PQ or HLG HEIC or AVIF at its full depth, turned and cropped; alpha dropped.

    Raises:
        FormatError: The file is broken.
        UnsupportedError: The image is not PQ or HLG.
        LimitError: Over `limits.pixels`.
    """
    file = parse_file(data, name, limits)
    base, colour = file.base, file.base.nclx or UNKNOWN
    _check_transfer(colour, name)
    with decoding(name, file.container.upper()):
        codes = decode_av1(base.data) if base.codec == "av1" else decode_hevc(base.data)
    if base.crop:
        codes = codes[base.crop.top :, base.crop.left :][: base.height, : base.width]
    image = _image_of_codes(to_upright(codes, file.orientation), base.bits, colour, name)
    return replace(image, warnings=("alpha dropped",)) if has_alpha(file.heif_extras) else image


def _tiff_pixels(data: bytes, name: str) -> int:
    """Pixels of a TIFF's first image; more than four samples count as more pixels. Source: TIFF 6.0 section 2."""
    order = "<" if data[:2] == b"II" else ">"
    magic, start = struct.unpack_from(order + "HI", data, 2)
    if magic != 42:
        raise UnsupportedError(f"{name}: expected a classic TIFF, got BigTIFF or a TIFF-like file")
    (count,) = struct.unpack_from(order + "H", data, start)
    entries = struct.iter_unpack(order + "HHI4s", data[start + 2 : start + 2 + 12 * count])
    width_height_samples = {256: 0, 257: 0, 277: 1}
    for tag, kind, _, value in entries:
        if tag in width_height_samples:
            (width_height_samples[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), value)
    width, height, samples = width_height_samples.values()
    return width * height * -(-samples // 4)


def _check_transfer(colour: Nclx, name: str) -> None:
    if colour.transfer not in HDR_TRANSFERS:
        raise UnsupportedError(f"{name}: not HDR: expected transfer 16 (PQ) or 18 (HLG), got {colour.transfer}")


def _image_of_codes(codes: NDArray[Any], bits: int, colour: Nclx, name: str) -> HdrImage:
    _check_transfer(colour, name)
    if colour.primaries not in SPACES:
        raise UnsupportedError(f"{name}: expected primaries 1 (BT.709), 9 (BT.2020) or 12 (P3), got {colour.primaries}")
    codes = codes[..., np.newaxis] if codes.ndim == 2 else codes
    colours = 1 if codes.shape[2] < 3 else 3
    warnings = ("alpha dropped",) if codes.shape[2] in (2, 4) else ()
    rgb = np.broadcast_to(codes[..., :colours], (*codes.shape[:2], 3))
    color = color_of_code_points(colour.primaries, colour.transfer, bits)
    return image_from_file(color.linearize(rgb), SPACES[colour.primaries], name, warnings)
