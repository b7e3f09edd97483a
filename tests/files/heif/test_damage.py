"""HEIC and AVIF files of which parts are overwritten with zeros or FF, as broken copies and bad cards leave them."""

from __future__ import annotations

import pytest

from gainmap_codec.codec.strip import stripped
from gainmap_codec.errors import Limits
from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.heif.items import Item, Reference
from gainmap_codec.files.heif.read import parse_heif
from gainmap_codec.files.heif.source import open_heif
from gainmap_codec.files.records import Container
from support.cases import ONE_CHANNEL
from support.container_files import photo
from support.heif_files import BASE, tmap_file, with_xmp

LIMITS = Limits()
HEIFS: tuple[Container, ...] = ("heic", "avif")


def with_gap(container: Container, filling: bytes, *, in_map: bool = False, size: int = 100) -> bytes:
    """A photo with the last bytes of its base's data, or of its map's, overwritten."""
    data = photo(container)
    meta = open_heif(data, LIMITS).meta
    item = next(r.targets[1] for r in meta.references if r.kind == b"dimg") if in_map else meta.primary
    stop = meta.places[item].extents[-1][1]
    return data[: stop - size] + filling * size + data[stop:]


@pytest.mark.parametrize("filling", [b"\0", b"\xff"])
@pytest.mark.parametrize("container", HEIFS)
def test_a_gap_in_the_base_counts_as_damage(container: Container, filling: bytes) -> None:
    kind = "hvc1" if container == "heic" else "av01"
    file = parse_heif(with_gap(container, filling), LIMITS)
    line = "data of pictures are missing: nothing but zeros, or FF, stands in their place"
    assert file.damage == (f"{line} (1 of kind '{kind}')",)
    assert file.gain_map is not None
    assert parse_heif(photo(container), LIMITS).damage == ()


@pytest.mark.parametrize("container", HEIFS)
def test_a_gain_map_with_a_gap_is_not_used(container: Container) -> None:
    file = parse_heif(with_gap(container, b"\0", in_map=True), LIMITS)
    assert file.gain_map is None
    assert "nothing but zeros" in file.damage[0]
    assert "expected coded data, got nothing but zeros or FF" in file.refused[0]


@pytest.mark.parametrize("container", HEIFS)
def test_padding_may_be_zeros(container: Container) -> None:
    padded = photo(container) + make_box(b"free", bytes(100))
    assert parse_heif(padded, LIMITS).damage == ()


@pytest.mark.parametrize("packet", [b"", b"\0", b"  \n"])
def test_exif_and_xmp_that_were_taken_out_are_none(packet: bytes) -> None:
    draft = with_xmp(tmap_file(ONE_CHANNEL), packet, BASE)
    data = draft.with_item(Item(50, b"Exif", hidden=True), b"", Reference(b"cdsc", 50, (BASE,))).build()
    file = parse_heif(data, LIMITS)
    assert file.exif is file.xmp is None
    assert file.warnings == ()
    notes: list[str] = []
    assert stripped(file, "gps", notes) == file
    assert notes == []
