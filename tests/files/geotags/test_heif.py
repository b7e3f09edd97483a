"""Extras of HEIC and AVIF files without places, and without all that no picture needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.geotags import exif
from gainmap_codec.files.geotags.heif import bare, without_geotags
from gainmap_codec.files.heif.items import BASE_ID, Item, Property, Reference
from gainmap_codec.files.heif.records import HeifExtras, heif_extras
from support import geotag_files
from support.paths import FIXTURES

ALPHA, DEPTH = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth"


def extras_of(name: str) -> HeifExtras:
    found = heif_extras(parse_file((FIXTURES / "heif" / name).read_bytes(), name, Limits()).extras)
    assert found is not None
    return found


def auxiliary(number: int, urn: bytes) -> tuple[Item, bytes]:
    properties = (Property(b"auxC", bytes(4) + urn + b"\0"), Property(b"ispe", bytes(12)), Property(b"udes", b"words"))
    return Item(number, b"av01", name="words", properties=properties), b"pixels"


def test_of_auxiliary_pictures_only_transparency_is_needed() -> None:
    extras = replace(
        extras_of("tmap.avif"),
        items=(auxiliary(7, ALPHA), auxiliary(8, DEPTH)),
        references=(Reference(b"auxl", 7, (BASE_ID,)), Reference(b"auxl", 8, (BASE_ID,))),
        last_boxes=b"\0\0\0\x08free",
    )
    new = bare(extras)
    ((item, data),) = new.items
    assert (item.id, item.name, data, new.last_boxes) == (7, "", b"pixels", b"")
    assert [found.kind for found in item.properties] == [b"auxC", b"ispe"]
    assert new.references == (Reference(b"auxl", 7, (BASE_ID,)),)


@pytest.mark.parametrize("name", ["tmap.avif", "apple-auxiliary.heic", "adobe-auxiliary.avif", "grid.heic"])
def test_extras_without_geotags_are_equal(name: str) -> None:
    extras, notes = extras_of(name), list[str]()
    assert without_geotags(extras, notes) == extras and not notes


def test_items_that_share_their_bytes_are_cleaned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data, calls = geotag_files.exif_item(geotag_files.EXIFS["plain"]()), list[bytes]()
    clean = exif.without_geotags

    def counted(*arguments: Any) -> bytes:
        calls.append(arguments[0])
        return clean(*arguments)

    monkeypatch.setattr(exif, "without_geotags", counted)
    items = tuple((Item(number, b"Exif"), data) for number in range(1000, 1300))
    new = without_geotags(replace(extras_of("tmap.avif"), items=items), [])
    assert len(calls) == 1 and len(new.items) == 300
    assert not any(geotag_files.marks_in(cleaned or b"") for _, cleaned in new.items)
