"""Base and alternate change places: the HDR picture becomes the base and the gain map leads to SDR, or the reverse.

A map holds log2(HDR / SDR) whichever of them is the base, so its pixels and its range stay; headrooms and offsets
exchange their roles.
Source: ISO 21496-1:2025 clause 6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from gainmap_codec.codec.hdr_base import HDR_BITS
from gainmap_codec.codec.opening import OpenedFile, open_source
from gainmap_codec.codec.options import SwapOptions
from gainmap_codec.codec.rendering import STORED, render
from gainmap_codec.edit.metadata import without_segments
from gainmap_codec.edit.recoding import (
    DecodedMap,
    chroma_like,
    coded_map,
    decoded_map,
    map_of_network,
    note_map_segments,
    note_spare,
    note_what_is_not_written,
    own_gain_of,
)
from gainmap_codec.edit.report import Notes, TranscodeReport, finish
from gainmap_codec.errors import NoGainMapError, UnsupportedError
from gainmap_codec.files.code_points import Matrix, Nclx, Primaries, Transfer
from gainmap_codec.files.container import can_hold, digest_of, turned_by_exif, with_others_for
from gainmap_codec.files.records import (
    ABILITIES,
    CODECS,
    CodedImage,
    Container,
    GainMapFile,
    GainMapMetadata,
    StoredGainMap,
)
from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.code_points import BT2020_PQ, SPACES
from gainmap_codec.pixels.color.hdr_codes import hdr_codes
from gainmap_codec.pixels.color.icc_profile import icc_profile_of_primaries
from gainmap_codec.pixels.color.light import AnyCodes, with_bits
from gainmap_codec.pixels.formats.coded_image import code_picture
from gainmap_codec.pixels.formats.sources import Source
from gainmap_codec.pixels.hdr_image import RenderedFrom
from gainmap_codec.pixels.raster.tone_map import encode_base
from gainmap_codec.pixels.rendition import render_strips, renderer


def swap_with_report(source: Source, options: SwapOptions) -> TranscodeReport:
    """As `gainmap_codec.swap`, with a line for all that was done and lost; nothing is warned of."""
    opened = open_source(source, options.limits)
    notes = Notes(lost=list(opened.warnings), damage=opened.file.damage)
    return finish(_swapped(opened, options, notes)[0], opened, notes)


def with_sdr_base(
    opened: OpenedFile, options: SwapOptions, notes: Notes, *, is_coded_again: bool = False
) -> OpenedFile:
    """The file whose base is the SDR rendition that an HDR base's gain map leads to, with the same gain map.

    Args:
        is_coded_again: The base is not the last: its code values are those from before it was coded.
    Raises:
        UnsupportedError: No gain map that leads down to SDR.
    """
    stored = opened.file.gain_map
    metadata = None if stored is None else stored.metadata
    if not isinstance(metadata, GainMapMetadata) or _stops_up(metadata) >= 0:
        name = (options.container or opened.file.container).upper()
        expected = "expected an SDR base, got an HDR one without a gain map down to SDR"
        raise UnsupportedError(f"{name}: {expected} (encode makes a photo of it)")
    return with_other_base(opened, options, notes, is_coded_again=is_coded_again)


def with_other_base(
    opened: OpenedFile, options: SwapOptions, notes: Notes, *, is_coded_again: bool = False
) -> OpenedFile:
    """As `with_sdr_base`, or the reverse: whichever the gain map leads to.

    Raises:
        NoGainMapError, UnsupportedError: As `gainmap_codec.swap`.
    """
    file, codes = _swapped(opened, options, notes)
    new = OpenedFile(file, None, None, ())
    return new.with_codes(codes) if is_coded_again else new


def _swapped(opened: OpenedFile, options: SwapOptions, notes: Notes) -> tuple[GainMapFile, AnyCodes]:
    """The record of a file whose base is the rendition that the gain map leads to, and what that was coded of.

    The new base has the primaries that the map is applied in, so that none of its colours are lost: PQ of 10 bits for
    HDR, 8 bits with the sRGB curve for SDR.

    Raises:
        NoGainMapError: No standard gain map that can be used, and no neural one that says the same.
        UnsupportedError: One that leads to the base's own headroom, or an HDR base in a JPEG.
    """
    kind: RenderedFrom = "standard"
    decoded = decoded_map(opened, notes)
    container = options.container or opened.file.container
    if decoded is None and opened.neural and (gain := own_gain_of(opened)):
        decoded, kind = map_of_network(opened.neural, gain, CODECS[container], HDR_BITS), "neural"
    if decoded is None:
        raise NoGainMapError(_NO_MAP if opened.neural is None else f"{_NO_MAP}: `transcode --carry standard` makes one")
    stops = _stops_up(decoded.metadata)
    _check_direction(stops, container)
    note_what_is_not_written(opened.file, container, CODECS[container], notes)
    note_spare(opened.file, container, notes)
    if opened.file.payload is not None:
        notes.lost.append("the neural gain map belongs to the rendition that was the base: not kept")
    roles = _Roles(opened.maths_color, container, is_hdr=stops > 0)
    codes = _codes_of_alternate(opened, kind, decoded.metadata, roles, notes)
    base = _coded_base(codes, opened, roles, options)
    gain_map = _exchanged_map(opened, decoded, roles, base.bits, options, notes)
    notes.done.append(
        f"HDR and SDR have changed places: the base is {'HDR' if stops > 0 else 'SDR'} and coded anew, "
        f"and the gain map leads {'down to SDR' if stops > 0 else 'up to HDR'}"
    )
    file = _carried(opened, container, notes)
    return replace(file, base=base, base_digest=digest_of(base), gain_map=gain_map), codes


_NO_MAP = "expected a photo with a standard gain map, got one without"


@dataclass(frozen=True, eq=False)
class _Roles:
    """What base and alternate are to be.

    Attributes:
        maths: The colour whose primaries the gain map is applied in.
        container: Kind of file.
        is_hdr: The new base is the HDR picture.
    """

    maths: BaseColor
    container: Container
    is_hdr: bool

    @property
    def primaries(self) -> int | None:
        """Code point of the maths' primaries, where they have one."""
        return next((code for code, space in SPACES.items() if space == self.maths.primaries), None)

    @property
    def keeps_primaries(self) -> bool:
        """Whether the new base has them: an HDR one says its colour by code points alone."""
        return self.primaries is not None or not self.is_hdr

    @property
    def profile(self) -> bytes | None:
        """Of a picture in the maths' primaries, where code points do not tell them."""
        is_told = self.primaries is not None and ABILITIES[self.container].has_code_points
        return None if is_told else icc_profile_of_primaries(self.maths)

    def points(self, *, is_hdr: bool) -> Nclx | None:
        """Code points of a picture in these primaries; None where only a profile tells them."""
        if self.primaries is None:
            return None
        matrix = Matrix.BT2020 if self.primaries == Primaries.BT2020 else Matrix.BT601
        return Nclx(self.primaries, Transfer.PQ if is_hdr else Transfer.SRGB, matrix, True)


def _stops_up(metadata: GainMapMetadata) -> float:
    """From the base's headroom to the alternate's."""
    return float(metadata.alternate_hdr_headroom) - float(metadata.base_hdr_headroom)


def _check_direction(stops: float, container: Container) -> None:
    if stops == 0:
        raise UnsupportedError("expected a gain map that leads to another headroom, got one that changes nothing")
    if stops > 0 and not ABILITIES[container].is_deep:
        raise UnsupportedError(
            "expected AVIF, HEIC or JPEG XL to write an HDR base, got JPEG, which holds SDR bases only"
        )


def _codes_of_alternate(
    opened: OpenedFile, kind: RenderedFrom, metadata: GainMapMetadata, roles: _Roles, notes: Notes
) -> AnyCodes:
    notes.lost += (*opened.color.notes, *roles.maths.notes)
    pixels = render(opened, kind, replace(STORED, headroom=float(metadata.alternate_hdr_headroom)))
    if roles.keeps_primaries:
        render_strips(pixels, renderer(pixels, None, to_maths=np.linalg.inv(roles.maths.to_bt2020)))
    if roles.is_hdr:
        return hdr_codes(pixels, "pq", HDR_BITS, notes.lost)
    if float(metadata.alternate_hdr_headroom) > 0:
        notes.lost.append("the alternate goes beyond SDR white: what is brighter is clipped")
    return encode_base(pixels)


def _coded_base(codes: AnyCodes, opened: OpenedFile, roles: _Roles, options: SwapOptions) -> CodedImage:
    coding = options.coding(roles.container)
    code = partial(
        code_picture,
        codes,
        codec=CODECS[roles.container],
        quality=coding.quality,
        speed=coding.speed,
        chroma=chroma_like(opened.file.base),
    )
    if roles.is_hdr:
        return code(nclx=roles.points(is_hdr=True) or BT2020_PQ, bits=HDR_BITS)
    nclx = roles.points(is_hdr=False) if ABILITIES[roles.container].has_code_points else None
    return code(icc_profile=roles.profile, nclx=nclx)


def _exchanged_map(
    opened: OpenedFile,
    decoded: DecodedMap[GainMapMetadata],
    roles: _Roles,
    base_bits: int,
    options: SwapOptions,
    notes: Notes,
) -> StoredGainMap:
    can, codec, stored = ABILITIES[roles.container], CODECS[roles.container], opened.file.gain_map
    metadata = _exchanged(decoded.metadata, uses_base=roles.keeps_primaries)
    # Chromium 156 applies a map to an AVIF base of more than 8 bits only if the map has more than 8, too.
    bits = max(decoded.image.bits, base_bits) if codec == "av1" else decoded.image.bits
    is_known = stored is not None and decoded.metadata is stored.metadata  # not one of Apple's, converted
    image = decoded.image
    if is_known and options.map_quality is None and can_hold(roles.container, image) and image.bits == bits:
        notes.done.append("standard gain map: kept bit for bit")
    else:
        note_map_segments(image, codec, notes)
        codes = with_bits(decoded.codes, image.bits, bits)
        deep = replace(decoded, codes=codes, image=replace(image, icc_profile=None, nclx=None, bits=bits))
        image = coded_map(deep, codec, options.coding(roles.container)).image
        what = "coded again at the same size" if decoded.image.data else "the neural map's own gain"
        notes.done.append(f"standard gain map: {what}")
    if not can.has_code_points:
        return StoredGainMap(replace(image, icc_profile=None, nclx=None), metadata, "iso21496")
    image = replace(image, icc_profile=roles.profile, nclx=roles.points(is_hdr=not roles.is_hdr))
    return StoredGainMap(image, metadata, "iso21496")


def _exchanged(metadata: GainMapMetadata, *, uses_base: bool) -> GainMapMetadata:
    channels = tuple(
        replace(channel, base_offset=channel.alternate_offset, alternate_offset=channel.base_offset)
        for channel in metadata.channels
    )
    return replace(
        metadata,
        base_hdr_headroom=metadata.alternate_hdr_headroom,
        alternate_hdr_headroom=metadata.base_hdr_headroom,
        channels=channels,
        use_base_colour_space=uses_base,
    )


def _carried(opened: OpenedFile, container: Container, notes: Notes) -> GainMapFile:
    """The record without its pictures' own fields, as the container can hold it."""
    file = without_segments(with_others_for(opened.file, container, CODECS[container]), container, notes)
    return turned_by_exif(replace(file.without_gain_maps(), container=container), notes.lost)
