"""The command ``gainmap view``."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import click

from gainmap_codec.cli.edit import one_line
from gainmap_codec.errors import GainMapError, Limits

_PATH = click.Path(path_type=Path)  # as in `cli`: a missing file is a bad file, not bad usage


@click.command()
@click.argument("sources", metavar="FILE...", type=_PATH, nargs=-1, required=True)
@click.option("-o", "--output", type=_PATH, help="The page to write. Default: named like the first FILE, here.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but warnings and errors.")
def view(sources: tuple[Path, ...], output: Path | None, *, quiet: bool) -> None:
    """Write a page that shows the gain-map files FILE in a browser: SDR against HDR, the gain maps, the bytes.

    The page holds all that it shows and loads nothing. It decodes neural gain maps itself, and where browser and
    screen can, its HDR is true HDR. A bad file is reported and the others are shown; the exit code is then 1.

    \b
    Examples:
      gainmap view photo.jpg
      gainmap view holiday/*.heic -o holiday.html
    """
    from gainmap_codec.pixels.formats.sources import write_atomically
    from gainmap_codec.view.contents import shown_file
    from gainmap_codec.view.page import assemble_page

    target = output or Path(sources[0].with_suffix(".html").name)
    if target.suffix.lower() not in (".html", ".htm"):
        raise click.BadParameter(f"a name ending in .html wanted, {target.name!r} found", param_hint="-o")
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(target.parent))
    shown: list[dict[str, Any]] = []
    for source in sources:
        try:
            shown.append(shown_file(source, Limits()))
        except (GainMapError, OSError, ValueError, MemoryError) as error:
            if len(sources) == 1:
                raise
            click.echo(f"gainmap: {source}: {one_line(error)}", err=True)
    if shown:
        page = assemble_page(shown)
        write_atomically(target, page)
        if not quiet:
            click.echo(f"{target}: {len(page):,} bytes")
            for file in shown:
                for note in file["notes"]:
                    click.echo(f"  {file['name']}: {note}")
    if len(shown) < len(sources):
        click.echo(f"gainmap: {len(sources) - len(shown)} of {len(sources)} files failed", err=True)
        raise click.exceptions.Exit(1)
