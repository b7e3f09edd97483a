"""XMP packets as trees: strict, bounded reading, and the frame of a new packet.

No document type, no entities, no network; size and depth are budgeted.
"""

from __future__ import annotations

from lxml import etree

from gainmap_codec.errors import FormatError, LimitError, Limits

_WHERE = "XMP packet"
_STEPS_PER_BYTE = 3  # of work, where there are tags upon tags
_PAIRS_PER_STEP = 32  # of an element's attributes: lxml searches each among all the others, whenever they are read
_QUOTED = 120  # characters of untrusted text in a message
_X = "adobe:ns:meta/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

TRUSTED = Limits(xmp_bytes=1 << 30, xmp_depth=1 << 20, work=1 << 60)
"""For packets that passed their reader's budget already, and for those that a caller hands in."""

HDRGM = "http://ns.adobe.com/hdr-gain-map/1.0/"
NOTE = "http://ns.adobe.com/xmp/note/"
HDRGM_VERSION = "1.0"

ABOUT = f"{{{RDF}}}about"
DESCRIPTION = f"{{{RDF}}}Description"
LI = f"{{{RDF}}}li"
PARSE_TYPE = f"{{{RDF}}}parseType"
SEQ = f"{{{RDF}}}Seq"


def parse_packet(packet: bytes, limits: Limits) -> etree._Element:
    """The rdf:RDF element of a packet that keeps the budgets; what stands in front of or behind its XML is left out."""
    limits.check("xmp_bytes", len(packet))
    limits.spend(_STEPS_PER_BYTE * len(packet))
    text = packet[packet.find(b"<") : packet.rfind(b">") + 1].replace(b"\0", b" ")  # of padding
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise FormatError(_WHERE, "expected no document type and no entities, got one")
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        reason = " ".join(error.msg.split())  # it quotes the packet, line ends included
        raise FormatError(_WHERE, f"expected well-formed XML, got an error: {reason[:_QUOTED]}") from None
    _check_depth(root, limits)
    rdf: etree._Element | None = next(root.iter(f"{{{RDF}}}RDF"), None)
    if rdf is None:
        raise FormatError(_WHERE, f"expected an rdf:RDF element, got {str(root.tag)[:_QUOTED]}")
    return rdf


def _check_depth(root: etree._Element, limits: Limits) -> None:
    level = [root]
    for _ in range(limits.xmp_depth):
        limits.spend(sum(len(element.attrib) ** 2 // _PAIRS_PER_STEP for element in level))
        level = [child for element in level for child in element]
        if not level:
            return
    most = f"at most {limits.xmp_depth} levels"
    raise LimitError(f"xmp_depth: expected {most}, got more (raise Limits.xmp_depth to accept)")


def attributes(element: etree._Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in element.attrib.items()}


def new_packet() -> tuple[etree._Element, etree._Element]:
    """An empty x:xmpmeta and the rdf:RDF inside it."""
    root = etree.Element(f"{{{_X}}}xmpmeta", nsmap={"x": _X})
    return root, etree.SubElement(root, f"{{{RDF}}}RDF", nsmap={"rdf": RDF})


def serialize_packet(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=False)
