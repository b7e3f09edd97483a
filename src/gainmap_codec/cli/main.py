"""The command line: ``gainmap inspect | conformance``, and what the other modules add."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gainmap_codec.cli.batch import batch
from gainmap_codec.cli.common import (
    FILE_ERRORS,
    INTERRUPTED,
    PATH,
    check_folder,
    complain,
    say,
    say_json,
)
from gainmap_codec.cli.decode import decode
from gainmap_codec.cli.demo import demo
from gainmap_codec.cli.edit import COMMANDS
from gainmap_codec.cli.encode import encode
from gainmap_codec.cli.view import view
from gainmap_codec.codec.conformance import check_folder as check_files_in
from gainmap_codec.codec.conformance import format_table
from gainmap_codec.codec.description import describe, describe_picture
from gainmap_codec.codec.inspection import inspect_picture, inspect_source
from gainmap_codec.errors import FormatError, Limits, error_line
from gainmap_codec.pixels.formats.sources import read_source


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gainmap-codec", prog_name="gainmap")
def gainmap() -> None:
    """Work with HDR photos: pictures that any program can show, with a gain map that makes them HDR.

    \b
    Examples:
      gainmap encode scene.exr -o scene.jpg
      gainmap inspect photo.heic
      gainmap decode photo.jpg -o photo.avif
      gainmap transcode photo.heic -o photo.jpg

    Exit codes: 0 done, 1 a file is missing, damaged or not supported, 2 wrong usage, 130 interrupted.
    """


@gainmap.command()
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


@gainmap.command()
@click.argument("folder", metavar="DIR", type=PATH)
def conformance(folder: Path) -> None:
    """Decode every JPEG, HEIC and AVIF file in the folder DIR, and print a table of what came of them.

    Exit code 1 where a file has or names a gain map that yields nothing, or cannot be read; the last column says why.

    \b
    Example:
      gainmap conformance my-encoder/output
    """
    check_folder(folder)
    rows = list(check_files_in(folder, Limits()))
    say(format_table(rows))
    lost = sum(bool(row.problem) for row in rows)
    say(f"{len(rows)} files, {lost} with a problem")
    if lost:
        raise click.exceptions.Exit(1)


for command in (encode, decode, *COMMANDS, batch, view, demo):
    gainmap.add_command(command)


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        code = gainmap.main(standalone_mode=False, prog_name="gainmap")
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
        code = INTERRUPTED
    except FILE_ERRORS as error:
        complain(error_line(error))
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
