"""EXIF and XMP of a Pillow image, for Pillow's writers: each takes them in a way of its own, or not at all."""

from __future__ import annotations

from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

EXIF_ID = b"Exif\0\0"
"""What EXIF begins with in Pillow's info."""

_FORMATS = ("JPEG", "MPO", "PNG", "TIFF", "WEBP", "AVIF", "HEIF", "HEIC")
_XMP_TAG, _PNG_XMP = 700, "XML:com.adobe.xmp"
_MOST_IN_JPEG = {"exif": 65_533, "xmp": 65_533 - 29}


def writer_options(image: Image.Image, kind: str, notes: list[str]) -> dict[str, Any]:
    """Options of `Image.save` that write the EXIF and XMP of an image's info.

    Args:
        kind: Pillow's name of the format.
        notes: Gets a line for what the format has no place for.
    """
    found = {name: image.info[name] for name in ("exif", "xmp") if image.info.get(name)}
    for name, data in list(found.items()):
        if (problem := _problem(name, data, kind)) is not None:
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


def _problem(name: str, data: bytes, kind: str) -> str | None:
    """Why a format cannot take it, or None if it can."""
    if kind not in _FORMATS or (kind == "MPO" and name == "xmp"):
        return f"{kind} has no place for it"
    if kind in ("JPEG", "MPO") and len(data) > _MOST_IN_JPEG[name]:
        return f"expected at most {_MOST_IN_JPEG[name]} bytes in a JPEG, got {len(data)}"
    return None
