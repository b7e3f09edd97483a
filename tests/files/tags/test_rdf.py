"""One statement in every spelling that RDF has for it, and statements about something else."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import Limits
from gainmap_codec.files.map_metadata.apple import parse_apple
from gainmap_codec.files.map_metadata.hdrgm import parse_hdrgm
from gainmap_codec.files.records import AppleMetadata, GainMapMetadata
from gainmap_codec.files.tags.rdf import resources, texts_of, values_of
from gainmap_codec.files.tags.xmp_edit import edited, orientation_is
from gainmap_codec.files.tags.xmp_packet import parse_packet
from support.cases import ONE_CHANNEL
from support.xmp_packets import HDRGM, NAMESPACES

LIMITS = Limits()
NUMBERS = 'hdrgm:GainMapMax="2" hdrgm:HDRCapacityMax="2"'
VERSION = 'hdrgm:Version="1.0"'


def rdf(*nodes: str) -> bytes:
    return f"<x><rdf:RDF {NAMESPACES}>{''.join(nodes)}</rdf:RDF></x>".encode()


@pytest.mark.parametrize(
    "nodes",
    [
        (f'<rdf:Description rdf:about="" {VERSION}/>', f'<rdf:Description rdf:about="" {NUMBERS}/>'),
        (f'<rdf:Description rdf:about="" {NUMBERS}/>', f"<rdf:Description {VERSION}/>"),
        (f'<rdf:Description rdf:about="" {NUMBERS}/>', f'<rdf:Description about="" {VERSION}/>'),
        (f'<rdf:Description rdf:about="uuid:1" {VERSION}/>', f'<rdf:Description rdf:about="uuid:1" {NUMBERS}/>'),
        (f'<hdrgm:Thing rdf:about="" {VERSION} {NUMBERS}/>',),
        (f'<hdrgm:Thing rdf:about="" {VERSION}/>', f"<rdf:Description {NUMBERS}/>"),
        (
            f'<rdf:Description rdf:about="" {VERSION}/>',
            '<rdf:Description rdf:about=""><hdrgm:GainMapMax>2</hdrgm:GainMapMax></rdf:Description>',
            '<rdf:Description rdf:about="" dc:title="x"/>',
            '<rdf:Description rdf:about="" hdrgm:HDRCapacityMax="2"/>',
        ),
        (f'<rdf:Description rdf:ID="other" {VERSION} hdrgm:GainMapMax="9"/>', f"<dc:A {VERSION} {NUMBERS}/>"),
        ('<rdf:Description rdf:nodeID="b" hdrgm:Gamma="9"/>', f"<rdf:Description {VERSION} {NUMBERS}/>"),
        ('<rdf:Description rdf:about="urn:b" hdrgm:Gamma="9"/>', f"<rdf:Description {VERSION} {NUMBERS}/>"),
    ],
)
def test_several_descriptions_of_one_resource(nodes: tuple[str, ...]) -> None:
    assert parse_hdrgm(rdf(*nodes), LIMITS) == ONE_CHANNEL


@pytest.mark.parametrize("name", ["rdf:ID", "rdf:nodeID"])
def test_what_has_a_name_inside_the_packet_is_not_the_photo(name: str) -> None:
    assert parse_hdrgm(rdf(f'<rdf:Description {name}="a" {VERSION} {NUMBERS}/>'), LIMITS) is None


SPELLINGS = [
    "<hdrgm:GainMapMax>2</hdrgm:GainMapMax>",
    "<hdrgm:GainMapMax xml:lang='de'>2</hdrgm:GainMapMax>",
    '<hdrgm:GainMapMax rdf:datatype="urn:decimal">2</hdrgm:GainMapMax>',
    '<hdrgm:GainMapMax rdf:parseType="Literal">2</hdrgm:GainMapMax>',
    '<hdrgm:GainMapMax rdf:parseType="Resource"><rdf:value>2</rdf:value><dc:a>3</dc:a></hdrgm:GainMapMax>',
    '<hdrgm:GainMapMax rdf:value="2" dc:a="3"/>',
    "<hdrgm:GainMapMax><rdf:Description><dc:a>3</dc:a><rdf:value>2</rdf:value></rdf:Description></hdrgm:GainMapMax>",
    '<hdrgm:GainMapMax><dc:Number rdf:value="2"/></hdrgm:GainMapMax>',
    *(
        f"<hdrgm:GainMapMax><rdf:{kind}><rdf:li>2</rdf:li></rdf:{kind}></hdrgm:GainMapMax>"
        for kind in ("Seq", "Bag", "Alt")
    ),
    "<hdrgm:GainMapMax><rdf:Seq><rdf:_1>2</rdf:_1></rdf:Seq></hdrgm:GainMapMax>",
    '<hdrgm:GainMapMax><rdf:Seq rdf:_1="2"/></hdrgm:GainMapMax>',
    '<hdrgm:GainMapMax><rdf:Bag><rdf:li rdf:parseType="Resource"><rdf:value>2</rdf:value></rdf:li></rdf:Bag>'
    "</hdrgm:GainMapMax>",
    "<hdrgm:GainMapMax><!-- two -->2</hdrgm:GainMapMax>",
    "<hdrgm:GainMapMax><![CDATA[2]]></hdrgm:GainMapMax>",
]


@pytest.mark.parametrize("element", SPELLINGS)
def test_a_number_in_every_spelling(element: str) -> None:
    node = f'<rdf:Description {VERSION} hdrgm:HDRCapacityMax="2">{element}</rdf:Description>'
    assert parse_hdrgm(rdf(node), LIMITS) == ONE_CHANNEL


def test_members_of_a_list_come_in_their_order() -> None:
    numbered = "<rdf:_3>3</rdf:_3><rdf:_1>1</rdf:_1><rdf:_2>2</rdf:_2>"
    node = f"<rdf:Description {VERSION}><hdrgm:HDRCapacityMax>3</hdrgm:HDRCapacityMax><hdrgm:GainMapMax>"
    metadata = parse_hdrgm(rdf(f"{node}<rdf:Seq>{numbered}</rdf:Seq></hdrgm:GainMapMax></rdf:Description>"), LIMITS)
    assert isinstance(metadata, GainMapMetadata)
    assert [float(channel.gain_map_max) for channel in metadata.channels] == [1, 2, 3]


def test_nested_resources_are_no_text_and_empty_lists_are_empty() -> None:
    packet = rdf('<dc:T><dc:a><dc:B dc:c="1"/></dc:a><dc:d><rdf:Seq/></dc:d><dc:e rdf:resource="urn:f"/></dc:T>')
    (nodes,) = resources(parse_packet(packet, LIMITS))
    assert texts_of(nodes, "urn:dc") == {"a": [""], "d": [""], "e": ["urn:f"]}
    (nested,) = values_of(nodes, "{urn:dc}a")
    assert not isinstance(nested, str)
    assert texts_of([nested], "urn:dc") == {"c": ["1"]}


def test_the_first_of_two_statements_counts() -> None:
    packet = rdf('<dc:T dc:a="1"><dc:a>2</dc:a></dc:T><dc:T dc:a="3" dc:b="4"/>')
    (nodes,) = resources(parse_packet(packet, LIMITS))
    assert texts_of(nodes, "urn:dc") == {"a": ["1"], "b": ["4"]}


def test_apples_numbers_and_the_orientation_are_read_in_typed_nodes() -> None:
    names = 'xmlns:H="http://ns.apple.com/HDRGainMap/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"'
    version = f'<H:Map {names} H:HDRGainMapVersion="65536" tiff:Orientation="6"/>'
    packet = rdf(version, f"<H:Map {names}><H:HDRGainMapHeadroom>4</H:HDRGainMapHeadroom></H:Map>")
    assert parse_apple(packet, None, LIMITS, []) == AppleMetadata(4.0, 65536, "xmp")
    assert b'tiff:Orientation="1"' in edited(packet, orientation_is(1))


def test_namespace_not_prefix() -> None:
    packet = rdf(f"<rdf:Description {VERSION} {NUMBERS}/>").replace(b"hdrgm:", b"rdfs:").replace(b":hdrgm", b":rdfs")
    assert HDRGM.encode() in packet
    assert parse_hdrgm(packet, LIMITS) == ONE_CHANNEL
