"""What an XMP packet says, whichever of RDF's spellings its writer chose.

Attributes and elements say the same. One resource may be described in several places, by rdf:Description or by elements
of any other name (typed nodes). A list is a list as rdf:Seq, rdf:Bag, rdf:Alt or a collection.
Source: RDF 1.1 XML syntax (W3C, 2014), sections 2 and 7; XMP specification part 1 (Adobe, 2012), annex C.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lxml import etree

from gainmap_codec.files.tags.xmp_packet import ABOUT, LI, PARSE_TYPE, RDF, attributes

Value = str | etree._Element
"""Text, or the element whose attributes and children are the properties of a nested resource."""

_LISTS = tuple(f"{{{RDF}}}{name}" for name in ("Seq", "Bag", "Alt"))
_MEMBER = re.compile(rf"\{{{re.escape(RDF)}\}}_(\d{{1,9}})", re.ASCII)
_NAMED_HERE = (f"{{{RDF}}}ID", f"{{{RDF}}}nodeID", "ID")
_RESOURCE = f"{{{RDF}}}resource"
_SYNTAX = (f"{{{RDF}}}", "{http://www.w3.org/XML/1998/namespace}")
_VALUE = f"{{{RDF}}}value"


def resources(rdf: etree._Element) -> list[list[etree._Element]]:
    """What an rdf:RDF element describes: the elements about each resource, the file itself first.

    The file has an empty rdf:about or none. What has a name inside the packet (rdf:ID, rdf:nodeID) is something else.
    """
    found: dict[str, list[etree._Element]] = {"": []}
    for node in rdf:
        if not any(name in node.attrib for name in _NAMED_HERE):
            about = node.get(ABOUT, node.get("about", ""))
            found.setdefault(about.strip(), []).append(node)
    return list(found.values())


def values_of(nodes: Sequence[etree._Element], name: str) -> list[Value]:
    """The values of one property, ``{namespace}name``; none where it is not there."""
    return _statements(nodes).get(name, [])


def texts_of(nodes: Sequence[etree._Element], namespace: str) -> dict[str, list[str]]:
    """Texts by local name, at least one for each property there is; a nested resource counts as an empty text."""
    start = f"{{{namespace}}}"
    return {
        name[len(start) :]: [value if isinstance(value, str) else "" for value in values] or [""]
        for name, values in _statements(nodes).items()
        if name.startswith(start)
    }


def _statements(nodes: Sequence[etree._Element]) -> dict[str, list[Value]]:
    """Values by property; of one that is stated twice, the first statement counts."""
    found: dict[str, list[Value]] = {}
    for node in nodes:
        for name, text in attributes(node).items():
            if _is_property(name):
                found.setdefault(name, [text])
        for child in node:
            if str(child.tag) not in found:
                found[str(child.tag)] = list(_values(child))
    return found


def _is_property(name: str) -> bool:
    return name.startswith("{") and (not name.startswith(_SYNTAX) or name == _VALUE or bool(_MEMBER.fullmatch(name)))


def _values(element: etree._Element) -> Iterator[Value]:
    """The values that a property's element gives."""
    if element.get(PARSE_TYPE) == "Resource":
        yield from _values_of_node(element)
    elif len(element):
        for node in element:
            yield from _values_of_node(node)
    elif not (element.text or "").strip() and any(map(_is_property, attributes(element))):
        yield from _values_of_node(element)
    else:
        yield element.get(_RESOURCE, element.text or "")


def _values_of_node(node: etree._Element) -> Iterator[Value]:
    """A list's members, the rdf:value of what has one (the rest are remarks on it), else the resource itself."""
    if node.tag in _LISTS:
        yield from _members(node)
        return
    yield from values_of([node], _VALUE) or [node]


def _members(node: etree._Element) -> Iterator[Value]:
    """In their order: as they stand (rdf:li), or by their numbers (rdf:_1, rdf:_2)."""
    numbered: list[tuple[int, list[Value]]] = [
        (int(match[1]), [text]) for name, text in attributes(node).items() if (match := _MEMBER.fullmatch(name))
    ]
    for place, child in enumerate(node, 1):
        match = _MEMBER.fullmatch(str(child.tag))
        if match or child.tag == LI:
            numbered.append((int(match[1]) if match else place, list(_values(child))))
    for _, values in sorted(numbered, key=lambda member: member[0]):
        yield from values
