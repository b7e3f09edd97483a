"""What this package makes of every picture in a folder: the table of ``gainmap conformance``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gainmap_codec.codec.decoding import Rendition, best_rendition
from gainmap_codec.codec.opening import open_file
from gainmap_codec.codec.rendering import STORED, full_headroom, render
from gainmap_codec.errors import GainMapError, Limits, error_line, printable
from gainmap_codec.files.orientations import shown_size
from gainmap_codec.files.records import Carrier, CodedImage, Container
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS, Array
from gainmap_codec.pixels.formats.sources import read_source
from gainmap_codec.pixels.hdr_image import RenderedFrom

_HEADER = ("file", "kind", "metadata", "base", "gain map", "stops", "peak nits", "HDR from", "problem")
_NONE = "–"


@dataclass(frozen=True)
class ConformanceRow:
    """What came of one file; all but `file` and `problem` are None where it cannot be read.

    Attributes:
        file: Its name, within the folder that was given.
        container: Its kind.
        metadata: Where the numbers of its standard gain map were found; None where it has none that can be used.
        base: Size, depth and colour of the base.
        gain_map: Size, depth and channels of the standard gain map.
        headroom: Of the rendition as the file says it, log2.
        peak_nits: Its largest channel in linear BT.2020.
        hdr_from: What was rendered.
        problem: What of the file is missing, why a gain map that is there yields nothing, or why the file cannot be
            read; empty where all is well.
    """

    file: str
    container: Container | None = None
    metadata: Carrier | None = None
    base: str | None = None
    gain_map: str | None = None
    headroom: float | None = None
    peak_nits: float | None = None
    hdr_from: RenderedFrom | None = None
    problem: str = ""


def check_photo(path: Path, limits: Limits, *, found_in: Path) -> ConformanceRow:
    """The row for a file, whose name there is the one within the folder that it was found in, or its own."""
    name = path.name if path == found_in else path.relative_to(found_in).as_posix()
    return _check_file(path, printable(name), limits)


def format_table(rows: list[ConformanceRow]) -> str:
    """The rows as text, in columns."""
    lines = [_HEADER, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _check_file(path: Path, name: str, limits: Limits) -> ConformanceRow:
    try:
        found = best_rendition(open_file(read_source(path, limits)[0], name, limits), STORED, render)
    except (GainMapError, OSError) as error:
        return ConformanceRow(name, problem=error_line(error))
    return _row(name, found)


def _row(name: str, found: Rendition[Array]) -> ConformanceRow:
    file = found.opened.file
    stored = file.gain_map
    lost = (*file.refused, *found.refusals) if found.kind == "base" else ()
    return ConformanceRow(
        name,
        file.container,
        stored.carrier if stored else None,
        f"{_size(file.base, file.orientation)} {found.opened.color.name}",
        f"{_size(stored.image, file.orientation)} {stored.image.channels} ch." if stored else None,
        full_headroom(found.opened, found.kind),
        float(found.pixels.max()) * SDR_WHITE_NITS,
        found.kind,
        "; ".join(dict.fromkeys((*file.damage, *lost))),
    )


def _size(image: CodedImage, orientation: int) -> str:
    """As a viewer sees it."""
    width, height = shown_size((image.width, image.height), orientation)
    return f"{width}x{height}x{image.bits}"


def _cells(row: ConformanceRow) -> tuple[str, ...]:
    headroom = _NONE if row.headroom is None else f"{row.headroom:.2f}"
    peak = _NONE if row.peak_nits is None else f"{row.peak_nits:,.0f}"
    texts = (row.container, row.metadata, row.base, row.gain_map, headroom, peak, row.hdr_from, row.problem)
    return (row.file, *(text or _NONE for text in texts))
