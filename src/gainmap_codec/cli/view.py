"""The command ``gainmap view``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gainmap_codec.cli.common import (
    FILE_ERRORS,
    PATH,
    complain_of,
    complain_of_failures,
    output,
    overwrite,
    quiet,
    say_of,
)
from gainmap_codec.cli.progress import Files
from gainmap_codec.errors import Limits
from gainmap_codec.pixels.formats.outputs import check_outputs, write_atomically
from gainmap_codec.view.contents import LONGEST_SIDE, shown_file
from gainmap_codec.view.page import assemble_page


@click.command(short_help="Write a page that shows photos in a browser.")
@click.argument("sources", metavar="FILE...", type=PATH, nargs=-1, required=True)
@output(
    (".html", ".htm"), required=False, help="The page to write. Default: here, named like the first FILE but .html."
)
@overwrite
@quiet
def view(sources: tuple[Path, ...], output: Path | None, *, overwrite: bool, quiet: bool) -> None:
    """Write a page that shows the photos FILE in a browser: SDR beside HDR, the gain maps, what the files hold.

    The page has in it all that it shows and loads nothing else. It decodes neural gain maps by itself, and where
    browser and screen can, its HDR is true HDR. A file that fails is reported and the others are shown; the exit code
    is then 1.

    \b
    Examples:
      gainmap view photo.jpg
      gainmap view holiday/*.heic -o holiday.html
    """
    target = output or Path(sources[0].with_suffix(".html").name)
    check_outputs([(sources, target)], overwrite=overwrite)
    shown: list[dict[str, Any]] = []
    longest_side = None if len(sources) == 1 else LONGEST_SIDE
    files = Files(len(sources), quiet)
    for source in sources:
        try:
            with files.next(source):
                shown.append(shown_file(source, Limits(), longest_side=longest_side))
        except FILE_ERRORS as error:
            if len(sources) == 1:
                raise
            complain_of(source, error)
    if shown:
        _write(target, shown, quiet)
    if complain_of_failures(len(sources) - len(shown), len(sources)):
        raise click.exceptions.Exit(1)


def _write(target: Path, shown: list[dict[str, Any]], quiet: bool) -> None:
    page = assemble_page(shown)
    write_atomically(target, page)
    if quiet:
        return
    say_of(target, f"{len(page):,} bytes")
    for file in shown:
        for note in file["notes"]:
            say_of(f"  {file['name']}", note)
