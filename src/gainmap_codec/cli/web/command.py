"""The command line's ``gainmap web``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from gainmap_codec.cli.common import (
    FILE_ERRORS,
    FOLDER,
    PATH,
    complain_of,
    exit_for,
    fail,
    overwrite,
    quiet,
    say,
    say_of,
    strict,
    warn_of,
)
from gainmap_codec.cli.edit import coding_options
from gainmap_codec.cli.progress import Files
from gainmap_codec.cli.web.gathering import PAGE, gathered_page, is_own_page
from gainmap_codec.cli.web.making import MadePhoto, make_photo
from gainmap_codec.cli.web.markup import picture_element
from gainmap_codec.cli.web.planning import DEFAULT_WIDTHS, WebPhoto, plan_photo
from gainmap_codec.cli.wording import as_typed
from gainmap_codec.codec.opening import OpenedFile, open_source
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.formats.outputs import Planned, check_outputs, write_atomically
from gainmap_codec.pixels.formats.sources import photos_in, read_source


def _parse_widths(context: click.Context, parameter: click.Parameter, text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"[1-9]\d{0,4}(,[1-9]\d{0,4})*", text, re.ASCII):
        raise click.BadParameter(f"expected WIDTH,WIDTH,..., got {text!r}")
    return tuple(map(int, text.split(",")))


@click.command(
    short_help="Write photos for a web page, with its HTML.",
    context_settings={"default_map": {"carry": "standard", "preset": "web", "strip": "gps"}},
)
@click.argument("photos", type=PATH, nargs=-1, required=True)
@click.option("-o", "--output", metavar="DIR", type=FOLDER, required=True, help="The folder to write to; it is made.")
@click.option(
    "--widths",
    metavar="WIDTH,WIDTH,...",
    callback=_parse_widths,
    default=",".join(map(str, DEFAULT_WIDTHS)),
    show_default=True,
    help="Of the upright pictures, in pixels. None is enlarged: a photo's own width takes the place of larger ones.",
)
@click.option(
    "--sizes",
    default="100vw",
    show_default=True,
    help="How wide the page shows a picture, as the attribute sizes says it.",
)
@click.option(
    "--to",
    "formats",
    type=click.Choice(["jpeg", "avif"]),
    multiple=True,
    default=["jpeg", "avif"],
    show_default=True,
    help="The formats to write; may be repeated.",
)
@coding_options
@overwrite
@strict
@quiet
def web(
    photos: tuple[Path, ...],
    output: Path,
    *,
    widths: tuple[int, ...],
    sizes: str,
    formats: tuple[Container, ...],
    options: TranscodeOptions,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Write PHOTOS, and those in folders, for a web page: several widths, as JPEG and AVIF, and HTML to choose by.

    For each photo, DIR gets files such as NAME-960.avif, and NAME.html with its <picture> element, which is printed
    below the names and bytes of the files; pictures.html shows all that DIR has. Give each img its text for alt.
    Unless you ask otherwise, pictures are coded as --preset web does it, have only a standard gain map, which browsers
    know, and do not tell where they were taken. If --max-bytes would need a quality below 30, a width is left out; the
    smallest one never is.

    \b
    Examples:
      gainmap web photos -o public
      gainmap web photo.heic -o public --widths 400,800 --sizes "50vw"
      gainmap web photo.jpg -o public --to avif --quality 70 --speed 4
    """
    photos = tuple(each for photo in photos for each in _photos_in(photo, output))
    failed = damaged = 0
    planned: list[WebPhoto] = []
    for photo in photos:
        try:
            planned.append(_plan(photo, widths, formats, options))
        except FILE_ERRORS as error:
            failed += _failed(photo, error, len(photos))
    _check(planned, output, overwrite=overwrite)
    files = Files(len(planned), quiet)
    for each in planned:
        try:
            with files.next(each.source) as progress:
                opened = open_source(each.source, options.limits)
                made = make_photo(opened, each, options, progress)
            element = _write(made, output, sizes)
        except FILE_ERRORS as error:
            failed += _failed(each.source, error, len(photos))
            continue
        damaged += bool(opened.file.damage)
        _warn(made, opened, named=len(photos) > 1)
        if not quiet:
            _tell(made, output)
            say(element)
    if failed < len(photos):
        write_atomically(output / PAGE, gathered_page(output).encode())
    exit_for(failed, damaged, len(photos), strict=strict)


def _photos_in(photo: Path, output: Path) -> list[Path]:
    """The photo itself, or those in a folder, without what was written before."""
    own = output.resolve()
    return [each for each in photos_in(photo) if each == photo or not each.resolve().is_relative_to(own)]


def _plan(photo: Path, widths: Sequence[int], formats: Sequence[Container], options: TranscodeOptions) -> WebPhoto:
    data, name = read_source(photo, options.limits)
    return plan_photo(photo, parse_file(data, name, options.limits), widths, tuple(dict.fromkeys(formats)))


def _failed(photo: Path, error: Exception, count: int) -> int:
    """Tell that a photo failed, and end where it is the only one."""
    if count == 1:
        fail(photo, error)
    complain_of(photo, error)
    return 1


def _check(planned: Sequence[WebPhoto], output: Path, *, overwrite: bool) -> None:
    """Refuse files that nobody meant to replace, before any work."""
    targets: list[Planned] = [((photo.source,), output / each.name) for photo in planned for each in photo.variants]
    targets += [((photo.source,), output / photo.snippet) for photo in planned]
    page: Planned = (tuple(photo.source for photo in planned), output / PAGE)
    check_outputs([*targets, page], overwrite=True, makes_folders=True)
    check_outputs(targets, overwrite=overwrite, makes_folders=True)
    if not is_own_page(output):
        check_outputs([((), output / PAGE)], overwrite=overwrite, makes_folders=True)


def _write(made: MadePhoto, output: Path, sizes: str) -> str:
    """Write the files of a photo, and the folder around them; its element."""
    output.mkdir(parents=True, exist_ok=True)
    for variant, report in zip(made.photo.variants, made.reports, strict=True):
        write_atomically(output / variant.name, report.data, dated_as=made.photo.source)
    element = picture_element(made.photo, sizes)
    write_atomically(output / made.photo.snippet, element.encode() + b"\n")
    return element


def _warn(made: MadePhoto, opened: OpenedFile, *, named: bool) -> None:
    warnings = dict.fromkeys(line for report in made.reports for line in report.warnings)
    warn_of(made.photo.source, (*warnings, *made.left_out), opened.file.damage, named=named)


def _tell(made: MadePhoto, output: Path) -> None:
    """Print what was written, and where its qualities are lower than asked for."""
    for variant, report in zip(made.photo.variants, made.reports, strict=True):
        say_of(output / variant.name, f"{len(report.data):,} bytes")
        if report.lowered:
            say(f"  {as_typed(report.lowered.line)}")
