"""The items of a HEIC or AVIF file and what links them: records, no boxes.

Source: ISO/IEC 14496-12 clause 8.11, ISO/IEC 23008-12 clauses 6.4 (groups) and 9.3 (properties).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gainmap_codec.errors import FormatError
from gainmap_codec.files.boxes import Box, BoxFile

TMAP = b"tmap"
"""The kind of the item that is a base with a gain map applied: ISO 21496-1 in HEIF."""

PAYLOAD_URI = "tag:gainmap-codec.invalid,2026:gainmap-nn"
"""The URI of the item that is our payload."""

XMP_TYPE = "application/rdf+xml"
"""The MIME type of XMP items."""

_STEPS_PER_ITEM, _STEPS_PER_EXTENT, _BYTES_PER_STEP = 50, 10, 1024  # of work

BASE_ID, MAP_ID, TMAP_ID = -1, -2, -3
"""What stands for the ids of the base, its gain map and the tmap item where a file's own ids mean nothing."""


class Property(NamedTuple):
    """A property of an item: the kind of its box, and what the box holds (version and flags included)."""

    kind: bytes
    body: bytes
    essential: bool = False


class Place(NamedTuple):
    """Where an item's bytes are: (start, stop) pairs in the file, in their order; none where some lie outside it."""

    extents: tuple[tuple[int, int], ...]
    is_outside: bool = False

    @property
    def size(self) -> int:
        return sum(stop - start for start, stop in self.extents)


@dataclass(frozen=True)
class Item:
    """One item of the file.

    Attributes:
        kind: Four characters: hvc1, av01, grid, tmap, Exif, mime, uri …
        name: For people, often empty.
        content_type: MIME type of a `mime` item, URI of a `uri ` item, else empty.
        content_encoding: How the data of a `mime` item are packed, as in HTTP; empty for not at all.
        hidden: Not a picture to be shown by itself.
        properties: In the order of their association.
    """

    id: int
    kind: bytes
    name: str = ""
    content_type: str = ""
    content_encoding: str = ""
    hidden: bool = False
    properties: tuple[Property, ...] = ()

    def property(self, kind: bytes) -> Property | None:
        """The first property of this kind."""
        return next((p for p in self.properties if p.kind == kind), None)


class Reference(NamedTuple):
    """From one item to others: dimg to inputs, cdsc to the described, auxl to the master image."""

    kind: bytes
    source: int
    targets: tuple[int, ...]


class Group(NamedTuple):
    """Entities that belong together; in `altr` the preferred comes first.

    `extension` is what a group of its kind says behind them.
    """

    kind: bytes
    id: int
    entities: tuple[int, ...]
    extension: bytes = b""


@dataclass(frozen=True)
class HeifMeta:
    """What the `meta` box says.

    Attributes:
        primary: Id of the item that is the file's picture.
        items: By id.
        places: By id, of the items that have any.
        unknown: Boxes in `meta` that we do not read.
    """

    primary: int
    items: dict[int, Item]
    places: dict[int, Place]
    references: tuple[Reference, ...] = ()
    groups: tuple[Group, ...] = ()
    unknown: tuple[Box, ...] = ()

    def targets(self, kind: bytes, source: int) -> tuple[int, ...]:
        """What the item refers to by the first reference of this kind."""
        return next((r.targets for r in self.references if (r.kind, r.source) == (kind, source)), ())

    def tiles(self, number: int) -> tuple[int, ...]:
        """The items that a grid is made of; none where the item is no grid."""
        item = self.items.get(number)
        return self.targets(b"dimg", number) if item is not None and item.kind == b"grid" else ()

    def sources(self, kind: bytes, target: int) -> Iterator[Item]:
        """The items that refer to `target` by references of this kind, each once however often it does."""
        found = dict.fromkeys(r.source for r in self.references if r.kind == kind and target in r.targets)
        return (self.items[number] for number in found if number in self.items)


def item_data(file: BoxFile, meta: HeifMeta, item: int) -> bytes:
    """The bytes of an item.

    Raises:
        FormatError: It has no place, or more bytes than the file.
        LimitError: More work than the file's limits allow, with what was read before.
    """
    place = meta.places.get(item)
    if place and place.is_outside:
        problem = "it ends too early" if file.lacking else "it ends too early, or its index is wrong"
        raise FormatError("file", f"{problem}: expected a place of item {item} in the file, got one outside it")
    if place is None or not place.extents:
        raise FormatError("box iloc", f"expected a place of item {item} in the file, got none")
    file.limits.spend(_STEPS_PER_ITEM + _STEPS_PER_EXTENT * len(place.extents))
    if place.size > len(file.data):
        raise FormatError("box iloc", f"item {item}: expected at most {len(file.data)} bytes, got {place.size}")
    file.limits.spend(place.size // _BYTES_PER_STEP)
    return b"".join(file.data[start:stop] for start, stop in place.extents)
