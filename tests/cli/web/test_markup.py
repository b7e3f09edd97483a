"""The markup as lxml's HTML parser understands it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lxml import html

from gainmap_codec.cli.web.markup import page, picture_element
from gainmap_codec.cli.web.planning import WebPhoto, plan_photo
from gainmap_codec.files.records import CodedImage, Container, GainMapFile

SIZES = "(min-width: 60em) 50vw, 100vw"


def planned(name: str = "photo.jpg", *kinds: Container) -> WebPhoto:
    file = GainMapFile("jpeg", CodedImage(b"", 3000, 2000, 3), bytes(4))
    return plan_photo(Path(name), file, (300, 600), kinds or ("jpeg", "avif"))


def parsed(text: str) -> tuple[Any, list[Any], list[Any]]:
    """All of it, its sources, and its images."""
    root: Any = html.document_fromstring(text)
    return root, root.xpath("//picture//source"), root.xpath("//picture//img")


def test_a_browser_chooses_format_and_width() -> None:
    _, (source,), (image,) = parsed(picture_element(planned(), SIZES))
    assert dict(source.attrib) == {
        "type": "image/avif",
        "srcset": "photo-300.avif 300w, photo-600.avif 600w",
        "sizes": SIZES,
    }
    assert dict(image.attrib) == {
        "src": "photo-600.jpg",
        "srcset": "photo-300.jpg 300w, photo-600.jpg 600w",
        "sizes": SIZES,
        "width": "600",
        "height": "400",
        "alt": "",
        "loading": "lazy",
    }


def test_one_format_needs_no_source() -> None:
    _, sources, (image,) = parsed(picture_element(planned("photo.jpg", "avif"), "100vw"))
    assert sources == [] and image.get("src") == "photo-600.avif"


def test_names_and_sizes_are_escaped() -> None:
    photo = planned("été 日本, <b>.jpg")
    text = picture_element(photo, '"><script>alert(1)</script>')
    assert text.isascii()
    root, (source,), (image,) = parsed(text)
    assert not root.xpath("//script") and source.get("sizes") == '"><script>alert(1)</script>'
    urls = [each.split()[0] for each in image.get("srcset").split(",")]
    assert [unquote(url) for url in urls] == [variant.name for variant in photo.of("jpeg")]


def test_a_page_shows_all() -> None:
    root, sources, images = parsed(page({name: picture_element(planned(f"{name}.jpg"), "100vw") for name in "ab"}))
    assert [image.get("src") for image in images] == ["a-600.jpg", "b-600.jpg"] and len(sources) == 2
    assert [caption.text for caption in root.xpath("//figure/figcaption")] == ["a", "b"]
    assert root.xpath("//meta/@charset") == ["utf-8"]
