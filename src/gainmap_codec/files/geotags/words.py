"""The words that tell a place: names of properties, and what they look like among bytes of any kind.

Source: EXIF 2.32 for XMP (CIPA DC-010), IPTC Photo Metadata Standard 2023.2, DJI's XMP, W3C Basic Geo,
Darwin Core (location terms).
"""

from __future__ import annotations

from gainmap_codec.files.geotags.coordinates import gives_coordinates

_PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
_CREATOR = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}"
_GEO = "{http://www.w3.org/2003/01/geo/wgs84_pos#}"

_PARTS = ("gps", "latitude", "longitude", "longtitude", "altitude", "geotag", "geolocation", "iso6709")
_NAMES = frozenset(
    (
        "city",
        "continent",
        "coordinate",
        "coordinates",
        "country",
        "countrycode",
        "countryname",
        "county",
        "coverage",
        "district",
        "footprintwkt",
        "geohash",
        "highergeography",
        "island",
        "islandgroup",
        "lat",
        "lng",
        "locality",
        "location",
        "locationcreated",
        "locationid",
        "locationname",
        "locationshown",
        "lon",
        "municipality",
        "place",
        "placename",
        "poi",
        "provincestate",
        "shotlocation",
        "stateprovince",
        "sublocality",
        "sublocation",
        "town",
        "verbatimcoordinates",
        "verbatimlocality",
        "village",
        "waterbody",
        "worldregion",
    )
)
_OF_NAMESPACES = (f"{_PHOTOSHOP}State", f"{_CREATOR}Location")


_MENTIONED = (
    "gpslat",
    "gpslon",
    "gpsloc",
    "gpsalt",
    "gpsposition",
    "gpscoord",
    *(part for part in _PARTS if part not in ("gps", "altitude")),
)
"""Six letters at least: of four, megabytes of base64 have some by chance."""

_NULS_BETWEEN = (0, 1, 3)  # in ASCII, UTF-16 and UTF-32
_FORMS = tuple(("\0" * count).join(word).encode() for word in _MENTIONED for count in _NULS_BETWEEN)
_MARKS = (
    b"LocationShown",
    b"LocationCreated",
    b"photoshop:City",
    b"photoshop:Country",
    b"CountryCode",
    b"\xa9xyz",
    b"$GPGGA",
    b"$GPRMC",
)


def is_geotag(name: str) -> bool:
    """Whether a property of XMP, ``{namespace}name``, says where a picture was taken or what place it shows."""
    local = name.rpartition("}")[2].lower()
    if name.startswith(_GEO) or name in _OF_NAMESPACES:
        return True
    return local in _NAMES or any(part in local for part in _PARTS)


def mentions_geotag(data: bytes) -> bool:
    """Whether there are coordinates among the bytes, or words that stand beside these or names of places."""
    lowered = data.lower()
    if any(form in lowered for form in _FORMS) or any(mark in data for mark in _MARKS):
        return True
    return gives_coordinates(data)
