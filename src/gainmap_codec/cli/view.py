"""The command ``gainmap view``."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Any

import click

from gainmap_codec.cli.common import (
    FILE_ERRORS,
    FOLDER,
    PATH,
    complain,
    complain_of,
    complain_of_failures,
    output,
    overwrite,
    quiet,
    say_of,
)
from gainmap_codec.cli.progress import Files
from gainmap_codec.cli.streams import STDOUT, check_outputs, write
from gainmap_codec.errors import Limits
from gainmap_codec.pixels.formats.hdr_files import PICTURES
from gainmap_codec.pixels.formats.sources import photos_in
from gainmap_codec.view.contents import LONGEST_SIDE, shown_file
from gainmap_codec.view.page import assemble_page

_MOST_PHOTOS = 500  # a page that holds them is about 300 MB, which browsers still open


@click.command(short_help="Write a page that shows photos in a browser.")
@click.argument("sources", metavar="[FILE|FOLDER]...", type=PATH, nargs=-1)
@output(
    (".html", ".htm"),
    required=False,
    help="The page to write, - for standard output. Default: here, named like the first FILE but .html.",
)
@click.option("--site", metavar="DIR", type=FOLDER, help="Write DIR/index.html instead, the same page without photos.")
@click.option("--open", "opens", is_flag=True, help="Show the page in the browser.")
@overwrite
@quiet
def view(
    sources: tuple[Path, ...], output: Path | None, site: Path | None, *, opens: bool, overwrite: bool, quiet: bool
) -> None:
    """Write a page that shows photos in a browser: SDR beside HDR, how bright they are, their gain maps.

    The page has in it all that it shows and loads nothing else. It decodes neural gain maps by itself, and where
    browser and screen can, its HDR is true HDR. Photos dropped onto it are shown too. One photo is in it in full, each
    of several with at most 2048 pixels along a side.

    Of a FOLDER the photos and HDR pictures in it and in the folders in it are shown, as `gainmap inspect` takes them:
    JPEG, HEIC, AVIF, JPEG XL, JPEG XR, OpenEXR and Radiance. A page has at most 500.

    With --site the page waits for photos to be dropped: it can be put on a web server as it is.

    A file that fails is reported and the others are shown; the exit code is then 1.

    \b
    Examples:
      gainmap view photo.jpg --open
      gainmap view holiday/
      gainmap view holiday/*.heic -o holiday.html
      gainmap view --site viewer
    """
    if site is not None:
        if sources or output:
            raise click.UsageError("--site: expected neither FILE nor -o beside it")
        _write_site(site, opens=opens, overwrite=overwrite, quiet=quiet)
        return
    if opens and output is STDOUT:
        raise click.UsageError("--open: expected a file to show, got -o -")
    if not sources:
        raise click.UsageError("expected a FILE or FOLDER, or --site DIR, got none of them")
    target = output or _page_of(sources[0].resolve())
    photos = {photo: _name_of(photo, source) for source in sources for photo in photos_in(source, PICTURES)}
    if len(photos) > _MOST_PHOTOS:
        raise ValueError(f"{target}: expected at most {_MOST_PHOTOS} photos in a page, got {len(photos):,}: name fewer")
    check_outputs([(list(photos), target)], overwrite=overwrite)
    shown = _shown(photos, quiet)
    if shown:
        _write(target, shown, opens=opens, overwrite=overwrite, quiet=quiet)
    if complain_of_failures(len(photos) - len(shown), len(photos)):
        raise click.exceptions.Exit(1)


def _page_of(source: Path) -> Path:
    return Path(f"{source.name if source.is_dir() else source.stem}.html")


def _name_of(photo: Path, source: Path) -> str:
    """In a folder, the way to it: photos in two folders often have the same name."""
    return photo.name if photo == source else photo.relative_to(source).as_posix()


def _shown(photos: dict[Path, str], quiet: bool) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    longest_side = None if len(photos) == 1 else LONGEST_SIDE
    files = Files(len(photos), quiet)
    for photo, name in photos.items():
        try:
            with files.next(photo):
                shown.append(shown_file(photo, Limits(), name=name, longest_side=longest_side))
        except FILE_ERRORS as error:
            if len(photos) == 1:
                raise
            complain_of(photo, error)
    return shown


def _write_site(site: Path, *, opens: bool, overwrite: bool, quiet: bool) -> None:
    target = site / "index.html"
    check_outputs([((), target)], overwrite=overwrite, makes_folders=True)
    site.mkdir(exist_ok=True)
    _write(target, [], opens=opens, overwrite=overwrite, quiet=quiet)


def _write(target: Path, shown: list[dict[str, Any]], *, opens: bool, overwrite: bool, quiet: bool) -> None:
    page = assemble_page(shown)
    write(target, page, overwrite=overwrite)
    if not quiet:
        say_of(target, f"{len(page):,} bytes")
        for file in shown:
            for note in file["notes"]:
                say_of(f"  {file['name']}", note)
    if opens and not webbrowser.open(target.resolve().as_uri()):
        complain(f"no browser could be started: open {target} by hand")
