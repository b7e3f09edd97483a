"""What transcoding and editing share: a file's parts taken out, coded again where they must be, and put together."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, log10

import numpy as np

from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.pairing import DEFAULT_QUALITY
from gainmap_codec.errors import GainMapError, GainMapWarning, Limits
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.jpeg.edit import carry_segments, has_c2pa, other_segments
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.payload.edit import edit_payload
from gainmap_codec.files.records import (
    CODECS,
    AppleMetadata,
    Binding,
    Codec,
    CodedImage,
    Container,
    GainMapFile,
    GainMapMetadata,
    NeuralGainMap,
    StoredGainMap,
)
from gainmap_codec.files.tags.exif import orientation
from gainmap_codec.files.tags.exif_edit import with_orientation
from gainmap_codec.pixels.color.light import AnyCodes, Array, pq_psnr, with_bits
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image
from gainmap_codec.pixels.formats.sources import Source, read_source
from gainmap_codec.pixels.maps.map_editing import iso_of_apple

_MOST_BITS: dict[Codec, int] = {"jpeg": 8, "hevc": 10, "av1": 12}

MAP_QUALITY = 95
"""Of a gain map that has to be coded a second time."""


@dataclass(frozen=True)
class TranscodeReport:
    """A written file, and what became of its source's parts.

    Attributes:
        data: The file.
        container: Kind of file.
        notes: What was done, a line each.
        warnings: What was lost, or no longer holds, a line each.
    """

    data: bytes
    container: Container
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


Notes = list[str]
Work = Callable[[bytes, OpenedFile, Notes], bytes]


def rewritten(source: Source, limits: Limits, work: Work) -> TranscodeReport:
    """A source's file as `work` makes it anew; all warnings on the way become lines of the report, and are warned."""
    notes: Notes = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        old, name = read_source(source, limits)
        opened = open_file(old, name, limits)
        for line in opened.warnings:
            lost(line)
        data = work(old, opened, notes)
        written = parse_file(data, "the new file", Limits())
    for warning in caught:
        warnings.warn(warning.message, stacklevel=4)
    ours = [str(warning.message) for warning in caught if issubclass(warning.category, GainMapWarning)]
    return TranscodeReport(data, written.container, tuple(notes), tuple(dict.fromkeys(ours)))


def lost(line: str) -> None:
    """Tell of something that is lost, or no longer holds."""
    warnings.warn(line, GainMapWarning, stacklevel=3)


def warn_of_what_is_not_written(file: GainMapFile, container: Container) -> None:
    """A line about each part of a file that no writer of ours writes again, or that no longer holds."""
    if file.trailer_bytes:
        lost(f"{file.trailer_bytes} bytes behind the images (a motion photo, a preview?) are not kept")
    if file.spare_gain_map is not None and container == "jpeg":
        lost(f"the second gain map ({file.spare_gain_map.carrier}) is not kept: readers need one")
    if file.gain_map is not None and file.gain_map.image.codec == "jpeg":
        for line in other_segments(file.gain_map.image.data):
            lost(f"{line}, inside the gain map's picture: not kept")
    if file.container == "jpeg" and has_c2pa(file.base.data):
        if container == "jpeg":
            lost("the C2PA manifest is kept, but its signature no longer verifies: sign the new file")
        else:
            lost("the C2PA manifest is not kept: it signs a JPEG file")


def settled(file: GainMapFile) -> GainMapFile:
    """The record of a file without gain maps as its readers get it: digest, orientation and sizes are then theirs."""
    if file.container == "jpeg" and orientation(file.exif or b"") != file.orientation:
        file = replace(file, exif=with_orientation(file.exif, file.orientation))
    bare = replace(file, gain_map=None, spare_gain_map=None, payload=None, trailer_bytes=0)
    return parse_file(serialize_file(bare), "the new base", Limits())


def recoded(file: GainMapFile, codes: AnyCodes, container: Container, quality: int | None) -> GainMapFile:
    """The file, without gain maps, whose base is coded anew of these code values; see `settled`."""
    base, codec = file.base, CODECS[container]
    if base.channels == 1 and codes.ndim == 3:
        codes = codes[..., 0]  # grey, as three equal channels
    codes, bits = in_depth_of(codec, codes, base.bits)
    if bits != base.bits:
        lost(f"the base has {bits} bits instead of {base.bits}: {codec.upper()} holds no more")
    coded = code_picture(
        codes,
        codec,
        quality=quality or DEFAULT_QUALITY,
        icc_profile=base.icc_profile,
        nclx=base.nclx,
        bits=bits,
    )
    if base.codec == coded.codec == "jpeg":
        coded = replace(coded, data=carry_segments(base.data, coded.data))
    return settled(replace(file, container=container, base=coded))


def is_writable(stored: StoredGainMap) -> bool:
    """Whether a map's numbers may be written; warns where not."""
    if not isinstance(stored.metadata, AppleMetadata):
        try:
            serialize_iso21496(stored.metadata)
        except ValueError as error:
            lost(f"the standard gain map is not kept: {error}")
            return False
    return True


@dataclass(frozen=True, eq=False)
class DecodedMap:
    """A standard gain map in code values, (h, w) or (h, w, 3), and how to read them."""

    codes: AnyCodes
    metadata: GainMapMetadata
    image: CodedImage


def decoded_map(opened: OpenedFile, notes: Notes) -> DecodedMap | None:
    """The file's standard gain map, one of Apple's own converted; None, with a warning, where it cannot be decoded."""
    for stored in (opened.file.gain_map, opened.file.spare_gain_map):
        if stored is None or not is_writable(stored):
            continue
        try:
            codes = decode_coded_image(stored.image)
        except GainMapError as error:
            lost(f"the standard gain map cannot be decoded and is not kept: {error}")
            continue
        if not isinstance(stored.metadata, AppleMetadata):
            return DecodedMap(codes, stored.metadata, stored.image)
        codes, metadata = iso_of_apple(codes, stored.metadata, stored.image.bits)
        notes.append("gain map: Apple's kind converted to ISO 21496-1, pixel by pixel, and coded again")
        return DecodedMap(codes, metadata, stored.image)
    return None


def coded_map(decoded: DecodedMap, codec: Codec, quality: int) -> StoredGainMap:
    """A standard gain map coded anew, its numbers as they are."""
    codes, bits = in_depth_of(codec, decoded.codes, decoded.image.bits)
    image = code_picture(codes, codec, quality=quality, bits=bits)
    # What a map says of colour is about the alternate, and its own code values are none.
    image = replace(image, icc_profile=decoded.image.icc_profile, nclx=decoded.image.nclx)
    return StoredGainMap(image, decoded.metadata, "iso21496")


def in_depth_of(codec: Codec, codes: AnyCodes, bits: int) -> tuple[AnyCodes, int]:
    """Code values rounded to as many bits as a codec has, and how many these are."""
    most = _MOST_BITS[codec]
    return with_bits(codes, bits, min(bits, most)), min(bits, most)


def rebound(payload: bytes, network: NeuralGainMap, file: GainMapFile, **fields: object) -> bytes:
    """The payload bound to another base by its coded bytes; `fields` as of `edit_payload`.

    Unless `fields` have a `binding`, the look that it is bound by stays that of the base that the network was fitted
    to, so that many small changes do not add up unseen.
    """
    binding = Binding(file.base_digest, network.binding.soft)
    return edit_payload(payload, **{"binding": binding, "coordinates": network.coordinates, **fields})  # type: ignore[arg-type]


def combined_psnr(measured: float, drift: float) -> float:
    """PQ-PSNR against the original, where `measured` was against it and `drift` is against the rendition then measured.

    The squared errors are added, as those of independent causes; 0, not measured, stays 0.
    """
    if measured == 0 or drift == inf:
        return measured
    return -10 * log10(10 ** (-measured / 10) + 10 ** (-drift / 10))


def drift_of(one: Array, other: Array) -> float:
    """PQ-PSNR in dB between two renditions, linear BT.2020; infinite where they are equal."""
    return inf if np.array_equal(one, other) else pq_psnr(one, other)
