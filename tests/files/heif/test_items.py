"""Items and the links between them."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.boxes import BoxFile
from gainmap_codec.files.heif.items import HeifMeta, Item, Place, Property, Reference, item_data

GRID, TILE, OTHER = Item(1, b"grid"), Item(2, b"av01"), Item(3, b"av01")
META = HeifMeta(
    primary=1,
    items={item.id: item for item in (GRID, TILE, OTHER)},
    places={2: Place(((0, 3), (5, 6))), 3: Place(())},
    references=(Reference(b"dimg", 1, (2, 2)), Reference(b"dimg", 3, (2,)), Reference(b"thmb", 3, (1,))),
)


def test_links_in_both_directions() -> None:
    assert META.targets(b"dimg", 1) == (2, 2)
    assert META.targets(b"auxl", 1) == ()
    assert list(META.sources(b"dimg", 2)) == [GRID, OTHER]
    assert list(META.sources(b"thmb", 1)) == [OTHER]


def test_only_grids_have_tiles() -> None:
    assert META.tiles(1) == (2, 2)
    assert META.tiles(3) == META.tiles(99) == ()


def test_the_first_property_of_a_kind() -> None:
    item = Item(1, b"av01", properties=(Property(b"colr", b"one"), Property(b"colr", b"two")))
    assert item.property(b"colr") == Property(b"colr", b"one")
    assert item.property(b"ispe") is None


def test_extents_are_joined_and_items_without_any_refused() -> None:
    file = BoxFile(b"abcdefgh", Limits())
    assert item_data(file, META, 2) == b"abcf"
    assert META.places[2].size == 4
    for number in (3, 99):
        with pytest.raises(FormatError, match=f"expected a place of item {number} in the file, got none"):
            item_data(file, META, number)
