"""XMP without the places that it names, whatever shape RDF gives them: attributes, elements, structures, typed nodes.

Source: XMP specification part 1 (ISO 16684-1:2019), clause 7.
"""

from __future__ import annotations

import base64
import binascii
import codecs

from lxml import etree

from gainmap_codec.files.geotags.exif import CleanJpeg
from gainmap_codec.files.geotags.words import is_geotag, mentions_geotag
from gainmap_codec.files.tags.xmp_packet import TRUSTED, attributes, parse_packet, serialize_packet

_COMMENT = b"<!--"
_JPEG_IN_BASE64 = "/9j/"
_WIDE = ((b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_BYTE_ORDER_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def without_geotags(packet: bytes, clean_jpeg: CleanJpeg) -> bytes:
    """The packet without properties that name a place, at any depth; the same bytes where it has none.

    Args:
        packet: In UTF-8.
        clean_jpeg: What is done to pictures inside the packet.
    Raises:
        GainMapError: The packet cannot be read.
    """
    root = parse_packet(packet, TRUSTED).getroottree().getroot()
    changed = _COMMENT in packet  # which parsing leaves out
    for element in list(root.iter()):
        changed |= _without_attributes(element, clean_jpeg)
        parent = element.getparent()
        if parent is not None and is_geotag(str(element.tag)):
            parent.remove(element)
            changed = True
        elif element.text and (new := _cleaned(element.text, clean_jpeg)) != element.text:
            element.text = new
            changed = True
    return serialize_packet(root) if changed else packet


def cleaned(data: bytes, clean_jpeg: CleanJpeg) -> bytes:
    """A packet in any Unicode encoding without places; the same bytes where it names none."""
    packet = in_utf_8(data)
    new = without_geotags(packet, clean_jpeg)
    return data if new == packet else new


def in_utf_8(packet: bytes) -> bytes:
    """A packet in any Unicode encoding, in UTF-8.

    Source: XMP specification part 3 (Adobe, 2020), 1.2.
    """
    start = next((packet.removeprefix(mark) for mark in _BYTE_ORDER_MARKS if packet.startswith(mark)), packet)
    encoding = next((encoding for mark, encoding in _WIDE if start.startswith(mark)), None)
    return packet if encoding is None else start.decode(encoding, "ignore").encode()


def _without_attributes(element: etree._Element, clean_jpeg: CleanJpeg) -> bool:
    """Whether anything changed."""
    changed = False
    for name, text in attributes(element).items():
        new = "" if is_geotag(name) else _cleaned(text, clean_jpeg)
        if is_geotag(name) or (text and not new):
            del element.attrib[name]
        elif new != text:
            element.set(name, new)
        changed |= is_geotag(name) or new != text
    return changed


def _cleaned(text: str, clean_jpeg: CleanJpeg) -> str:
    """A value without places: pictures cleaned, and nothing where it is text that speaks of one."""
    compact = "".join(text.split()) if text.lstrip().startswith(_JPEG_IN_BASE64) else ""
    if not compact:
        return "" if mentions_geotag(text.encode("utf-8", "replace")) else text
    try:
        picture = base64.b64decode(compact + "=" * (-len(compact) % 4))
    except binascii.Error:
        return ""
    new = clean_jpeg(picture)
    return text if new == picture else base64.b64encode(new).decode()
