"""PQ and HLG pictures: PNG, TIFF, HEIC, AVIF, JPEG XL and JPEG bytes to `HdrImage`, and 16-bit PQ PNG out.

Colour is told by the coding-independent code points of ITU-T H.273: primaries and transfer.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from gainmap_codec.errors import FormatError, Limits, UnsupportedError
from gainmap_codec.files.code_points import UNSPECIFIED, Matrix, Nclx
from gainmap_codec.files.container import has_alpha, parse_file
from gainmap_codec.files.jpeg.xmp_directory import without_gain_map
from gainmap_codec.files.records import CodedImage
from gainmap_codec.files.tags.exif_edit import with_orientation_1
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.color.code_points import (
    BT2020_PQ,
    BT2020_PQ_RGB,
    HDR_TRANSFERS,
    UNKNOWN,
    color_of_code_points,
    hdr_of_profile,
    told_by_numbers,
)
from gainmap_codec.pixels.color.light import Array, ColorSpace
from gainmap_codec.pixels.color.profile_in_code_points import code_points_like
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.formats.decoding import decoding, image_from_file
from gainmap_codec.pixels.formats.jpeg_xl import decode_linear_jpeg_xl
from gainmap_codec.pixels.formats.png_chunks import chunks, make_chunk, png_chunk
from gainmap_codec.pixels.formats.tiff import tiff_codes, tiff_metadata, tiff_profile
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.picture_metadata import PictureMetadata
from gainmap_codec.pixels.raster.geometry import to_upright

_PNG_XMP = b"XML:com.adobe.xmp\0\0\0\0\0"  # keyword; not compressed, in no language


def decode_png(data: bytes, name: str, limits: Limits) -> HdrImage:
    """16-bit PNG whose cICP chunk says PQ or HLG, full range; alpha dropped, grey spread over R, G and B.

    Raises:
        FormatError: The file is broken.
        UnsupportedError: No cICP chunk, or it says something else; or 8 bits.
        LimitError: Over `limits.pixels`.
    Source: PNG third edition (W3C, 2025), clauses 11.2.1 and 11.3.2.6.
    """
    with decoding(name, "PNG"):
        kind, width, height, depth = struct.unpack_from(">4sIIB", data, 12)
        if kind != b"IHDR":
            raise FormatError(name, f"broken PNG file: expected its header first, got chunk {kind!r}")
        limits.check("pixels", width * height)
        cicp = png_chunk(data, b"cICP")
        if cicp is None:
            raise UnsupportedError(
                f"{name}: expected an HDR picture, got an SDR PNG (no cICP chunk says PQ or HLG): "
                "encode takes it as the SDR picture (--sdr, or sdr=)"
            )
        colour = Nclx(*struct.unpack("4B", cicp))
        if depth != 16 or colour.matrix != Matrix.IDENTITY or colour.full_range != 1:
            got = f"{depth} bits, matrix {colour.matrix}, full range {colour.full_range}"
            raise UnsupportedError(f"{name}: expected 16 bits, matrix 0, full range 1, got {got}")
        codes = imagecodecs.png_decode(data)
    return replace(image_of_codes(codes, 16, colour, name), metadata=_png_metadata(data))


def encode_png(codes: NDArray[np.uint16], metadata: PictureMetadata) -> bytes:
    """16-bit BT.2020 PQ PNG of such code values, (H, W, 3), with a cICP chunk that says so, and chunks of EXIF and XMP.

    Source: PNG third edition, clauses 11.3.2.6 (cICP), 11.3.3.4 (iTXt) and 11.3.4.5 (eXIf); XMP specification part 3
    (Adobe, 2020), 1.1.5 (PNG).
    """
    png = bytes(imagecodecs.png_encode(codes))
    chunks = make_chunk(b"cICP", bytes(BT2020_PQ_RGB))
    if metadata.exif:
        chunks += make_chunk(b"eXIf", metadata.exif)
    if metadata.xmp:
        chunks += make_chunk(b"iTXt", _PNG_XMP + metadata.xmp)
    header_end = 8 + 25  # signature and IHDR, which must come first
    return png[:header_end] + chunks + png[header_end:]


def _png_metadata(data: bytes) -> PictureMetadata:
    """EXIF and XMP, which may stand behind the pixels too."""
    exif = xmp = None
    for kind, body in chunks(data):
        if kind == b"eXIf":
            exif = exif or body
        elif kind == b"iTXt" and body.startswith(_PNG_XMP):
            xmp = xmp or body[len(_PNG_XMP) :]
    return PictureMetadata(exif, xmp)


def decode_tiff(data: bytes, name: str, limits: Limits) -> HdrImage:
    """First image of a 16-bit TIFF, in what its ICC profile says of PQ or HLG, else taken as BT.2020 PQ; alpha dropped.

    Raises:
        FormatError, LimitError: As `tiff_codes`.
        UnsupportedError: Also of a picture whose profile is one for SDR.
    """
    codes = tiff_codes(data, name, limits)
    image = image_of_codes(codes, 16, hdr_colour(tiff_profile(data), name), name)
    return replace(image, metadata=tiff_metadata(data))


def hdr_colour(profile: bytes | None, name: str) -> Nclx:
    """The colour of integers whose format has no code points: what an ICC profile says of PQ or HLG, else BT.2020 PQ.

    Not all profiles for PQ have a cicp tag: only those that are surely for SDR are refused.

    Raises:
        UnsupportedError: Such a profile.
    """
    if profile is None:
        return BT2020_PQ
    color = base_color_of_icc(profile)
    if code_points_like(color) is not None:
        raise UnsupportedError(f"{name}: not HDR: expected a picture in PQ or HLG, got one in {color.name}")
    return hdr_of_profile(profile) or BT2020_PQ


def decode_hdr_base(data: bytes, name: str, limits: Limits) -> HdrImage:
    """Primary image of a PQ or HLG HEIC, AVIF, JPEG XL or JPEG, at its full depth, turned and cropped; alpha dropped.

    A JPEG XL may be linear, too, in floating-point numbers: see `decode_linear_jpeg_xl`.

    Of a sequence, too, only the image that is the file's primary item is decoded, from a file of its own: a decoder
    that is given the whole would choose the sequence, or decode all of it.

    Raises:
        FormatError: The file is broken.
        UnsupportedError: The image is not PQ or HLG.
        LimitError: Over `limits.pixels`.
    """
    file = parse_file(data, name, limits)
    base = file.base
    alpha = has_alpha(file.extras)
    linear = _linear(base, name)
    if linear is not None:
        pixels, space = linear
        image = image_from_file(
            to_upright(pixels, file.orientation),
            space,
            name,
            ("the HDR picture's transparency is left out",) if alpha else (),
        )
    else:
        colour = told_by_numbers(base) or UNKNOWN
        _check_transfer(colour, name)
        codes = to_upright(decode_coded_image(base), file.orientation)
        image = image_of_codes(codes, base.bits, colour, name, has_alpha=alpha)
    lost: list[str] = []
    exif, xmp = file.exif and with_orientation_1(file.exif), file.xmp and without_gain_map(file.xmp, lost)
    return replace(image, metadata=PictureMetadata(exif, xmp, tuple(lost)))


def _linear(base: CodedImage, name: str) -> tuple[Array, ColorSpace] | None:
    if base.codec != "jxl":
        return None
    with decoding(name, "JPEG XL"):
        return decode_linear_jpeg_xl(base.data)


def _check_transfer(colour: Nclx, name: str) -> None:
    if colour.transfer not in HDR_TRANSFERS:
        raise UnsupportedError(f"{name}: not HDR: expected transfer 16 (PQ) or 18 (HLG), got {colour.transfer}")


def image_of_codes(codes: NDArray[Any], bits: int, colour: Nclx, name: str, *, has_alpha: bool = False) -> HdrImage:
    """An `HdrImage` of code values, (H, W) or (H, W, C), at full range; grey is spread over R, G and B, alpha dropped.

    Raises:
        UnsupportedError: A colour that is not HDR, or primaries that H.273 does not know.
    """
    _check_transfer(colour, name)
    color = color_of_code_points(colour.primaries, colour.transfer, bits)
    if color.notes or colour.primaries == UNSPECIFIED:
        raise UnsupportedError(f"{name}: expected primaries of ITU-T H.273, got number {colour.primaries}")
    codes = codes[..., np.newaxis] if codes.ndim == 2 else codes
    colours = 1 if codes.shape[2] < 3 else 3
    warnings = ("the HDR picture's transparency is left out",) if has_alpha or codes.shape[2] in (2, 4) else ()
    rgb = np.broadcast_to(codes[..., :colours], (*codes.shape[:2], 3))
    light, space = color.linearize(rgb), color.primaries
    if space is None:
        light, space = color.convert_to_bt2020(light), "bt2020"
    return image_from_file(light, space, name, warnings)
