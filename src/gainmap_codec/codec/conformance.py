"""What this package makes of every picture in a folder: the table of ``gainmap conformance``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gainmap_codec.codec.decoding import best_rendition
from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.rendering import STORED, full_headroom, render
from gainmap_codec.errors import GainMapError, Limits, error_line, printable
from gainmap_codec.files.container import may_have_gain_map
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS
from gainmap_codec.pixels.formats.sources import read_source

_HEADER = ("file", "kind", "metadata", "base", "gain map", "stops", "peak nits", "HDR from", "problem")


@dataclass(frozen=True)
class ConformanceRow:
    """One file.

    Attributes:
        cells: As in the table's header, the problem left out.
        problem: Why a gain map that is there yields nothing, or the file cannot be read; empty where all is well.
    """

    cells: tuple[str, ...]
    problem: str


def check_folder(folder: Path, limits: Limits) -> Iterator[ConformanceRow]:
    """A row for each JPEG, HEIC and AVIF file in a folder and the folders in it, by name; others are passed over."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = printable(path.relative_to(folder).as_posix())
        try:
            with path.open("rb") as file:
                start = file.read(16)
            if may_have_gain_map(start):
                yield _check_file(path, name, limits)
        except OSError as error:
            yield _unread(name, error)


def format_table(rows: list[ConformanceRow]) -> str:
    """The rows as text, in columns."""
    lines = [_HEADER, *((*row.cells, row.problem or "–") for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _check_file(path: Path, name: str, limits: Limits) -> ConformanceRow:
    try:
        opened = open_file(read_source(path, limits)[0], name, limits)
        found = best_rendition(opened, STORED, render)
    except GainMapError as error:
        return _unread(name, error)
    lost = dict.fromkeys((*opened.file.refused, *found.refusals)) if found.kind == "base" else {}
    headroom = f"{full_headroom(found.opened, found.kind):.2f}"
    peak = f"{float(found.pixels.max()) * SDR_WHITE_NITS:,.0f}"
    return ConformanceRow((name, *_cells(found.opened, headroom, peak, found.kind)), "; ".join(lost))


def _unread(name: str, error: Exception) -> ConformanceRow:
    return ConformanceRow((name, *["–"] * (len(_HEADER) - 2)), error_line(error))


def _cells(opened: OpenedFile, headroom: str, peak: str, kind: str) -> tuple[str, ...]:
    base, stored = opened.file.base, opened.file.gain_map
    picture = f"{base.width}x{base.height}x{base.bits} {opened.color.name}"
    if stored is None:
        return opened.file.container, "–", picture, "–", headroom, peak, kind
    image = stored.image
    size = f"{image.width}x{image.height}x{image.bits} {image.channels} ch."
    return opened.file.container, stored.carrier, picture, size, headroom, peak, kind
