"""The commands ``gainmap inspect | conformance``: what a file is, and what this package makes of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from gainmap_codec.cli.common import (
    FILE_ERRORS,
    PATH,
    complain,
    complain_of,
    complain_of_failures,
    progress_bar,
    say,
    say_json,
)
from gainmap_codec.cli.progress import Files
from gainmap_codec.cli.streams import SOURCE, check_dashes, source_of
from gainmap_codec.codec.conformance import ConformanceRow, check_photo, format_table
from gainmap_codec.codec.description import describe, describe_picture
from gainmap_codec.codec.inspection import inspect_photo, inspect_picture
from gainmap_codec.errors import Limits, error_line
from gainmap_codec.files.container import may_have_gain_map
from gainmap_codec.pixels.formats.hdr_files import PICTURES
from gainmap_codec.pixels.formats.sources import photos_in, read_source

as_json = click.option("--json", "as_json", is_flag=True, help="Print everything, for programs.")


@click.command(short_help="Say what a photo is, and who shows it in HDR.")
@click.argument("sources", metavar="FILE...", type=SOURCE, nargs=-1, required=True)
@as_json
def inspect(sources: tuple[Path, ...], as_json: bool) -> None:
    """Say what the photo or HDR picture FILE is, how bright it is, and which programs show it in HDR.

    If FILE is a folder, its JPEG, HEIC, AVIF, JPEG XL, JPEG XR, OpenEXR and Radiance files are inspected. TIFF, PNG and
    npy files you have to name, because most of them are not HDR. With several files or a folder, --json prints a list,
    whose entries have a "file". If a file fails, that is reported, the others are inspected, and the exit code is 1.

    \b
    Examples:
      gainmap inspect photo.jpg
      gainmap inspect photo.jpg --json | jq .gain_map
      gainmap inspect - < photo.jpg
      gainmap inspect holiday/ --json | jq '.[].brightness.peak_nits'
    """
    check_dashes(sources)
    if len(sources) == 1 and not sources[0].is_dir():
        with progress_bar(False, sources[0]):
            info, words = _inspected(sources[0])
        say_json(info) if as_json else say(words)
    else:
        _inspect_several(sources, as_json)


def _inspect_several(sources: tuple[Path, ...], as_json: bool) -> None:
    found: list[dict[str, Any]] = []
    failed = 0
    photos = [photo for source in sources for photo in photos_in(source, PICTURES)]
    files = Files(len(photos), quiet=False)
    for photo in photos:
        try:
            with files.next(photo):
                info, words = _inspected(photo)
        except FILE_ERRORS as error:
            complain_of(photo, error)
            failed += 1
            info = {"error": error_line(error, below=photo)}
        else:
            if not as_json:
                say(f"{photo}\n{words}\n")
        found.append({"file": str(photo), **info})
    if as_json:
        say_json(found)
    if complain_of_failures(failed, len(found)):
        raise click.exceptions.Exit(1)


def _inspected(source: Path) -> tuple[dict[str, Any], str]:
    """A file in plain values, and in words."""
    data, name = read_source(source_of(source))
    if may_have_gain_map(data):
        info = inspect_photo(data, name, Limits(), brightness=True).to_dict()
        return info, describe(info)
    info = inspect_picture(data, name, Limits())
    return info, describe_picture(info)


@click.command(short_help="Decode photos, and print a table.")
@click.argument("sources", metavar="FILE...", type=PATH, nargs=-1, required=True)
@as_json
def conformance(sources: tuple[Path, ...], as_json: bool) -> None:
    """Decode the photos FILE, or all photos in a folder, and print a table of the results.

    The table is about gain maps. HDR pictures that cannot have one, such as screenshots in JPEG XR, are not in it; use
    inspect for them.

    The exit code is 1 if a file is damaged, cannot be read, or has or names a gain map that cannot be used; the last
    column says why.

    \b
    Examples:
      gainmap conformance photo.jpg
      gainmap conformance my-encoder/output --json
    """
    rows: list[ConformanceRow] = []
    photos = [(photo, source) for source in sources for photo in photos_in(source)]
    files = Files(len(photos), quiet=False)
    for photo, source in photos:
        with files.next(photo):
            rows.append(check_photo(photo, Limits(), found_in=source))
    lost = sum(bool(row.problem) for row in rows)
    if as_json:
        say_json([asdict(row) for row in rows])
    else:
        say(format_table(rows))
        say(f"{len(rows)} files, {lost} with a problem")
    if lost:
        complain(f"{lost} of {len(rows)} files with a problem")
        raise click.exceptions.Exit(1)
