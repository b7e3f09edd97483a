"""An SDR/HDR pair read and made ready: the base as its readers will decode it, and the HDR rendition in its raster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from gainmap_codec.codec.decoding import preference, upright_hdr, upright_picture
from gainmap_codec.codec.metadata import metadata_of
from gainmap_codec.codec.opening import OpenedFile, base_codes, open_file
from gainmap_codec.codec.options import DecodeOptions, EncodeOptions
from gainmap_codec.codec.rendering import STORED, base_headroom, full_headroom, offsets, one_gain, render
from gainmap_codec.codec.strip import stripped
from gainmap_codec.errors import GainMapError, Limits, NoGainMapError, UnsupportedError
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import (
    NAMED,
    can_hold,
    digest_of,
    has_alpha,
    lost_others,
    may_have_gain_map,
    moved,
    parse_file,
    with_others_for,
)
from gainmap_codec.files.cursor import open_tiff
from gainmap_codec.files.jpeg.edit import carry_segments, other_segments
from gainmap_codec.files.jpeg.xmp_segments import whole_xmp
from gainmap_codec.files.jxl.packed_jpeg import NotPackedError
from gainmap_codec.files.jxl.write import with_base_packed
from gainmap_codec.files.records import ABILITIES, CODECS, GainMapFile
from gainmap_codec.files.tags.exif import orientation
from gainmap_codec.files.tags.exif_edit import with_orientation, with_orientation_1
from gainmap_codec.files.tags.xmp_packet import TRUSTED, parse_packet
from gainmap_codec.pixels.color.base_color import BaseColor, base_color_of_icc
from gainmap_codec.pixels.color.code_points import code_points_for, code_points_of, color_of, is_hdr
from gainmap_codec.pixels.color.icc_profile import icc_profile_for, icc_profile_of_primaries, rgb_profile
from gainmap_codec.pixels.color.light import AnyCodes, Array, with_bits
from gainmap_codec.pixels.color.profile_in_code_points import in_code_points
from gainmap_codec.pixels.formats.coded_image import code_picture
from gainmap_codec.pixels.formats.images import read_base
from gainmap_codec.pixels.formats.sources import Source, is_source, read_source
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.in_memory import ArrayLike, array_of, rgb_of
from gainmap_codec.pixels.maps.one_gain import Offsets, OneGain
from gainmap_codec.pixels.picture_metadata import PictureMetadata
from gainmap_codec.pixels.raster.geometry import to_stored, to_upright
from gainmap_codec.pixels.raster.tone_map import encode_base, with_srgb_curve

HdrSource = HdrImage | Source | ArrayLike
SdrSource = Source | Image | ArrayLike

NOT_TONE_MAPPED = "base_color_space changes nothing: it is of tone-mapped pictures, and the SDR one keeps its colours"

_HDR_SOURCES = "an HdrImage, an array or tensor (H, W, 3) of linear light, or a path, bytes or binary file"


class SdrRendition(NamedTuple):
    """The SDR picture that the gain map of an HDR base leads down to.

    Attributes:
        pixels: Linear BT.2020, float32 (H, W, 3) in the raster of the base.
        nclx: The colour that it has, or is to be shown in.
    """

    pixels: Array
    nclx: Nclx


class Pair(NamedTuple):
    """A base as its readers will decode it, and the HDR rendition in the same raster.

    Attributes:
        file: The file to be, without gain maps.
        codes: Code values of the base, (H, W, 3): uint8 of 8 bits, uint16 of 10.
        color: What they mean.
        hdr: Linear BT.2020, float32 (H, W, 3).
        headroom: Headroom of the HDR rendition, log2.
        gain: Where the HDR rendition was made of this picture's base by one gain for all channels: that gain. The base
            may have been coded anew since.
        offsets: Where it was made of this picture's base by a gain map: that map's.
        sdr: Where the base is the HDR picture itself: the other one.
        base_headroom: Headroom of a display, log2, up to which the base is shown as it is.
    """

    file: GainMapFile
    codes: AnyCodes
    color: BaseColor
    hdr: Array
    headroom: float
    gain: OneGain | None = None
    offsets: Offsets | None = None
    sdr: SdrRendition | None = None
    base_headroom: float = 0.0

    @property
    def alternate(self) -> Array:
        """The rendition that the gain map leads to, linear BT.2020, float32 (H, W, 3)."""
        return self.sdr.pixels if self.sdr else self.hdr

    @property
    def headrooms(self) -> tuple[float, float]:
        """Of base and alternate, log2."""
        return (self.headroom, 0.0) if self.sdr else (self.base_headroom, self.headroom)


def make_pair(hdr: HdrSource, sdr: SdrSource | None, options: EncodeOptions, notes: list[str]) -> Pair:
    """Read both renditions, and code the base where it is not a picture of the container already.

    Args:
        notes: Takes a line for each thing that is lost or odd.
    Raises:
        ValueError: The two differ in size, or an array is of another kind than promised.
        GainMapError, OSError: A file cannot be read.
    """
    image, opened = _read_hdr(hdr, keep_base=sdr is None, options=options, notes=notes)
    own, gain, known, least = None, None, None, 0.0
    if opened:
        kind = preference(opened, "auto")[0]
        own, gain, known = opened.file, one_gain(opened, kind), offsets(opened, kind)
        least = base_headroom(opened, kind)
    if options.base_color_space != "srgb" and (sdr is not None or own is not None):
        notes.append(NOT_TONE_MAPPED)
    notes += (*image.warnings, *image.metadata.lost)
    headroom = image.target_headroom()
    file = with_those_of_hdr(_base_file(image, opened, sdr, options, notes), image.metadata)
    file = with_metadata(file, options, notes)
    file = stripped(file, options.strip, notes)
    is_kept = opened is not None and file.base.data is opened.file.base.data
    codes, color = opened.codes if opened and is_kept else base_codes(file.base), color_of(file.base)
    notes += color.notes
    pixels = image.convert("bt2020").pixels
    if own is None or sdr is not None:
        pixels = _as_stored(pixels, codes.shape[:2], file.orientation, notes)
    elif own.orientation != file.orientation:
        pixels, gain = to_upright(pixels, own.orientation), gain and gain.turned(own.orientation)
    note_no_headroom(headroom, notes)
    return Pair(file, codes, color, pixels, headroom, gain, known, base_headroom=least)


def note_no_headroom(headroom: float, notes: list[str]) -> None:
    """A line where nothing is brighter than SDR white."""
    if headroom == 0:
        notes.append("the HDR rendition is not brighter than SDR white: readers show the base")


def _read_hdr(
    hdr: HdrSource, *, keep_base: bool, options: EncodeOptions, notes: list[str]
) -> tuple[HdrImage, OpenedFile | None]:
    """The HDR rendition; of a gain-map file whose base is to be kept, in its stored raster and with that file."""
    found, name = hdr_of(hdr, options, notes)
    if isinstance(found, HdrImage):
        return found, None
    opened = found
    if is_hdr(opened.file.base):
        return upright_hdr(opened.data, name, options.limits), None
    if keep_base and opened.has_hdr_base:
        raise UnsupportedError(
            f"{name}: expected an SDR base, got an HDR one, which its gain map leads down from (swap makes one)"
        )
    kind = preference(opened, "auto")[0]
    if keep_base:
        opened = opened.decoded_once()
    pixels = render(opened, kind, STORED)
    headroom = full_headroom(opened, kind)
    if keep_base:
        return HdrImage(pixels, headroom=headroom), opened
    upright = to_upright(pixels, opened.file.orientation)
    metadata = metadata_of(opened.file, DecodeOptions(), upright.shape[1], upright.shape[0])
    return HdrImage(upright, headroom=headroom, metadata=replace(metadata, lost=())), None


def hdr_of(hdr: HdrSource, options: EncodeOptions, notes: list[str]) -> tuple[HdrImage | OpenedFile, str]:
    """The HDR picture, upright, or the file of one that may have a gain map; and its name.

    Where the brightness of SDR white is given, it is a picture whose light counts from there.

    Raises:
        TypeError: Something else.
        ValueError: That brightness is given beside a photo whose gain map tells its HDR.
        NoGainMapError: The file has neither an HDR base nor a gain map that serves.
        GainMapError, OSError: The file cannot be read.
    """
    found, name = _found(hdr, options.limits, notes)
    if options.sdr_white is None:
        return found, name
    if isinstance(found, OpenedFile):
        if preference(found, "auto")[0] != "base":
            raise ValueError(
                f"sdr_white: expected none beside {name}, whose gain map starts from its SDR picture, "
                f"got {options.sdr_white:g}"
            )
        found = upright_hdr(found.data, name, options.limits)
    return found.with_sdr_white(options.sdr_white), name


def _found(hdr: HdrSource, limits: Limits, notes: list[str]) -> tuple[HdrImage | OpenedFile, str]:
    """As `hdr_of`, whatever is SDR white."""
    if isinstance(hdr, HdrImage):
        return upright_picture(hdr), "hdr"
    if (array := array_of(hdr, "hdr")) is not None:
        return _hdr_of_array(array, notes), "hdr"
    if isinstance(hdr, Image):
        raise TypeError(f"hdr: expected HDR, got a Pillow image (mode {hdr.mode}): an SDR picture goes to sdr=")
    if not is_source(hdr):
        raise TypeError(f"hdr: expected {_HDR_SOURCES}, got {type(hdr).__name__}")
    data, name = read_source(cast(Source, hdr), limits, argument="hdr")
    if not may_have_gain_map(data):
        return upright_hdr(data, name, limits), name
    opened = open_file(data, name, limits)
    notes += opened.file.damage
    if preference(opened, "auto")[0] == "base" and not is_hdr(opened.file.base):
        raise NoGainMapError(
            f"{name}: expected an HDR picture, got {NAMED[opened.file.container]} without a usable gain map"
        )
    return opened, name


def _hdr_of_array(array: NDArray[Any], notes: list[str]) -> HdrImage:
    """Linear light in sRGB primaries."""
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(f"hdr: expected linear floating point, got {array.dtype}: an SDR picture goes to sdr=")
    pixels = rgb_of(array, "hdr", notes)
    try:
        return HdrImage(pixels, "srgb")
    except ValueError as error:
        raise ValueError(str(error).replace("HdrImage pixels", "hdr", 1)) from None


def _base_file(
    image: HdrImage,
    opened: OpenedFile | None,
    sdr: SdrSource | None,
    options: EncodeOptions,
    notes: list[str],
) -> GainMapFile:
    """The file to be, before the caller's metadata: of the SDR picture, of the HDR file's own base, or tone-mapped."""
    if sdr is not None:
        return _sdr_file(sdr, options, notes)
    if opened is None:
        return _tone_mapped(image, options)
    return _kept_or_recoded(opened.file, lambda: opened.codes, options, notes)


def _tone_mapped(image: HdrImage, options: EncodeOptions) -> GainMapFile:
    space = options.base_color_space
    codes = encode_base(image.tone_mapped(space), options.base_bits or 8)
    profile = icc_profile_for(space)
    kept = None if ABILITIES[options.container].has_code_points else profile  # code points say the same
    return coded_file(codes, options, options.base_bits or 8, kept, code_points_for(base_color_of_icc(profile)))


def _sdr_file(sdr: SdrSource, options: EncodeOptions, notes: list[str]) -> GainMapFile:
    """The file to be, of an SDR picture: one in a gain-map file untouched where container and depth are these."""
    bits = options.base_bits or 8
    picture = read_base(sdr, bits=bits, limits=options.limits)
    notes += picture.notes
    if picture.file is not None:
        file = parse_file(picture.file, "sdr", options.limits)
        notes += file.damage
        check_sdr(is_hdr=is_hdr(file.base))
        if has_alpha(file.extras) and file.container != options.container:
            notes.append("sdr: its transparency is left out")
        return _kept_or_recoded(file, partial(base_codes, file.base, "sdr"), options, notes)
    assert picture.pixels is not None
    check_sdr(is_hdr=picture.is_hdr)
    color, profile = base_color_of_icc(picture.icc_profile), picture.icc_profile
    nclx = code_points_for(color)
    if ABILITIES[options.container].has_code_points:
        profile, nclx = in_code_points(color, profile, nclx, options.container, notes)
    file = coded_file(picture.pixels, options, bits, profile, nclx)
    return replace(file, exif=picture.exif, xmp=picture.xmp)


def check_sdr(*, is_hdr: bool) -> None:
    """Raise UnsupportedError for an SDR picture that is none."""
    if is_hdr:
        raise UnsupportedError("sdr: expected an SDR picture, got one in PQ or HLG")


def _kept_or_recoded(
    file: GainMapFile, decoded: Callable[[], AnyCodes], options: EncodeOptions, notes: list[str]
) -> GainMapFile:
    """The file with its base as it is; or coded anew, where the container, the depth or a quality asks for it.

    Args:
        decoded: Gives the code values of its base.
    """
    base, container, can = file.base, options.container, ABILITIES[options.container]
    is_kept = can_hold(container, base) and base.bits == (options.base_bits or base.bits) and not options.codes_base
    left_out: list[str] = []
    try:
        kept = with_base_packed(moved(file, container, left_out)) if is_kept else None
    except NotPackedError as error:
        notes.append(error.told)
        kept = None
    codec = base.codec if kept else CODECS[container]
    notes += lost_others(file, container, codec)
    if kept:
        notes += left_out
        return kept
    bits = options.base_bits or (base.bits if can.is_deep else 8)
    codes, color, profile = decoded(), color_of(base), rgb_profile(base.icc_profile, base.channels)
    if not can.has_code_points and base.nclx and not profile:
        codes, profile = with_srgb_curve(codes, base.bits, color), icc_profile_of_primaries(color)
    codes = with_bits(codes, base.bits, bits)
    orientation, exif = file.orientation, file.exif
    if file.can.has_orientation and not can.has_orientation:  # EXIF alone would have to say how it is turned
        codes, orientation, exif = to_upright(codes, orientation), 1, exif and with_orientation_1(exif)
    nclx = code_points_of(base, color)
    if can.has_code_points and codec != base.codec:
        profile, nclx = in_code_points(color, profile, nclx, container, notes)
    coded = coded_file(codes, options, bits, profile, nclx)
    if base.codec == coded.base.codec == "jpeg":
        coded = replace(coded, base=carry_segments(base, coded.base))
    elif base.codec == "jpeg":
        notes += (f"{line}: not kept, only JPEG files have such segments" for line in other_segments(base))
    kept = with_others_for(file, container, codec)
    return replace(
        coded,
        exif=exif,
        xmp=file.xmp if coded.base.codec == "jpeg" else whole_xmp(file.xmp, base, notes),
        orientation=orientation,
        others=kept.others,
        extras=kept.extras if container == file.container else None,
        damage=file.damage,
    )


def coded_file(
    codes: AnyCodes, options: EncodeOptions, bits: int, icc_profile: bytes | None, nclx: Nclx
) -> GainMapFile:
    """A new file of these code values, without metadata; `nclx` is written where code points can stand."""
    coding = options.coding
    image = code_picture(
        codes,
        CODECS[options.container],
        quality=coding.quality,
        icc_profile=icc_profile,
        nclx=nclx if ABILITIES[options.container].has_code_points else None,
        bits=bits,
        chroma=coding.chroma or "4:4:4",
        speed=coding.speed,
    )
    return GainMapFile(options.container, image, digest_of(image))


def with_those_of_hdr(file: GainMapFile, metadata: PictureMetadata) -> GainMapFile:
    """The record with EXIF and XMP of the HDR rendition, where the SDR one brings none."""
    exif = file.exif
    if exif is None and metadata.exif:
        turn = file.orientation
        exif = metadata.exif if turn == 1 else with_orientation(metadata.exif, turn, [])
    return replace(file, exif=exif, xmp=file.xmp or metadata.xmp)


def with_metadata(file: GainMapFile, options: EncodeOptions, notes: list[str]) -> GainMapFile:
    """The record without gain maps, with the caller's metadata in place of the picture's; b"" stands for none."""
    given = options.exif_bytes
    exif = _readable("EXIF", file.exif if given is None else given or None, _check_exif, notes)
    turn = file.orientation
    if given or not ABILITIES[options.container].has_orientation:  # EXIF alone says how it is turned
        turn = 1 if exif is None else orientation(exif)
    profile = file.base.icc_profile if options.icc_profile is None else options.icc_profile or None
    return replace(
        file.without_gain_maps(),
        base=replace(file.base, icc_profile=profile),
        exif=exif,
        xmp=_readable("XMP", file.xmp if options.xmp is None else options.xmp or None, _check_xmp, notes),
        orientation=turn,
    )


def _readable(name: str, data: bytes | None, check: Callable[[bytes], object], notes: list[str]) -> bytes | None:
    """The metadata, or None with a line where nobody could read them."""
    try:
        if data is not None:
            check(data)
    except GainMapError as error:
        notes.append(f"the {name} given is left out: {error}")
        return None
    return data


def _check_exif(data: bytes) -> None:
    open_tiff(data, "EXIF")


def _check_xmp(data: bytes) -> None:
    parse_packet(data, TRUSTED)


def _as_stored(pixels: Array, shape: tuple[int, ...], orientation: int, notes: list[str]) -> Array:
    """An upright HDR rendition in the raster of its base."""
    stored = to_stored(pixels, orientation)
    if stored.shape[:2] == shape:
        return stored
    if pixels.shape[:2] == shape:
        notes.append("the base has an EXIF orientation and the HDR picture its stored size: taken as stored")
        return pixels
    raise other_size(pixels, shape)


def other_size(hdr: Array, shape: tuple[int, ...]) -> ValueError:
    """What is raised for an SDR picture, height and width, of another size than the HDR one."""
    (height, width), (base_height, base_width) = hdr.shape[:2], shape[:2]
    return ValueError(f"sdr: expected {width} x {height}, the size of hdr, got {base_width} x {base_height}")
