"""SDR pictures in: files to `BasePicture`; JPEG bytes to pixels and back."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Any, Literal, cast

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits, UnsupportedError
from gainmap_codec.files.container import hdr_picture, may_have_gain_map, naming
from gainmap_codec.files.jpeg.damage import usable_part
from gainmap_codec.files.jpeg.metadata import EXIF_ID, icc_segments
from gainmap_codec.files.jpeg.segments import TRUSTED, parse_segments
from gainmap_codec.pixels.color.code_points import HDR_TRANSFERS, color_of_code_points, hdr_of_profile
from gainmap_codec.pixels.color.icc_profile import icc_profile_describing, rgb_profile
from gainmap_codec.pixels.color.light import AnyCodes, with_bits
from gainmap_codec.pixels.formats.decoding import coding, decoding
from gainmap_codec.pixels.formats.png_chunks import png_chunk
from gainmap_codec.pixels.formats.sources import Source, is_source, read_source
from gainmap_codec.pixels.formats.tiff import tiff_codes, tiff_header
from gainmap_codec.pixels.in_memory import ArrayLike, array_of, rgb_of

Codes = NDArray[np.uint8]

_SDR_SOURCES = "a Pillow image, an array or tensor (H, W, 3) of code values, or a path, bytes or binary file"


@dataclass(frozen=True, eq=False)
class BasePicture:
    """An SDR picture that is to become a base: either a file as it is, or pixels with their metadata.

    Attributes:
        pixels: (H, W, 3) in the colour of `icc_profile`, uint8 of 8 bits and uint16 of more; None for a file.
        file: A whole JPEG, HEIC, AVIF or JPEG XL file, which nobody has looked at yet, or None.
        icc_profile: RGB profile of `pixels`, or None (sRGB).
        exif: TIFF structure, without an ``Exif`` prefix, or None.
        xmp: XMP packet, or None.
        notes: What was lost, one line each.
    """

    pixels: AnyCodes | None = None
    file: bytes | None = None
    icc_profile: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_hdr(self) -> bool:
        """Whether the profile of `pixels` says PQ or HLG."""
        return self.icc_profile is not None and hdr_of_profile(self.icc_profile) is not None


def decode_jpeg(data: bytes) -> Codes:
    """Pixels of a JPEG, uint8 (H, W, 3) RGB or (H, W) grey: libjpeg-turbo's, accurate DCT, smooth chroma.

    A cut or damaged scan gives what is there, the rest grey. The caller has checked the size in the header.

    Raises:
        FormatError: No image can be decoded.
        UnsupportedError: CMYK, or more than 8 bits.
    """
    try:
        codes = _decoded_jpeg(data)
    except FormatError:
        usable = _usable_bytes(data)
        if usable is None:
            raise
        codes = _decoded_jpeg(usable)
    if codes.dtype != np.uint8 or not (codes.ndim == 2 or codes.shape[2] == 3):
        raise UnsupportedError(f"JPEG: expected 8-bit grey or RGB, got {codes.dtype} {codes.shape}")
    return codes


def _decoded_jpeg(data: bytes) -> NDArray[Any]:
    with decoding("JPEG", "JPEG"):
        return np.asarray(imagecodecs.jpeg8_decode(data))


def _usable_bytes(data: bytes) -> bytes | None:
    """A JPEG up to the damage in it, or None where none is found."""
    try:
        usable = usable_part(parse_segments(data, TRUSTED))
    except GainMapError:
        return None
    return None if usable.complete else usable.data[: usable.end]


def encode_jpeg(
    pixels: AnyCodes, *, quality: int, icc_profile: bytes | None = None, chroma: Literal["4:2:0", "4:4:4"] = "4:4:4"
) -> bytes:
    """A baseline JPEG, SOI … EOI, of uint8 (H, W, 3) RGB or (H, W) grey: optimised Huffman tables.

    Args:
        quality: 1…100, libjpeg's scale.
        icc_profile: Embedded as it is, or None.
        chroma: Of three channels: a sample for each pixel, or for four.
    Raises:
        ValueError: Another shape or type, or `quality` out of range.
        UnsupportedError: A side above 65 500.
        LimitError: A profile of more than 255 segments.
    """
    if pixels.dtype != np.uint8 or not (pixels.ndim == 2 or pixels.shape[2:] == (3,)):
        raise ValueError(f"pixels: expected uint8 (H, W, 3) or (H, W), got {pixels.dtype} {pixels.shape}")
    if not 1 <= quality <= 100:
        raise ValueError(f"JPEG: expected quality 1…100, got {quality}")
    # Not by Pillow: for optimised tables, its buffer is smaller than what noise takes.
    with coding("JPEG"):
        samples = np.ascontiguousarray(pixels)
        subsampling = chroma.replace(":", "")
        data = bytes(imagecodecs.jpeg8_encode(samples, level=quality, subsampling=subsampling, optimize=True))
    header = 2 + 18  # SOI and JFIF
    return data[:header] + (icc_segments(icc_profile) if icc_profile else b"") + data[header:]


def read_base(
    sdr: Source | Image.Image | ArrayLike,
    *,
    bits: int = 8,
    argument: str = "sdr",
    limits: Limits = Limits(),
) -> BasePicture:
    """The SDR picture given to `encode`.

    Args:
        sdr: A JPEG, HEIC, AVIF or JPEG XL (path, bytes or binary file; given back as it is), any other that Pillow
            opens, a Pillow image, or an array or tensor in sRGB, uint8 or uint16 (0…65535), (H, W, 3), (H, W) of grey.
            Alpha is dropped, and a profile that does not describe RGB, each with a line in `notes`.
        bits: Depth of the pixels: those of 16 bits are rounded to it, those of 8 are spread.
        argument: What the caller's argument is called, for messages.
    Raises:
        FormatError: The file is broken, or no picture; or Pillow cannot load its image.
        LimitError: Over `limits`; or, where Pillow opens it, over twice Pillow's own `MAX_IMAGE_PIXELS`.
        TypeError, ValueError: An array or image of another kind.
        OSError: The path cannot be read.
    """
    if isinstance(sdr, Image.Image):
        return _base_of_pillow(sdr, bits, argument)
    if (array := array_of(sdr, argument)) is not None:
        return _base_of_array(array, bits, argument)
    if not is_source(sdr):
        raise TypeError(f"{argument}: expected {_SDR_SOURCES}, got {type(sdr).__name__}")
    data, name = read_source(cast(Source, sdr), limits, argument=argument)
    if may_have_gain_map(data):
        return BasePicture(file=data)
    if kind := hdr_picture(data):
        made = "without an SDR picture, one is made of the HDR picture by tone mapping"
        raise UnsupportedError(f"{name}: expected an SDR picture, got {kind}, which is read as HDR alone; {made}")
    with decoding(name, "picture"):
        with naming(name):
            image = open_picture(data, name, limits)
        if image.format == "PNG":
            image.info.update(_told_by_cicp(data, argument))
        return _base_of_pillow(image, bits, argument, _deep_codes(image, data, name, limits))


def _base_of_array(array: NDArray[Any], bits: int, argument: str) -> BasePicture:
    if array.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
        what = ": linear HDR goes to hdr=" if np.issubdtype(array.dtype, np.floating) else ""
        raise TypeError(f"{argument}: expected uint8 or uint16 code values, got {array.dtype}{what}")
    notes: list[str] = []
    pixels = np.ascontiguousarray(rgb_of(array, argument, notes), array.dtype.newbyteorder("="))
    return BasePicture(pixels=with_bits(pixels, 8 * pixels.itemsize, bits), notes=tuple(notes))


def _told_by_cicp(data: bytes, argument: str) -> dict[str, bytes | None]:
    """The ICC profile that stands for a PNG's cICP chunk, which wins over its other chunks about colour; else nothing.

    Source: PNG third edition (W3C, 2025), clause 4.3.
    """
    cicp = png_chunk(data, b"cICP") or b""
    if len(cicp) != 4:
        return {}
    if cicp[1] in HDR_TRANSFERS:
        raise UnsupportedError(f"{argument}: expected an SDR picture, got one in PQ or HLG")
    color = color_of_code_points(cicp[0], cicp[1], 8)
    is_srgb = (color.primaries, color.curve) == ("srgb", "srgb")
    return {"icc_profile": None if is_srgb else icc_profile_describing(color)}


def open_picture(data: bytes, name: str, limits: Limits) -> Image.Image:
    """A Pillow image within the limits, not decoded yet.

    Raises:
        FormatError, UnsupportedError: No picture, or one that is broken or not supported; what Pillow raises as it
            decodes one is for the caller to catch (`decoding`).
        LimitError: More pixels than `limits` allow, or than twice Pillow's own `MAX_IMAGE_PIXELS`.
    """
    if data[:2] in (b"II", b"MM"):
        tiff_header(data, name, limits)
    try:
        image = _opened_by_pillow(data)
    except Image.DecompressionBombError as error:
        raise LimitError(f"{name}: {error}") from error
    if image is None:
        raise FormatError(name, "expected a picture that Pillow can open, got something else")
    pixels, most = image.width * image.height, Image.MAX_IMAGE_PIXELS
    limits.check("pixels", pixels)
    if most is not None and pixels > 2 * most:
        raise LimitError(f"{name}: expected at most {2 * most} pixels, twice PIL.Image.MAX_IMAGE_PIXELS, got {pixels}")
    return image


def _opened_by_pillow(data: bytes) -> Image.Image | None:
    """What `PIL.Image.open` gives, or None: but it warns of pictures of a third of our own limit.

    To silence a warning is to change the filters of the whole process, under the feet of other threads. So the plugins
    that Pillow registers are asked here, in its order: the common ones first, then all.
    """
    asked = {"EPS"}  # a program: Pillow would have Ghostscript run it
    for register in (Image.preinit, Image.init):
        register()
        for kind in Image.ID[:]:
            if kind not in asked and (image := _opened_as(kind, data)) is not None:
                return image
            asked.add(kind)
    return None


def _opened_as(kind: str, data: bytes) -> Image.Image | None:
    """What one of Pillow's plugins makes of the bytes, or None. Source: PIL.Image.open, down to the errors."""
    opener, accepts = Image.OPEN[kind]
    try:
        answer = accepts is None or accepts(data[:16])
        if answer and not isinstance(answer, str):  # which says why not
            return opener(io.BytesIO(data), "")
    except (SyntaxError, IndexError, TypeError, struct.error):
        pass
    return None


def _deep_codes(image: Image.Image, data: bytes, name: str, limits: Limits) -> NDArray[np.uint16] | None:
    """Codes of a 16-bit RGB picture, which Pillow would cut to 8 bits without rounding."""
    if image.format == "PNG" and data[24] == 16:
        return np.asarray(imagecodecs.png_decode(data), dtype=np.uint16)
    if image.format == "TIFF" and 16 in getattr(image, "tag_v2", {}).get(258, ()):
        return tiff_codes(data, name, limits)
    return None


def _base_of_pillow(
    image: Image.Image, bits: int, argument: str, deep: NDArray[np.uint16] | None = None
) -> BasePicture:
    if 0 in image.size:
        raise ValueError(f"{argument}: expected a picture, got a Pillow image of {image.width} x {image.height} pixels")
    with decoding(argument, "picture"):
        image.load()
    if deep is None and image.mode.startswith("I;16"):
        deep = np.asarray(image).astype(np.uint16)
    if deep is not None:
        image_8 = Image.fromarray(with_bits(deep, 16, 8))
        image_8.info = image.info
        image = image_8
    if image.mode in ("I", "F"):
        raise ValueError(f"{argument}: expected a picture of 8 or 16 bits, got Pillow's mode {image.mode}")
    own, xmp = image.info.get("icc_profile") or None, image.info.get("xmp")
    profile = rgb_profile(own, 1 if Image.getmodebase(image.mode) == "L" else 3)
    has_other_profile = own is not None and (profile is None or profile[16:20] != b"RGB ")
    losses = {
        f"{argument}: its transparency is left out": image.has_transparency_data,
        f"{argument}: its ICC profile is not for {image.mode} and is dropped": has_other_profile,
    }
    pixels = with_bits(_converted(image, argument), 8, bits) if deep is None else with_bits(_rgb(deep), 16, bits)
    exif = image.info.get("exif")
    return BasePicture(
        pixels=pixels,
        icc_profile=None if has_other_profile else profile,
        exif=exif.removeprefix(EXIF_ID) if exif else None,
        xmp=xmp.encode() if isinstance(xmp, str) else xmp,
        notes=tuple(line for line, is_lost in losses.items() if is_lost),
    )


def _converted(image: Image.Image, argument: str) -> Codes:
    """Pixels (H, W, 3) of a Pillow image of 8 bits."""
    try:
        return np.asarray(image.convert("RGB"))
    except ValueError as error:
        raise ValueError(
            f"{argument}: expected a picture that Pillow converts to RGB, got its mode {image.mode}"
        ) from error


def _rgb(codes: AnyCodes) -> AnyCodes:
    """Three channels (H, W, 3) of one to four: grey is repeated, alpha dropped."""
    codes = codes.reshape(*codes.shape[:2], -1)
    return codes[..., :3] if codes.shape[2] >= 3 else codes[..., [0, 0, 0]]
