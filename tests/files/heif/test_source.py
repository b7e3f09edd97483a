"""A file opened: which item is the base, and what a file must have."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import FormatError, LimitError, Limits
from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.heif.source import open_heif
from support.heif_files import BASE
from support.paths import FIXTURES

LIMITS = Limits()
DATA = (FIXTURES / "heif/tmap.avif").read_bytes()


def test_boxes_brands_and_the_base() -> None:
    source = open_heif(DATA, LIMITS)
    assert [box.kind for box in source.boxes] == [b"ftyp", b"meta"]
    assert source.brands[0] == b"avif" and b"tmap" in source.brands
    assert source.base == source.meta.primary == BASE


def test_a_primary_tmap_item_leads_to_its_base() -> None:
    source = open_heif((FIXTURES / "heif/tmap-primary.avif").read_bytes(), LIMITS)
    assert source.meta.items[source.meta.primary].kind == b"tmap"
    assert source.base == BASE


@pytest.mark.parametrize("kind", [b"ftyp", b"meta"])
def test_both_boxes_are_needed(kind: bytes) -> None:
    others = b"".join(DATA[box.start : box.stop] for box in open_heif(DATA, LIMITS).boxes if box.kind != kind)
    with pytest.raises(FormatError, match=f"file: expected a box {kind.decode()}, got none"):
        open_heif(others + make_box(b"free"), LIMITS)


def test_the_size_of_a_file_is_budgeted() -> None:
    with pytest.raises(LimitError, match="file_bytes"):
        open_heif(DATA, Limits(file_bytes=len(DATA) - 1))
