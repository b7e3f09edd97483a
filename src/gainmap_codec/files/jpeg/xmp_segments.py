"""XMP in the segments of a JPEG: a main packet, and an extension for what does not fit into its segment.

Source: XMP specification part 3 (Adobe, 2020), 1.1.3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from lxml import etree

from gainmap_codec.errors import GainMapError, LimitError
from gainmap_codec.files.jpeg.edit import extension_segments, extensions
from gainmap_codec.files.jpeg.metadata import XMP_ID
from gainmap_codec.files.jpeg.segments import APP1, make_segment, segments_of
from gainmap_codec.files.records import CodedImage
from gainmap_codec.files.tags.rdf import resources, values_of
from gainmap_codec.files.tags.xmp_edit import HAS_EXTENSION, join_extension
from gainmap_codec.files.tags.xmp_packet import (
    ABOUT,
    DESCRIPTION,
    HDRGM,
    NOTE,
    RDF,
    TRUSTED,
    attributes,
    new_packet,
    parse_packet,
    serialize_packet,
)

MAX_PACKET_BYTES = 65_502

_NOTE_BYTES = 160  # of a description that says only where the extension is
_IN_MAIN = tuple(
    f"{{{namespace}}}"
    for namespace in (
        HDRGM,
        NOTE,
        RDF,
        "http://ns.google.com/photos/1.0/camera/",
        "http://ns.google.com/photos/1.0/container/",
        "http://www.w3.org/XML/1998/namespace",
    )
)
"""What readers look for in the main packet alone."""


def whole_xmp(packet: bytes | None, image: CodedImage, notes: list[str]) -> bytes | None:
    """A picture's packet with its extension, which only JPEG keeps apart.

    Args:
        packet: The picture's main packet.
        image: The picture, of any codec.
        notes: Gets a line where there is a whole extension that does not go with the packet.
    """
    if image.codec != "jpeg":
        return packet
    joined = joined_xmp(packet, image)
    found = extensions(segments_of(image), segments_of(image).header)
    if joined is None and any(whole is not None for _, whole in found.values()):
        notes.append("the extended XMP packet is not kept: the main packet does not name it, or one cannot be read")
    return joined or packet


def joined_xmp(packet: bytes | None, image: CodedImage) -> bytes | None:
    """The whole of a packet and the extension that it names, or None where it names none that is whole.

    Args:
        packet: The picture's main packet.
        image: The JPEG picture that the extension is in.
    """
    if packet is None:
        return None
    found = extensions(segments_of(image), segments_of(image).header)
    try:
        wholes = (found[name][1] for name in _extensions_named(packet) if name in found) if found else ()
        extension = next((whole for whole in wholes if whole is not None), None)
        return None if extension is None else join_extension(packet, extension)
    except GainMapError:
        return None


def _extensions_named(packet: bytes) -> list[str]:
    named = (text for one in resources(parse_packet(packet, TRUSTED)) for text in values_of(one, HAS_EXTENSION))
    return [text for text in named if isinstance(text, str)]


def xmp_segments(packet: bytes) -> bytes:
    """The segments of a packet: one, or more where it is longer than a segment.

    Raises:
        FormatError: A packet that is too long, and cannot be read.
        LimitError: Too long, and no part of it may stand in an extension.
    """
    if len(packet) <= MAX_PACKET_BYTES:
        return make_segment(APP1, XMP_ID + packet, "XMP")
    main, extended = _split(packet)
    if len(main) > MAX_PACKET_BYTES:
        most = f"at most {MAX_PACKET_BYTES} bytes, a JPEG segment"
        raise LimitError(f"XMP: expected a main packet of {most}, got {len(main)}")
    return make_segment(APP1, XMP_ID + main, "XMP") + extended


def _split(packet: bytes) -> tuple[bytes, bytes]:
    """A main packet, and the segments of an extension: the longest properties, as many as have to go."""
    rdf = parse_packet(packet, TRUSTED)
    excess = len(packet) + _NOTE_BYTES - MAX_PACKET_BYTES
    root, spilled = new_packet()
    for movable in sorted(_movable(rdf, spilled), key=lambda each: -each.size):
        if excess <= 0:
            break
        movable.move()
        excess -= movable.size
    for part in (rdf, spilled):
        for empty in [each for each in part if not len(each) and not set(attributes(each)) - {ABOUT}]:
            part.remove(empty)
    digest, segments = extension_segments(serialize_packet(root))
    note = etree.Element(DESCRIPTION, nsmap={"rdf": RDF, "xmpNote": NOTE})
    note.set(ABOUT, "")
    note.set(HAS_EXTENSION, digest)
    main, new = new_packet()
    new.extend([note, *rdf])
    return serialize_packet(main), segments


class _Movable(NamedTuple):
    """A property that may stand in the extension; `size` is what the main packet at least becomes shorter by."""

    size: int
    move: Callable[[], None]


def _movable(rdf: etree._Element, spilled: etree._Element) -> Iterator[_Movable]:
    """The properties of each description, with a description like it among the `spilled` to move them to."""
    for node in rdf:
        names = {prefix: name for prefix, name in node.nsmap.items() if prefix}
        target = etree.SubElement(spilled, node.tag, attrib=_identity(node), nsmap=names)
        for name, text in attributes(node).items():
            if name.startswith("{") and not name.startswith(_IN_MAIN):
                yield _Movable(_xml_bytes(text), _attribute_move(node, name, target))
        for child in node:
            if not str(child.tag).startswith(_IN_MAIN):
                yield _Movable(_element_bytes(child), _child_move(child, target))


def _identity(node: etree._Element) -> dict[str, str]:
    """What says which resource a description is about."""
    return {name: text for name, text in attributes(node).items() if name.startswith(f"{{{RDF}}}")}


def _attribute_move(node: etree._Element, name: str, target: etree._Element) -> Callable[[], None]:
    def move() -> None:
        target.set(name, str(node.attrib.pop(name)))

    return move


def _child_move(child: etree._Element, target: etree._Element) -> Callable[[], None]:
    return lambda: target.append(child)


def _element_bytes(element: etree._Element) -> int:
    """Bytes of all its texts and values."""
    texts = (text for each in element.iter() for text in (each.text, each.tail, *attributes(each).values()))
    return sum(_xml_bytes(text) for text in texts if text)


def _xml_bytes(text: str) -> int:
    return len(text.encode()) + 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))
