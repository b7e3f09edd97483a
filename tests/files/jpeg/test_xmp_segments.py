"""XMP longer than a segment: a main packet and an extension, by the digests and offsets of Adobe's specification."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from lxml import etree

from gainmap_codec.errors import FormatError, LimitError, Limits
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.segments import APP1, parse_segments
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.jpeg.xmp_segments import MAX_PACKET_BYTES, joined_xmp, whole_xmp, xmp_segments
from support.jpeg_files import record
from support.xmp_packets import packet

MAIN_ID, EXTENSION_ID = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
LONG = packet(
    f'hdrgm:Version="1.0" dc:small="s" dc:a="{"a" * 70_000}"',
    f"<dc:title>{'b&amp;' * 40_000}</dc:title><dc:rights>me</dc:rights>"
    '<C:Directory><rdf:Seq><rdf:li><C:Item I:Semantic="Primary"/></rdf:li></rdf:Seq></C:Directory>',
)


def parts(segments: bytes) -> tuple[bytes, bytes]:
    """Main packet and extension, put together by hand."""
    bodies = []
    while segments:
        stop = 2 + int.from_bytes(segments[2:4], "big")
        assert segments[:2] == b"\xff\xe1"
        bodies.append(segments[4:stop])
        segments = segments[stop:]
    main = bodies[0].removeprefix(MAIN_ID)
    extension = b""
    for body in bodies[1:]:
        assert body.startswith(EXTENSION_ID)
        digest, length, offset, chunk = body[35:67], body[67:71], body[71:75], body[75:]
        assert int.from_bytes(offset, "big") == len(extension)
        extension += chunk
    if len(bodies) > 1:
        assert int.from_bytes(length, "big") == len(extension)
        assert digest == hashlib.md5(extension).hexdigest().upper().encode()
        assert b'xmpNote:HasExtendedXMP="' + digest in main
    return main, extension


def said(*packets: bytes) -> dict[str, str]:
    """The texts of all simple properties."""
    found: dict[str, str] = {}
    for data in packets:
        for node in etree.fromstring(data)[0]:
            found |= {str(name): str(value) for name, value in node.attrib.items()}
            found |= {str(child.tag): child.text or "" for child in node if not len(child)}
    return {name.rpartition("}")[2]: text for name, text in found.items() if not name.endswith(("about", "XMP"))}


def test_a_packet_that_fits_is_one_segment() -> None:
    room = MAX_PACKET_BYTES - len(packet('dc:a=""'))
    fits = packet(f'dc:a="{"x" * room}"')
    assert parts(xmp_segments(fits)) == (fits, b"")


@pytest.mark.parametrize("over", [1, 500])
def test_one_byte_more_goes_on_in_an_extension(over: int) -> None:
    size = MAX_PACKET_BYTES - len(packet('dc:a=""')) + over
    main, extension = parts(xmp_segments(packet(f'dc:b="2" dc:a="{"x" * (size - 9)}"')))
    assert said(main) == {"b": "2"}
    assert set(said(extension)) == {"a"}


def test_the_longest_properties_go_and_the_gain_maps_stay() -> None:
    main, extension = parts(xmp_segments(LONG))
    assert said(main) == {"Version": "1.0", "small": "s", "rights": "me"}
    assert said(extension) == {"a": "a" * 70_000, "title": "b&" * 40_000}
    assert b"Directory" in main and b"Directory" not in extension


def test_many_small_ones_go_in_time() -> None:
    many = packet(" ".join(f'dc:p{n}="{n}"' for n in range(20_000)))
    main, extension = parts(xmp_segments(many))
    assert said(main, extension) == {f"p{n}": str(n) for n in range(20_000)}


def test_what_cannot_be_divided() -> None:
    with pytest.raises(LimitError, match=r"XMP: expected a main packet of at most 65502 bytes.*, got"):
        xmp_segments(packet(f'hdrgm:a="{"x" * 70_000}"'))
    with pytest.raises(FormatError):
        xmp_segments(b"<" * 70_000)


def test_a_file_is_read_whole_and_written_again() -> None:
    notes: list[str] = []
    data = serialize_jpeg(replace(record(), xmp=LONG), notes)
    for _ in range(2):
        file = parse_jpeg(data, Limits())
        assert file.gain_map is not None and file.warnings == ()
        whole = joined_xmp(file.xmp, file.base)
        assert whole is not None
        assert said(whole) == said(LONG)
        again = serialize_jpeg(file, notes)
        bodies = parse_segments(again, Limits()).bodies(APP1, EXTENSION_ID)
        assert len(bodies) == len({body[36:40] for body in bodies}), "one extension"
        data = again
    assert notes == []


def test_an_extension_that_the_packet_does_not_name_stays_apart() -> None:
    data = serialize_jpeg(replace(record(), xmp=LONG))
    other = replace(parse_jpeg(data, Limits()), xmp=packet('dc:own="1"'))
    assert joined_xmp(other.xmp, other.base) is None
    notes: list[str] = []
    assert whole_xmp(other.xmp, other.base, notes) == other.xmp
    assert notes == ["the extended XMP packet is not kept: the main packet does not name it, or one cannot be read"]
    again = serialize_jpeg(other)
    assert len(parse_segments(again, Limits()).bodies(APP1, EXTENSION_ID)) == len(
        parse_segments(data, Limits()).bodies(APP1, EXTENSION_ID)
    )
