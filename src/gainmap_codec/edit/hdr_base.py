"""An HDR base and its SDR alternate change places, for containers whose readers want an SDR base."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gainmap_codec.codec.opening import OpenedFile
from gainmap_codec.codec.options import DEFAULT_QUALITY
from gainmap_codec.codec.rendering import STORED, render
from gainmap_codec.edit.metadata import note_other_parts
from gainmap_codec.edit.recoding import chroma_like, coded_map, decoded_map
from gainmap_codec.edit.report import Notes
from gainmap_codec.errors import UnsupportedError
from gainmap_codec.files.container import digest_of, lost_others
from gainmap_codec.files.records import AppleMetadata, GainMapMetadata
from gainmap_codec.files.tags.exif_edit import with_orientation
from gainmap_codec.pixels.color.icc_profile import icc_profile_of_primaries
from gainmap_codec.pixels.color.light import transform_in_place
from gainmap_codec.pixels.formats.coded_image import code_picture
from gainmap_codec.pixels.raster.tone_map import encode_base


def with_sdr_base(opened: OpenedFile, quality: int | None, map_quality: int, notes: Notes) -> OpenedFile:
    """The file as a JPEG whose base is the SDR rendition that an HDR base's gain map leads to, with the same gain map.

    A map holds log2(HDR / SDR) whichever of them is the base, so its pixels and its range stay; headrooms and offsets
    exchange their roles.

    Raises:
        UnsupportedError: No gain map that leads down to SDR.
    Source: ISO 21496-1:2025 clause 6.
    """
    stored = opened.file.gain_map
    metadata = None if stored is None else stored.metadata
    if metadata is None or isinstance(metadata, AppleMetadata) or not _leads_down(metadata):
        raise UnsupportedError("JPEG: expected an SDR base, got an HDR one without a gain map down to SDR")
    maths = opened.maths_color
    notes.lost += (*opened.color.notes, *maths.notes)
    pixels = render(opened, "standard", replace(STORED, headroom=float(metadata.alternate_hdr_headroom)))
    transform_in_place(pixels, np.linalg.inv(maths.to_bt2020))
    profile = icc_profile_of_primaries(maths)
    chroma = chroma_like(opened.file.base)
    codes, quality = encode_base(pixels), quality or DEFAULT_QUALITY
    base = code_picture(codes, "jpeg", quality=quality, icc_profile=profile, chroma=chroma)
    decoded = decoded_map(opened, notes)
    assert decoded is not None  # it was rendered from
    image = replace(decoded.image, icc_profile=None, nclx=None)
    gain_map = coded_map(replace(decoded, image=image, metadata=_exchanged(metadata)), "jpeg", map_quality)
    file = opened.file
    note_other_parts(file, notes)
    notes.lost += lost_others(file, "jpeg")
    has_exif = file.exif is not None or file.orientation != 1
    new = replace(
        file.without_gain_maps(),
        container="jpeg",
        base=base,
        base_digest=digest_of(base),
        gain_map=gain_map,
        exif=with_orientation(file.exif, file.orientation, notes.lost) if has_exif else None,
        others=(),
        heif_extras=None,
    )
    notes.done.append("HDR base and SDR alternate have changed places: the base is SDR, the gain map leads up to HDR")
    return OpenedFile(new, None, None, ())


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
