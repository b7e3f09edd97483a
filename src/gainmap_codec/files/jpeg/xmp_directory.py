"""XMP of a primary image: the GContainer directory, and ours merged into the user's packet.

Readers compare namespaces, never prefixes. Written packets use the prefixes and forms that the pickiest readers
demand: root ``x:xmpmeta``, prefixes rdf, hdrgm, Container and Item, ``hdrgm:Version`` as an attribute.
Source: Ultra HDR image format v1.1; demands from Skia src/codec/SkXmp.cpp, libavif apps/shared/avifjpeg.c and
libultrahdr lib/src/jpegrutils.cpp.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import NamedTuple

from lxml import etree

from gainmap_codec.errors import FormatError, GainMapError
from gainmap_codec.files.records import OtherPart
from gainmap_codec.files.tags.rdf import resources, texts_of, values_of
from gainmap_codec.files.tags.xmp_edit import Change, edit, edited
from gainmap_codec.files.tags.xmp_packet import (
    ABOUT,
    DESCRIPTION,
    HDRGM,
    HDRGM_VERSION,
    LI,
    PARSE_TYPE,
    RDF,
    SEQ,
    TRUSTED,
    attributes,
    new_packet,
    parse_packet,
    serialize_packet,
)

_CONTAINER = "http://ns.google.com/photos/1.0/container/"
_ITEM = "http://ns.google.com/photos/1.0/container/item/"
_NOT_SAID = (f"{{{_ITEM}}}Length", f"{{{_ITEM}}}Padding", PARSE_TYPE)
_LENGTH = re.compile(r"\d{1,10}", re.ASCII)


class DirectoryItem(NamedTuple):
    """One part of a file by its GContainer directory.

    Attributes:
        semantic, mime: What it is, "" where not given.
        length: Bytes, 0 where not given, as of the primary image.
        padding: Bytes between it and the next one, 0 where not given.
        said: All that the item says but length and padding: names as lxml has them, and texts.
    """

    semantic: str
    mime: str
    length: int
    padding: int
    said: tuple[tuple[str, str], ...] = ()


def _item_of_jpeg(semantic: str) -> tuple[tuple[str, str], ...]:
    return (f"{{{_ITEM}}}Semantic", semantic), (f"{{{_ITEM}}}Mime", "image/jpeg")


_PRIMARY = DirectoryItem("Primary", "image/jpeg", 0, 0, _item_of_jpeg("Primary"))
_GAIN_MAP = _item_of_jpeg("GainMap")


def directory_of(rdf: etree._Element) -> tuple[DirectoryItem, ...]:
    """Items of the GContainer directory in file order; empty where the packet has none.

    Args:
        rdf: The packet's rdf:RDF element.
    Raises:
        FormatError: A length that is not a plain number.
    Source: Ultra HDR image format v1.1, "GContainer directory".
    """
    for resource in resources(rdf):
        entries = values_of(resource, f"{{{_CONTAINER}}}Directory")
        items = [item for entry in entries if not isinstance(entry, str) for item in _items(entry)]
        if items:
            return tuple(_directory_item(item) for item in items)
    return ()


def directory_for(gain_map_length: int, is_listed: bool, others: Sequence[OtherPart]) -> tuple[DirectoryItem, ...]:
    """Items for a primary image, its gain map and other parts, one right behind the other; empty where none is listed.

    What is not listed becomes padding of the item before.

    Args:
        gain_map_length: Bytes of the whole gain-map JPEG, 0 where there is none.
        is_listed: The directory names the gain map.
        others: Those with an `item` are named.
    """
    items = [_PRIMARY]
    parts = [(gain_map_length, _GAIN_MAP if is_listed else ()), *((len(part.data), part.item) for part in others)]
    for length, said in parts:
        if said:
            items.append(DirectoryItem("", "", length, 0, said))
        else:
            items[-1] = items[-1]._replace(padding=items[-1].padding + length)
    return () if len(items) == 1 else (*items[:-1], items[-1]._replace(padding=0))


def merge_primary(
    user_packet: bytes | None, items: Sequence[DirectoryItem], has_hdrgm: bool, notes: list[str]
) -> bytes | None:
    """The primary image's one packet: the user's properties and ours.

    Properties of hdrgm and Container that the user's packet holds are replaced. A packet that cannot be read
    is left out.

    Args:
        user_packet: UTF-8 XMP, or None.
        items: Of the directory, as `directory_for` gives them; none to write no directory.
        has_hdrgm: Whether the packet announces a gain map with metadata in XMP.
        notes: Gets a line where the user's packet is left out.
    Returns:
        Of any size, without ``<?xpacket`` wrapper; None where nothing is left to write.
    Source: Ultra HDR image format v1.1, "XMP metadata of the primary image".
    """
    root, rdf = new_packet()
    if items:
        rdf.append(_primary_description(items, has_hdrgm))
    for description in _user_descriptions(user_packet, notes):
        rdf.append(description)
    return serialize_packet(root) if len(rdf) else None


def merge_map(own: bytes | None, user_packet: bytes | None) -> bytes | None:
    """The one packet of a gain map's picture: ours, and what else its packet of before says.

    Args:
        own: The packet of its metadata, or None for none.
        user_packet: The packet of before, or None; one that cannot be read says nothing.
    """
    descriptions = _user_descriptions(user_packet, [])
    if not descriptions:
        return own
    root, rdf = new_packet()
    rdf.extend([*(parse_packet(own, TRUSTED) if own else ()), *descriptions])
    return serialize_packet(root)


def without_gain_map(packet: bytes, notes: list[str], *changes: Change) -> bytes | None:
    """A packet without the gain-map properties of JPEG files: as it is where it has none, None where nothing is left.

    A packet that cannot be read is left out, with a line in `notes`.

    Args:
        changes: What else becomes of its properties.
    """
    try:
        if HDRGM.encode() not in packet and _CONTAINER.encode() not in packet:
            return edited(packet, *changes) if changes else packet
        descriptions = parse_packet(packet, TRUSTED)
    except GainMapError as error:
        notes.append(f"XMP is left out, it cannot be read: {error}")
        return None
    edit(descriptions, changes)
    root, rdf = new_packet()
    rdf.extend(_users(descriptions))
    return serialize_packet(root) if len(rdf) else None


def _items(entry: etree._Element) -> list[etree._Element]:
    """An entry has the property Container:Item, or is the item itself."""
    nested = values_of([entry], f"{{{_CONTAINER}}}Item")
    return [item for item in nested if not isinstance(item, str)] or [entry]


def _directory_item(item: etree._Element) -> DirectoryItem:
    values = texts_of([item], _ITEM)
    semantic, mime = (values.get(name, [""])[0].strip() for name in ("Semantic", "Mime"))
    texts = {**attributes(item), **{str(child.tag): child.text or "" for child in item}}
    said = tuple((name, text) for name, text in texts.items() if name not in _NOT_SAID)
    return DirectoryItem(semantic, mime, _byte_count(values, "Length"), _byte_count(values, "Padding"), said)


def _byte_count(values: dict[str, list[str]], name: str) -> int:
    text = values.get(name, ["0"])[0].strip()
    if not _LENGTH.fullmatch(text):
        raise FormatError(f"Item:{name}", f"expected a number of bytes, got {text[:64]!r}")
    return int(text)


def _primary_description(items: Sequence[DirectoryItem], has_hdrgm: bool) -> etree._Element:
    names = {"rdf": RDF, **({"hdrgm": HDRGM} if has_hdrgm else {}), "Container": _CONTAINER, "Item": _ITEM}
    description = etree.Element(DESCRIPTION, nsmap=names)
    description.set(ABOUT, "")
    if has_hdrgm:
        description.set(f"{{{HDRGM}}}Version", HDRGM_VERSION)
    sequence = etree.SubElement(etree.SubElement(description, f"{{{_CONTAINER}}}Directory"), SEQ)
    for item in items:
        entry = etree.SubElement(sequence, LI)
        entry.set(PARSE_TYPE, "Resource")
        element = etree.SubElement(entry, f"{{{_CONTAINER}}}Item")
        for name, text in item.said:
            element.set(name, text)
        for name, count in (("Length", item.length), ("Padding", item.padding)):
            if count:
                element.set(f"{{{_ITEM}}}{name}", str(count))
    return description


def _user_descriptions(packet: bytes | None, notes: list[str]) -> list[etree._Element]:
    """The user's rdf:RDF children without gain-map properties; those left empty are dropped."""
    if not packet:
        return []
    try:
        return _users(parse_packet(packet, TRUSTED))
    except GainMapError as error:
        notes.append(f"the XMP packet given is left out: {error}")
        return []


def _users(rdf: etree._Element) -> list[etree._Element]:
    return [child for child in map(_without_ours, rdf) if len(child) or set(child.attrib) - {ABOUT}]


def _without_ours(description: etree._Element) -> etree._Element:
    result = copy.deepcopy(description)
    ours = (f"{{{HDRGM}}}", f"{{{_CONTAINER}}}")
    for name in [name for name in attributes(result) if name.startswith(ours)]:
        del result.attrib[name]
    for child in [child for child in result if str(child.tag).startswith(ours)]:
        result.remove(child)
    result.tail = None
    etree.cleanup_namespaces(result, keep_ns_prefixes=None)
    return result
