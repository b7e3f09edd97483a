"""A gain-map file put together of its parts: coded pictures go in bit for bit, others are coded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from gainmap_codec.codec.opening import OpenedFile, base_codes, three_channels
from gainmap_codec.codec.options import AssembleOptions, EncodeOptions, TranscodeOptions
from gainmap_codec.codec.pairing import with_metadata
from gainmap_codec.codec.readback import written
from gainmap_codec.edit.extract import map_picture
from gainmap_codec.edit.recoding import in_depth_of
from gainmap_codec.edit.report import Notes, TranscodeReport, report_of
from gainmap_codec.edit.transcode import transcoded
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import can_hold, digest_of, parse_file
from gainmap_codec.files.map_metadata.plain import Metadata, metadata_from_dict
from gainmap_codec.files.payload.edit import edit_payload
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.payload.records import Binding
from gainmap_codec.files.records import (
    ABILITIES,
    CODECS,
    AppleMetadata,
    CodedImage,
    GainMapFile,
    GainMapMetadata,
    StoredGainMap,
)
from gainmap_codec.files.tags.exif_edit import with_orientation
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.color.code_points import code_points_for, primaries_are_known
from gainmap_codec.pixels.color.light import AnyCodes, with_bits
from gainmap_codec.pixels.color.profile_in_code_points import in_code_points
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image
from gainmap_codec.pixels.formats.images import read_base
from gainmap_codec.pixels.formats.sources import Source
from gainmap_codec.pixels.in_memory import ArrayLike, array_of
from gainmap_codec.pixels.maps.binding import is_bound

Picture = Source | Image | ArrayLike
"""A coded picture of any kind, or code values (H, W) or (H, W, 3): uint8, or uint16 up to 65535."""

MapNumbers = Metadata | Mapping[str, Any]


def assemble_with_report(
    base: Picture, gain_map: Picture | None, metadata: MapNumbers | None, options: AssembleOptions
) -> TranscodeReport:
    """As `gainmap_codec.assemble`, with a line for all that was done and lost; nothing is warned of."""
    if (gain_map is None) != (metadata is None):
        got = "metadata without a gain map" if gain_map is None else "a gain map without metadata"
        raise ValueError(f"gain_map and metadata: expected both or neither, got {got}")
    notes = Notes()
    found = _base_file(base, options, notes)
    file = _with_orientation(_with_metadata(found, options, notes), options.orientation, notes)
    if gain_map is not None and metadata is not None:
        numbers, color = _numbers_of(metadata)
        image = _alternate(_map_image(gain_map, found, options, notes), options, color)
        file = _with_map(file, image, numbers, notes)
    if options.payload is not None:
        file = replace(file, payload=_bound(options.payload, file, options, notes))
    return report_of(written(file, None, notes.lost).data, options.container, notes)


def _numbers_of(metadata: MapNumbers) -> tuple[Metadata, Nclx | None]:
    """The record, and the alternate's colour where plain values tell it."""
    if isinstance(metadata, GainMapMetadata | AppleMetadata):
        return metadata, None
    if not isinstance(metadata, Mapping):
        raise TypeError(f"metadata: expected a record or a dictionary, got {type(metadata).__name__}")
    return metadata_from_dict(metadata)


def _base_file(base: Picture, options: AssembleOptions, notes: Notes) -> GainMapFile:
    """The file to be, without gain maps: the base's own, or one of a picture that is coded here."""
    if (array := array_of(base, "base")) is not None:
        return _coded_base(*_codes_of(array, "base", options), options.icc_profile or None, options, notes)
    picture = read_base(base, argument="base", limits=options.limits)
    if picture.file is None:
        assert picture.pixels is not None
        notes.lost += picture.notes
        made = _coded_base(picture.pixels, 8, picture.icc_profile, options, notes)
        return replace(made, exif=picture.exif, xmp=picture.xmp)
    file = parse_file(picture.file, "base", options.limits)
    notes.lost += file.warnings
    notes.damage = file.damage
    alone = OpenedFile(file.without_gain_maps(), None, None, ())
    asked = TranscodeOptions(container=options.container, quality=options.quality, speed=options.speed)
    return transcoded(alone, asked, notes)


def _coded_base(
    codes: AnyCodes, bits: int, profile: bytes | None, options: AssembleOptions, notes: Notes
) -> GainMapFile:
    """As `encode` codes an SDR picture; a grey one has three channels in JPEG, which libultrahdr asks for."""
    container, color = options.container, base_color_of_icc(profile)
    codec, nclx = CODECS[container], None
    if codec == "jpeg":
        codes = three_channels(codes)
    else:
        profile, nclx = in_code_points(color, profile, code_points_for(color), container, notes.lost)
    quality = options.coding.quality
    image = code_picture(
        codes,
        codec,
        quality=quality,
        icc_profile=profile,
        nclx=nclx,
        bits=bits,
        speed=options.coding.speed,
    )
    notes.done.append(f"base: coded at quality {quality}, {image.width} x {image.height}")
    return GainMapFile(container, image, digest_of(image))


def _codes_of(array: NDArray[Any], name: str, options: AssembleOptions) -> tuple[AnyCodes, int]:
    """An array's code values in the depth that they are coded in, and that depth."""
    codes = np.ascontiguousarray(array[..., 0] if array.shape[2:] == (1,) else array, array.dtype.newbyteorder("="))
    known = codes.dtype in (np.uint8, np.uint16) and (codes.ndim == 2 or codes.shape[2:] == (3,))
    if not known or codes.size == 0:
        expected = "uint8 or uint16 code values (H, W) or (H, W, 3)"
        raise ValueError(f"{name}: expected {expected}, got {array.dtype} {array.shape}")
    bits = 10 if codes.dtype == np.uint16 and ABILITIES[options.container].is_deep else 8
    return with_bits(codes, 8 * codes.itemsize, bits), bits


def _with_metadata(file: GainMapFile, options: AssembleOptions, notes: Notes) -> GainMapFile:
    given = EncodeOptions(
        container=options.container, exif=options.exif, xmp=options.xmp, icc_profile=options.icc_profile
    )
    return with_metadata(file, given, notes.lost)


def _with_orientation(file: GainMapFile, orientation: int | None, notes: Notes) -> GainMapFile:
    if orientation is None or orientation == file.orientation:
        return file
    says = file.exif is not None or not file.can.has_orientation
    exif = with_orientation(file.exif, orientation, notes.lost) if says else None
    return replace(file, orientation=orientation, exif=exif)


def _map_image(gain_map: Picture, base: GainMapFile, options: AssembleOptions, notes: Notes) -> CodedImage:
    """The gain map's picture in the base's codec, its coded bytes kept where they are that."""
    if (array := array_of(gain_map, "gain_map")) is not None:
        return _coded_map(*_codes_of(array, "gain_map", options), base, options, notes)
    picture = read_base(gain_map, argument="gain_map", limits=options.limits)
    notes.lost += picture.notes
    if picture.file is None:
        assert picture.pixels is not None
        return _coded_map(_grey_if_equal(picture.pixels), 8, base, options, notes)
    image = map_picture(parse_file(picture.file, "gain map", options.limits), base.orientation)
    if can_hold(options.container, image) and options.map_quality is None:
        notes.done.append("standard gain map: kept bit for bit")
        return image
    made = _coded_map(decode_coded_image(image), image.bits, base, options, notes)
    return replace(made, icc_profile=image.icc_profile)


def _coded_map(codes: AnyCodes, bits: int, base: GainMapFile, options: AssembleOptions, notes: Notes) -> CodedImage:
    """A map in AVIF is as deep as its base, which Chromium 156 asks for."""
    codec = CODECS[options.container]
    codes, bits = in_depth_of(codec, codes, bits)
    deep = max(bits, base.base.bits) if codec == "av1" else bits
    quality = options.coding.map_quality
    codes = with_bits(codes, bits, deep)
    image = code_picture(codes, codec, quality=quality, bits=deep, speed=options.coding.speed)
    notes.done.append(f"standard gain map: coded at quality {quality}, {image.width} x {image.height}")
    return replace(image, nclx=None)


def _grey_if_equal(codes: AnyCodes) -> AnyCodes:
    """One channel of three that are equal: what a grey picture file is decoded to."""
    is_grey = np.array_equal(codes[..., 0], codes[..., 1]) and np.array_equal(codes[..., 0], codes[..., 2])
    return codes[..., 0] if is_grey else codes


def _alternate(image: CodedImage, options: AssembleOptions, color: Nclx | None) -> CodedImage:
    """The map's picture with what is told of the alternate's colour."""
    told = options.alternate_color or color
    profile = image.icc_profile if options.alternate_icc_profile is None else options.alternate_icc_profile or None
    return replace(image, icc_profile=profile, nclx=None if told is None else Nclx(*told))


def _with_map(file: GainMapFile, image: CodedImage, metadata: Metadata, notes: Notes) -> GainMapFile:
    if not isinstance(metadata, AppleMetadata):
        if not metadata.use_base_colour_space and not primaries_are_known(image):
            notes.lost.append("use_base_colour_space is false, and nothing tells the alternate's: the base's are taken")
        return replace(file, gain_map=StoredGainMap(image, metadata, "iso21496"))
    stored = StoredGainMap(replace(image, icc_profile=None, nclx=None), replace(metadata, source="xmp"), "apple")
    return replace(file, gain_map=stored)


def _bound(payload: bytes, file: GainMapFile, options: AssembleOptions, notes: Notes) -> bytes:
    """The payload, told of its base where that was coded again since."""
    network = parse_payload(payload, options.limits)
    if network.binding.strict == file.base_digest:
        notes.done.append("neural gain map: kept bit for bit")
        return payload
    if not is_bound(base_codes(file.base), network.binding.soft, 1 << file.base.bits):
        raise ValueError("payload: expected the neural gain map of this base, got another's: leave it out")
    notes.lost.append(
        "the base was coded again after its neural gain map was made: how near it comes to the HDR picture is not known"
    )
    return edit_payload(
        payload,
        neural_psnr=0.0,
        standard_psnr=0.0,
        binding=Binding(file.base_digest, network.binding.soft),
        coordinates=network.coordinates,
    )
