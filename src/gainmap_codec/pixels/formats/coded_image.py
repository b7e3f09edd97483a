"""`CodedImage` ⇄ pixels, whatever codec it is of."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any, Literal, cast

import imagecodecs
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from gainmap_codec.errors import FormatError, Limits, UnsupportedError
from gainmap_codec.files.code_points import UNSPECIFIED, Matrix, Nclx, Transfer, without_reserved
from gainmap_codec.files.heif.light_level import with_light_level
from gainmap_codec.files.heif.read import parse_heif
from gainmap_codec.files.records import Codec, CodedImage
from gainmap_codec.pixels.color.code_points import SRGB, UNKNOWN
from gainmap_codec.pixels.color.hdr_codes import light_level
from gainmap_codec.pixels.color.light import AnyCodes
from gainmap_codec.pixels.formats.decoding import coding, decode_av1, decode_hevc, decoding
from gainmap_codec.pixels.formats.images import decode_jpeg, encode_jpeg
from gainmap_codec.pixels.formats.jpeg_xl import decode_jpeg_xl, encode_jpeg_xl
from gainmap_codec.pixels.raster.geometry import turned
from gainmap_codec.pixels.strips import THREADS

Chroma = Literal["4:2:0", "4:4:4"]
"""How the chroma of a picture that is coded is stored."""

DEFAULT_SPEED = 8
"""Of coding AV1, HEVC and JPEG XL, 0 (smallest) … 10 (quickest): docs/performance.md tells what each costs."""

DEPTHS: dict[Codec, tuple[int, ...]] = {
    "jpeg": (8,),
    "hevc": (8, 10),
    "av1": (8, 10, 12),
    "jxl": tuple(range(8, 17)),
}
LONGEST_SIDE: dict[Codec, int] = {"jpeg": 65500, "hevc": 16384, "av1": 32768, "jxl": 1 << 18}
"""Of libjpeg-turbo's and x265's encoders, of libavif's decoder, and of level 5 of JPEG XL."""
_MOST_PIXELS: dict[Codec, int] = {"jpeg": 65500**2, "hevc": 16384**2, "av1": 16384**2, "jxl": 1 << 28}
"""The same of width × height."""
_MATRICES = (Matrix.BT709, 5, Matrix.BT601, Matrix.BT2020)  # 5 is BT.601 too, of 625 lines
_X265_PRESETS = (
    *("placebo", "veryslow", "slower", "slow", "slow", "medium"),
    *("fast", "faster", "veryfast", "superfast", "ultrafast"),
)
"""By speed; libaom counts as we do."""
_NARROW = 32
"""Sides from which x265 takes that preset, and pictures longer than `_LONGEST_NARROW`."""
_LONGEST_NARROW = 4216
"""Of narrower ones, whose blocks of 16 pixels HEVC allows up to level 4.1: ITU-T H.265 clause A.4."""
_AV1_THREADS = max(2, THREADS)
"""One thread makes other bytes than two; any more make the same as two."""
_TRUSTED = Limits(pixels=1 << 40)


def decode_coded_image(image: CodedImage) -> AnyCodes:
    """Code values of a picture, stored raster, its own crop and turn applied.

    JPEG by libjpeg-turbo, HEVC by libde265, AV1 by dav1d or libaom, JPEG XL by libjxl; YCbCr to RGB and chroma
    upsampling as libjpeg-turbo, libheif, libavif and libjxl do them. The caller has checked the sizes in the header.

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
            codes = _DECODERS[image.codec](image.data)
    codes = _checked(codes, image)
    width, height = image.unturned_size
    if image.crop:
        codes = codes[image.crop.top :, image.crop.left :][:height, :width]
    return turned(codes, image.turn)


_DECODERS = {"av1": decode_av1, "hevc": decode_hevc, "jxl": decode_jpeg_xl}


def _checked(codes: NDArray[Any], image: CodedImage) -> AnyCodes:
    """The array in the shape and type that the record promises."""
    if image.channels == 1 and codes.ndim == 3:
        codes = codes[..., 0]  # some decoders give grey as three equal channels
    width, height = (image.crop.coded_width, image.crop.coded_height) if image.crop else image.unturned_size
    promised = (height, width) if image.channels == 1 else (height, width, 3)
    if codes.shape != promised:
        raise FormatError(image.codec.upper(), f"expected a picture of shape {promised}, got {codes.shape}")
    if codes.dtype != (np.uint8 if image.bits == 8 else np.uint16) or int(codes.max()) >= 1 << image.bits:
        raise FormatError(image.codec.upper(), f"expected {image.bits} bits, got {codes.dtype} up to {codes.max()}")
    return codes


def code_picture(
    codes: AnyCodes,
    codec: Codec,
    *,
    quality: int,
    icc_profile: bytes | None = None,
    nclx: Nclx | None = None,
    bits: int = 8,
    chroma: Chroma = "4:4:4",
    speed: int = DEFAULT_SPEED,
) -> CodedImage:
    """Code a picture: JPEG by libjpeg-turbo, HEVC by x265, AV1 by libaom, YCbCr of full range; JPEG XL by libjxl.

    Args:
        codes: Code values of the stored raster, (H, W) or (H, W, 3): uint8 for 8 bits, uint16 for more. One channel is
            coded as 4:0:0; in AV1 of more than 8 bits, where our encoder knows that only without loss, as three equal
            channels in 4:2:0.
        quality: 1…100, on the scale of each encoder; 100 is without loss in AV1 in 4:4:4, and in JPEG XL.
        icc_profile: Of the picture, or None.
        nclx: Code points of the picture's colour. The matrix is followed where it is BT.601, BT.709 or BT.2020, else
            BT.601 is taken; the range is full. What they leave open, or say by numbers without a meaning, is sRGB, or
            unspecified beside a profile. JPEG has no place for them: they stay in the record. Of PQ, the picture says
            its light level, too.
        bits: 8 in JPEG; 8 or 10 in HEVC; 8, 10 or 12 in AV1; 8…16 in JPEG XL.
        chroma: Of three channels; JPEG XL has 4:4:4 alone.
        speed: Of HEVC, AV1 and JPEG XL: 0 (smallest) … 10 (quickest).
    Returns:
        The picture as a file of its own.
    Raises:
        ValueError: An array or number out of its range.
        UnsupportedError: A picture too large for the codec, or one that the encoder cannot code.
    """
    _check(codes, codec, quality, bits, speed)
    quality, speed = int(quality), int(speed)  # encoders know no numbers of NumPy
    if codes.ndim == 2 and coded_channels(codes, codec, bits) == 3:
        codes, chroma = cast(AnyCodes, np.repeat(codes[..., np.newaxis], 3, axis=2)), "4:2:0"
    if codec == "jpeg":
        samples = codes.astype(np.uint8, copy=False)
        data = encode_jpeg(samples, quality=quality, icc_profile=icc_profile, chroma=chroma)
        return CodedImage(data, codes.shape[1], codes.shape[0], _channels(codes), icc_profile, nclx=nclx)
    color = _color(nclx, has_profile=icc_profile is not None)
    if codec == "jxl":
        with coding("JPEG XL"):
            return encode_jpeg_xl(codes, quality=quality, icc_profile=icc_profile, nclx=color, bits=bits, speed=speed)
    coder = _code_hevc if codec == "hevc" else _code_av1
    with coding(codec.upper()):
        image = parse_heif(coder(np.ascontiguousarray(codes), quality, bits, chroma, color, speed), _TRUSTED).base
    made = (image.codec, image.width, image.height, image.channels, image.bits)
    if made != (codec, codes.shape[1], codes.shape[0], _channels(codes), bits):
        raise UnsupportedError(f"{codec.upper()}: expected a coded picture of {codes.shape}, {bits} bits, got {made}")
    image = replace(image, icc_profile=icc_profile, nclx=color)
    return with_light_level(image, light_level(codes, bits)) if color.transfer == Transfer.PQ else image


def _color(nclx: Nclx | None, *, has_profile: bool) -> Nclx:
    """Code points that an encoder can follow; what is not said, by a profile either, is sRGB, as readers take it."""
    color = without_reserved(nclx or (UNKNOWN if has_profile else SRGB))
    color = color._replace(matrix=color.matrix if color.matrix in _MATRICES else Matrix.BT601, full_range=True)
    if has_profile:
        return color
    primaries, transfer = (b if a == UNSPECIFIED else a for a, b in zip(color[:2], SRGB[:2], strict=True))
    return color._replace(primaries=primaries, transfer=transfer)


def coded_channels(codes: AnyCodes, codec: Codec, bits: int) -> int:
    """As how many channels `code_picture` codes a picture: our encoder knows deep grey AV1 only without loss."""
    return 3 if codec == "av1" and bits > 8 else _channels(codes)


def _channels(codes: AnyCodes) -> int:
    return 1 if codes.ndim == 2 else 3


def _check(codes: AnyCodes, codec: Codec, quality: int, bits: int, speed: int) -> None:
    if codec not in DEPTHS:
        raise ValueError(f"codec: expected one of {', '.join(DEPTHS)}, got {codec!r}")
    if bits not in DEPTHS[codec]:
        raise ValueError(f"bits: expected {' or '.join(map(str, DEPTHS[codec]))} in {codec.upper()}, got {bits}")
    if not 1 <= quality <= 100:
        raise ValueError(f"quality: expected 1…100, got {quality}")
    if not 0 <= speed <= 10:
        raise ValueError(f"speed: expected 0…10, got {speed}")
    kind = np.uint8 if bits == 8 else np.uint16
    if codes.dtype != kind or not (codes.ndim == 2 or codes.shape[2:] == (3,)) or codes.size == 0:
        array = f"{np.dtype(kind)} (H, W) or (H, W, 3)"
        raise ValueError(f"picture of {bits} bits: expected {array}, got {codes.dtype} {codes.shape}")
    _check_size(codes.shape[1], codes.shape[0], codec)
    if int(codes.max()) >= 1 << bits:
        raise ValueError(f"picture of {bits} bits: expected code values below {1 << bits}, got {codes.max()}")


def _check_size(width: int, height: int, codec: Codec) -> None:
    side, pixels = LONGEST_SIDE[codec], _MOST_PIXELS[codec]
    if max(width, height) > side or width * height > pixels:
        most = f"sides of at most {side} and {pixels} pixels"
        raise UnsupportedError(f"{codec.upper()}: expected {most}, got {width} x {height}")
    if codec == "hevc" and min(width, height) < _NARROW and max(width, height) > _LONGEST_NARROW:
        expected = f"expected sides of at least {_NARROW} pixels where one has over {_LONGEST_NARROW}"
        raise UnsupportedError(f"HEVC: {expected}, got {width} x {height}")


def _code_hevc(codes: NDArray[Any], quality: int, bits: int, chroma: Chroma, color: Nclx, speed: int) -> bytes:
    mode = ("L" if codes.ndim == 2 else "RGB") if bits == 8 else ("I;16" if codes.ndim == 2 else "RGB;16")
    samples = codes if bits == 8 else codes << np.uint16(16 - bits)
    heif = pillow_heif.from_bytes(mode, (codes.shape[1], codes.shape[0]), samples.tobytes())
    if min(codes.shape[:2]) < _NARROW:
        speed = max(speed, 1)
    stream = io.BytesIO()
    heif.save(
        stream,
        quality=quality,
        chroma=chroma.replace(":", ""),
        color_primaries=color.primaries,
        transfer_characteristics=color.transfer,
        matrix_coefficients=color.matrix,
        full_range_flag=1,
        enc_params={"preset": _X265_PRESETS[speed], "x265:pools": str(THREADS)},
    )
    return stream.getvalue()


def _code_av1(codes: NDArray[Any], quality: int, bits: int, chroma: Chroma, color: Nclx, speed: int) -> bytes:
    """Colour by imagecodecs, which writes its code points into the codestream; grey by Pillow, which can lose bits."""
    if codes.ndim == 2:
        stream = io.BytesIO()
        options = {"quality": quality, "speed": speed, "subsampling": "4:0:0", "max_threads": _AV1_THREADS}
        Image.fromarray(codes).save(stream, "AVIF", **options)
        return stream.getvalue()
    data = imagecodecs.avif_encode(
        codes,
        # At 100 it codes without loss, whatever chroma is asked for.
        level=quality if chroma == "4:4:4" else min(quality, 99),
        speed=speed,
        numthreads=_AV1_THREADS,
        bitspersample=bits,
        pixelformat=chroma.replace(":", ""),
        primaries=color.primaries,
        transfer=color.transfer,
        matrix=color.matrix,
    )
    return bytes(data)
