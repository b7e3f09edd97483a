"""A user's XMP packet with a few properties changed, and packets that stay byte for byte."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import GainMapError
from gainmap_codec.files.tags.xmp_edit import edited, join_extension, no_thumbnails, orientation_is, size_is
from support import pipeline_files as files


def test_orientation_and_sizes_change_only_where_they_are() -> None:
    assert b'tiff:Orientation="8"' in edited(files.XMP, orientation_is(8))
    assert edited(files.XMP, orientation_is(1)) == files.XMP
    sized = edited(files.XMP, size_is(7, 5))
    assert b'exif:PixelXDimension="7"' in sized and b"PixelYDimension" not in sized


def test_several_changes_are_made_at_once() -> None:
    changes = size_is(7, 5), orientation_is(8)
    assert edited(files.XMP, *changes) == edited(edited(files.XMP, changes[0]), changes[1])


def test_an_extension_joins_the_main_packet() -> None:
    rdf = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" %s/></rdf:RDF>'
    )
    main = (
        rdf % b'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="ABC" xmlns:dc="urn:dc" dc:a="1"'
    )
    joined = join_extension(main, rdf % b'xmlns:dc="urn:dc" dc:b="2"')
    assert b'dc:a="1"' in joined and b'dc:b="2"' in joined and b"HasExtendedXMP" not in joined
    with pytest.raises(GainMapError):
        join_extension(main, b"<broken")


def test_thumbnails_leave() -> None:
    packet = files.XMP.replace(
        b"exif:GPSLatitude", b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Thumbnails="small" exif:GPSLatitude', 1
    )
    assert b"Thumbnails" in packet
    new = edited(packet, no_thumbnails)
    assert b"Thumbnails" not in new and b"GPSLatitude" in new
    assert edited(files.XMP, no_thumbnails) == files.XMP
