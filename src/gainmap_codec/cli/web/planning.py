"""Which files a photo becomes for the web: its widths, its formats and their names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gainmap_codec.edit.frame import Size, fitted_size
from gainmap_codec.files.container import SUFFIXES
from gainmap_codec.files.orientations import shown_size
from gainmap_codec.files.records import Container, GainMapFile

DEFAULT_WIDTHS = (480, 960, 1600, 2400)
"""From small phones to what fills a laptop's screen at two pixels each."""

_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Variant:
    """A file to write: the upright picture at a size, in a format."""

    container: Container
    size: Size
    name: str


@dataclass(frozen=True)
class WebPhoto:
    """A photo and the files that it becomes, by format in the order asked for, then by width.

    Attributes:
        source: Where it is.
        name: What the names of its files begin with.
    """

    source: Path
    name: str
    variants: tuple[Variant, ...]

    @property
    def snippet(self) -> str:
        """The name of the file with its element."""
        return f"{self.name}.html"

    def of(self, container: Container) -> tuple[Variant, ...]:
        """Its files of one format, the smallest first."""
        return tuple(variant for variant in self.variants if variant.container == container)


def plan_photo(source: Path, file: GainMapFile, widths: Sequence[int], containers: Sequence[Container]) -> WebPhoto:
    """The files of a photo: no width above its own, which takes the place of those."""
    own = shown_size((file.base.width, file.base.height), file.orientation)
    name = web_name(source.stem)
    sizes = [fitted_size(own, (each, None)) for each in _widths_of(own[0], widths)]
    variants = (Variant(kind, size, f"{name}-{size[0]}{SUFFIXES[kind][0]}") for kind in containers for size in sizes)
    return WebPhoto(source, name, tuple(variants))


def _widths_of(own: int, widths: Sequence[int]) -> list[int]:
    return sorted({min(width, own) for width in widths})


def web_name(stem: str) -> str:
    """A name without spaces and signs that mean something in addresses; letters of all scripts stay."""
    return _NOT_IN_NAMES.sub("-", unicodedata.normalize("NFC", stem)).strip("-.") or "photo"
