"""The meta box: what is written comes back, and is budgeted."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import LimitError, Limits
from gainmap_codec.files.boxes import BoxFile, make_box
from gainmap_codec.files.heif.items import Group, Item, Property, Reference, item_data
from gainmap_codec.files.heif.meta import parse_meta, serialize_meta

LIMITS = Limits()
ITEMS = (
    Item(1, b"av01", "Color", properties=(Property(b"ispe", bytes(12)), Property(b"av1C", b"\x81", essential=True))),
    Item(7, b"mime", "", "application/rdf+xml", hidden=True, properties=(Property(b"ispe", bytes(12)),)),
    Item(9, b"uri ", "n", "tag:x,2026:y"),
)
REFERENCES = (Reference(b"cdsc", 7, (1,)), Reference(b"dimg", 9, (1, 7)))
GROUPS = (Group(b"altr", 12, (9, 1)),)


def test_meta_comes_back_as_it_was_written() -> None:
    data = serialize_meta(1, ITEMS, REFERENCES, [b"one", b"two", b"one"], GROUPS)
    file = BoxFile(data, LIMITS)
    meta = parse_meta(file, file.top_level()[0])
    assert (meta.primary, tuple(meta.items.values())) == (1, ITEMS)
    assert (meta.references, meta.groups) == (REFERENCES, GROUPS)
    assert [item_data(file, meta, item.id) for item in ITEMS] == [b"one", b"two", b"one"]
    assert meta.places[1] == meta.places[9]  # equal contents are stored once
    assert [item.id for item in meta.sources(b"cdsc", 1)] == [7]
    assert meta.targets(b"dimg", 9) == (1, 7)


def test_unknown_boxes_of_meta_are_kept() -> None:
    inner = serialize_meta(1, ITEMS, (), [b"", b"", b""])[8:]
    file = BoxFile(make_box(b"meta", inner, make_box(b"uuid", b"mine")), LIMITS)
    meta = parse_meta(file, file.top_level()[0])
    assert [file.data[box.start : box.stop] for box in meta.unknown] == [make_box(b"uuid", b"mine")]


@pytest.mark.parametrize(("limit", "value"), [("items", 2), ("links", 5), ("boxes", 10)])
def test_budgets_of_meta(limit: str, value: int) -> None:
    file = BoxFile(serialize_meta(1, ITEMS, REFERENCES, [b"", b"", b""], GROUPS), Limits(**{limit: value}))
    with pytest.raises(LimitError, match=f"{limit}: expected at most {value}, got"):
        parse_meta(file, file.top_level()[0])
