"""A pair whose base is the HDR picture itself, in PQ or HLG, and whose gain map leads down to the SDR one."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gainmap_codec.codec.decoding import decode_opened
from gainmap_codec.codec.metadata import metadata_of
from gainmap_codec.codec.opening import OpenedFile, base_codes, open_file
from gainmap_codec.codec.options import DecodeOptions, EncodeOptions
from gainmap_codec.codec.pairing import (
    NOT_TONE_MAPPED,
    HdrSource,
    Pair,
    SdrRendition,
    SdrSource,
    check_sdr,
    coded_file,
    hdr_of,
    note_no_headroom,
    other_size,
    with_metadata,
    with_those_of_hdr,
)
from gainmap_codec.codec.rendering import render
from gainmap_codec.codec.strip import stripped
from gainmap_codec.files.code_points import UNSPECIFIED, Nclx, Transfer
from gainmap_codec.files.container import can_hold, lost_others, moved
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.files.tags.exif import orientation
from gainmap_codec.files.tags.exif_edit import with_orientation
from gainmap_codec.pixels.color.base_color import BaseColor, base_color_of_icc
from gainmap_codec.pixels.color.code_points import (
    BT2020_HDR,
    code_points_for,
    code_points_of,
    color_of,
    is_hdr,
    told_by_numbers,
)
from gainmap_codec.pixels.color.hdr_codes import MAX_HEADROOMS, hdr_codes
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import AnyCodes, Array, convert
from gainmap_codec.pixels.formats.images import BasePicture, read_base
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.picture_metadata import NO_METADATA, PictureMetadata
from gainmap_codec.pixels.raster.geometry import to_stored, to_upright

HDR_BITS = 10
"""Of the code values of a base in PQ or HLG."""

_UPRIGHT = DecodeOptions(device="cpu")
_SDR_IN_BT2020 = BT2020_HDR["pq"]._replace(transfer=Transfer.SRGB)
_PIXEL_BITS = 16  # of SDR pixels: those of 8 are spread over them without a rounding


class _Sdr(NamedTuple):
    """An SDR picture, upright: linear BT.2020, float32 (H, W, 3), its colour by code points, EXIF and XMP."""

    pixels: Array
    nclx: Nclx
    metadata: PictureMetadata = NO_METADATA


def make_hdr_base_pair(hdr: HdrSource, sdr: SdrSource | None, options: EncodeOptions, notes: list[str]) -> Pair:
    """As `pairing.make_pair`, for a base in PQ or HLG.

    The base of a file of the container that has that curve already stays bit for bit, unless a new one is asked for;
    others are coded of the upright picture, BT.2020. Where no SDR picture is given, it is the photo's own, or
    tone-mapped.

    Raises:
        ValueError, GainMapError, OSError: As `pairing.make_pair`.
    """
    found, _ = hdr_of(hdr, options, notes)
    opened = found if isinstance(found, OpenedFile) else None
    image = found if isinstance(found, HdrImage) else decode_opened(found, _UPRIGHT)
    notes += image.warnings
    file = _kept(opened, options, notes) if opened else None
    if file is None:
        notes += image.metadata.lost
        file = _coded(image, options, notes)
    other = _sdr_of(image, opened, sdr, options, notes)  # only now: encoders take memory
    file = _with_metadata(file, image, other.metadata, options, notes)
    turn, light = file.orientation, (image.convert("bt2020").pixels, other.pixels)
    pixels, sdr_pixels = (np.ascontiguousarray(to_stored(each, turn)) for each in light)
    headroom = min(image.target_headroom(), MAX_HEADROOMS[options.hdr_transfer])
    note_no_headroom(headroom, notes)
    told = other.nclx if UNSPECIFIED not in other.nclx[:2] else _SDR_IN_BT2020
    rendition = SdrRendition(sdr_pixels, told)
    return Pair(file, base_codes(file.base), color_of(file.base), pixels, headroom, sdr=rendition)


def _kept(opened: OpenedFile, options: EncodeOptions, notes: list[str]) -> GainMapFile | None:
    """The HDR picture's own file, where its base may be the new one's."""
    file, told = opened.file, told_by_numbers(opened.file.base)
    wanted = BT2020_HDR[options.hdr_transfer].transfer
    if not can_hold(options.container, file.base) or told is None or told.transfer != wanted or options.codes_base:
        return None
    notes += lost_others(file, options.container, file.base.codec)
    return moved(file, options.container, notes)


def _coded(image: HdrImage, options: EncodeOptions, notes: list[str]) -> GainMapFile:
    codes = hdr_codes(image.convert("bt2020").pixels, options.hdr_transfer, HDR_BITS, notes)
    return coded_file(codes, options, HDR_BITS, None, BT2020_HDR[options.hdr_transfer])


def _with_metadata(
    file: GainMapFile, image: HdrImage, of_sdr: PictureMetadata, options: EncodeOptions, notes: list[str]
) -> GainMapFile:
    """With the caller's metadata, those of the SDR picture or those of the HDR one, which tell of this raster."""
    turn, given = file.orientation, options.exif_bytes
    if of_sdr.exif:
        file = replace(file, exif=of_sdr.exif if turn == 1 else with_orientation(of_sdr.exif, turn, notes))
    file = with_those_of_hdr(replace(file, xmp=of_sdr.xmp or file.xmp), image.metadata)
    if given:
        options = replace(options, exif=with_orientation(given, turn, notes))
    return stripped(with_metadata(file, options, notes), options.strip, notes)


def _sdr_of(
    image: HdrImage, opened: OpenedFile | None, sdr: SdrSource | None, options: EncodeOptions, notes: list[str]
) -> _Sdr:
    """The SDR picture given, the one that a photo has itself, or a tone-mapped one."""
    own = opened is not None and image.rendered_from != "base"
    if options.base_color_space != "srgb" and (own or sdr is not None):
        notes.append(NOT_TONE_MAPPED)
    if sdr is not None:
        return _given(image, read_base(sdr, bits=_PIXEL_BITS, limits=options.limits), options, notes)
    if opened is not None and own:
        return _own(opened, image)
    space = options.base_color_space
    return _Sdr(
        convert(image.tone_mapped(space), space, "bt2020"), code_points_for(base_color_of_icc(icc_profile_for(space)))
    )


def _own(opened: OpenedFile, image: HdrImage) -> _Sdr:
    """The rendition of a photo for SDR displays: its base, or what the map of its HDR base leads to."""
    assert image.rendered_from is not None
    pixels = render(opened, image.rendered_from, replace(_UPRIGHT, headroom=0.0))
    stored = opened.file.gain_map
    if not is_hdr(opened.file.base):
        nclx = code_points_of(opened.file.base, opened.color)
    else:
        nclx = (stored and stored.image.nclx) or _SDR_IN_BT2020
    return _Sdr(pixels, nclx)


def _given(image: HdrImage, picture: BasePicture, options: EncodeOptions, notes: list[str]) -> _Sdr:
    notes += picture.notes
    if picture.file is not None:
        opened = open_file(picture.file, "sdr", options.limits)
        file = opened.file
        notes += file.damage
        check_sdr(is_hdr=is_hdr(file.base))
        height, width = image.pixels.shape[:2]
        metadata = metadata_of(file, _UPRIGHT, width, height)
        notes += metadata.lost
        nclx = code_points_of(file.base, opened.color)
        return _Sdr(_upright(image, opened.codes, opened.color, file.orientation, options, notes), nclx, metadata)
    assert picture.pixels is not None
    check_sdr(is_hdr=picture.is_hdr)
    color = base_color_of_icc(picture.icc_profile, _PIXEL_BITS)
    turn = 1 if picture.exif is None else orientation(picture.exif)
    pixels = _upright(image, picture.pixels, color, turn, options, notes)
    exif = picture.exif and with_orientation(picture.exif, 1, notes)
    return _Sdr(pixels, code_points_for(color), PictureMetadata(exif, picture.xmp))


def _upright(
    image: HdrImage, codes: AnyCodes, color: BaseColor, own_turn: int, options: EncodeOptions, notes: list[str]
) -> Array:
    """Linear BT.2020 of code values, turned as their own or the caller's EXIF says, to lie over the HDR picture."""
    notes += color.notes
    turn = orientation(options.exif_bytes) if options.exif_bytes else own_turn
    upright, wanted = to_upright(codes, turn), image.pixels.shape
    if upright.shape != wanted and codes.shape == wanted:
        notes.append("the SDR picture has an EXIF orientation and the HDR one its stored size: taken as stored")
        upright = codes
    if upright.shape != wanted:
        raise other_size(image.pixels, upright.shape)
    return color.convert_to_bt2020(color.linearize(upright))
