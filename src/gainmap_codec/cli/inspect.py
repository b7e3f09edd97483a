"""The commands ``gainmap inspect | conformance``: what a file is, and what this package makes of it."""

from __future__ import annotations

from pathlib import Path

import click

from gainmap_codec.cli.common import PATH, check_folder, progress_bar, say, say_json
from gainmap_codec.codec.conformance import check_folder as check_files_in
from gainmap_codec.codec.conformance import format_table
from gainmap_codec.codec.description import describe, describe_picture
from gainmap_codec.codec.inspection import inspect_picture, inspect_source
from gainmap_codec.errors import FormatError, Limits
from gainmap_codec.pixels.formats.sources import read_source


@click.command()
@click.argument("source", metavar="IN", type=PATH)
@click.option("--json", "as_json", is_flag=True, help="Print everything, for programs.")
def inspect(source: Path, as_json: bool) -> None:
    """Say what is in the photo or HDR picture IN.

    \b
    Examples:
      gainmap inspect photo.jpg
      gainmap inspect photo.jpg --json | jq .gain_map
    """
    words = describe
    try:
        info = inspect_source(source, Limits()).to_dict()
    except FormatError:
        picture = inspect_picture(*read_source(source), Limits())
        if picture is None:
            raise
        info, words = picture, describe_picture
    if as_json:
        say_json(info)
    else:
        say(words(info))


@click.command()
@click.argument("folder", metavar="DIR", type=PATH)
def conformance(folder: Path) -> None:
    """Decode every JPEG, HEIC and AVIF file in the folder DIR, and print a table of what came of them.

    Exit code 1 where a file has or names a gain map that yields nothing, or cannot be read; the last column says why.

    \b
    Example:
      gainmap conformance my-encoder/output
    """
    check_folder(folder)
    with progress_bar(False, folder):
        rows = list(check_files_in(folder, Limits()))
    say(format_table(rows))
    lost = sum(bool(row.problem) for row in rows)
    say(f"{len(rows)} files, {lost} with a problem")
    if lost:
        raise click.exceptions.Exit(1)
