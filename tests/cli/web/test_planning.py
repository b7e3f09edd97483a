"""Which files a photo becomes: widths, formats, names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gainmap_codec.cli.web.planning import DEFAULT_WIDTHS, plan_photo, web_name
from gainmap_codec.files.records import CodedImage, GainMapFile


def sizes(width: int, height: int, widths: tuple[int, ...], orientation: int = 1) -> list[tuple[int, int]]:
    file = replace(GainMapFile("jpeg", CodedImage(b"", width, height, 3), bytes(4)), orientation=orientation)
    return [variant.size for variant in plan_photo(Path("photo.jpg"), file, widths, ("jpeg",)).variants]


def test_no_width_is_above_the_photos_own() -> None:
    assert sizes(4000, 3000, DEFAULT_WIDTHS) == [(480, 360), (960, 720), (1600, 1200), (2400, 1800)]
    assert sizes(1200, 800, DEFAULT_WIDTHS) == [(480, 320), (960, 640), (1200, 800)]
    assert sizes(300, 200, DEFAULT_WIDTHS) == [(300, 200)]


def test_widths_are_those_of_the_upright_picture() -> None:
    assert sizes(4000, 3000, (600, 300, 600), orientation=6) == [(300, 400), (600, 800)]


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("IMG_0001", "IMG_0001"),
        ("On the beach, 2", "On-the-beach-2"),
        ("Straße & Meer", "Straße-Meer"),
        ("日本の夏", "日本の夏"),
        ("Zoe\N{COMBINING DIAERESIS}", "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}"),
        ('"><script>', "script"),
        ("..", "photo"),
    ],
)
def test_names_mean_nothing_in_addresses(stem: str, name: str) -> None:
    assert web_name(stem) == name


def test_names_tell_width_and_format() -> None:
    file = GainMapFile("heic", CodedImage(b"", 1000, 500, 3, codec="hevc"), bytes(4))
    photo = plan_photo(Path("a b.HEIC"), file, (400, 800), ("jpeg", "avif"))
    assert [variant.name for variant in photo.variants] == [
        *("a-b-400.jpg", "a-b-800.jpg"),
        *("a-b-400.avif", "a-b-800.avif"),
    ]
    assert photo.snippet == "a-b.html"
