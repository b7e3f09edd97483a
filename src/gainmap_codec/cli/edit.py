"""The commands that change photos with gain maps: ``gainmap transcode | crop | rotate | flip | resize``."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import click

from gainmap_codec.cli.common import (
    CONTAINERS,
    FILE_ERRORS,
    PATH,
    Command,
    complain_of,
    device,
    exit_for,
    listed,
    overwrite,
    progress_bar,
    quiet,
    say,
    say_of,
    seed,
    strict,
    strip,
    warn_of,
)
from gainmap_codec.codec.options import DEFAULT_QUALITY, MAP_QUALITY, Carry, PresetChoice, Strip, TranscodeOptions
from gainmap_codec.edit.crop import crop_with_report, resize_with_report
from gainmap_codec.edit.report import TranscodeReport
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.edit.turn import FlipAxis, flip_with_report, rotate_with_report
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import check_name, named_for
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.formats.outputs import check_outputs, write_atomically

Work = Callable[[Path], TranscodeReport]

_DEFAULTS = TranscodeOptions()

_sources = click.argument("sources", metavar="IN...", type=PATH, nargs=-1, required=True)
_output = click.option(
    "-o",
    "--output",
    type=PATH,
    required=True,
    help="The file to write, or a folder, in which files keep their names; made for several files.",
)
_quality = click.option(
    "--quality", type=click.IntRange(1, 100), default=DEFAULT_QUALITY, show_default=True, help="Quality of the picture."
)
_map_quality = click.option(
    "--map-quality",
    type=click.IntRange(1, 100),
    default=MAP_QUALITY,
    show_default=True,
    help="Quality of a standard gain map that has to be coded.",
)
_TRANSCODE_OPTIONS = (
    click.option(
        "--carry",
        type=click.Choice(["both", "neural", "standard"]),
        help="Which gain maps to store; one that is missing is made from the other. Default: those that are there.",
    ),
    strip,
    click.option(
        "--preset",
        type=click.Choice(["tiny", "balanced", "best"]),
        default=_DEFAULTS.preset,
        show_default=True,
        help="Kind of a neural gain map that has to be made.",
    ),
    click.option("--target-bytes", type=click.IntRange(min=1), help="Largest size of such a gain map, in bytes."),
    click.option(
        "--quality",
        type=click.IntRange(1, 100),
        help="Quality of the picture. Default: kept as it is, or 92 in another format.",
    ),
    click.option(
        "--map-scale",
        type=click.IntRange(1, 128),
        default=_DEFAULTS.map_scale,
        show_default=True,
        help="How many times smaller than the picture, along a side, a standard gain map is that has to be made.",
    ),
    _map_quality,
    device,
    seed,
)


def transcode_options(command: Command) -> Command:
    """The options of `transcode`, without the container."""
    for option in reversed(_TRANSCODE_OPTIONS):
        command = option(command)
    return command


@click.command()
@_sources
@_output
@click.option(
    "--to",
    "container",
    type=click.Choice(["jpeg", "heic", "avif"]),
    help="The format to write. Default: as the file -o is named; in a folder, the format of each IN.",
)
@transcode_options
@overwrite
@strict
@quiet
def transcode(
    sources: tuple[Path, ...],
    output: Path,
    *,
    container: Container | None,
    carry: Carry | None,
    strip: Strip | None,
    preset: PresetChoice,
    target_bytes: int | None,
    quality: int | None,
    map_scale: int,
    map_quality: int,
    device: str,
    seed: int,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Write the photos IN in another format or with other gain maps; their HDR is kept.

    In the same format no picture is coded again. A file that fails is reported and the others are done; the exit code
    is then 1.

    \b
    Examples:
      gainmap transcode photo.heic -o photo.jpg
      gainmap transcode photos/*.jpg -o avif --to avif
      gainmap transcode neural.jpg -o everyone.jpg --carry standard
      gainmap transcode holiday/*.jpg -o public --strip gps
    """
    if container is None and not _is_folder(output, sources):
        container = _container_of(output)
    options = TranscodeOptions(
        container=container,
        carry=carry,
        strip=strip,
        preset=preset,
        target_bytes=target_bytes,
        quality=quality,
        map_scale=map_scale,
        map_quality=map_quality,
        device=device,
        seed=seed,
    )

    def work(source: Path) -> TranscodeReport:
        with progress_bar(quiet) as progress:
            return transcode_with_report(source, options, progress=progress)

    _each(sources, output, container, work, overwrite=overwrite, strict=strict, quiet=quiet)


def _parse_box(context: click.Context, parameter: click.Parameter, text: str) -> tuple[int, int, int, int]:
    if not re.fullmatch(r"\d+(,\d+){3}", text, re.ASCII):
        raise click.BadParameter(f"expected LEFT,TOP,RIGHT,BOTTOM, got {text!r}")
    left, top, right, bottom = map(int, text.split(","))
    return left, top, right, bottom


@click.command()
@_sources
@_output
@click.option(
    "--box",
    metavar="LEFT,TOP,RIGHT,BOTTOM",
    required=True,
    callback=_parse_box,
    help="The edges of the part, in pixels of the upright picture.",
)
@_quality
@_map_quality
@strip
@overwrite
@strict
@quiet
def crop(
    sources: tuple[Path, ...],
    output: Path,
    *,
    box: tuple[int, int, int, int],
    quality: int,
    map_quality: int,
    strip: Strip | None,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Cut the photos IN to a part of their picture.

    \b
    Example:
      gainmap crop photo.jpg -o part.jpg --box 100,0,1180,1080
    """

    def work(source: Path) -> TranscodeReport:
        return crop_with_report(source, box, quality=quality, map_quality=map_quality, strip=strip, limits=Limits())

    _each(sources, output, None, work, overwrite=overwrite, strict=strict, quiet=quiet)


@click.command()
@_sources
@_output
@click.option("--degrees", type=click.Choice(["90", "180", "270"]), required=True, help="How far, clockwise.")
@strip
@overwrite
@strict
@quiet
def rotate(
    sources: tuple[Path, ...],
    output: Path,
    *,
    degrees: str,
    strip: Strip | None,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Turn the photos IN; no picture is coded again.

    \b
    Example:
      gainmap rotate photo.jpg -o turned.jpg --degrees 90
    """

    def work(source: Path) -> TranscodeReport:
        return rotate_with_report(source, int(degrees), strip=strip, limits=Limits())

    _each(sources, output, None, work, overwrite=overwrite, strict=strict, quiet=quiet)


@click.command()
@_sources
@_output
@click.option(
    "--axis",
    type=click.Choice(["horizontal", "vertical"]),
    default="horizontal",
    show_default=True,
    help="horizontal swaps left and right, vertical swaps top and bottom.",
)
@strip
@overwrite
@strict
@quiet
def flip(
    sources: tuple[Path, ...],
    output: Path,
    *,
    axis: FlipAxis,
    strip: Strip | None,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Mirror the photos IN; no picture is coded again.

    \b
    Example:
      gainmap flip photo.jpg -o mirrored.jpg
    """

    def work(source: Path) -> TranscodeReport:
        return flip_with_report(source, axis, strip=strip, limits=Limits())

    _each(sources, output, None, work, overwrite=overwrite, strict=strict, quiet=quiet)


def _parse_size(context: click.Context, parameter: click.Parameter, text: str) -> tuple[int | None, int | None]:
    found = re.fullmatch(r"(\d*)x(\d*)", text, re.ASCII)
    if found is None or text == "x":
        raise click.BadParameter(f"expected WIDTHxHEIGHT, got {text!r}")
    width, height = (int(side) if side else None for side in found.groups())
    return width, height


@click.command()
@_sources
@_output
@click.option(
    "--size",
    metavar="WIDTHxHEIGHT",
    required=True,
    callback=_parse_size,
    help="In pixels of the upright picture; WIDTHx or xHEIGHT keeps the proportions.",
)
@_quality
@_map_quality
@strip
@overwrite
@strict
@quiet
def resize(
    sources: tuple[Path, ...],
    output: Path,
    *,
    size: tuple[int | None, int | None],
    quality: int,
    map_quality: int,
    strip: Strip | None,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Make the photos IN smaller or larger.

    \b
    Example:
      gainmap resize photos/*.jpg -o web --size 1600x
    """

    def work(source: Path) -> TranscodeReport:
        return resize_with_report(source, size, quality=quality, map_quality=map_quality, strip=strip, limits=Limits())

    _each(sources, output, None, work, overwrite=overwrite, strict=strict, quiet=quiet)


COMMANDS = (transcode, crop, rotate, flip, resize)


def _is_folder(output: Path, sources: tuple[Path, ...]) -> bool:
    """Whether files keep their names in `output`: it is a folder, or becomes one for several files.

    Raises:
        click.BadParameter: Several files, and `output` is a file or has the name of a photo.
    """
    if output.is_dir():
        return True
    if len(sources) > 1 and (output.exists() or output.suffix.lower() in CONTAINERS):
        raise click.BadParameter(f"expected a folder for several files, got {output}", param_hint="-o")
    return len(sources) > 1


def _each(
    sources: tuple[Path, ...],
    output: Path,
    container: Container | None,
    work: Work,
    *,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Do every source; what fails is told, and the exit code is then 1."""
    into_folder = _is_folder(output, sources)
    targets = [output / named_for(source.name, container) if into_folder else output for source in sources]
    planned = list(zip(sources, targets, strict=True))
    check_outputs([((source,), target) for source, target in planned], overwrite=overwrite, makes_folders=into_folder)
    if into_folder:
        output.mkdir(parents=True, exist_ok=True)
    failed = damaged = 0
    for source, target in planned:
        try:
            damaged += _one(source, target, quiet, work, named=len(sources) > 1)
        except FILE_ERRORS as error:
            if len(sources) == 1:
                raise
            failed += 1
            complain_of(source, error)
    exit_for(failed, damaged, len(sources), strict=strict)


def _one(source: Path, target: Path, quiet: bool, work: Work, *, named: bool) -> bool:
    """Write what a source becomes, which warnings call by its name if `named`; tell whether it is damaged."""
    report = work(source)
    check_name(str(target), report.container)
    write_atomically(target, report.data, dated_as=source)
    warn_of(source, report.warnings, report.damage, named=named)
    if not quiet:
        say_of(target, f"{len(report.data):,} bytes")
        for note in report.notes:
            say(f"  {note}")
    return bool(report.damage)


def _container_of(output: Path) -> Container:
    """What the name of the file to write says.

    Raises:
        click.BadParameter: It says nothing.
    """
    container = CONTAINERS.get(output.suffix.lower())
    if container is None:
        problem = f"expected an existing folder, or a name ending in {listed(CONTAINERS)}, got {str(output)!r}"
        raise click.BadParameter(problem, param_hint="-o")
    return container
