"""An SDR/HDR pair read and made ready: the base as its readers will decode it, and the HDR rendition in its raster."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from gainmap_codec.codec.opening import base_codes, open_file
from gainmap_codec.codec.rendering import full_headroom, preference, render
from gainmap_codec.errors import GainMapWarning, Limits, NoGainMapError, UnsupportedError
from gainmap_codec.files.container import may_have_gain_map, parse_file, serialize_file
from gainmap_codec.files.records import CODECS, Container, GainMapFile
from gainmap_codec.files.tags.exif import orientation, with_orientation_1
from gainmap_codec.pixels.color.base_color import BaseColor, base_color_of_icc
from gainmap_codec.pixels.color.code_points import code_points_for, color_of, is_hdr
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import COLOR_SPACES, AnyCodes, Array, ColorSpace, convert, with_bits
from gainmap_codec.pixels.formats.coded_image import Chroma, code_picture
from gainmap_codec.pixels.formats.images import decode_hdr, read_base
from gainmap_codec.pixels.formats.sources import Source, read_source
from gainmap_codec.pixels.hdr_image import MAX_HEADROOM, HdrImage
from gainmap_codec.pixels.maps.neural_map import Codes
from gainmap_codec.pixels.raster.geometry import to_stored, to_upright
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map

HdrSource = HdrImage | Source | NDArray[Any]
SdrSource = Source | Image | Codes

DEFAULT_QUALITY = 92
"""Quality of a base that had to be made."""


@dataclass(frozen=True)
class BaseOptions:
    """How a base is made and what it carries; see `gainmap_codec.encode`."""

    quality: int | None
    color_space: ColorSpace
    exif: bytes | None
    xmp: bytes | None
    icc_profile: bytes | None
    container: Container = "jpeg"
    bits: int | None = None
    chroma: Chroma = "4:4:4"


class Pair(NamedTuple):
    """A base as its readers will decode it, and the HDR rendition in the same raster.

    Attributes:
        file: The file to be, without gain maps.
        codes: Code values of the base, (H, W, 3): uint8 of 8 bits, uint16 of 10.
        color: What they mean.
        hdr: Linear BT.2020, float32 (H, W, 3).
        headroom: Headroom of the HDR rendition, log2.
    """

    file: GainMapFile
    codes: AnyCodes
    color: BaseColor
    hdr: Array
    headroom: float


def make_pair(hdr: HdrSource, sdr: SdrSource | None, options: BaseOptions, limits: Limits) -> Pair:
    """Read both renditions, and code the base where it is not a picture of the container already.

    Raises:
        ValueError: The two differ in size, or an array is of another kind than promised.
        GainMapError, OSError: A file cannot be read.
    """
    image, own_file = _read_hdr(hdr, keep_base=sdr is None, limits=limits)
    for note in image.warnings:
        _warn(note)
    headroom = image.measured_headroom() if image.headroom is None else min(image.headroom, MAX_HEADROOM)
    if sdr is not None:
        file = _sdr_file(sdr, options, limits)
    elif own_file is not None:
        file = _kept_or_recoded(own_file, options)
    else:
        file = _tone_mapped(image, headroom, options)
    was_turned = own_file is not None and sdr is None and own_file.orientation != file.orientation
    file = _with_metadata(file, options, limits)
    codes = base_codes(file.base)
    pixels = image.convert("bt2020").pixels
    if own_file is None or sdr is not None:
        pixels = _as_stored(pixels, codes.shape[:2], file.orientation)
    elif was_turned:
        pixels = to_upright(pixels, own_file.orientation)
    if headroom == 0:
        _warn("the HDR rendition is not brighter than SDR white: readers show the base")
    return Pair(file, codes, color_of(file.base), pixels, headroom)


def _warn(message: str) -> None:
    warnings.warn(message, GainMapWarning, stacklevel=2)


def _read_hdr(hdr: HdrSource, *, keep_base: bool, limits: Limits) -> tuple[HdrImage, GainMapFile | None]:
    """The HDR rendition; of a gain-map file whose base is to be kept, in its stored raster and with that file."""
    if isinstance(hdr, HdrImage):
        return hdr, None
    if isinstance(hdr, np.ndarray):
        return HdrImage(hdr, "srgb"), None
    data, name = read_source(hdr, limits)
    if not may_have_gain_map(data):
        return decode_hdr(data, name, limits), None
    opened = open_file(data, name, limits)
    if is_hdr(opened.file.base):
        return decode_hdr(data, name, limits), None  # HDR by itself: its gain map makes the SDR rendition
    kind = preference(opened, "auto")[0]
    if kind == "base":
        what = {"jpeg": "a JPEG", "heic": "a HEIC", "avif": "an AVIF"}[opened.file.container]
        raise NoGainMapError(f"{name}: an HDR picture wanted, {what} without a usable gain map found")
    pixels = render(opened, kind, None, "cpu")
    headroom = full_headroom(opened, kind)
    if keep_base:
        _warn_of_trailer(opened.file)
        return HdrImage(pixels, headroom=headroom), opened.file
    return HdrImage(to_upright(pixels, opened.file.orientation), headroom=headroom), None


def _warn_of_trailer(file: GainMapFile) -> None:
    if file.trailer_bytes:
        _warn(f"{file.trailer_bytes} bytes behind the images (a motion photo?) are not kept")


def _tone_mapped(image: HdrImage, headroom: float, options: BaseOptions) -> GainMapFile:
    space = options.color_space
    if space not in COLOR_SPACES[:2]:
        raise ValueError(f"base_color_space: srgb or display-p3 wanted, {space!r} found")
    linear = convert(image.pixels, image.color_space, space)
    codes = encode_base(tone_map(linear, headroom=headroom), options.bits or 8)
    profile = icc_profile_for(space)
    kept = profile if options.container == "jpeg" else None  # elsewhere code points say the same
    return _coded(codes, options, kept, base_color_of_icc(profile))


def _sdr_file(sdr: SdrSource, options: BaseOptions, limits: Limits) -> GainMapFile:
    """The file to be, of an SDR picture: one of JPEG, HEIC or AVIF untouched where container and depth are these."""
    picture = read_base(sdr, bits=options.bits or 8, keep_heif=options.container != "jpeg", limits=limits)
    if picture.file is not None:
        file = parse_file(picture.file, "sdr", limits)
        _warn_of_trailer(file)
        if is_hdr(file.base):
            raise UnsupportedError("sdr: an SDR picture wanted, one in PQ or HLG found")
        return _kept_or_recoded(file, options)
    assert picture.pixels is not None
    file = _coded(picture.pixels, options, picture.icc_profile, base_color_of_icc(picture.icc_profile))
    return replace(file, exif=picture.exif, xmp=picture.xmp)


def _kept_or_recoded(file: GainMapFile, options: BaseOptions) -> GainMapFile:
    """The file as it is; or with its base coded anew, where the container, the depth or a quality asks for it."""
    base = file.base
    same = file.container == options.container and base.bits == (options.bits or base.bits)
    if same and options.quality is None:
        return file
    bits = options.bits or (8 if options.container == "jpeg" else base.bits)
    codes = with_bits(base_codes(base), base.bits, bits)
    orientation, exif = file.orientation, file.exif
    if options.container == "jpeg" and file.container != "jpeg":  # EXIF alone would have to say how it is turned
        codes, orientation, exif = to_upright(codes, orientation), 1, exif and with_orientation_1(exif)
    coded = _coded(codes, replace(options, bits=bits), _profile_for(file, options.container), color_of(base))
    extras = file.heif_extras if options.container == file.container else None
    return replace(coded, exif=exif, xmp=file.xmp, orientation=orientation, heif_extras=extras)


def _profile_for(file: GainMapFile, container: Container) -> bytes | None:
    """The ICC profile of a base coded anew; in JPEG, where code points cannot stand, one for those of before."""
    if file.base.icc_profile or container != "jpeg" or file.base.nclx is None:
        return file.base.icc_profile
    name = color_of(file.base).name
    spaces = [space for space in COLOR_SPACES if space == name]
    if not spaces:
        raise UnsupportedError(f"base: a colour that an ICC profile of ours describes wanted in JPEG, {name} found")
    return icc_profile_for(spaces[0])


def _coded(codes: AnyCodes, options: BaseOptions, icc_profile: bytes | None, color: BaseColor) -> GainMapFile:
    """A new file of these code values, without metadata."""
    image = code_picture(
        codes,
        CODECS[options.container],
        quality=options.quality or DEFAULT_QUALITY,
        icc_profile=icc_profile,
        nclx=None if options.container == "jpeg" else code_points_for(color),
        bits=options.bits or 8,
        chroma=options.chroma,
    )
    return GainMapFile(options.container, image, b"")


def _with_metadata(file: GainMapFile, options: BaseOptions, limits: Limits) -> GainMapFile:
    """The record with the caller's metadata in place of the picture's; b"" stands for none."""
    file = replace(
        file,
        gain_map=None,
        spare_gain_map=None,
        payload=None,
        trailer_bytes=0,
        exif=file.exif if options.exif is None else options.exif or None,
        xmp=file.xmp if options.xmp is None else options.xmp or None,
    )
    if options.exif and options.container != "jpeg":
        file = replace(file, orientation=orientation(options.exif))
    if options.icc_profile is not None:
        file = replace(file, base=replace(file.base, icc_profile=options.icc_profile or None))
    # Written and read once: orientation, digest and sizes are then those of the file's readers.
    return parse_file(serialize_file(file), "the new base", limits)


def _as_stored(pixels: Array, shape: tuple[int, ...], orientation: int) -> Array:
    """An upright HDR rendition in the raster of its base."""
    stored = to_stored(pixels, orientation)
    if stored.shape[:2] == shape:
        return stored
    if pixels.shape[:2] == shape:
        _warn("the base has an EXIF orientation and the HDR picture its stored size: taken as stored, not upright")
        return pixels
    (height, width), (base_height, base_width) = pixels.shape[:2], shape
    raise ValueError(f"hdr and sdr differ in size: {width} x {height} and {base_width} x {base_height}")
