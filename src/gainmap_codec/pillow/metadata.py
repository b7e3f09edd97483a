"""EXIF and XMP of a Pillow image, for Pillow's writers: each takes them in a way of its own, or not at all."""

from __future__ import annotations

from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gainmap_codec.errors import GainMapError
from gainmap_codec.files.jpeg.metadata import EXIF_ID, MAX_EXIF_BYTES
from gainmap_codec.files.jpeg.xmp_segments import MAX_PACKET_BYTES, xmp_segments
from gainmap_codec.files.tags.exif_layout import fitted_exif

_FORMATS = ("JPEG", "MPO", "PNG", "TIFF", "WEBP", "AVIF", "HEIF", "HEIC")
_XMP_TAG, _PNG_XMP = 700, "XML:com.adobe.xmp"
_JPEGS = ("JPEG", "MPO")


def writer_options(image: Image.Image, kind: str, notes: list[str]) -> dict[str, Any]:
    """Options of `Image.save` that write the EXIF and XMP of an image's info.

    Args:
        kind: Pillow's name of the format.
        notes: Gets a line for what the format has no place for.
    """
    found: dict[str, Any] = {name: image.info[name] for name in ("exif", "xmp") if image.info.get(name)}
    if kind in _JPEGS:
        found = _fitted_to_jpeg(found, notes)
    for name in list(found):
        if (problem := _problem(name, kind)) is not None:
            notes.append(f"{name.upper()} is not kept: {problem}")
            del found[name]
    xmp = found.get("xmp")
    if kind == "PNG" and xmp:
        del found["xmp"]
        found["pnginfo"] = PngInfo()
        found["pnginfo"].add_itxt(_PNG_XMP, xmp.decode("utf-8", "replace"))
    if kind == "TIFF" and xmp:
        del found["xmp"]
        found["exif"] = image.getexif()
        found["exif"][_XMP_TAG] = xmp
    return found


def _fitted_to_jpeg(found: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """What a JPEG has room for; XMP that is longer than a segment as segments of our own."""
    new = dict(found)
    if "exif" in found:
        new["exif"] = EXIF_ID + fitted_exif(found["exif"].removeprefix(EXIF_ID), MAX_EXIF_BYTES, notes)
    if len(found.get("xmp", b"")) > MAX_PACKET_BYTES:
        try:
            new["extra"] = xmp_segments(found["xmp"])
        except GainMapError as error:
            notes.append(f"XMP is left out: {error}")
        del new["xmp"]
    return new


def _problem(name: str, kind: str) -> str | None:
    """Why a format cannot take it, or None if it can."""
    if kind not in _FORMATS or (kind == "MPO" and name == "xmp"):
        return f"{kind} has no place for it"
    return None
