"""HDR pictures in: files of every format that holds them to `HdrImage`, told by content."""

from __future__ import annotations

from collections.abc import Callable

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.container import beginning_of, hdr_format, hdr_picture, may_have_gain_map, naming
from gainmap_codec.pixels.color.light import Chromaticities, White, space_of
from gainmap_codec.pixels.formats.coded_formats import decode_hdr_base, decode_png, decode_tiff
from gainmap_codec.pixels.formats.exr import decode_exr, primaries_of_exr
from gainmap_codec.pixels.formats.jpeg_xr import decode_jpeg_xr
from gainmap_codec.pixels.formats.linear_formats import decode_npy, decode_radiance, primaries_of_radiance
from gainmap_codec.pixels.formats.sources import PHOTO_SUFFIXES, Source, Wanted, read_source
from gainmap_codec.pixels.hdr_image import HdrImage

_DECODERS: dict[str, Callable[[bytes, str, Limits], HdrImage]] = {
    "OpenEXR": decode_exr,
    "Radiance": decode_radiance,
    "npy": decode_npy,
    "PNG": decode_png,
    "JPEG XR": decode_jpeg_xr,
    "TIFF": decode_tiff,
}
HDR_SUFFIXES = (".jxr", ".exr", ".hdr")
"""What names of pictures end in that hardly are SDR."""
PICTURE_SUFFIXES = (*PHOTO_SUFFIXES, *HDR_SUFFIXES)
"""What names in folders end in that are taken for photos or HDR pictures."""
_PRIMARIES: dict[str, Callable[[bytes], tuple[Chromaticities, White]]] = {
    "OpenEXR": primaries_of_exr,
    "Radiance": primaries_of_radiance,
}
_HDR_FORMATS = "OpenEXR, Radiance, npy, PNG, TIFF, JPEG XR, HEIC, AVIF, JPEG XL or JPEG"


def read_hdr(source: Source, *, limits: Limits = Limits()) -> HdrImage:
    """An HDR picture, told by content: OpenEXR, Radiance, npy, TIFF, PNG, JPEG XR, HEIC, AVIF, JPEG XL or JPEG.

    TIFF, PNG, HEIC, AVIF and JPEG are PQ or HLG; JPEG XL is that, or linear; JPEG XR is scRGB or PQ.

    Raises:
        FormatError: The file is broken, or none of these.
        UnsupportedError: A picture that is not HDR, or a variant that is not read.
        LimitError: Over `limits.file_bytes` or `limits.pixels`; nothing is decoded before this is known.
        OSError: The path cannot be read.
    """
    return decode_hdr(*read_source(source, limits), limits)


def decode_hdr(data: bytes, name: str, limits: Limits) -> HdrImage:
    """As `read_hdr`, of bytes that are read already; `name` is what messages call them."""
    with naming(name):
        if may_have_gain_map(data):
            return decode_hdr_base(data, name, limits)
        if kind := hdr_format(data):
            return _DECODERS[kind](data, name, limits)
    raise FormatError(name, f"expected a picture in {_HDR_FORMATS}, got {beginning_of(data)}")


def is_hdr_or_photo(data: bytes) -> bool:
    """Whether the first bytes are those of a photo that may have a gain map, or of a format that hardly holds SDR."""
    return may_have_gain_map(data) or hdr_picture(data) is not None


PICTURES = Wanted("JPEG, HEIC, AVIF, JPEG XL, JPEG XR, OpenEXR or Radiance", is_hdr_or_photo, PICTURE_SUFFIXES)
"""Photos and HDR pictures."""


def color_space_in(data: bytes, image: HdrImage) -> str:
    """What to call the primaries that a file has; of linear formats, `image` has its pixels in BT.2020."""
    told = _PRIMARIES.get(hdr_format(data) or "")
    return image.color_space if told is None else space_of(*told(data)) or "other primaries"
