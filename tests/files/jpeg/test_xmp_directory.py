from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits
from gainmap_codec.files.jpeg.xmp_directory import MAX_PACKET_BYTES, DirectoryItem, merge_primary, parse_directory
from gainmap_codec.files.map_metadata.hdrgm import parse_hdrgm, serialize_hdrgm
from gainmap_codec.files.map_metadata.iso21496 import fraction_of
from gainmap_codec.files.records import Fraction, GainMapMetadata
from support.cases import EXTREME, ONE_CHANNEL, THREE_CHANNELS, channel

LIMITS = Limits()
HDRGM = "http://ns.adobe.com/hdr-gain-map/1.0/"
NAMESPACES = (
    f'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:hdrgm="{HDRGM}" xmlns:dc="urn:dc"'
    ' xmlns:C="http://ns.google.com/photos/1.0/container/" xmlns:I="http://ns.google.com/photos/1.0/container/item/"'
)
REQUIRED = 'hdrgm:Version="1.0" hdrgm:GainMapMax="2" hdrgm:HDRCapacityMax="2"'


def packet(attributes: str = "", children: str = "") -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {NAMESPACES}>'
        f'<rdf:Description rdf:about="" {attributes}>{children}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def test_defaults_and_attribute_form():
    assert parse_hdrgm(packet(REQUIRED), LIMITS) == ONE_CHANNEL


def test_element_form_other_prefix_and_single_quotes():
    data = packet(REQUIRED).replace(b"hdrgm:", b"g:").replace(b"xmlns:hdrgm", b"xmlns:g").replace(b'"', b"'")
    assert parse_hdrgm(data, LIMITS) == ONE_CHANNEL
    children = "<hdrgm:Version>1.0</hdrgm:Version><hdrgm:GainMapMax> 2.0 </hdrgm:GainMapMax>"
    value = "<rdf:Description><rdf:value>2</rdf:value></rdf:Description>"
    children += f"<hdrgm:HDRCapacityMax>{value}</hdrgm:HDRCapacityMax>"
    assert parse_hdrgm(packet("", children), LIMITS) == ONE_CHANNEL


def seq(name: str, *values: str) -> str:
    items = "".join(f"<rdf:li>{value}</rdf:li>" for value in values)
    return f"<hdrgm:{name}><rdf:Seq>{items}</rdf:Seq></hdrgm:{name}>"


def test_sequences_of_one_and_three():
    attributes = 'hdrgm:Version="1.0" hdrgm:HDRCapacityMax="3"'
    data = packet(attributes, seq("GainMapMax", "1", "2", "3") + seq("GainMapMin", "-.5"))
    metadata = parse_hdrgm(data, LIMITS)
    assert metadata is not None
    expected = tuple(channel(Fraction(-1, 2), Fraction(high, 1)) for high in (1, 2, 3))
    assert metadata.channels == expected


def test_an_hdr_base_swaps_headrooms_and_offsets():
    attributes = REQUIRED + ' hdrgm:BaseRenditionIsHDR="True" hdrgm:OffsetSDR="0.25" hdrgm:OffsetHDR="0.5"'
    metadata = parse_hdrgm(packet(attributes), LIMITS)
    assert metadata is not None
    assert (metadata.base_hdr_headroom, metadata.alternate_hdr_headroom) == ((2, 1), (0, 1))
    assert metadata.channels[0].base_offset == Fraction(1, 2)
    assert metadata.channels[0].alternate_offset == Fraction(1, 4)
    assert parse_hdrgm(serialize_hdrgm(metadata), LIMITS) == metadata


@pytest.mark.parametrize("attributes", ["", 'dc:title="x"', 'hdrgm:Version="1.0"'])
def test_packets_without_numbers(attributes):
    assert parse_hdrgm(packet(attributes), LIMITS) is None


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        (REQUIRED.replace('"1.0"', '"2.0"'), "hdrgm:Version: expected 1.0"),
        ('hdrgm:GainMapMax="2"', "hdrgm:Version: expected 1.0"),
        ('hdrgm:Version="1.0" hdrgm:GainMapMax="2"', "HDRCapacityMax: expected a value"),
        ('hdrgm:Version="1.0" hdrgm:HDRCapacityMax="2"', "GainMapMax: expected a value"),
        (REQUIRED + ' hdrgm:BaseRenditionIsHDR="true"', "expected True or False"),
        (REQUIRED + ' hdrgm:Gamma="0"', "gamma"),
        (REQUIRED + ' hdrgm:GainMapMin="3"', "expected gain_map_max >= gain_map_min"),
        (REQUIRED + ' hdrgm:HDRCapacityMin="2.5"', "expected HDRCapacityMin 2.5 or more"),
        (REQUIRED + ' hdrgm:HDRCapacityMin="-1"', "base_hdr_headroom"),
        *((REQUIRED.replace('MapMax="2"', f'MapMax="{text}"'), "GainMapMax") for text in
          ("nan", "inf", "1e999", "1e300", "0x2", "2,5", "1_0", "", "٢", "--2", "1" * 65)),
        (REQUIRED.replace('GainMapMax="2"', 'GainMapMax="33"'), "at most 32 stops"),
    ],
)  # fmt: skip
def test_bad_numbers(attributes, problem):
    with pytest.raises(FormatError, match=problem):
        parse_hdrgm(packet(attributes), LIMITS)


def test_two_values_and_lists_of_capacities_are_refused():
    with pytest.raises(FormatError, match="1 or 3 values, got 2"):
        parse_hdrgm(packet(REQUIRED, seq("Gamma", "1", "1")), LIMITS)
    with pytest.raises(FormatError, match="expected 1 value, got 3"):
        parse_hdrgm(packet(REQUIRED, seq("HDRCapacityMin", "0", "0", "0")), LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<x",
        b"plain text",
        b"<a/>",
        packet().replace(b"<x:", b'<!DOCTYPE x [<!ENTITY a "b">]><x:', 1),
        b'<?xml version="1.0" encoding="UTF-16"?>'.decode().encode("utf-16") + packet().decode().encode("utf-16"),
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-' + packet(),
    ],
)
def test_broken_or_dangerous_xml(data):
    for parse in (parse_hdrgm, parse_directory):
        with pytest.raises(FormatError):
            parse(data, LIMITS)


def test_budgets():
    with pytest.raises(LimitError, match="xmp_bytes"):
        parse_hdrgm(packet(), Limits(xmp_bytes=100))
    with pytest.raises(LimitError, match="xmp_depth"):
        parse_hdrgm(packet("", "<dc:a>" * 30 + "</dc:a>" * 30), LIMITS)
    assert parse_hdrgm(packet("", "<dc:a>" * 29 + "</dc:a>" * 29), LIMITS) is None


def test_wrapper_padding_and_trailing_nul():
    wrapped = (
        b'<?xpacket begin="\xef\xbb\xbf" id="W5M0"?>' + packet(REQUIRED) + b" \n" * 99 + b'<?xpacket end="w"?>\0\0'
    )
    assert parse_hdrgm(wrapped, LIMITS) == ONE_CHANNEL


@pytest.mark.parametrize("metadata", [ONE_CHANNEL, THREE_CHANNELS, replace(EXTREME, use_base_colour_space=True)])
def test_numbers_come_back_equal_as_floats(metadata):
    again = parse_hdrgm(serialize_hdrgm(metadata), LIMITS)
    assert again is not None
    assert floats(again) == floats(metadata)


def floats(metadata: GainMapMetadata) -> list[float]:
    channels = list(metadata.channels)
    channels *= 3 // len(channels)
    numbers = [metadata.base_hdr_headroom, metadata.alternate_hdr_headroom]
    for one in channels:
        numbers += [one.gain_map_min, one.gain_map_max, one.gamma, one.base_offset, one.alternate_offset]
    return [float(number) for number in numbers]


@given(st.floats(0, 32), st.floats(0, 31), st.floats(0.01, 10))
def test_our_own_fractions_come_back_equal(headroom, high, gamma):
    one = channel(fraction_of(high - 1, rounding="down"), fraction_of(high, rounding="up"), fraction_of(gamma))
    metadata = GainMapMetadata(Fraction(0, 1), fraction_of(headroom), (one,))
    again = parse_hdrgm(serialize_hdrgm(metadata), LIMITS)
    assert again is not None
    assert floats(again) == floats(metadata)


def test_written_form_is_attributes_or_sequences():
    text = serialize_hdrgm(ONE_CHANNEL).decode()
    for name in ("GainMapMin", "Gamma", "OffsetSDR", "OffsetHDR", "HDRCapacityMin"):
        assert f' hdrgm:{name}="' in text
    assert text.startswith('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF ')
    assert ' hdrgm:Version="1.0"' in text
    assert ' hdrgm:OffsetSDR="0.015625"' in text
    assert ' hdrgm:GainMapMax="2.0" ' in text
    assert ' hdrgm:BaseRenditionIsHDR="False"' in text
    assert "<rdf:Seq>" not in text
    different = replace(THREE_CHANNELS, channels=(*ONE_CHANNEL.channels, *THREE_CHANNELS.channels[1:]))
    text = serialize_hdrgm(different).decode()
    assert "<hdrgm:GainMapMax><rdf:Seq><rdf:li>2.0</rdf:li><rdf:li>3.0</rdf:li><rdf:li>3.0</rdf:li></rdf:Seq>" in text
    assert ' hdrgm:Gamma="1.0"' in text


def test_maths_in_the_alternate_space_cannot_be_said():
    with pytest.raises(ValueError, match="use_base_colour_space"):
        serialize_hdrgm(replace(ONE_CHANNEL, use_base_colour_space=False))


def test_directory_of_other_writers():
    items = (
        '<rdf:li rdf:parseType="Resource">'
        '<C:Item I:Semantic="Primary" I:Mime="image/jpeg" I:Padding="7"/></rdf:li>'
        '<rdf:li rdf:parseType="Resource"><C:Item rdf:parseType="Resource"><I:Semantic>GainMap</I:Semantic>'
        "<I:Mime>image/jpeg</I:Mime><I:Length>1234</I:Length></C:Item></rdf:li>"
    )
    assert parse_directory(packet("", f"<C:Directory><rdf:Seq>{items}</rdf:Seq></C:Directory>"), LIMITS) == (
        DirectoryItem("Primary", "image/jpeg", 0, 7),
        DirectoryItem("GainMap", "image/jpeg", 1234, 0),
    )
    assert parse_directory(packet(), LIMITS) == ()


@pytest.mark.parametrize("length", ["-1", "1.5", "", "99999999999", "٣"])
def test_directory_with_impossible_lengths(length):
    children = f'<C:Directory><rdf:Seq><rdf:li><C:Item I:Length="{length}"/></rdf:li></rdf:Seq></C:Directory>'
    with pytest.raises(FormatError, match="Item:Length: expected a number of bytes"):
        parse_directory(packet("", children), LIMITS)


def test_merge_without_a_user_packet():
    data = merge_primary(None, 20_000, [])
    assert data is not None
    assert b' hdrgm:Version="1.0"' in data
    assert data.startswith(b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF ')
    assert parse_directory(data, LIMITS) == (
        DirectoryItem("Primary", "image/jpeg", 0, 0),
        DirectoryItem("GainMap", "image/jpeg", 20_000, 0),
    )
    assert merge_primary(None, None, []) is None


USER = packet(
    'dc:rights="me &amp; you" hdrgm:Version="1.0" xmpNote:HasExtendedXMP="ABC" xmlns:xmpNote="urn:note"',
    "<dc:title><rdf:Alt><rdf:li xml:lang='de'>Grüße</rdf:li></rdf:Alt></dc:title>"
    '<C:Directory><rdf:Seq><rdf:li><C:Item I:Semantic="GainMap" I:Length="1"/></rdf:li></rdf:Seq>'
    "</C:Directory>",
)


def test_merge_replaces_ours_and_keeps_the_users():
    data = merge_primary(USER.replace(b"rdf:", b"r:").replace(b"xmlns:rdf", b"xmlns:r"), 20_000, [])
    assert data is not None
    assert [item.length for item in parse_directory(data, LIMITS)] == [0, 20_000]
    assert data.count(b"Version=") == 1
    root = etree.fromstring(data)
    assert root.xpath("//@*[local-name()='rights']") == ["me & you"]
    assert root.xpath("//@*[local-name()='HasExtendedXMP']") == ["ABC"]
    assert root.xpath("//*[local-name()='title']//text()") == ["Grüße"]
    assert b"<rdf:RDF" in data
    assert merge_primary(data, 20_000, []) == data


def test_removing_ours_leaves_the_users():
    data = merge_primary(merge_primary(USER, 5, []), None, [])
    assert data is not None
    assert HDRGM.encode() not in data
    assert b"photos/1.0/container" not in data
    assert "Grüße".encode() in data
    assert merge_primary(merge_primary(None, 5, []), None, []) is None


def test_a_broken_user_packet_is_left_out_with_a_warning():
    notes: list[str] = []
    assert merge_primary(b"<broken", 5, notes) == merge_primary(None, 5, [])
    (line,) = notes
    assert line.startswith("the XMP packet given is left out: XMP packet: expected well-formed XML")


def test_a_packet_that_does_not_fit_a_segment():
    room = MAX_PACKET_BYTES - len(merge_primary(packet('dc:a=""'), 5, []) or b"")
    fits = merge_primary(packet(f'dc:a="{"x" * room}"'), 5, [])
    assert fits is not None
    assert len(fits) == MAX_PACKET_BYTES
    with pytest.raises(GainMapError, match="expected at most 65502 bytes, a JPEG segment, got 65503"):
        merge_primary(packet(f'dc:a="{"x" * (room + 1)}"'), 5, [])
