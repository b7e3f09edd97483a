"""Finding the gain maps of a HEIC or AVIF file and their metadata; whatever fails becomes a note.

A `tmap` item (ISO 21496-1) comes first, then auxiliary images with hdrgm XMP, then Apple's own.
Source: ISO/IEC 23008-12 (tmap, altr, auxiliary images), as read by libavif src/read.c and CrabbyAvif
src/parser/mp4box.rs, whose allowances for Apple's files are made here too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from gainmap_codec.errors import FormatError, GainMapError, UnsupportedError
from gainmap_codec.files.boxes import BoxFile
from gainmap_codec.files.heif.damage import emptied
from gainmap_codec.files.heif.items import TMAP, XMP_TYPE, HeifMeta, Item, item_data
from gainmap_codec.files.heif.picture import coded_image, find_picture
from gainmap_codec.files.heif.picture_properties import crop_of, icc_of, nclx_of, orientation_of, size_of
from gainmap_codec.files.map_metadata.apple import APPLE_GAIN_MAP, parse_apple
from gainmap_codec.files.map_metadata.hdrgm import parse_hdrgm
from gainmap_codec.files.map_metadata.iso21496 import parse_iso21496
from gainmap_codec.files.map_metadata.turned import turned_map
from gainmap_codec.files.records import AppleMetadata, Carrier, CodedImage, GainMapMetadata, StoredGainMap

_OTHER_AUXILIARIES = (
    "urn:com:photo:aux:hdrgainmap",  # Adobe's and Apple's draft
    "urn:com:samsung:photo:2024:aux:hdrgainmap",
    "urn:iso:std:iso:ts:21496:-1:aux:gainmap",
)
MOST_TRIED = 8
"""Of each kind of metadata: files have one or two; thousands, each with its XMP, would take minutes."""
_LONGEST_URN = 256  # thousands of items may share a property of a megabyte
_APPLE_BRANDS = (b"heic", b"heix")
_TRANSFORMS = (b"irot", b"imir", b"clap")


class FoundMap(NamedTuple):
    """A gain map, the item of its picture, and its tmap item, if any."""

    stored: StoredGainMap
    item: int
    tmap: int | None = None


def find_gain_maps(
    file: BoxFile, meta: HeifMeta, base: Item, brands: tuple[bytes, ...], exif: bytes | None, notes: list[str]
) -> list[FoundMap]:
    """The file's gain maps that can be read, the preferred first.

    Args:
        base: The item of the base image.
        brands: The file's, major and compatible.
        exif: TIFF structure of the base, which may tell an Apple map's headroom.
    """
    found = [*_iso_maps(file, meta, base, brands, notes), *_auxiliary_maps(file, meta, base, exif, notes)]
    order: tuple[Carrier, ...] = ("iso21496", "hdrgm", "apple")
    return sorted(found, key=lambda one: order.index(one.stored.carrier))


def _iso_maps(
    file: BoxFile, meta: HeifMeta, base: Item, brands: tuple[bytes, ...], notes: list[str]
) -> Iterator[FoundMap]:
    for item in tmap_items(meta)[:MOST_TRIED]:
        try:
            if TMAP not in brands:
                raise FormatError("box ftyp", "expected the brand tmap, got none")
            yield _iso_map(file, meta, base, item, brands[0] in _APPLE_BRANDS, notes)
        except GainMapError as error:
            notes.append(f"gain map of item {item.id} (tmap) ignored: {error}")


def _iso_map(file: BoxFile, meta: HeifMeta, base: Item, tmap: Item, tolerant: bool, notes: list[str]) -> FoundMap:
    number = _checked_inputs(meta, base, tmap)
    _check_group(meta, base, tmap)
    if not tolerant:
        _check_properties(base, tmap)
    payload = item_data(file, meta, tmap.id)
    if payload[:1] != b"\0":
        raise UnsupportedError(f"tmap: expected version 0, got {payload[0] if payload else 'no data'}")
    metadata = parse_iso21496(payload[1:])
    image = _map_image(file, meta, base, number, notes)
    # The alternate's colour is told by the tmap item; the map's own would be that of data.
    image = replace(image, icc_profile=icc_of(tmap), nclx=nclx_of(tmap))
    return FoundMap(StoredGainMap(image, metadata, "iso21496"), number, tmap.id)


def _checked_inputs(meta: HeifMeta, base: Item, tmap: Item) -> int:
    """The item of the gain map."""
    derivations = [r.targets for r in meta.references if (r.kind, r.source) == (b"dimg", tmap.id)]
    if len(derivations) != 1 or len(set(derivations[0])) != 2 or len(derivations[0]) != 2:
        listed = " and ".join(", ".join(map(str, items[:8])) for items in derivations[:8])
        raise FormatError("tmap", f"expected two different inputs (dimg), got {listed or 'none'}")
    first, second = derivations[0]
    if first != base.id:
        raise FormatError("tmap", f"expected the base, item {base.id}, as its first input, got item {first}")
    if second in meta.items and meta.items[second].kind == TMAP:
        raise FormatError("tmap", f"expected a picture as its second input, got tmap item {second}")
    return second


def _check_group(meta: HeifMeta, base: Item, tmap: Item) -> None:
    for group in meta.groups:
        if group.kind == b"altr" and tmap.id in group.entities:
            entities = group.entities
            if base.id in entities and entities.index(tmap.id) < entities.index(base.id):
                return
    raise FormatError("tmap", f"expected a group altr that prefers item {tmap.id} to the base, got none")


def _check_properties(base: Item, tmap: Item) -> None:
    """Not checked in HEIC: Apple's files give the tmap item a rotation, and the size after it, which do no harm."""
    turned = [kind.decode() for kind in _TRANSFORMS if tmap.property(kind)]
    if turned:
        raise FormatError("tmap", f"expected neither rotation nor cropping, got {', '.join(turned)}")
    if size_of(tmap) != size_of(base):
        raise FormatError("tmap", f"expected the base's size {size_of(base)}, got {size_of(tmap)}")


def _auxiliary_maps(
    file: BoxFile, meta: HeifMeta, base: Item, exif: bytes | None, notes: list[str]
) -> Iterator[FoundMap]:
    for item in auxiliary_maps(meta, base.id)[:MOST_TRIED]:
        try:
            metadata, carrier = _auxiliary_metadata(file, meta, item, exif, notes)
            image = _map_image(file, meta, base, item, notes)
            yield FoundMap(StoredGainMap(replace(image, icc_profile=None, nclx=None), metadata, carrier), item)
        except GainMapError as error:
            notes.append(f"gain map of item {item} (auxiliary image) ignored: {error}")


def tmap_items(meta: HeifMeta) -> list[Item]:
    """The items with ISO 21496-1 metadata; the second input of each is the gain map itself."""
    return [item for item in meta.items.values() if item.kind == TMAP]


def auxiliary_maps(meta: HeifMeta, base: int) -> list[int]:
    """The auxiliary images of the base that say that they are gain maps."""
    return [item.id for item in meta.sources(b"auxl", base) if is_auxiliary_map(item)]


def is_auxiliary_map(item: Item) -> bool:
    """Whether the URN of an auxiliary image says that it is a gain map."""
    return auxiliary_kind(item) in (APPLE_GAIN_MAP, *_OTHER_AUXILIARIES)


def auxiliary_kind(item: Item) -> str:
    """The URN that tells what an auxiliary image is; empty of other images. Source: ISO/IEC 23008-12 clause 6.5.8."""
    found = item.property(b"auxC")
    return "" if found is None else found.body[4 : 4 + _LONGEST_URN].split(b"\0")[0].decode("latin-1")


def _auxiliary_metadata(
    file: BoxFile, meta: HeifMeta, item: int, exif: bytes | None, notes: list[str]
) -> tuple[GainMapMetadata | AppleMetadata, Carrier]:
    """From the first XMP packet that describes the map and can be used."""
    problems: list[GainMapError] = []
    for _, packet in islice(described_by_xmp(file, meta, item), MOST_TRIED):
        try:
            hdrgm = parse_hdrgm(packet, file.limits)
            if hdrgm is not None:
                return hdrgm, "hdrgm"
            apple = parse_apple(packet, exif, file.limits, notes)
            if apple is not None:
                return apple, "apple"
        except GainMapError as error:
            problems.append(error)
    raise next(iter(problems), FormatError("auxiliary image", "expected XMP that describes a gain map, got none"))


def described_by_xmp(file: BoxFile, meta: HeifMeta, item: int) -> Iterator[tuple[int, bytes]]:
    """XMP packets that describe an item, each with the id of its own item."""
    for source in meta.sources(b"cdsc", item):
        if source.kind == b"mime" and source.content_type == XMP_TYPE:
            yield source.id, item_data(file, meta, source.id)


def _map_image(file: BoxFile, meta: HeifMeta, base: Item, number: int, notes: list[str]) -> CodedImage:
    """The map's picture, which each transform of its own has made what it is, in the base's stored raster."""
    picture = find_picture(file, meta, number)
    image = coded_image(file, meta, picture, notes)
    if emptied(file, meta, picture.tiles):
        raise FormatError(f"item {number}", "expected coded data, got nothing but zeros or FF in a part of them")
    _, width, height = crop_of(base, *size_of(base))
    return turned_map(image, orientation_of(picture.item), (width, height), orientation_of(base), notes)
