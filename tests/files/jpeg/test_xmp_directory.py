"""XMP of a primary image: the GContainer directory, and ours merged into a user's packet."""

from __future__ import annotations

import pytest
from lxml import etree

from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.files.jpeg.xmp_directory import (
    DirectoryItem,
    directory_for,
    directory_of,
    merge_primary,
    without_gain_map,
)
from gainmap_codec.files.tags.xmp_packet import parse_packet
from support.xmp_packets import HDRGM, packet

LIMITS = Limits()
ITEM = "{http://ns.google.com/photos/1.0/container/item/}"


def parsed_directory(data: bytes) -> tuple[DirectoryItem, ...]:
    return directory_of(parse_packet(data, LIMITS))


def said(semantic: str) -> tuple[tuple[str, str], ...]:
    return (f"{ITEM}Semantic", semantic), (f"{ITEM}Mime", "image/jpeg")


def test_directory_of_other_writers() -> None:
    items = (
        '<rdf:li rdf:parseType="Resource">'
        '<C:Item I:Semantic="Primary" I:Mime="image/jpeg" I:Padding="7"/></rdf:li>'
        '<rdf:li rdf:parseType="Resource"><C:Item rdf:parseType="Resource"><I:Semantic>GainMap</I:Semantic>'
        "<I:Mime>image/jpeg</I:Mime><I:Length>1234</I:Length></C:Item></rdf:li>"
    )
    assert parsed_directory(packet("", f"<C:Directory><rdf:Seq>{items}</rdf:Seq></C:Directory>")) == (
        DirectoryItem("Primary", "image/jpeg", 0, 7, said("Primary")),
        DirectoryItem("GainMap", "image/jpeg", 1234, 0, said("GainMap")),
    )
    assert parsed_directory(packet()) == ()


@pytest.mark.parametrize(
    "entries",
    [
        '<rdf:li><C:Item I:Semantic="Primary"/></rdf:li><rdf:li><C:Item I:Semantic="GainMap" I:Length="7"/></rdf:li>',
        '<rdf:li I:Semantic="Primary"/><rdf:li I:Semantic="GainMap" I:Length="7"/>',
        '<rdf:li rdf:parseType="Resource"><C:Item><rdf:Description I:Semantic="Primary"/></C:Item></rdf:li>'
        '<rdf:li><rdf:Description><C:Item rdf:parseType="Resource"><I:Semantic>GainMap</I:Semantic>'
        "<I:Length><rdf:Description><rdf:value>7</rdf:value></rdf:Description></I:Length></C:Item></rdf:Description></rdf:li>",
        '<rdf:_2 I:Semantic="GainMap" I:Length="7"/><rdf:_1 I:Semantic="Primary"/>',
    ],
)
@pytest.mark.parametrize("kind", ["Seq", "Bag"])
def test_a_directory_in_any_spelling(kind: str, entries: str) -> None:
    data = packet("", f"<C:Directory><rdf:{kind}>{entries}</rdf:{kind}></C:Directory>")
    split = data.replace(
        b"<rdf:Description rdf:about=", b'<rdf:Description rdf:about="" dc:a="1"/><I:Thing rdf:about=', 1
    )
    split = split.replace(b"</C:Directory></rdf:Description>", b"</C:Directory></I:Thing>")
    for form in (data, split):
        assert [(item.semantic, item.length) for item in parsed_directory(form)] == [
            ("Primary", 0),
            ("GainMap", 7),
        ]


@pytest.mark.parametrize("length", ["-1", "1.5", "", "99999999999", "٣"])
def test_directory_with_impossible_lengths(length: str) -> None:
    children = f'<C:Directory><rdf:Seq><rdf:li><C:Item I:Length="{length}"/></rdf:li></rdf:Seq></C:Directory>'
    with pytest.raises(FormatError, match="Item:Length: expected a number of bytes"):
        parsed_directory(packet("", children))


def merged(user_packet: bytes | None, gain_map_bytes: int, notes: list[str]) -> bytes | None:
    items = directory_for(gain_map_bytes, gain_map_bytes > 0, ())
    return merge_primary(user_packet, items, gain_map_bytes > 0, notes)


def test_merge_without_a_user_packet() -> None:
    data = merged(None, 20_000, [])
    assert data is not None
    assert b' hdrgm:Version="1.0"' in data
    assert data.startswith(b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF ')
    assert parsed_directory(data) == (
        DirectoryItem("Primary", "image/jpeg", 0, 0, said("Primary")),
        DirectoryItem("GainMap", "image/jpeg", 20_000, 0, said("GainMap")),
    )
    assert merged(None, 0, []) is None


USER = packet(
    'dc:rights="me &amp; you" hdrgm:Version="1.0" xmpNote:HasExtendedXMP="ABC" xmlns:xmpNote="urn:note"',
    "<dc:title><rdf:Alt><rdf:li xml:lang='de'>Grüße</rdf:li></rdf:Alt></dc:title>"
    '<C:Directory><rdf:Seq><rdf:li><C:Item I:Semantic="GainMap" I:Length="1"/></rdf:li></rdf:Seq>'
    "</C:Directory>",
)


def test_merge_replaces_ours_and_keeps_the_users() -> None:
    data = merged(USER.replace(b"rdf:", b"r:").replace(b"xmlns:rdf", b"xmlns:r"), 20_000, [])
    assert data is not None
    assert [item.length for item in parsed_directory(data)] == [0, 20_000]
    assert data.count(b"Version=") == 1
    root = etree.fromstring(data)
    assert root.xpath("//@*[local-name()='rights']") == ["me & you"]
    assert root.xpath("//@*[local-name()='HasExtendedXMP']") == ["ABC"]
    assert root.xpath("//*[local-name()='title']//text()") == ["Grüße"]
    assert b"<rdf:RDF" in data
    assert merged(data, 20_000, []) == data


def test_removing_ours_leaves_the_users() -> None:
    data = merged(merged(USER, 5, []), 0, [])
    assert data is not None
    assert HDRGM.encode() not in data
    assert b"photos/1.0/container" not in data
    assert "Grüße".encode() in data
    assert merged(merged(None, 5, []), 0, []) is None


def test_a_packet_that_a_reader_let_pass_is_kept_whatever_its_size() -> None:
    large = packet(f'hdrgm:Version="1.0" dc:a="{"x" * (1 << 20)}"')
    notes: list[str] = []
    assert len(without_gain_map(large, notes) or b"") > 1 << 20
    assert notes == []


def test_a_broken_user_packet_is_left_out_with_a_warning() -> None:
    notes: list[str] = []
    assert merged(b"<broken", 5, notes) == merged(None, 5, [])
    (line,) = notes
    assert line.startswith("the XMP packet given is left out: XMP packet: expected well-formed XML")
