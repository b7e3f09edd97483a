"""What a HEIC or AVIF file holds beside the record that all containers share."""

from __future__ import annotations

from dataclasses import dataclass

from gainmap_codec.files.heif.items import Group, Item, Property, Reference
from gainmap_codec.files.records import CodedImage, ContainerExtras, StoredGainMap


@dataclass(frozen=True)
class HeifExtras(ContainerExtras):
    """What a HEIC or AVIF file holds beside the fields of `GainMapFile`, for writing it into such a file again.

    Ids are those of the file it comes from; base, gain map and tmap item go by `BASE_ID`, `MAP_ID` and `TMAP_ID`.

    Attributes:
        base: The base as it was. What depends on its pixels (thumbnails, depth) goes with it.
        gain_map: The gain map as it was. What describes it (Apple's XMP, other gain maps) goes with it.
        orientation: As it was.
        brands: The major brand, then the compatible ones.
        items: Items that no field of the record stands for, with their data.
        references: All that involve them, or tell of base and gain map what the record does not.
        groups: The same of groups.
        map_properties: Of the gain map, those that its stand-alone picture lacks.
        tmap_properties: All of the tmap item's.
        meta_boxes: Whole boxes of `meta`.
        first_boxes: Whole boxes of the file, those in front of `meta` or `mdat`.
        last_boxes: The same of those behind both.
        lost: What could not be kept and why, a line each: nobody needs to know who only reads.
    """

    base: CodedImage
    gain_map: StoredGainMap | None
    orientation: int
    brands: tuple[bytes, ...]
    items: tuple[tuple[Item, bytes | None], ...]
    references: tuple[Reference, ...]
    groups: tuple[Group, ...]
    map_properties: tuple[Property, ...]
    tmap_properties: tuple[Property, ...]
    meta_boxes: bytes
    first_boxes: bytes
    last_boxes: bytes
    lost: tuple[str, ...] = ()


def heif_extras(extras: ContainerExtras | None) -> HeifExtras | None:
    """The extras, if they are those of a HEIC or AVIF file, else None."""
    return extras if isinstance(extras, HeifExtras) else None
