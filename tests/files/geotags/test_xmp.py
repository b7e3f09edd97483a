"""XMP without places, whatever shape RDF gives them."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import FormatError
from gainmap_codec.files.geotags.jpeg import clean_jpeg
from gainmap_codec.files.geotags.xmp import in_utf_8, without_geotags
from gainmap_codec.files.tags.xmp_packet import TRUSTED, parse_packet
from support import geotag_files
from support import pipeline_files as files


@pytest.mark.parametrize("name", geotag_files.PACKETS)
def test_every_shape(name: str) -> None:
    packet = geotag_files.PACKETS[name]()
    new = without_geotags(packet, clean_jpeg)
    assert not geotag_files.marks_in(new) and b"mine" in new
    assert b"kept" in new or b"kept" not in packet
    assert without_geotags(new, clean_jpeg) == new


def test_attributes_and_elements() -> None:
    new = without_geotags(files.XMP, clean_jpeg)
    assert b"GPS" not in new and b'dc:rights="mine"' in new and b"PixelXDimension" in new


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_other_encodings_are_read(encoding: str) -> None:
    packet = in_utf_8(files.XMP.decode().encode(encoding))
    assert len(parse_packet(packet, TRUSTED)) == 1 and b"48,12.5N" in packet


def test_broken_xmp_is_refused() -> None:
    with pytest.raises(FormatError):
        without_geotags(b"<x:xmpmeta", clean_jpeg)
