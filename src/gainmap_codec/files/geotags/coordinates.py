"""Coordinates in texts that people and programs write: captions, comments, links to maps.

Source: ISO 6709 annex H, RFC 5870 (geo:), OGC Simple Features (POINT), links of Google Maps and OpenStreetMap.
"""

from __future__ import annotations

import re

_FORMS = re.compile(
    rb"""
      (?<![a-z])(?:m?lat|m?lon|long|lng|gps)[^a-z0-9.]{0,4}?[-+]?\d{1,3}\.\d     # lat=47.6, GPS: 47.6
    | \d\s?(?:\xc2?\xb0|deg)\s?\d{1,2}(?:\.\d+)?\s?(?:'|\xe2\x80[\xb2\x99])      # 47\xb0 36'
    | \d\.\d{3,}\s?[ns][\s,;/]{1,2}\d{1,3}\.\d{3,}\s?[ew](?![a-z])                 # 47.612 N 122.333 W
    | [-+]\d{2,6}\.\d+[-+]\d{3,7}\.\d                                            # +47.6120-122.3336/
    | (?<![a-z])geo:-?\d{1,2}\.\d+,
    | (?<![a-z])point\s?\(-?\d{1,3}\.\d
    """,
    re.VERBOSE,
)
_NUMBER = rb"([-+]?\d{1,3}\.\d{4,})"
_PAIR = re.compile(
    rb"(?<![\d.+-])(?<!\d,)(?<!\d,\s)"
    + _NUMBER
    + rb"(?:\xc2?\xb0)?\s?[ns]?\s?(?:[,;/]|%2c)\s?"
    + _NUMBER
    # Not the beginning of a longer list of numbers.
    + rb"(?!\d|\s?,\s?[-+]?\d+\.\d+\s?,)"
)


def gives_coordinates(data: bytes) -> bool:
    """Whether text among the bytes, in UTF-8, UTF-16 or UTF-32, gives a latitude or a longitude in numbers."""
    text = data.lower().replace(b"\0", b"")
    return _FORMS.search(text) is not None or any(_is_position(*pair.groups()) for pair in _PAIR.finditer(text))


def _is_position(latitude: bytes, longitude: bytes) -> bool:
    """Whether two numbers can be one; those below 1 both are a colour, or a point of a picture."""
    first, second = abs(float(latitude)), abs(float(longitude))
    return first <= 90 and second <= 180 and max(first, second) >= 1
