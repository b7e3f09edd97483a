"""The words that tell a place: names of properties, and what they look like among bytes of any kind.

Source: EXIF 2.32 for XMP (CIPA DC-010), IPTC Photo Metadata Standard 2023.2, DJI's XMP, W3C Basic Geo.
"""

from __future__ import annotations

import re

_PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
_CREATOR = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}"
_GEO = "{http://www.w3.org/2003/01/geo/wgs84_pos#}"

_PARTS = ("gps", "latitude", "longitude", "longtitude", "altitude", "geotag", "geolocation", "iso6709")
_NAMES = frozenset(
    (
        "city",
        "country",
        "countrycode",
        "countryname",
        "coverage",
        "location",
        "locationcreated",
        "locationid",
        "locationname",
        "locationshown",
        "provincestate",
        "shotlocation",
        "sublocation",
        "worldregion",
    )
)
_OF_NAMESPACES = (f"{_PHOTOSHOP}State", f"{_CREATOR}Location")


def _in_any_width(word: str) -> str:
    """The word in bytes of ASCII, UTF-16 or UTF-32."""
    return r"\0{0,3}".join(word)


_MENTIONED = (
    "gpsl",
    "gpsalt",
    "gpsposition",
    "gpscoord",
    "latitude",
    "longitude",
    "longtitude",
    "geolocation",
    "iso6709",
)
_MENTIONS = re.compile("|".join(map(_in_any_width, _MENTIONED)).encode(), re.IGNORECASE)
_LOCATION_CODES = re.compile(rb"Location(Shown|Created)|\xa9xyz|photoshop:(City|State|Country)|CountryCode")


def is_place(name: str) -> bool:
    """Whether a property of XMP, ``{namespace}name``, says where a picture was taken or what place it shows."""
    local = name.rpartition("}")[2].lower()
    if name.startswith(_GEO) or name in _OF_NAMESPACES:
        return True
    return local in _NAMES or any(part in local for part in _PARTS)


def mentions_place(data: bytes) -> bool:
    """Whether there are words among the bytes that stand beside coordinates or names of places."""
    return bool(_MENTIONS.search(data) or _LOCATION_CODES.search(data))
