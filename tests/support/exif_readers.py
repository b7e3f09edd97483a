"""EXIF as Pillow and piexif read it."""

from __future__ import annotations

import piexif
from PIL import Image


def pillow(exif: bytes) -> Image.Exif:
    found = Image.Exif()
    found.load(exif)
    return found


def thumbnail(exif: bytes) -> bytes | None:
    found: bytes | None = piexif.load(b"Exif\0\0" + exif)["thumbnail"]
    return found
