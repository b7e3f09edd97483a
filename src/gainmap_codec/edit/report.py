"""What an edit tells beside the file that it writes: values that travel with it, never warnings on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from gainmap_codec.files.records import Container


@dataclass
class Notes:
    """Lines that gather while one file is edited.

    Attributes:
        done: What was done.
        lost: What was lost, or no longer holds.
    """

    done: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TranscodeReport:
    """A written file, and what became of its source's parts.

    Attributes:
        data: The file.
        container: Kind of file.
        notes: What was done, a line each.
        warnings: What was lost, or no longer holds, a line each.
    """

    data: bytes
    container: Container
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
