"""The elements of HTML by which a browser takes the smallest file that fills its place, in the best format it knows.

Source: HTML Living Standard, 4.8.1 (picture), 4.8.3 (img), 4.8.4.2.1 (srcset).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import quote

from gainmap_codec.cli.web.planning import Variant, WebPhoto
from gainmap_codec.files.records import Container

_BEGIN, _END = "<picture>\n", "</picture>"
_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="gainmap web">
"""

_TYPES: dict[Container, str] = {"jpeg": "image/jpeg", "heic": "image/heic", "avif": "image/avif"}
_BEST_FIRST: tuple[Container, ...] = ("avif", "heic", "jpeg")
"""A browser takes the first that it knows; the last is the one of `img`, for all of them."""


def picture_element(photo: WebPhoto, sizes: str) -> str:
    """The `picture` of a photo, whose files are beside the page.

    Args:
        sizes: How wide the picture is shown, as the attribute has it: "100vw", "(min-width: 60em) 50vw, 100vw".
    """
    *sources, last = (kind for kind in _BEST_FIRST if photo.of(kind))
    lines = [f'  <source type="{_TYPES[kind]}" {_candidates(photo.of(kind), sizes)}>' for kind in sources]
    largest = photo.of(last)[-1]
    width, height = largest.size
    image = f'src="{quote(largest.name)}" {_candidates(photo.of(last), sizes)}'
    lines.append(f'  <img {image} width="{width}" height="{height}" alt="" loading="lazy">')
    return _BEGIN + "\n".join([*lines, _END])


def is_element(text: str) -> bool:
    """Whether it is a file with what `picture_element` gives, be it with words of the author's own in it."""
    return text.startswith(_BEGIN) and text.rstrip().endswith(_END)


def _candidates(variants: Iterable[Variant], sizes: str) -> str:
    urls = ", ".join(f"{quote(variant.name)} {variant.size[0]}w" for variant in variants)
    return f'srcset="{urls}" sizes="{escape(sizes)}"'


def page(elements: Mapping[str, str]) -> str:
    """A page that shows all pictures, to be opened where their files are.

    Args:
        elements: Of the photos, by name.
    """
    figures = "\n".join(
        f"<figure>\n{element}\n<figcaption>{escape(name)}</figcaption>\n</figure>" for name, element in elements.items()
    )
    return f"""{_HEAD}<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pictures</title>
<style>
body {{ margin: 0; background: #111; color: #ccc; font: 1rem/1.5 system-ui, sans-serif; }}
figure {{ margin: 0 0 2rem; }}
img {{ display: block; width: 100%; height: auto; }}
figcaption {{ padding: 0.5rem 1rem; }}
</style>
</head>
<body>
{figures}
</body>
</html>
"""


def is_page(text: str) -> bool:
    """Whether it begins like what `page` gives, which is made anew whenever photos are added."""
    return text.startswith(_HEAD)
