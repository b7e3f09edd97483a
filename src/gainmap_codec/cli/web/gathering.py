"""What earlier runs have left in a folder: the page of all pictures is made of that, too."""

from __future__ import annotations

from pathlib import Path

from gainmap_codec.cli.web.markup import is_element, is_page, page

PAGE = "pictures.html"
_LONGEST = 1 << 20  # bytes of an element


def is_own_page(folder: Path) -> bool:
    """Whether the folder's page is one of ours."""
    return is_page(_text(folder / PAGE))


def gathered_page(folder: Path) -> str:
    """The page of all photos whose elements are in the folder, by name."""
    files = sorted(path for path in folder.glob("*.html") if path.name != PAGE)
    texts = {path.stem: _text(path) for path in files}
    return page({name: text.rstrip() for name, text in texts.items() if is_element(text)})


def _text(path: Path) -> str:
    """The text of a file; empty where there is none, or it is none of ours."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(_LONGEST).decode("utf-8", "replace")
