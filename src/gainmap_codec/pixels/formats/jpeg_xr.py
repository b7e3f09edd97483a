"""JPEG XR bytes to `HdrImage`: HDR screenshots of Windows and of graphics drivers, in scRGB, and of consoles, in PQ.

Source: ITU-T T.832 (2019) annex A (container) and clause 8.3 (image header), as jxrlib 1.1 writes them; Microsoft,
"Native pixel formats overview" (their names) and "Use DirectX with Advanced Color" (scRGB, whose 1.0 is 80 cd/m²); OBS
Studio, pull request 6436 (2022: 10 bits of Xbox consoles are BT.2020 PQ).
"""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.errors import FormatError, Limits, UnsupportedError
from gainmap_codec.files.cursor import Reader
from gainmap_codec.files.tags.exif import IfdEntry, ifd_entries
from gainmap_codec.files.tags.exif_layout import exif_of_picture
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS
from gainmap_codec.pixels.formats.coded_formats import hdr_colour, image_of_codes
from gainmap_codec.pixels.formats.decoding import decoding, image_from_file
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.picture_metadata import PictureMetadata

_SCRGB_NITS = 80.0
_PIXEL_FORMAT, _TRANSFORM, _WIDTH, _HEIGHT, _IMAGE, _ALPHA = 0xBC01, 0xBC02, 0xBC80, 0xBC81, 0xBCC0, 0xBCC2
_IMAGE_BYTES, _ALPHA_BYTES = 0xBCC1, 0xBCC3
_XMP, _ICC_PROFILE, _BYTES = 700, 34675, (1, 7)
_TIFF = b"II*\0"  # but for this beginning, the container is one
_WIC = bytes.fromhex("24C3DD6F034EFE4BB1853D77768DC9")  # the first 15 bytes that most pixel formats share
_SCRGB = {
    _WIC + b"\x3b": "48bppRGBHalf",
    _WIC + b"\x42": "64bppRGBHalf",
    _WIC + b"\x3a": "64bppRGBAHalf",
    bytes.fromhex("8FD7FEE3DBE8CF4A84C1E97F6136B327"): "96bppRGBFloat",
    _WIC + b"\x1b": "128bppRGBFloat",
    _WIC + b"\x19": "128bppRGBAFloat",
    _WIC + b"\x12": "48bppRGBFixedPoint",
    _WIC + b"\x40": "64bppRGBFixedPoint",
    _WIC + b"\x1d": "64bppRGBAFixedPoint",
    _WIC + b"\x18": "96bppRGBFixedPoint",
    _WIC + b"\x41": "128bppRGBFixedPoint",
    _WIC + b"\x1e": "128bppRGBAFixedPoint",
}
_PQ = _WIC + b"\x14"  # 32bppBGR101010
_PQ_BITS, _SPARE_BITS = 10, 6  # jxrlib gives 16 bits, of which the lowest are 0
_OTHER_FORMATS = {
    _WIC + b"\x08": "8-bit grey",
    _WIC + b"\x0b": "16-bit grey",
    **dict.fromkeys((_WIC + b"\x0c", _WIC + b"\x0d", _WIC + b"\x0e"), "8-bit RGB"),
    _WIC + b"\x0f": "8-bit RGB with alpha",
    **dict.fromkeys((_WIC + b"\x3e", _WIC + b"\x11"), "grey of floats"),
    **dict.fromkeys((_WIC + b"\x13", _WIC + b"\x3f"), "grey of fixed point"),
    _WIC + b"\x15": "16-bit integer RGB",
    _WIC + b"\x16": "16-bit integer RGB with alpha",
    _WIC + b"\x3d": "RGBE",
}
_CODESTREAM = b"WMPHOTO\0"
_CHILD = """import sys, imagecodecs, numpy
numpy.save(sys.stdout.buffer, imagecodecs.jpegxr_decode(sys.stdin.buffer.read()), allow_pickle=False)"""
_SECONDS = 120  # a screenshot of 8K takes some 3
_SPATIAL_TRANSFORM, _SHORT_HEADER = 0x38, 0x80  # bits of the image header's second and third byte


def decode_jpeg_xr(data: bytes, name: str, limits: Limits) -> HdrImage:
    """A picture in scRGB of floats or fixed point, 1.0 = 80 cd/m², or of 10 bits, which count as BT.2020 PQ.

    So 2.5375 of scRGB, whose primaries are those of BT.709, is SDR white, 203 cd/m²: how bright Windows showed SDR
    beside it ("SDR content brightness") is not in the file. Alpha is dropped, with a warning unless all is opaque; of
    fixed point jxrlib does not tell, and so always.

    Raises:
        FormatError: The file is broken, or a pixel is not finite.
        UnsupportedError: Another pixel format, 10 bits with a profile for SDR, or a picture that is to be turned.
        LimitError: Over `limits.pixels`; nothing is decoded before this is known.
    """
    with decoding(name, "JPEG XR"):
        tags = _tags(data)
        kind = _pixel_format(data, tags, name)
        size = _checked_size(data, tags, name, limits)
        found = _decoded(data, name)
        _check_pixels(found, kind, size, name)
        if kind == _PQ:
            image = image_of_codes(found >> _SPARE_BITS, _PQ_BITS, hdr_colour(_profile(data, tags), name), name)
        else:
            image = _scrgb_image(found, _SCRGB[kind], name)
    return replace(image, metadata=_metadata(data, tags), is_screenshot=True)


def _check_pixels(found: NDArray[Any], kind: bytes, size: tuple[int, int], name: str) -> None:
    channels, numbers = ((3,), "u") if kind == _PQ else ((3, 4), "f")
    if found.ndim != 3 or found.shape[:2] != size or found.shape[2] not in channels or found.dtype.kind != numbers:
        raise FormatError(name, f"expected {size[1]} x {size[0]} pixels of RGB, got {found.dtype} {found.shape}")


def _scrgb_image(found: NDArray[Any], kind: str, name: str) -> HdrImage:
    pixels = found[..., :3].astype(np.float32) * np.float32(_SCRGB_NITS / SDR_WHITE_NITS)
    is_opaque = found.shape[2] == 3 or (not kind.endswith("FixedPoint") and bool((found[..., 3] >= 1).all()))
    return image_from_file(pixels, "srgb", name, () if is_opaque else ("the HDR picture's transparency is left out",))


def _decoded(data: bytes, name: str) -> NDArray[Any]:
    """What jxrlib makes of the file, in a process of its own: some damaged files crash it."""
    command = [sys.executable, "-P", "-c", _CHILD]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise FormatError(name, f"broken JPEG XR file: expected pixels within {_SECONDS} s, got none") from error
    if done.returncode:
        raise FormatError(name, "broken JPEG XR file: its pixels cannot be decoded")
    return np.asarray(np.load(io.BytesIO(done.stdout), allow_pickle=False))


def _tags(data: bytes) -> Mapping[int, IfdEntry]:
    """The entries of the first directory, the first of each tag."""
    reader = Reader(data, "JPEG XR", position=4, byte_order="little")
    reader.position = reader.u32()
    found: dict[int, IfdEntry] = {}
    for entry in ifd_entries(reader):
        found.setdefault(entry.tag, entry)
    return found


def _number(data: bytes, tags: Mapping[int, IfdEntry], tag: int, default: int | None = None) -> int:
    entry = tags.get(tag)
    if entry is None and default is not None:
        return default
    layouts = {1: "B", 3: "<H", 4: "<I"}
    if entry is None or entry.kind not in layouts or entry.values != 1:
        raise FormatError(
            "JPEG XR", f"expected one number as tag {tag:04X}, got {'none' if entry is None else 'others'}"
        )
    return int(struct.unpack_from(layouts[entry.kind], data, entry.position)[0])


class _ImageHeader(NamedTuple):
    """What a codestream says by itself."""

    height: int
    width: int
    is_turned: bool


def _pixel_format(data: bytes, tags: Mapping[int, IfdEntry], name: str) -> bytes:
    """The GUID of one that is read."""
    kind = _bytes_of(data, tags[_PIXEL_FORMAT]) if _PIXEL_FORMAT in tags else b""
    if kind not in _SCRGB and kind != _PQ:
        expected = "an HDR JPEG XR (scRGB of floats or fixed point, or PQ of 10 bits)"
        got = _OTHER_FORMATS.get(kind, f"pixel format {kind[:16].hex() or 'none'}")
        raise UnsupportedError(f"{name}: expected {expected}, got {got}")
    return kind


def _checked_size(data: bytes, tags: Mapping[int, IfdEntry], name: str, limits: Limits) -> tuple[int, int]:
    """Height and width, which container and codestreams agree on: the library believes the latter."""
    size = _number(data, tags, _HEIGHT), _number(data, tags, _WIDTH)
    limits.check("pixels", size[0] * size[1])
    place = _number(data, tags, _IMAGE)
    is_turned = _checked_codestream(data, place, place + _number(data, tags, _IMAGE_BYTES, 0), size, name)
    if _ALPHA in tags:  # of alpha, jxrlib says in place of its bytes where they end
        is_turned |= _checked_codestream(
            data, _number(data, tags, _ALPHA), _number(data, tags, _ALPHA_BYTES, 0), size, name
        )
    if is_turned or _number(data, tags, _TRANSFORM, 0):
        raise UnsupportedError(f"{name}: expected an upright JPEG XR, got one that is to be turned")
    return size


def _checked_codestream(data: bytes, start: int, end: int, size: tuple[int, int], name: str) -> bool:
    """Whether a codestream is to be turned; it must be whole, and of the size that the container says."""
    if end > len(data):  # what is missing, jxrlib makes up
        raise FormatError(name, f"broken JPEG XR file: expected at least {end} bytes, got {len(data)}")
    header = _image_header(data, start)
    if (header.height, header.width) != size or 0 in size:
        got = f"{size[1]} x {size[0]} and {header.width} x {header.height}"
        raise FormatError(name, f"broken JPEG XR file: expected one size, got {got}")
    return header.is_turned


def _image_header(data: bytes, place: int) -> _ImageHeader:
    if data[place : place + len(_CODESTREAM)] != _CODESTREAM:
        raise FormatError("JPEG XR", "expected a codestream (WMPHOTO), got none", offset=place)
    flags = data[place + 9], data[place + 10]
    layout = ">HH" if flags[1] & _SHORT_HEADER else ">II"
    width, height = struct.unpack_from(layout, data, place + 12)
    return _ImageHeader(height + 1, width + 1, bool(flags[0] & _SPATIAL_TRANSFORM))


def _bytes_of(data: bytes, entry: IfdEntry) -> bytes:
    if entry.kind not in _BYTES or entry.values <= 4:
        return b""
    (start,) = struct.unpack_from("<I", data, entry.position)
    return data[start : start + entry.values]


def _profile(data: bytes, tags: Mapping[int, IfdEntry]) -> bytes | None:
    return (_bytes_of(data, tags[_ICC_PROFILE]) if _ICC_PROFILE in tags else b"") or None


def _metadata(data: bytes, tags: Mapping[int, IfdEntry]) -> PictureMetadata:
    """EXIF, whose tags stand among those of the pixels, and XMP."""
    exif, xmp, lost = None, b"", list[str]()
    with suppress(FormatError):
        exif = exif_of_picture(_TIFF + data[len(_TIFF) :], lost)
    with suppress(FormatError, struct.error):
        xmp = _bytes_of(data, tags[_XMP]) if _XMP in tags else b""
    return PictureMetadata(exif, xmp or None, tuple(lost))
