"""Changing a few properties of a user's XMP packet; a packet without them comes back byte for byte.

Source: EXIF 2.32 for XMP (CIPA DC-010): namespaces tiff and exif.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lxml import etree

from gainmap_codec.files.tags.xmp_packet import (
    ABOUT,
    NOTE,
    TRUSTED,
    attributes,
    new_packet,
    parse_packet,
    serialize_packet,
)

_EXIF = "{http://ns.adobe.com/exif/1.0/}"
_TIFF = "{http://ns.adobe.com/tiff/1.0/}"
_XMP = "{http://ns.adobe.com/xap/1.0/}"
HAS_EXTENSION = f"{{{NOTE}}}HasExtendedXMP"

Change = Callable[[str, str], str | None]
"""What becomes of a property: of its name, as lxml has it, and its text the new text, or None to leave it out."""


def no_thumbnails(name: str, text: str) -> str | None:
    """Leave xmp:Thumbnails out."""
    return None if name == f"{_XMP}Thumbnails" else text


def orientation_is(orientation: int) -> Change:
    """Give tiff:Orientation this value, where it is there."""
    return _values_are({f"{_TIFF}Orientation": orientation})


def size_is(width: int, height: int) -> Change:
    """Give the size of the stored raster these values, where it is there."""
    names = {f"{_TIFF}ImageWidth": width, f"{_EXIF}PixelXDimension": width}
    return _values_are(names | {f"{_TIFF}ImageLength": height, f"{_EXIF}PixelYDimension": height})


def _values_are(values: Mapping[str, int]) -> Change:
    return lambda name, text: str(values[name]) if name in values else text


def with_extensions(packet: bytes, digests: Mapping[str, str | None]) -> bytes:
    """The packet that names its extension by a new digest for an old one; by none where the extension is gone.

    Raises:
        GainMapError: The packet cannot be read.
    """

    def change(name: str, text: str) -> str | None:
        return digests.get(text, text) if name == HAS_EXTENSION else text

    return edited(packet, change)


def join_extension(packet: bytes, extension: bytes) -> bytes:
    """One packet of a main packet and its extension, for containers that do not limit a packet's size.

    Raises:
        GainMapError: One of them cannot be read.
    Source: XMP specification part 3 (Adobe, 2020), 1.1.3.1.
    """
    root, rdf = new_packet()
    main = edited(packet, lambda name, text: None if name == HAS_EXTENSION else text)
    for part in (main, extension):
        for description in parse_packet(part, TRUSTED):
            if len(description) or set(attributes(description)) - {ABOUT}:
                rdf.append(description)
    return serialize_packet(root)


def edited(packet: bytes, *changes: Change) -> bytes:
    """The packet with its properties changed, one change after the other.

    Raises:
        GainMapError: The packet cannot be read.
    """
    rdf = parse_packet(packet, TRUSTED)
    if not edit(rdf, changes):
        return packet
    root, fresh = new_packet()
    for description in rdf:
        fresh.append(description)
    return serialize_packet(root)


def edit(rdf: etree._Element, changes: Sequence[Change]) -> bool:
    """Change the properties in an rdf:RDF element; whether any became another."""
    return any([_edit_description(description, change) for change in changes for description in rdf])


def _edit_description(description: etree._Element, change: Change) -> bool:
    """Whether anything changed."""
    changed = False
    for name, text in attributes(description).items():
        wanted = change(name, text)
        if wanted is None:
            del description.attrib[name]
        else:
            description.set(name, wanted)
        changed |= wanted != text
    for child in list(description):
        text = child.text or ""
        wanted = change(str(child.tag), text)
        if wanted is None:
            description.remove(child)
        elif wanted != text:
            child.text = wanted
        changed |= wanted != text
    return changed
