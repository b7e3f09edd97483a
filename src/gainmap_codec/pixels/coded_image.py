"""The pixels of a `CodedImage`, whatever codec it is of."""

from __future__ import annotations

import io
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
from numpy.typing import NDArray

from gainmap_codec.errors import FormatError
from gainmap_codec.files.records import Codec, CodedImage, Nclx
from gainmap_codec.pixels.color import AnyCodes
from gainmap_codec.pixels.decoding import decoding
from gainmap_codec.pixels.images import decode_jpeg, encode_jpeg


def decode_coded_image(image: CodedImage) -> AnyCodes:
    """Code values of a picture, stored raster, its crop applied.

    JPEG by libjpeg-turbo, HEVC by libde265, AV1 by dav1d or libaom; YCbCr to RGB and chroma upsampling as
    libjpeg-turbo, libheif and libavif do them. The caller has checked the sizes in the header.

    Returns:
        (height, width) of a picture of one channel, (height, width, 3) RGB of one of three; uint8 where `image.bits` is
        8, else uint16.
    Raises:
        FormatError: The picture cannot be decoded, or is not what its header says.
        UnsupportedError: As `decode_jpeg`.
    """
    codes: NDArray[Any]
    if image.codec == "jpeg":
        codes = decode_jpeg(image.data)
    else:
        with decoding(image.codec.upper(), image.codec.upper()):
            codes = _decode_av1(image.data) if image.codec == "av1" else _decode_hevc(image.data)
    codes = _checked(codes, image)
    if image.crop is None:
        return codes
    left, top = image.crop.left, image.crop.top
    return codes[top : top + image.height, left : left + image.width]


def code_picture(
    codes: AnyCodes,
    codec: Codec,
    *,
    quality: int,
    icc_profile: bytes | None = None,
    nclx: Nclx | None = None,
    bits: int = 8,
) -> CodedImage:
    assert codec == "jpeg" and bits == 8
    data = encode_jpeg(codes, quality=quality)  # type: ignore[arg-type]
    return CodedImage(data, codes.shape[1], codes.shape[0], 3 if codes.ndim == 3 else 1, icc_profile)


def _decode_av1(data: bytes) -> NDArray[Any]:
    return np.asarray(imagecodecs.avif_decode(data))


def _decode_hevc(data: bytes) -> NDArray[Any]:
    opened = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False, hdr_to_16bit=False)
    return np.asarray(opened)


def _checked(codes: NDArray[Any], image: CodedImage) -> AnyCodes:
    """The array in the shape and type that the record promises."""
    if image.channels == 1 and codes.ndim == 3:
        codes = codes[..., 0]  # some decoders give grey as three equal channels
    width, height = (image.crop.coded_width, image.crop.coded_height) if image.crop else (image.width, image.height)
    wanted = (height, width) if image.channels == 1 else (height, width, 3)
    if codes.shape != wanted:
        raise FormatError(image.codec.upper(), f"wanted a picture of shape {wanted}, found {codes.shape}")
    if codes.dtype != (np.uint8 if image.bits == 8 else np.uint16) or int(codes.max()) >= 1 << image.bits:
        raise FormatError(image.codec.upper(), f"wanted {image.bits} bits, found {codes.dtype} up to {codes.max()}")
    return codes
