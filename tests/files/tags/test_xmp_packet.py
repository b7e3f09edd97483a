"""XMP packets: what is refused, what is budgeted, and what may stand around them."""

from __future__ import annotations

import pytest

from gainmap_codec.errors import FormatError, LimitError, Limits
from gainmap_codec.files.map_metadata.hdrgm import parse_hdrgm
from gainmap_codec.files.tags.xmp_packet import parse_packet
from support.cases import ONE_CHANNEL
from support.xmp_packets import REQUIRED, packet

LIMITS = Limits()


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
def test_broken_or_dangerous_xml(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_packet(data, LIMITS)


def test_budgets() -> None:
    with pytest.raises(LimitError, match="xmp_bytes"):
        parse_hdrgm(packet(), Limits(xmp_bytes=100))
    with pytest.raises(LimitError, match="xmp_depth"):
        parse_hdrgm(packet("", "<dc:a>" * 30 + "</dc:a>" * 30), LIMITS)
    assert parse_hdrgm(packet("", "<dc:a>" * 29 + "</dc:a>" * 29), LIMITS) is None


def test_wrapper_padding_and_trailing_nul() -> None:
    wrapped = (
        b'<?xpacket begin="\xef\xbb\xbf" id="W5M0"?>' + packet(REQUIRED) + b" \n" * 99 + b'<?xpacket end="w"?>\0\0'
    )
    assert parse_hdrgm(wrapped, LIMITS) == ONE_CHANNEL
    assert parse_hdrgm(wrapped.replace(b" \n", b"\0"), LIMITS) == ONE_CHANNEL
    assert parse_hdrgm(b"\xef\xbb\xbf" + packet(REQUIRED) + b"\0\0rubbish", LIMITS) == ONE_CHANNEL


def test_the_description_may_lie_deeper() -> None:
    start, end = b'<rdf:RDF xmlns:rdf="http', b"</rdf:RDF>"
    data = packet(REQUIRED).replace(start, b"<a>" + start, 1).replace(end, end + b"</a>")
    assert parse_hdrgm(data, LIMITS) == ONE_CHANNEL
