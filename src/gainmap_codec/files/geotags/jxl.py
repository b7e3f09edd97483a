"""What a JPEG XL file holds beside its pictures, without places; or without all that no picture needs.

Source: ISO/IEC 18181-2:2024 (boxes Exif, xml, brob, jumb); C2PA specification 2.1, A.3.
"""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.errors import GainMapError
from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.geotags import exif, xmp
from gainmap_codec.files.geotags.foreign import has_geotag
from gainmap_codec.files.geotags.jpeg import clean_jpeg
from gainmap_codec.files.jxl.brotli import decompressed
from gainmap_codec.files.jxl.packed_jpeg import EXIF, XMP
from gainmap_codec.files.jxl.records import JxlExtras, KeptBox
from gainmap_codec.files.jxl.source import BROB, JUMB

_C2PA = b"c2pa\0"  # the label of its superbox
_MOST_BYTES = 1 << 22
_FILLING = b"\0\t\n\r "


def without_geotags(extras: JxlExtras, notes: list[str]) -> JxlExtras:
    """The extras without places; boxes of the record's EXIF and XMP go with these.

    Args:
        notes: Gets a line for each box that goes as a whole, and for what stays and may name a place.
    """
    boxes = (_without_geotags(each, notes) for each in extras.boxes)
    return replace(extras, boxes=tuple(each for each in boxes if each))


def bare(extras: JxlExtras) -> JxlExtras:
    """Of the extras, what belongs to the pictures."""
    kept = ("picture", "of picture", "jbrd", "gain map", "map jpeg")
    return replace(extras, boxes=tuple(each for each in extras.boxes if each.role in kept))


def _without_geotags(kept: KeptBox, notes: list[str]) -> KeptBox | None:
    if kept.role not in ("other", "exif"):
        return kept
    kind, body = kept.data[4:8], kept.data[8:]
    try:
        if kind == BROB:
            kind, body = body[:4], decompressed(body[4:], _MOST_BYTES, "box brob")
        if kept.role == "exif":
            return kept if body[:4] == bytes(4) else KeptBox("exif")  # what stands in front of EXIF may be anything
        data = _cleaned(kind, body, notes)
    except GainMapError as error:
        name = kind.decode("latin-1").strip()
        notes.append(f"box {name} is left out: damaged, so that the place may still be in it ({error})")
        return None
    if data is None:
        notes.append(f"box {kind.decode('latin-1').strip()}, which may name the place, is left out")
        return None
    return kept if data == body else KeptBox("other", make_box(kind, data))


def _cleaned(kind: bytes, body: bytes, notes: list[str]) -> bytes | None:
    """What a box holds, without places; None where it goes."""
    if not body.strip(_FILLING):
        return body
    if kind == EXIF:
        start = 4 + int.from_bytes(body[:4], "big")
        return body[:4] + bytes(start - 4) + exif.without_geotags(body[start:], clean_jpeg, notes)
    if kind == XMP:
        return xmp.cleaned(body, clean_jpeg)
    if kind == JUMB and _C2PA in body[:64]:
        notes.append("the C2PA manifest may name the place too: it is kept")
        return body
    return None if has_geotag(body) else body
