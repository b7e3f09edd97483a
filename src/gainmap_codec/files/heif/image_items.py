"""Base and gain map as items to be written: opened, checked against their records, with the properties they need.

Source: ISO/IEC 23008-12 clause 6.5.8 (auxiliary images); iPhones' files (Apple's own gain maps).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from gainmap_codec.errors import Limits
from gainmap_codec.files.boxes import BoxFile
from gainmap_codec.files.code_points import UNSPECIFIED, Nclx
from gainmap_codec.files.heif.items import BASE_ID, MAP_ID, HeifMeta, Item, Property, item_data
from gainmap_codec.files.heif.meta import serialize_meta
from gainmap_codec.files.heif.picture import NOT_FOR_DECODERS, Picture, config_of, find_picture, picture_digest
from gainmap_codec.files.heif.picture_properties import (
    clap_for,
    icc_property,
    nclx_of,
    nclx_property,
    transforms_for,
)
from gainmap_codec.files.heif.records import HeifExtras
from gainmap_codec.files.heif.source import open_heif
from gainmap_codec.files.map_metadata.apple import APPLE_GAIN_MAP
from gainmap_codec.files.orientations import turned_orientation
from gainmap_codec.files.records import CODECS, AppleMetadata, CodedImage, GainMapFile, Sampling

_TRUSTED = Limits(file_bytes=1 << 62, pixels=1 << 40, boxes=1 << 30, items=1 << 30, links=1 << 30)
_APPLE_AUXILIARY = Property(b"auxC", bytes(4) + APPLE_GAIN_MAP.encode() + b"\0", essential=True)
_CONFIGURATIONS = (b"hvcC", b"av1C")
_FIRST_BASE_TILE, _FIRST_MAP_TILE = -1_000_000, -2_000_000  # ids for the time being, downwards


class ImageItem(NamedTuple):
    """A picture that is about to be written.

    Attributes:
        item: With all its properties.
        data: Its own: coded, or a grid's few bytes.
        tiles: Of a grid, with the data of each; empty where the item itself is coded.
        picture: As it stands in its own file.
    """

    item: Item
    data: bytes
    tiles: tuple[tuple[Item, bytes], ...]
    picture: Picture


def base_item(file: GainMapFile) -> ImageItem:
    """The base as an item to be written.

    Raises:
        ValueError: It is of another codec than the container, or its record does not say what it is.
        FormatError, UnsupportedError: Its own file is broken.
    """
    found = _opened(file, file.base, "base", BASE_ID, _FIRST_BASE_TILE)
    nclx = file.base.nclx or nclx_of(found.item) or nclx_of(found.picture.tiles[0])
    profile = file.base.icc_profile
    wanted = ([icc_property(profile)] if profile else []) + ([nclx_property(nclx)] if nclx else [])
    tiles = tuple((_colored(tile, wanted, add=False), data) for tile, data in found.tiles)
    item = _with_transforms(_colored(found.item, wanted), file.base, file.orientation)
    return found._replace(item=item, tiles=tiles)


def map_item(file: GainMapFile, extras: HeifExtras | None) -> ImageItem:
    """The gain map as a hidden item, marked as data without a colour unless it comes unchanged from a file.

    Raises:
        As `base_item`.
    """
    assert file.gain_map is not None
    image = file.gain_map.image
    found = _opened(file, image, "gain map", MAP_ID, _FIRST_MAP_TILE)
    item, tiles = replace(found.item, hidden=True), found.tiles
    if extras and extras.gain_map == file.gain_map:
        item = replace(item, properties=(*item.properties, *extras.map_properties))
    else:
        coded = nclx_of(found.item) or nclx_of(found.picture.tiles[0]) or Nclx(0, 0, UNSPECIFIED, True)
        data_color = nclx_property(coded._replace(primaries=UNSPECIFIED, transfer=UNSPECIFIED))
        item = _colored(item, [data_color])
        if new_apple_map(file, extras) is not None:
            item = replace(item, properties=(*item.properties, _APPLE_AUXILIARY))
        tiles = tuple((_colored(tile, [data_color], add=False), data) for tile, data in tiles)
    return found._replace(item=_with_transforms(item, image, file.orientation), tiles=tiles)


def new_apple_map(file: GainMapFile, extras: HeifExtras | None) -> AppleMetadata | None:
    """The numbers of the gain map where that is one of Apple's own, and not as in the file that the extras are of."""
    stored = file.gain_map
    if stored is None or not isinstance(stored.metadata, AppleMetadata) or (extras and extras.gain_map == stored):
        return None
    return stored.metadata


def _opened(file: GainMapFile, image: CodedImage, name: str, number: int, first_tile: int) -> ImageItem:
    """A picture out of its own file, under temporary ids."""
    codec = CODECS[file.container]
    if image.codec != codec:
        raise ValueError(f"{name}: expected {codec} in {file.container.upper()}, got {image.codec}")
    boxes, meta, picture = image.structure(_stand_alone)
    _check_record(image, picture, name)
    item = replace(_plain(picture.item), id=number, hidden=False)
    data = item_data(boxes, meta, picture.item.id)
    tiles = []
    if picture.item.kind == b"grid":
        for index, tile in enumerate(picture.tiles):
            numbered = replace(_plain(tile), id=first_tile - index, hidden=True)
            tiles.append((numbered, item_data(boxes, meta, tile.id)))
    return ImageItem(item, data, tuple(tiles), picture)


def stand_alone_digest(image: CodedImage) -> bytes:
    """The `base_digest` of a file whose base this picture is.

    Raises:
        FormatError, UnsupportedError: Its own file is broken.
    """
    return picture_digest(*image.structure(_stand_alone))


def stand_alone_sampling(image: CodedImage) -> Sampling:
    """How its configuration record says that its chroma is stored; errors as `stand_alone_digest`."""
    return config_of(image.structure(_stand_alone)[2]).sampling


def stand_alone_with(image: CodedImage, added: Property) -> CodedImage:
    """A picture that is no grid with one property more; errors as `stand_alone_digest`."""
    boxes, meta, picture = image.structure(_stand_alone)
    item = replace(picture.item, properties=(*picture.item.properties, added))
    ftyp = boxes.data[: boxes.top_level()[0].stop]
    data = ftyp + serialize_meta(1, (item,), (), [item_data(boxes, meta, item.id)])
    return replace(image, data=data, parsed=None)


def _stand_alone(data: bytes) -> tuple[BoxFile, HeifMeta, Picture]:
    """The file that holds a picture alone, and the picture in it."""
    source = open_heif(data, _TRUSTED)
    return source.file, source.meta, find_picture(source.file, source.meta, source.meta.primary)


def _check_record(image: CodedImage, picture: Picture, name: str) -> None:
    config = config_of(picture)
    crop = image.crop
    width, height = image.unturned_size
    size = (crop.coded_width, crop.coded_height) if crop else (width, height)
    wanted = (picture.codec, config.bits, config.channels, (picture.width, picture.height))
    found = (image.codec, image.bits, image.channels, size)
    for what, is_coded, said in zip(("codec", "bits", "channels", "size"), wanted, found, strict=True):
        if is_coded != said:
            raise ValueError(f"{name}: expected {what} {is_coded}, as its data are coded, got {said}")
    if crop and not (0 <= crop.left <= crop.coded_width - width and 0 <= crop.top <= crop.coded_height - height):
        raise ValueError(f"{name}: expected a crop inside {size}, got {crop}")


def _plain(item: Item) -> Item:
    """Without properties that are written from the record, and with the configuration marked as essential."""
    kept = (p for p in item.properties if p.kind not in NOT_FOR_DECODERS)
    return replace(item, properties=tuple(p._replace(essential=p.essential or p.kind in _CONFIGURATIONS) for p in kept))


def _colored(item: Item, wanted: list[Property], *, add: bool = True) -> Item:
    """With exactly these colours; one that the item has already stays in its place."""
    bodies = [p.body for p in wanted]
    kept = tuple(p for p in item.properties if p.kind != b"colr" or p.body in bodies)
    there = {p.body for p in kept if p.kind == b"colr"}
    return replace(item, properties=(*kept, *(p for p in wanted if add and p.body not in there)))


def _with_transforms(item: Item, image: CodedImage, orientation: int) -> Item:
    crop = (clap_for(image.crop, *image.unturned_size),) if image.crop else ()
    turns = transforms_for(turned_orientation(image.turn, orientation))
    return replace(item, properties=(*item.properties, *crop, *turns))
