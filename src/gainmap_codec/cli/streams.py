"""Standard input and output, which commands take by the name ``-`` in place of files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from gainmap_codec.errors import Limits
from gainmap_codec.pixels.formats import outputs
from gainmap_codec.pixels.formats.sources import NamedBytes, Source, read_source

STDIN, STDOUT = Path("standard input"), Path("standard output")
"""What ``-`` stands for, known by identity: files may have these names as well."""

_IS_OUTPUT = "gainmap_codec.cli: standard output is a picture"


class _PathOrDash(click.Path):
    """A path, which nobody looks at, or ``-`` for a standard stream."""

    def __init__(self, stream: Path) -> None:
        super().__init__(path_type=Path, readable=False)
        self._stream = stream

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value != "-":
            return super().convert(value, param, ctx)
        if _stream(self._stream).isatty():
            self.fail(f"expected a file or a pipe at {self._stream}, got a terminal", param, ctx)
        if ctx and self._stream is STDOUT:
            ctx.meta[_IS_OUTPUT] = True
        return self._stream


SOURCE, TARGET = _PathOrDash(STDIN), _PathOrDash(STDOUT)


def is_picture_at_stdout() -> bool:
    """Whether standard output is what the running command writes its picture to: words go elsewhere then."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_IS_OUTPUT))


def check_dashes(sources: Iterable[Path | None]) -> None:
    """Raise click.UsageError where two sources are to come from standard input."""
    if sum(source is STDIN for source in sources) > 1:
        raise click.UsageError("expected - once, got it twice: standard input holds one picture")


def source_of(path: Path) -> Source:
    """What to read: a path, or all that standard input holds, within the limits of a file.

    Raises:
        LimitError: It holds more.
        OSError: It is closed.
    """
    if path is not STDIN:
        return path
    return NamedBytes(read_source(_stream(STDIN), Limits())[0], str(STDIN))


def check_outputs(planned: Sequence[outputs.Planned], *, overwrite: bool, makes_folders: bool = False) -> None:
    """As `outputs.check_outputs`, of what is written to files."""
    files = [
        ([source for source in sources if source is not STDIN], target)
        for sources, target in planned
        if target is not STDOUT
    ]
    outputs.check_outputs(files, overwrite=overwrite, makes_folders=makes_folders)


def write(target: Path, data: bytes, *, overwrite: bool, dated_as: Path | None = None) -> None:
    """Write a picture to a file, whole or not at all (`outputs.write_atomically`), or to standard output."""
    if target is not STDOUT:
        dated_as = None if dated_as is STDIN else dated_as
        outputs.write_atomically(target, data, dated_as=dated_as, overwrite=overwrite)
        return
    stream = _stream(STDOUT)
    stream.write(data)
    stream.flush()


def _stream(path: Path) -> BinaryIO:
    """A standard stream in bytes; Python has None for one that the shell closed."""
    stream = sys.stdin if path is STDIN else sys.stdout
    if stream is None:
        raise OSError(f"{path}: expected it to be open, got it closed")
    return cast(BinaryIO, stream.buffer)
