"""An HDR base and its SDR alternate change places, for containers whose readers want an SDR base."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.pairing import DEFAULT_QUALITY
from gainmap_codec.codec.rendering import render
from gainmap_codec.edit.metadata import warn_of_items
from gainmap_codec.edit.parts import Notes, coded_map, decoded_map, with_exif_orientation, written
from gainmap_codec.errors import Limits, UnsupportedError
from gainmap_codec.files.records import AppleMetadata, GainMapMetadata
from gainmap_codec.pixels.color.code_points import color_of, primaries_are_known
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import COLOR_SPACES, transform_in_place
from gainmap_codec.pixels.formats.coded_image import code_picture
from gainmap_codec.pixels.raster.tone_map import encode_base


def jpeg_with_sdr_base(opened: OpenedFile, quality: int | None, map_quality: int, notes: Notes) -> OpenedFile:
    """A JPEG file whose base is the SDR rendition that an HDR base's gain map leads to, with the same gain map.

    A map holds log2(HDR / SDR) whichever of them is the base, so its pixels and its range stay; headrooms and offsets
    exchange their roles.

    Raises:
        UnsupportedError: No gain map that leads down to SDR, or primaries that no profile of ours has.
    Source: ISO 21496-1:2025 clause 6.
    """
    stored = opened.file.gain_map
    metadata = None if stored is None else stored.metadata
    if stored is None or metadata is None or isinstance(metadata, AppleMetadata) or not _leads_down(metadata):
        raise UnsupportedError("JPEG: an SDR base wanted, an HDR one without a gain map down to SDR found")
    own = metadata.use_base_colour_space or not primaries_are_known(stored.image)
    maths = color_of(opened.file.base if own else stored.image)
    space = next((name for name in COLOR_SPACES if name == maths.name.partition(" ")[0]), None)
    if space is None:
        raise UnsupportedError(f"JPEG: primaries {', '.join(COLOR_SPACES)} wanted, {maths.name} found")
    pixels = render(opened, "standard", float(metadata.alternate_hdr_headroom), "cpu")
    transform_in_place(pixels, np.linalg.inv(maths.to_bt2020))
    profile = icc_profile_for(space)
    base = code_picture(encode_base(pixels), "jpeg", quality=quality or DEFAULT_QUALITY, icc_profile=profile, bits=8)
    decoded = decoded_map(opened, notes)
    assert decoded is not None  # it was rendered from
    image = replace(decoded.image, icc_profile=None, nclx=None)
    gain_map = coded_map(replace(decoded, image=image, metadata=_exchanged(metadata)), "jpeg", map_quality)
    file, orientation = opened.file, opened.file.orientation
    warn_of_items(file)
    exif = with_exif_orientation(file.exif, orientation) if file.exif or orientation != 1 else None
    new = replace(file, container="jpeg", base=base, gain_map=gain_map, exif=exif, payload=None, heif_extras=None)
    notes.append("HDR base and SDR alternate have changed places: the base is SDR, the gain map leads up to HDR")
    return open_file(written(replace(new, spare_gain_map=None)), "the exchanged file", Limits())


def _leads_down(metadata: GainMapMetadata) -> bool:
    return float(metadata.alternate_hdr_headroom) < float(metadata.base_hdr_headroom)


def _exchanged(metadata: GainMapMetadata) -> GainMapMetadata:
    channels = tuple(
        replace(channel, base_offset=channel.alternate_offset, alternate_offset=channel.base_offset)
        for channel in metadata.channels
    )
    return replace(
        metadata,
        base_hdr_headroom=metadata.alternate_hdr_headroom,
        alternate_hdr_headroom=metadata.base_hdr_headroom,
        channels=channels,
        use_base_colour_space=True,
    )
