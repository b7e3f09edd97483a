"""Coordinates in texts: every usual way to write them, and numbers that are none."""

from __future__ import annotations

import pytest

from gainmap_codec.files.geotags.coordinates import gives_coordinates

PLACES = (
    "GPS 47.612025, 122.333642",
    "gps:47.6,122.3",
    "Lat 47.612025 Lon 122.333642",
    "lat=47.6&lng=-122.3",
    "https://www.openstreetmap.org/?mlat=51.5&mlon=-0.1",
    "https://maps.google.com/?q=47.612025,-122.333642",
    "https://www.google.com/maps/@47.6120251,-122.3336421,17z",
    "q=47.612025%2C-122.333642",
    "51.500712, -0.124625",
    "Seattle, 47.612025, -122.333642, 30.5 m",
    "47.612025° N, 122.333642° W",
    "47°36'43.29\"N 122°20'1.11\"W",
    "47° 36.7215' N",
    "47 deg 36' 43.29\" N",
    "47°36′43″N",
    "+47.6120-122.3336/",
    "47.612025N 122.333642W",
    "geo:47.6,-122.3",
    "POINT(-122.333642 47.612025)",
)
OTHERS = (
    "2026-11-29T08:00:00.1234-08:00",
    "0.640000, 0.330000",
    "1.66022677, -0.32533116, 0.10000000, 0.53713923, 0.28219695",
    "0.9950, 1.0890, 0.1000, 2.5000",
    "-1.000000, -1.000000, -1.000000, -1.000000",
    "d 0.543210 0.123456",
    "gpsmap 65s, version 3.10",
    "f/2.8, 1/125 s, 50.0 mm",
    "gains 0.4096, 0.4096",
    "at 300.1234, 200.1234",
    "flat 3.5, along 2.5",
    "latin 1.5",
    "took 1.234 s 5.678 each",
    "1.2.3456,7.8901",
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", PLACES)
def test_places_are_found(text: str, encoding: str) -> None:
    plain = text.replace("′", "'")
    assert gives_coordinates((text if encoding == "utf-8" else plain).encode(encoding))


@pytest.mark.parametrize("text", OTHERS)
def test_other_numbers_are_none(text: str) -> None:
    assert not gives_coordinates(text.encode())
    assert not gives_coordinates(text.encode("utf-16-le"))
