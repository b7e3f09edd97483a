"""A picture item of a HEIC or AVIF file, alone or a grid of tiles, as a `CodedImage` that stands by itself.

Decoding libraries open files, not items, and hidden items not at all. So each picture becomes a file of its own: the
coded data as they are, with the properties that a decoder needs, and without those that turn or cut the picture.
Source: ISO/IEC 23008-12 clauses 6.5 (ispe, pixi, irot, imir, clap) and 6.6.2.3 (grid), AV1-ISOBMFF 2.3.3 (av1C),
ISO/IEC 14496-15 clause 8.3.3 (hvcC).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import NamedTuple

from gainmap_codec.errors import FormatError, Limits, UnsupportedError
from gainmap_codec.files.boxes import BoxFile, make_box
from gainmap_codec.files.code_points import UNSPECIFIED, Nclx, without_reserved
from gainmap_codec.files.cursor import Reader
from gainmap_codec.files.heif.av1_header import color_of_av1, largest_frame
from gainmap_codec.files.heif.hevc_header import color_of_hevc
from gainmap_codec.files.heif.items import HeifMeta, Item, Place, Property, Reference, item_data
from gainmap_codec.files.heif.meta import serialize_meta
from gainmap_codec.files.heif.picture_properties import (
    crop_of,
    decodable,
    icc_of,
    is_empty_profile,
    nclx_of,
    nclx_property,
    size_of,
)
from gainmap_codec.files.payload.layout import STRICT_BYTES
from gainmap_codec.files.records import Codec, CodedImage, Sampling

_CODECS: dict[bytes, tuple[Codec, bytes, bytes]] = {
    b"hvc1": ("hevc", b"hvcC", b"heic"),
    b"av01": ("av1", b"av1C", b"avif"),
}
_HEVC_SAMPLINGS: tuple[Sampling, ...] = ("4:0:0", "4:2:0", "4:2:2", "4:4:4")
_AV1_SAMPLINGS: dict[int, Sampling] = {0: "4:4:4", 2: "4:2:2", 3: "4:2:0"}  # halved across, halved down
_UNKNOWN_POINTS = "code points without a meaning count as unspecified"
_SHARES = 64  # libavif stores equal tiles once
_STEPS_PER_TILE, _STEPS_PER_PART = 100, 20  # of work
NOT_FOR_DECODERS = (b"irot", b"imir", b"clap", b"auxC")
_CONFIGURATIONS = (b"hvcC", b"av1C", b"avcC", b"vvcC", b"evcC", b"jpgC", b"j2kH")


class Config(NamedTuple):
    """What a codec's configuration record says about the samples."""

    bits: int
    sampling: Sampling

    @property
    def channels(self) -> int:
        return 1 if self.sampling == "4:0:0" else 3


class Picture(NamedTuple):
    """A picture and the tiles that it is made of.

    Attributes:
        item: The picture's item.
        tiles: The coded items, the picture's own where it is no grid.
        codec: Of the tiles.
        width: Columns of the raster, before rotation and cropping.
        height: Rows of it.
    """

    item: Item
    tiles: tuple[Item, ...]
    codec: Codec
    width: int
    height: int


def find_picture(file: BoxFile, meta: HeifMeta, number: int) -> Picture:
    """The picture that an item is, checked against the limits; nothing of it is copied yet.

    Raises:
        FormatError: No such item, a broken grid, or properties that are missing or wrong.
        UnsupportedError: Neither HEVC, AV1 nor a grid of these.
        LimitError: More pixels than the file's limits allow.
    """
    item = _item(meta, number)
    if item.kind == b"grid":
        return _find_grid(file, meta, item)
    width, height = _size(item, file.limits)
    return Picture(item, (item,), _codec(item), width, height)


def coded_image(file: BoxFile, meta: HeifMeta, picture: Picture, notes: list[str]) -> CodedImage:
    """The picture as a file of its own, which says its colour by a property wherever the source says it at all.

    Args:
        notes: Gets a line where its codestream was to tell its colour, and is broken there.
    Raises:
        FormatError: Its data are missing or lie outside the file, or its properties are wrong.
        UnsupportedError: Another depth than 8, 10 or 12 bits.
    """
    config = config_of(picture)
    crop, width, height = crop_of(picture.item, picture.width, picture.height)
    profile = icc_of(picture.item) or icc_of(picture.tiles[0])
    said = nclx_of(picture.item) or nclx_of(picture.tiles[0])
    if any(decodable(p) is not p for p in (*picture.item.properties, *picture.tiles[0].properties)):
        notes.append(f"colour of the picture: {_UNKNOWN_POINTS}")
    nclx = said if profile else _completed(said, file, meta, picture, notes)
    return CodedImage(
        data=_alone(file, meta, picture, config, nclx if said is None else None),
        width=width,
        height=height,
        channels=config.channels,
        icc_profile=profile,
        codec=picture.codec,
        bits=config.bits,
        nclx=nclx,
        crop=crop,
    )


def _completed(said: Nclx | None, file: BoxFile, meta: HeifMeta, picture: Picture, notes: list[str]) -> Nclx | None:
    """Code points with what the codestream says in the place of those that no property tells."""
    if said and UNSPECIFIED not in said[:2]:
        return said
    tile = picture.tiles[0]
    read = color_of_av1 if picture.codec == "av1" else color_of_hevc
    try:
        told = read(_record(tile), item_data(file, meta, tile.id), file.limits)
    except FormatError as error:
        notes.append(f"the colour that the {picture.codec.upper()} data may tell cannot be read: {error}")
        return said
    coded = told and without_reserved(told)
    if coded != told:
        notes.append(f"colour of the picture: {_UNKNOWN_POINTS}")
    if said is None or coded is None:
        return said or coded
    primaries, transfer = (b if a == UNSPECIFIED else a for a, b in zip(said[:2], coded[:2], strict=True))
    return said._replace(primaries=primaries, transfer=transfer)


def picture_digest(file: BoxFile, meta: HeifMeta, picture: Picture) -> bytes:
    """First 4 bytes of SHA-256 over the coded data of all tiles in their order, then their configuration records."""
    digest = hashlib.sha256()
    for tile in picture.tiles:
        digest.update(item_data(file, meta, tile.id))
    for record in dict.fromkeys(_record(tile) for tile in picture.tiles):
        digest.update(record)
    return digest.digest()[:STRICT_BYTES]


def _item(meta: HeifMeta, number: int) -> Item:
    if number not in meta.items:
        raise FormatError("box iinf", f"expected item {number}, got none")
    return meta.items[number]


def _size(item: Item, limits: Limits) -> tuple[int, int]:
    width, height = size_of(item)
    limits.check("pixels", width * height)
    return width, height


def _codec(item: Item) -> Codec:
    if item.kind not in _CODECS:
        kind = item.kind.decode("latin-1")
        raise UnsupportedError(f"item {item.id}: expected a picture of type hvc1, av01 or grid, got {kind!r}")
    return _CODECS[item.kind][0]


def _find_grid(file: BoxFile, meta: HeifMeta, item: Item) -> Picture:
    """Source: ISO/IEC 23008-12 clause 6.6.2.3.2."""
    reader = Reader(item_data(file, meta, item.id), "grid")
    version, flags, rows, columns = reader.u8(), reader.u8(), reader.u8() + 1, reader.u8() + 1
    if version:
        raise UnsupportedError(f"grid: expected version 0, got {version}")
    field = 4 if flags & 1 else 2
    width, height = reader.unsigned(field), reader.unsigned(field)
    numbers = meta.tiles(item.id)
    if len(numbers) != rows * columns:
        raise FormatError("grid", f"expected {rows} x {columns} tiles, got {len(numbers)}")
    file.limits.check("items", len(numbers))
    tiles = tuple(_item(meta, number) for number in numbers)
    file.limits.spend(sum(_steps(meta, tile) for tile in tiles))
    codecs = {_codec(tile) for tile in tiles}
    if len(codecs) != 1:
        raise FormatError("grid", f"expected tiles of one codec, got {' and '.join(sorted(codecs))}")
    sizes = {size_of(tile) for tile in tiles}
    if len(sizes) != 1:
        raise FormatError("grid", f"expected tiles of one size, got {len(sizes)} sizes")
    ((tile_width, tile_height),) = sizes
    file.limits.check("pixels", rows * tile_height * columns * tile_width)
    if not (0 < width <= columns * tile_width and 0 < height <= rows * tile_height):
        found = f"{width}x{height} from {columns} x {rows} of {tile_width}x{tile_height}"
        raise FormatError("grid", f"expected tiles that cover it, got {found}")
    return Picture(item, tiles, _codec(tiles[0]), width, height)


def _steps(meta: HeifMeta, tile: Item) -> int:
    """Of work that a tile takes, each time it is named."""
    place = meta.places.get(tile.id)
    extents = 0 if place is None else len(place.extents)
    return _STEPS_PER_TILE + _STEPS_PER_PART * (len(tile.properties) + extents)


def _record(tile: Item) -> bytes:
    """The configuration record of a coded item."""
    kind = _CODECS[tile.kind][1]
    found = tile.property(kind)
    if found is None:
        raise FormatError("box ipma", f"expected a configuration ({kind.decode()}) of item {tile.id}, got none")
    return found.body


def config_of(picture: Picture) -> Config:
    """Depth and channels from the configuration record of the first tile.

    Raises:
        FormatError: It is missing or cut off.
        UnsupportedError: Another depth than 8, 10 or 12 bits.
    """
    record = Reader(_record(picture.tiles[0]), "configuration record")
    if picture.codec == "av1":
        record.take(2)
        flags = record.u8()
        sampling = "4:0:0" if flags & 0x10 else _AV1_SAMPLINGS.get(flags >> 2 & 3, "other")
        return Config((12 if flags & 0x20 else 10) if flags & 0x40 else 8, sampling)
    record.take(16)
    chroma, depth = record.u8() & 3, (record.u8() & 7) + 8
    if depth not in (8, 10, 12):
        raise UnsupportedError(f"HEVC: expected 8, 10 or 12 bits, got {depth}")
    return Config(depth, _HEVC_SAMPLINGS[chroma])


def _alone(file: BoxFile, meta: HeifMeta, picture: Picture, config: Config, color: Nclx | None) -> bytes:
    """A HEIC or AVIF file that holds this picture as its primary item, and nothing else.

    Args:
        color: Of a picture without a property that tells it.
    """
    sources = (picture.item, *picture.tiles) if picture.item.kind == b"grid" else picture.tiles
    _check_sizes(file, meta, sources)
    brand = _CODECS[picture.tiles[0].kind][2]
    tiles = tuple(_for_decoder(tile, config) for tile in picture.tiles)
    more = (nclx_property(color),) if color else ()
    whole = _for_decoder(picture.item, config)
    items: tuple[Item, ...] = (replace(whole, id=1, hidden=False, properties=(*whole.properties, *more)),)
    references: tuple[Reference, ...] = ()
    if picture.item.kind == b"grid":
        numbered = tuple(replace(tile, id=index, hidden=True) for index, tile in enumerate(tiles, 2))
        items += numbered
        references = (Reference(b"dimg", 1, tuple(tile.id for tile in numbered)),)
    contents = _contents(file, meta, sources)
    if picture.codec == "av1":
        _check_frames(file.limits, contents[-len(tiles) :])
    return make_box(b"ftyp", brand, bytes(4), b"mif1miaf" + brand) + serialize_meta(1, items, references, contents)


def _contents(file: BoxFile, meta: HeifMeta, items: tuple[Item, ...]) -> list[bytes]:
    """The data of each item; tiles that share their place share their bytes."""
    read: dict[Place, bytes] = {}
    for item in items:
        place = meta.places.get(item.id)
        if place is None or place not in read:
            data = item_data(file, meta, item.id)
            read[meta.places[item.id]] = data
    return [read[meta.places[item.id]] for item in items]


def _check_frames(limits: Limits, tiles: list[bytes]) -> None:
    """Count the pixels that the coded data announce against the limits; HEVC's library compares them with `ispe`."""
    sizes = {tile: largest_frame(tile, limits) for tile in set(tiles)}
    limits.check("pixels", sum(sizes[tile][0] * sizes[tile][1] for tile in tiles))


def _check_sizes(file: BoxFile, meta: HeifMeta, items: tuple[Item, ...]) -> None:
    """Refuse few bytes that claim to be many: overlapping places, or one place shared by very many tiles."""
    places = [meta.places[item.id] for item in items if item.id in meta.places]
    for total, most in ((sum(p.size for p in set(places)), 1), (sum(p.size for p in places), _SHARES)):
        if total > most * len(file.data):
            raise FormatError("box iloc", f"expected at most {most * len(file.data)} bytes of tiles, got {total}")


def _for_decoder(item: Item, config: Config) -> Item:
    """The item without turns, crops and broken properties, with the depths (pixi) that strict decoders ask for."""
    kept = tuple(decodable(p) for p in item.properties if p.kind not in NOT_FOR_DECODERS and not _is_harmful(p, item))
    if item.property(b"pixi") is None:
        kept += (Property(b"pixi", bytes((0, 0, 0, 0, config.channels)) + bytes((config.bits,)) * config.channels),)
    return replace(item, properties=kept)


def _is_harmful(found: Property, item: Item) -> bool:
    """Whether decoders refuse a picture for a property: an empty profile, or the configuration of another codec."""
    own = _CODECS[item.kind][1] if item.kind in _CODECS else None
    return is_empty_profile(found) or (found.kind in _CONFIGURATIONS and found.kind != own)
