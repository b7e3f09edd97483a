"""What edits share: a file's parts coded again where they must be, and told of their new surroundings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, log10
from typing import Generic, TypeVar

import numpy as np

from gainmap_codec.codec.decoding import unusable
from gainmap_codec.codec.encoding import darker_than_sdr
from gainmap_codec.codec.opening import OpenedFile, three_channels
from gainmap_codec.codec.options import Coding
from gainmap_codec.edit.report import Notes
from gainmap_codec.errors import GainMapError
from gainmap_codec.files.code_points import Nclx, Transfer
from gainmap_codec.files.container import NAMED, digest_of, lost_extras, lost_others, sampling_of, turned_by_exif
from gainmap_codec.files.jpeg.edit import carry_segments, has_c2pa, other_segments, with_segments
from gainmap_codec.files.jpeg.metadata import XMP_ID
from gainmap_codec.files.jpeg.segments import segments_of
from gainmap_codec.files.map_metadata.apple import VERSION
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.payload.records import NeuralGainMap
from gainmap_codec.files.records import (
    ABILITIES,
    CODECS,
    AppleMetadata,
    Codec,
    CodedImage,
    Container,
    GainMapFile,
    GainMapMetadata,
    StoredGainMap,
)
from gainmap_codec.pixels.color.code_points import color_of, primaries_are_known
from gainmap_codec.pixels.color.icc_profile import icc_profile_of_primaries, rgb_profile
from gainmap_codec.pixels.color.light import AnyCodes, Array, pq_psnr, with_bits
from gainmap_codec.pixels.color.profile_in_code_points import code_points_like, in_code_points
from gainmap_codec.pixels.formats.coded_image import (
    DEPTHS,
    Chroma,
    code_picture,
    coded_channels,
    decode_coded_image,
)
from gainmap_codec.pixels.maps.map_choice import MapRecipe, MapTrials, choose_map
from gainmap_codec.pixels.maps.map_editing import apple_of_iso, iso_of_apple
from gainmap_codec.pixels.maps.neural_map import own_gain
from gainmap_codec.pixels.maps.one_gain import OneGain, gain_map_of
from gainmap_codec.pixels.maps.probe import probe_of
from gainmap_codec.pixels.rendition import Light

_BANDED = 3.3  # stops, of which 8 bits round some by more than half a step of 10-bit PQ


def note_what_is_not_written(file: GainMapFile, container: Container, codec: Codec, notes: Notes) -> None:
    """A line about each part of a file that no writer of ours writes again, or that no longer holds.

    Args:
        codec: Of the base to be.
    """
    if file.refused:
        notes.lost.append("the gain map that cannot be used is not kept")
    notes.lost += (*lost_others(file, container, codec), *lost_extras(file, container))
    if file.base.codec == "jpeg" and has_c2pa(file.base):
        notes.lost.append(SIGNATURE_LOST if codec == "jpeg" else "the C2PA manifest is not kept: it signs a JPEG file")


def note_map_segments(old: CodedImage, codec: Codec, notes: Notes) -> None:
    """A line about each segment of a gain map's JPEG that a picture of another codec has no place for."""
    if old.codec == "jpeg" != codec:
        notes.lost += (f"{line}, inside the gain map's picture: not kept" for line in other_segments(old))


def note_spare(file: GainMapFile, container: Container, notes: Notes) -> None:
    """A line about a second gain map that a file has no place for."""
    if file.spare_gain_map is not None and not ABILITIES[container].has_spare_map:
        carrier = file.spare_gain_map.carrier
        notes.lost.append(f"the second gain map ({carrier}) is not kept: {NAMED[container]} holds only one")


SIGNATURE_LOST = "the C2PA manifest is kept, but its signature no longer verifies: sign the new file"


def recoded(file: GainMapFile, codes: AnyCodes, container: Container, coding: Coding, notes: Notes) -> GainMapFile:
    """The file, without gain maps, whose base is coded anew of these code values.

    A grey base has one channel; in JPEG three equal ones, because libultrahdr, and so Android, refuses one.
    Chroma that the coding leaves open is `chroma_like` the file's base.
    """
    base, codec = file.base, CODECS[container]
    if codec == "jpeg":
        codes = three_channels(codes)
    elif base.channels == 1 and codes.ndim == 3:
        codes = codes[..., 0]
    codes, bits = in_depth_of(codec, codes, base.bits)
    if bits != base.bits:
        notes.lost.append(f"the base has {bits} bits instead of {base.bits}: {codec.upper()} holds no more")
    is_grey = coded_channels(codes, codec, bits) == 1
    profile, nclx = base.icc_profile if is_grey else rgb_profile(base.icc_profile, base.channels), base.nclx
    if ABILITIES[container].has_code_points and codec != base.codec and not is_grey:
        told = notes.lost if file.gain_map or file.payload else []  # a profile beside no gain map costs nothing
        profile, nclx = in_code_points(color_of(base), profile, nclx, container, told)
    coded = code_picture(
        codes,
        codec,
        quality=coding.quality,
        icc_profile=profile,
        nclx=nclx,
        bits=bits,
        chroma=coding.chroma or chroma_like(base),
        speed=coding.speed,
    )
    if base.codec == coded.codec == "jpeg":
        coded = carry_segments(base, coded)
    new = replace(file.without_gain_maps(), container=container, base=coded, base_digest=digest_of(coded))
    return turned_by_exif(new, notes.lost)


def chroma_like(image: CodedImage) -> Chroma:
    """How to store the chroma of a picture that is coded again: no more densely than it was stored before."""
    return "4:4:4" if sampling_of(image) == "4:4:4" else "4:2:0"


def is_writable(stored: StoredGainMap, notes: Notes) -> bool:
    """Whether a map's numbers may be written; a line says why not."""
    if not isinstance(stored.metadata, AppleMetadata):
        try:
            serialize_iso21496(stored.metadata)
        except ValueError as error:
            notes.lost.append(f"the standard gain map is not kept: {error}")
            return False
    return True


Numbers = TypeVar("Numbers", GainMapMetadata, AppleMetadata)


@dataclass(frozen=True, eq=False)
class DecodedMap(Generic[Numbers]):
    """A standard gain map in code values, (h, w) or (h, w, 3), and how to read them.

    `image` is what they were decoded of, without data where they never were coded: a network's own gain.
    """

    codes: AnyCodes
    metadata: Numbers
    image: CodedImage


def decoded_map(opened: OpenedFile, notes: Notes) -> DecodedMap[GainMapMetadata] | None:
    """The file's standard gain map, one of Apple's own converted; None, with a line, where it cannot be decoded."""
    for stored in (opened.file.gain_map, opened.file.spare_gain_map):
        if stored is None or not is_writable(stored, notes):
            continue
        try:
            codes = decode_coded_image(stored.image)
        except GainMapError as error:
            notes.lost.append(unusable("standard", error))
            continue
        if not isinstance(stored.metadata, AppleMetadata):
            return DecodedMap(codes, stored.metadata, stored.image)
        codes, metadata = iso_of_apple(codes, stored.metadata, stored.image.bits)
        notes.done.append("gain map: Apple's gain map converted to ISO 21496-1, pixel by pixel, and coded again")
        return DecodedMap(codes, metadata, _no_longer_apples(stored.image))
    return None


def own_gain_of(opened: OpenedFile) -> OneGain | None:
    """The gain of the neural gain map over the whole SDR base, where it has one that a standard map can be."""
    if opened.neural is None or opened.has_hdr_base:
        return None
    try:
        return own_gain(opened.neural, opened.codes, opened.color)
    except GainMapError:  # its picture is broken
        return None


def map_of_network(network: NeuralGainMap, gain: OneGain, codec: Codec, base_bits: int) -> DecodedMap[GainMapMetadata]:
    """A network's own gain as a standard map of the depth that the codec and the depth of its base ask for."""
    headrooms = network.base_hdr_headroom, network.alternate_hdr_headroom
    # Chromium 156 shows maps in AVIF only where they are as deep as the base.
    bits = base_bits if codec == "av1" else 10 if codec != "jpeg" and np.ptp(gain.values) > _BANDED else 8
    codes, metadata = gain_map_of(gain, headrooms, bits)
    return DecodedMap(codes, metadata, CodedImage(b"", codes.shape[1], codes.shape[0], 1, codec=codec, bits=bits))


def recipe_of_network(opened: OpenedFile, network: NeuralGainMap, gain: OneGain, codec: Codec, bits: int) -> MapRecipe:
    """How a network's own gain is coded where nobody says: at the scale and quality that `encode` would take for it.

    Args:
        gain: The network's own.
        codec, bits: Of the map to be.
    """
    size, color = (opened.codes.shape[0], opened.codes.shape[1]), opened.color
    base = Light(size, lambda rows, columns: color.linearize(opened.codes[rows, columns]))
    shown = Light(size, lambda rows, columns: gain.hdr_of(base.at(rows, columns), gain.at(rows, columns, *size)))
    headrooms = network.base_hdr_headroom, network.alternate_hdr_headroom
    trials = MapTrials(probe_of(base, shown, color.to_bt2020), headrooms, len(opened.file.base.data), codec, bits)
    return choose_map(trials, scale="auto", channels=1, quality="auto").best.recipe


def decoded_apple_map(opened: OpenedFile, notes: Notes) -> DecodedMap[AppleMetadata] | None:
    """The file's gain map of Apple's own kind, or that kind made of its standard map or of its network's own gain; None
    where that cannot be."""
    for stored in (opened.file.gain_map, opened.file.spare_gain_map):
        if stored is not None and isinstance(stored.metadata, AppleMetadata):
            try:
                return DecodedMap(decode_coded_image(stored.image), stored.metadata, stored.image)
            except GainMapError as error:
                notes.lost.append(unusable("standard", error))
    decoded = decoded_map(opened, notes)
    if decoded is None and opened.neural and (gain := own_gain_of(opened)):
        decoded = map_of_network(opened.neural, gain, "jpeg", 8)
    if decoded is None:
        return None
    apple = apple_of_iso(decoded.codes, decoded.metadata, decoded.image.bits)
    if apple is None:
        return None
    notes.lost += darker_than_sdr(apple.darker)
    how = "converted to one of Apple's own, pixel by pixel, and coded again"
    notes.done.append(f"gain map: {how if decoded.image.data else _APPLE_OF_NETWORK}")
    return DecodedMap(apple.codes, apple.metadata, replace(decoded.image, bits=8, channels=1))


_APPLE_OF_NETWORK = "the neural map's own gain, as one of Apple's own"


def _no_longer_apples(image: CodedImage) -> CodedImage:
    """A converted map's picture without its XMP, which says that it is one of Apple's."""
    if image.codec != "jpeg":
        return image
    found = segments_of(image)
    return with_segments(image, {each: b"" for each in found.header if found.body(each).startswith(XMP_ID)})


def kept_map(stored: StoredGainMap, container: Container) -> StoredGainMap:
    """A gain map whose picture stays as it is coded, in a container that can hold it: told of the alternate's colour.

    In JPEG, a profile of its primaries stands for code points.
    """
    image = stored.image
    is_told = ABILITIES[container].has_code_points or image.nclx is None or image.icc_profile is not None
    if is_told or not primaries_are_known(image):
        return stored
    return replace(stored, image=replace(image, icc_profile=icc_profile_of_primaries(color_of(image))))


def coded_map(decoded: DecodedMap[GainMapMetadata], codec: Codec, coding: Coding) -> StoredGainMap:
    """A standard gain map coded anew, its numbers as they are."""
    # What a map says of colour is about the alternate, and its own code values are none.
    profile, nclx = _alternate_color(decoded, codec)
    image = replace(_map_picture(decoded, codec, coding), icc_profile=profile, nclx=nclx)
    return StoredGainMap(image, decoded.metadata, "iso21496")


def coded_apple_map(decoded: DecodedMap[AppleMetadata], codec: Codec, coding: Coding) -> StoredGainMap:
    """A gain map of Apple's own kind coded anew."""
    image = replace(_map_picture(decoded, codec, coding), icc_profile=None, nclx=None)
    return StoredGainMap(image, replace(decoded.metadata, version=VERSION, source="xmp"), "apple")


def _map_picture(decoded: DecodedMap[Numbers], codec: Codec, coding: Coding) -> CodedImage:
    codes, bits = in_depth_of(codec, decoded.codes, decoded.image.bits)
    image = code_picture(codes, codec, quality=coding.map_quality, bits=bits, speed=coding.speed)
    has_segments = decoded.image.codec == image.codec == "jpeg" and decoded.image.data
    return carry_segments(decoded.image, image) if has_segments else image


def _alternate_color(decoded: DecodedMap[GainMapMetadata], codec: Codec) -> tuple[bytes | None, Nclx | None]:
    """Profile and code points of the alternate: code points where they say as much, in JPEG a profile of primaries."""
    old = decoded.image
    if codec == old.codec == "jpeg" or not primaries_are_known(old):
        return old.icc_profile, old.nclx
    color = color_of(old)
    found = old.nclx if old.icc_profile is None else code_points_like(color)
    if found is None:
        return old.icc_profile, old.nclx
    if codec == "jpeg":
        return icc_profile_of_primaries(color), old.nclx
    is_brighter = float(decoded.metadata.alternate_hdr_headroom) > float(decoded.metadata.base_hdr_headroom)
    if old.codec == "jpeg" and is_brighter:  # of a JPEG's profile, the primaries alone count
        found = found._replace(transfer=Transfer.PQ)
    return None, found


def in_depth_of(codec: Codec, codes: AnyCodes, bits: int) -> tuple[AnyCodes, int]:
    """Code values rounded to as many bits as a codec has, and how many these are."""
    most = max(DEPTHS[codec])
    return with_bits(codes, bits, min(bits, most)), min(bits, most)


def combined_psnr(measured: float, drift: float) -> float:
    """PQ-PSNR against the original, where `measured` was against it and `drift` is against the rendition then measured.

    The squared errors are added, as those of independent causes; 0, not measured, stays 0.
    """
    if measured == 0 or drift == inf:
        return measured
    return -10 * log10(10 ** (-measured / 10) + 10 ** (-drift / 10))


def allowed_drift(measured: float, combined: float) -> float:
    """The `drift` that makes of `measured` as much as `combined`, which is less, by `combined_psnr`."""
    return -10 * log10(10 ** (-combined / 10) - 10 ** (-measured / 10))


def drift_of(one: Array, other: Array) -> float:
    """PQ-PSNR in dB between two renditions, linear BT.2020; infinite where they are equal."""
    return inf if np.array_equal(one, other) else pq_psnr(one, other)
