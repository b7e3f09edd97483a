"""Where every edit begins and ends: a source is opened once, a record written once; what happened travels along."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.readback import written
from gainmap_codec.errors import NO_LIMITS, Limits
from gainmap_codec.files.records import Container, GainMapFile
from gainmap_codec.files.structure import BASE, MAP, NEURAL, sections_of, sums_of
from gainmap_codec.pixels.formats.sources import Source, read_source


class Lowered(NamedTuple):
    """The quality of a base that was lowered to keep within so many bytes, and a line that says so."""

    quality: int
    line: str


@dataclass
class Notes:
    """Lines that gather while one file is edited.

    Attributes:
        done: What was done.
        lost: What was lost, or no longer holds.
        damage: What of the source is missing or damaged, of these lines.
        lowered: What it took to keep within the bytes allowed, if it did; `done` has its line, too.
    """

    done: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    damage: tuple[str, ...] = ()
    lowered: Lowered | None = None


@dataclass(frozen=True)
class TranscodeReport:
    """A written file, and what became of its source's parts.

    Attributes:
        data: The file.
        container: Kind of file.
        notes: What was done, a line each.
        warnings: What was lost, or no longer holds, a line each.
        damage: What of the source is missing or damaged, as where it is cut off; `warnings` has these lines, too.
        lowered: What it took to keep within the bytes allowed, if it did; `notes` has its line, too.
    """

    data: bytes
    container: Container
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    damage: tuple[str, ...] = ()
    lowered: Lowered | None = None


def open_for_edit(source: Source, limits: Limits, notes: Notes) -> tuple[bytes, OpenedFile]:
    """A source's bytes and its record; what is odd about it counts as lost.

    Raises:
        GainMapError: The base is broken, not supported or over the limits.
        OSError: The path cannot be read.
    """
    data, name = read_source(source, limits)
    opened = open_file(data, name, limits)
    notes.lost += opened.warnings
    notes.damage = opened.file.damage
    return data, opened


def finish(file: GainMapFile, opened: OpenedFile, notes: Notes) -> TranscodeReport:
    """The record as a file that was read back, with all that was told on the way.

    Args:
        opened: The file that was edited.
    Raises:
        GainMapError, ValueError: As `written`.
    """
    data, read = written(file, opened.file, notes.lost)
    notes.done.append(_sizes(data, read))
    old, new = opened.file.base, file.base
    if new.width * new.height < old.width * old.height and 0 < len(opened.data) < len(data):
        sizes = f"{len(data):,} bytes, its source has {len(opened.data):,}"
        notes.lost.append(f"the smaller picture is a larger file: {sizes}")
    return report_of(data, file.container, notes)


def _sizes(data: bytes, file: GainMapFile) -> str:
    """How large the parts of a written file are, each byte counted once; what is no picture and no map is metadata."""
    sizes = sums_of(sections_of(data, file, NO_LIMITS))
    parts = {BASE: sizes[BASE], MAP: sizes[MAP], NEURAL: len(file.payload or b"")}
    parts["metadata"] = len(data) - sum(parts.values())
    listed = (f"{name.removesuffix(' image')} {size:,} bytes" for name, size in parts.items() if size)
    return "written: " + ", ".join(listed)


def report_of(data: bytes, container: Container, notes: Notes) -> TranscodeReport:
    """The report of a file that is written already; nothing is told twice."""
    lost = tuple(dict.fromkeys(notes.lost))
    return TranscodeReport(data, container, tuple(notes.done), lost, notes.damage, notes.lowered)
