"""Bytes of any kind that may name a place: told by the words in them, and by EXIF and IPTC data inside."""

from __future__ import annotations

import re
from itertools import islice

from gainmap_codec.errors import FormatError
from gainmap_codec.files.geotags import exif
from gainmap_codec.files.geotags.words import mentions_geotag

_TIFF = re.compile(rb"II\*\0|MM\0\*")
_MOST_TRIED = 4
_IPTC_PLACE = re.compile(rb"\x1c\x02[\x1a\x1b\x5a\x5c\x5f\x64\x65]\0")


def has_geotag(data: bytes) -> bool:
    """Whether bytes that no reader of ours knows may say where a picture was taken."""
    if mentions_geotag(data) or _IPTC_PLACE.search(data):
        return True
    found = islice(_TIFF.finditer(data), _MOST_TRIED)
    return any(_has_gps(data[match.start() :]) for match in found)


def _has_gps(tiff: bytes) -> bool:
    try:
        return exif.without_geotags(tiff, bytes, []) != tiff
    except FormatError:
        return False  # four bytes that look like a header
