"""JPEG XL pictures: codestreams ⇄ code values, by libjxl in imagecodecs.

A picture that loses nothing is coded as its code values, whatever they mean. One that loses is coded as light, of which
libjxl knows what eyes see (XYB): it makes light of what it is given, and code values of light again, by the colour in
the header. imagecodecs lets nobody choose that colour, calls 8 bits sRGB and all else linear, and tells nobody what it
has found. So the headers are ours (files/jxl/header), and what libjxl is given is light.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from gainmap_codec.errors import NO_LIMITS, FormatError
from gainmap_codec.files.code_points import Nclx, Transfer
from gainmap_codec.files.jxl.color import code_points_of, decoded_color
from gainmap_codec.files.jxl.color import color_of as encoding_of
from gainmap_codec.files.jxl.damage import completed, in_usual_order
from gainmap_codec.files.jxl.header import (
    ALPHA,
    DEFAULT_INTENSITY_TARGET,
    GREY,
    RGB,
    ColorEncoding,
    ImageHeader,
    parse_header,
    serialize_header,
)
from gainmap_codec.files.jxl.picture import coded_image
from gainmap_codec.files.jxl.source import open_jxl
from gainmap_codec.files.records import CodedImage
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.color.code_points import SPACES, color_of, color_of_code_points, hdr_of_profile
from gainmap_codec.pixels.color.icc_profile import icc_profile_describing
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS, AnyCodes, Array, ColorSpace, conversion_matrix, with_bits
from gainmap_codec.pixels.rendition import light_of, transformed
from gainmap_codec.pixels.strips import THREADS, for_each_strip

_TARGETS: dict[int, float] = {Transfer.PQ: 10_000.0, Transfer.HLG: 1_000.0}
"""Nits of the largest code value."""

_HOW: dict[str, Any] = {"index": 0, "keeporientation": True, "numthreads": THREADS}
_MID_GREY = 0.2
"""In linear light."""

_EFFORTS = (9, 8, 8, 7, 7, 6, 5, 4, 3, 2, 1)
"""libjxl's, by speed."""


def decode_jpeg_xl(codestream: bytes) -> NDArray[Any]:
    """Code values of the first frame, not turned: (H, W) of grey, (H, W, 3) of RGB, uint8 of 8 bits, else uint16.

    They are in the colour and depth that `files.jxl.picture.coded_image` tells; alpha is dropped. What is missing of a
    picture that is cut off is grey, or black where that is coded without loss.

    Raises:
        FormatError: The picture is broken, or cut off in front of the first part that could be shown.
    """
    header = parse_header(codestream)
    if not header.is_xyb:
        return _integers(_decoded(codestream, header), header)
    frames, color = codestream[header.size :], _wanted(header)
    if color is not None:
        told = replace(header, color=color, icc_profile=None, bits=header.depth, exponent_bits=0)
        return _decoded(serialize_header(told) + frames, told)
    linear = ColorEncoding(header.color.space, transfer=Transfer.LINEAR)
    told = replace(header, color=linear, icc_profile=None, bits=32, exponent_bits=8)
    return _in_profile(_decoded(serialize_header(told) + frames, told), header.icc_profile, header.depth)


def decode_linear_jpeg_xl(codestream: bytes) -> tuple[Array, ColorSpace] | None:
    """Linear light of a picture in linear floating-point numbers, float32 (H, W, 3), not turned, and its primaries.

    None of any other picture. 1.0 is SDR white, as in OpenEXR; where the header says how many nits it is, other than
    the usual 255, light is as bright as that, SDR white being 203.
    """
    header = parse_header(codestream)
    told = code_points_of(header.color)
    if not header.exponent_bits or told is None or told.transfer != Transfer.LINEAR or told.primaries not in SPACES:
        return None
    deep = replace(header, bits=32, exponent_bits=8) if header.is_xyb else header
    pixels = _decoded(serialize_header(deep) + codestream[header.size :], deep).astype(np.float32, copy=False)
    pixels = pixels if pixels.ndim == 3 else np.repeat(pixels[..., np.newaxis], 3, axis=2)
    if header.intensity_target != DEFAULT_INTENSITY_TARGET:
        pixels *= np.float32(header.intensity_target / SDR_WHITE_NITS)
    return pixels, SPACES[told.primaries]


def _wanted(header: ImageHeader) -> ColorEncoding | None:
    """The colour that libjxl is to make code values in; None where a profile alone tells it."""
    if header.icc_profile is None:
        return decoded_color(header)
    told = hdr_of_profile(header.icc_profile)
    return told and encoding_of(told, is_grey=header.color.space == GREY)


def _decoded(codestream: bytes, header: ImageHeader) -> NDArray[Any]:
    """What libjxl makes of a codestream with this header, without other channels than those of colour."""
    try:
        codes: NDArray[Any] = imagecodecs.jpegxl_decode(codestream, **_HOW)
    except imagecodecs.JpegxlError as error:
        codes = _what_is_there(codestream, error)
    return _without_others(codes, header)


def _without_others(codes: NDArray[Any], header: ImageHeader) -> NDArray[Any]:
    if header.color.space != GREY or codes.ndim == 2:
        return codes[..., :3] if codes.ndim == 3 else codes
    return codes[..., 0] if ALPHA in header.extra_channels else codes[0]


def _what_is_there(codestream: bytes, error: Exception) -> NDArray[Any]:
    """What libjxl makes of a picture that it refused because it is cut off."""
    if "NEED_MORE_INPUT" not in str(error):
        problem = f"expected a whole one, got one that is broken (libjxl: {error})"
        raise FormatError("JPEG XL picture", problem) from error
    header = parse_header(codestream)
    there, codes = completed(codestream, header), None
    if there is not None:
        codes = _grey(header)
        with suppress(imagecodecs.JpegxlError, ValueError):
            imagecodecs.jpegxl_decode(there, **_HOW, out=codes)  # which has the squares that are whole when it raises
    if codes is None or _is_flat(_without_others(codes, header)):
        got = f"one that is cut off before any of its {header.width} x {header.height} pixels can be shown"
        raise FormatError("JPEG XL picture", f"expected a whole one, got {got}") from error
    return codes


def _is_flat(codes: NDArray[Any]) -> bool:
    return bool(codes.min() == codes.max())


def _grey(header: ImageHeader) -> NDArray[Any]:
    """An array as imagecodecs makes it for a picture with this header, in mid-grey; not of grey with depth and such."""
    kind: Any = np.uint8 if header.bits <= 8 else np.uint16
    if header.exponent_bits or header.bits > 16:
        kind = np.float16 if header.bits == 16 else np.float32
    count, size = 1 if header.color.space == GREY else 3, (header.height, header.width)
    has_alpha = ALPHA in header.extra_channels
    shape = (*size, count + has_alpha) if count + has_alpha > 1 else size
    return np.full(shape, _MID_GREY if np.dtype(kind).kind == "f" else 1 << (header.bits - 1), kind)


def _integers(codes: NDArray[Any], header: ImageHeader) -> NDArray[Any]:
    """Code values of 8 to 16 bits, of fewer or of floating-point numbers."""
    if codes.dtype.kind == "f":
        return _rounded(np.nan_to_num(codes.astype(np.float32, copy=False)) * np.float32(65535), 16)
    return with_bits(codes, header.bits, 8) if header.bits < 8 else codes


def _rounded(codes: NDArray[Any], bits: int) -> NDArray[Any]:
    kind = np.uint8 if bits == 8 else np.uint16
    return np.asarray(np.clip(codes, 0, (1 << bits) - 1) + np.float32(0.5)).astype(kind)


def _in_profile(light: Array, profile: bytes | None, bits: int) -> NDArray[Any]:
    """Code values in a profile, of linear BT.709, float32 (H, W) or (H, W, 3); 1.0 is white."""
    color = base_color_of_icc(profile, bits, 1 if light.ndim == 2 else 3)
    if light.ndim == 3:
        light = transformed(light, np.linalg.inv(color.to_bt2020) @ conversion_matrix("srgb", "bt2020"))
    codes = np.empty(light.shape, np.uint8 if bits == 8 else np.uint16)
    steps = np.arange(1 << bits)

    def convert(rows: slice) -> None:
        for channel, curve in enumerate(color.curves[: 1 if light.ndim == 2 else 3]):
            place = rows if light.ndim == 2 else (rows, slice(None), channel)
            codes[place] = _rounded(np.interp(light[place], curve, steps), bits)

    for_each_strip(len(light), convert)
    return codes


def encode_jpeg_xl(
    codes: AnyCodes, *, quality: int, icc_profile: bytes | None, nclx: Nclx, bits: int, speed: int
) -> CodedImage:
    """A picture as a codestream, without loss at quality 100; other arguments as of `code_picture`.

    Args:
        quality: libjxl's scale, which is meant to look as JPEG's does.
        bits: 8…16.
    """
    header = _header(codes, icc_profile, nclx, bits)
    effort = _EFFORTS[speed]
    if quality == 100:
        coded = imagecodecs.jpegxl_encode(codes, lossless=True, bitspersample=bits, effort=effort, numthreads=THREADS)
    else:
        coded = imagecodecs.jpegxl_encode(_light(codes, header), level=quality, effort=effort, numthreads=THREADS)
    made = in_usual_order(open_jxl(bytes(coded), NO_LIMITS).codestream)
    old = parse_header(made)
    told = replace(header, is_xyb=old.is_xyb, has_small_integers=old.is_xyb or bits <= 12, last=old.last)
    start = serialize_header(told)
    return coded_image(start + made[old.size :], replace(told, size=len(start)))


def _header(codes: AnyCodes, profile: bytes | None, nclx: Nclx, bits: int) -> ImageHeader:
    """A header of these pixels and their colour; what it has no words for gets a profile."""
    is_grey = codes.ndim == 2
    told = None if profile else encoding_of(nclx, is_grey=is_grey)
    if profile is None and told is None:
        profile = icc_profile_describing(color_of_code_points(nclx.primaries, nclx.transfer, 8))
    hdr = hdr_of_profile(profile) if profile else nclx
    return ImageHeader(
        codes.shape[1],
        codes.shape[0],
        bits=bits,
        color=told or ColorEncoding(GREY if is_grey else RGB, has_icc=profile is not None),
        intensity_target=_TARGETS.get(hdr.transfer if hdr else 0, DEFAULT_INTENSITY_TARGET),
        icc_profile=profile,
    )


def _light(codes: AnyCodes, header: ImageHeader) -> Array:
    """Linear BT.709, float32 (H, W) or (H, W, 3), in which libjxl takes 1.0 for 255 nits; white of SDR is 1.0."""
    picture = coded_image(b"", header)
    color = color_of(picture)
    rgb = codes if codes.ndim == 3 else np.repeat(codes[..., np.newaxis], 3, axis=2)
    light = light_of(rgb, color, conversion_matrix("bt2020", "srgb") @ color.to_bt2020)
    if header.intensity_target != DEFAULT_INTENSITY_TARGET:
        light *= np.float32(SDR_WHITE_NITS / DEFAULT_INTENSITY_TARGET)
    return light if codes.ndim == 3 else np.ascontiguousarray(light[..., 1])
