"""The commands that change photos with gain maps: ``gainmap transcode | crop | rotate | flip | resize``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import fields, replace
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, cast

import click

from gainmap_codec.cli.common import (
    CONTAINERS,
    FILE_ERRORS,
    Command,
    NumberOrAuto,
    WholeNumber,
    complain_of,
    device,
    effort,
    exit_for,
    fail,
    overwrite,
    quiet,
    say,
    say_of,
    seed,
    speed,
    strict,
    strip,
    target_bytes,
    target_psnr,
    usage,
    warn_of,
)
from gainmap_codec.cli.progress import Files, Progress
from gainmap_codec.cli.streams import SOURCE, STDIN, STDOUT, TARGET, check_outputs, source_of, write
from gainmap_codec.cli.wording import as_typed
from gainmap_codec.codec.options import WRITTEN, Strip, TranscodeOptions
from gainmap_codec.edit.report import TranscodeReport
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.edit.turn import FlipAxis, flip_with_report, rotate_with_report
from gainmap_codec.errors import Limits, listed
from gainmap_codec.files.container import check_name, named_for
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.formats.sources import other_container

Option = Callable[[Any], Any]
Work = Callable[[Path, Progress | None], TranscodeReport]

_DEFAULTS = TranscodeOptions()

_FOLDER = "gainmap: -o names a folder"


def _parse_output(context: click.Context, parameter: click.Parameter, text: str) -> Path:
    """The path; a slash at its end, which a path does not keep, is remembered: it is a folder."""
    context.meta[_FOLDER] = text.endswith(("/", os.sep))
    path: Path = TARGET.convert(text, parameter, context)
    return path


_sources = click.argument("sources", metavar="IN...", type=SOURCE, nargs=-1, required=True)
_output = click.option(
    "-o",
    "--output",
    metavar="PATH",
    required=True,
    callback=_parse_output,
    help="The file to write, or a folder, where files keep their names; a missing folder is made. - is standard "
    "output.",
)


def _parse_size(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int | None, ...] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d*)x(\d*)", text, re.ASCII)
    if found is None or text == "x":
        raise click.BadParameter(f"expected WIDTHxHEIGHT, got {text!r}")
    return tuple(int(side) if side else None for side in found.groups())


def _parse_fit(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)(?:x(\d+))?", text, re.ASCII)
    if found is None:
        raise click.BadParameter(f"expected WIDTHxHEIGHT, or one number for both, got {text!r}")
    return int(found[1]), int(found[2] or found[1])


_FRAME_OPTIONS = (
    click.option(
        "--fit",
        metavar="WIDTHxHEIGHT",
        callback=_parse_fit,
        help="Make the upright picture fit into this box, in pixels, and keep its proportions. A picture that fits "
        "stays as it is.",
    ),
    click.option("--enlarge", is_flag=True, help="Enlarge pictures that are smaller than the box of --fit."),
    click.option(
        "--size",
        metavar="WIDTHxHEIGHT",
        callback=_parse_size,
        help="Size of the upright picture, in pixels, exactly; WIDTHx or xHEIGHT keeps the proportions.",
    ),
)


class _Defaults(NamedTuple):
    """What the help says of options that a preset may speak for."""

    carry: str
    quality: str
    chroma: str
    map_quality: str
    map_scale: str


_AS_IT_IS = _Defaults(
    carry=" Default: those that are there.",
    quality=" Default: kept as it is, or 92 in JPEG, 65 in HEIC, 85 in AVIF, 95 in JPEG XL.",
    chroma=" Default: as it is.",
    map_quality=" Default: kept as it is, or 95 in JPEG and AVIF, 70 in HEIC, 98 in JPEG XL; chosen where it is added "
    "to a neural one.",
    map_scale=" Default: as it is.",
)
_AS_PRESET = _Defaults("", *[" Default: as --preset has it."] * 4)


def _coding_options(defaults: _Defaults) -> tuple[Option, ...]:
    return (
        click.option(
            "--carry",
            type=click.Choice(["both", "neural", "standard", "apple"]),
            help="Which gain maps to store; one that is missing is made from the other. apple: Apple's own kind alone, "
            f"for iPhones before iOS 18.{defaults.carry}",
            show_default=True,
        ),
        strip,
        click.option(
            "--preset",
            type=click.Choice(["tiny", "balanced", "best", "web", "archive"]),
            default=_DEFAULTS.preset,
            show_default=True,
            help="web: code everything anew, small enough for web pages; archive: keep what can be kept, and code the "
            "rest almost without loss; the others only say which kind of neural gain map is made, if one has to be "
            "made.",
        ),
        target_bytes,
        target_psnr,
        click.option(
            "--quality",
            type=WholeNumber(1, 100),
            help=f"Quality of the picture.{defaults.quality}",
        ),
        click.option(
            "--chroma",
            type=click.Choice(["4:2:0", "4:4:4"]),
            help=f"Colour at half the size, or at full size; 4:4:4 alone in JPEG XL.{defaults.chroma}",
        ),
        speed,
        click.option(
            "--map-quality",
            type=WholeNumber(1, 100),
            help=f"Quality of the standard gain map.{defaults.map_quality}",
        ),
        click.option(
            "--map-scale",
            type=NumberOrAuto(),
            metavar="NUMBER|auto",
            help="How many times smaller than the picture, along a side, the standard gain map is."
            f"{defaults.map_scale}",
        ),
        click.option(
            "--map-channels",
            type=NumberOrAuto(),
            metavar="1|3|auto",
            help="Whether the standard gain map is the same for all colours (1) or not (3). Default: as it is.",
        ),
        click.option(
            "--map-bits",
            type=NumberOrAuto(),
            metavar="8|10|12|auto",
            help="Depth of the standard gain map; auto: 10 bits where 8 would show bands. Default: as it is.",
        ),
        click.option("--max-bytes", type=WholeNumber(min=1), help="Largest size of the whole file, in bytes."),
        device,
        seed,
        effort,
    )


_TO = "The format to write. Default: as the file -o is named; in a folder or for -, the format of each IN."


def edit_options(
    command: Command,
    *,
    to: str = _TO,
    record: type[TranscodeOptions] = TranscodeOptions,
    more: tuple[Option, ...] = (),
) -> Command:
    """What `transcode`, `crop`, `resize` and `batch` share: they come to the command as one record, `options`.

    Args:
        to: Help of --to.
        record: The kind of that record.
        more: Its options that only this command has.
    """
    kinds = click.option("--to", "container", type=click.Choice(WRITTEN), help=to)
    base = click.option(
        "--base",
        type=click.Choice(["sdr", "hdr"]),
        help="The picture that every program shows; the gain map leads to the other one. hdr is in PQ (for HLG, use "
        "encode). Default: as it is, but sdr in JPEG.",
    )
    return _in_a_record(command, (kinds, base, *_FRAME_OPTIONS, *_coding_options(_AS_IT_IS), *more), record)


def coding_options(command: Command) -> Command:
    """The same without the format and the size, which the command chooses itself; its preset speaks for the rest."""
    return _in_a_record(command, _coding_options(_AS_PRESET), TranscodeOptions)


def _in_a_record(command: Command, options: tuple[Option, ...], record: type[TranscodeOptions]) -> Command:
    names = [field.name for field in fields(record)]

    @wraps(command)
    def with_record(**given: Any) -> None:
        asked = {name: given.pop(name) for name in names if name in given}
        with usage():
            options = record(**asked)
        command(options=options, **given)

    result: Any = with_record
    for option in reversed(options):
        result = option(result)
    return cast(Command, result)


@click.command(short_help="Change format, size or gain maps; keep HDR.")
@_sources
@_output
@edit_options
@overwrite
@strict
@quiet
def transcode(
    sources: tuple[Path, ...],
    output: Path,
    *,
    options: TranscodeOptions,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Write the photos IN in another format, at another size or with other gain maps; their HDR is kept.

    Only what you ask for is done: in the same format and size, no picture is coded again. If a file fails, that is
    reported, the others are converted, and the exit code is 1.

    \b
    Examples:
      gainmap transcode photo.heic -o photo.jpg
      gainmap transcode photos/*.jpg -o avif --to avif
      gainmap transcode photos/*.heic -o web --preset web --fit 1600x1600
      gainmap transcode neural.jpg -o everyone.jpg --carry standard
      gainmap transcode holiday/*.jpg -o public --strip gps
      gainmap transcode - -o - --to avif < photo.jpg > photo.avif
    """
    _transcode_each(sources, output, options, overwrite=overwrite, strict=strict, quiet=quiet)


def _parse_box(context: click.Context, parameter: click.Parameter, text: str) -> tuple[int, int, int, int]:
    if not re.fullmatch(r"\d+(,\d+){3}", text, re.ASCII):
        raise click.BadParameter(f"expected LEFT,TOP,RIGHT,BOTTOM, got {text!r}")
    left, top, right, bottom = map(int, text.split(","))
    return left, top, right, bottom


@click.command(short_help="Cut photos to a part of their picture.")
@_sources
@_output
@click.option(
    "--box",
    metavar="LEFT,TOP,RIGHT,BOTTOM",
    required=True,
    callback=_parse_box,
    help="The edges of the part, in pixels of the upright picture.",
)
@edit_options
@overwrite
@strict
@quiet
def crop(
    sources: tuple[Path, ...],
    output: Path,
    *,
    options: TranscodeOptions,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Cut the photos IN to a part of their picture.

    \b
    Examples:
      gainmap crop photo.jpg -o part.jpg --box 100,0,1180,1080
      gainmap crop photo.heic -o icon.avif --box 0,0,900,900 --fit 300
    """
    _transcode_each(sources, output, options, overwrite=overwrite, strict=strict, quiet=quiet)


@click.command(short_help="Make photos smaller or larger.")
@_sources
@_output
@edit_options
@overwrite
@strict
@quiet
def resize(
    sources: tuple[Path, ...],
    output: Path,
    *,
    options: TranscodeOptions,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Make the photos IN smaller or larger, to fit into a box or to an exact size.

    \b
    Examples:
      gainmap resize photos/*.jpg -o web --fit 1600x1600
      gainmap resize photo.heic -o small.jpg --size 800x --quality 80
    """
    if options.fit is options.size is None:
        raise click.UsageError("expected --fit or --size, got neither")
    _transcode_each(sources, output, options, overwrite=overwrite, strict=strict, quiet=quiet)


@click.command(short_help="Turn photos, without coding them again.")
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

    def work(source: Path, progress: Progress | None) -> TranscodeReport:
        return rotate_with_report(source_of(source), int(degrees), strip=strip, limits=Limits())

    _each(sources, output, None, work, overwrite=overwrite, strict=strict, quiet=quiet)


@click.command(short_help="Mirror photos, without coding them again.")
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

    def work(source: Path, progress: Progress | None) -> TranscodeReport:
        return flip_with_report(source_of(source), axis, strip=strip, limits=Limits())

    _each(sources, output, None, work, overwrite=overwrite, strict=strict, quiet=quiet)


COMMANDS = (transcode, crop, rotate, flip, resize)


def _transcode_each(
    sources: tuple[Path, ...], output: Path, options: TranscodeOptions, *, overwrite: bool, strict: bool, quiet: bool
) -> None:
    """Write what the options make of each source."""
    if options.container is None and output is not STDOUT and not _is_folder(output, sources):
        options = replace(options, container=_container_of(output))

    def work(source: Path, progress: Progress | None) -> TranscodeReport:
        return transcode_with_report(source_of(source), options, progress=progress)

    _each(sources, output, options.container, work, overwrite=overwrite, strict=strict, quiet=quiet)


def _is_folder(output: Path, sources: tuple[Path, ...]) -> bool:
    """Whether files keep their names in `output`: it is a folder, or becomes one.

    It becomes one for several files, and where its name has no suffix or ends in a slash.

    Raises:
        click.BadParameter: Several files, and `output` is a file or has the name of a photo.
    """
    if output is STDOUT:
        if len(sources) > 1:
            raise click.BadParameter("expected a folder for several files, got -", param_hint="-o")
        return False
    if output.is_dir():
        return True
    if not output.exists() and (not output.suffix or click.get_current_context().meta.get(_FOLDER)):
        return True
    if len(sources) > 1 and (output.exists() or output.suffix.lower() in CONTAINERS):
        raise click.BadParameter(f"expected a folder for several files, got {output}", param_hint="-o")
    return len(sources) > 1


def _name_for(source: Path, container: Container | None) -> str:
    """The name of what a source becomes, in a folder: by its content where its own name says something else."""
    return named_for(source.name, container or other_container(source))


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
    if into_folder and STDIN in sources:
        raise click.UsageError("expected -o to name a file for what comes from standard input, got a folder")
    targets = [output / _name_for(source, container) if into_folder else output for source in sources]
    planned = list(zip(sources, targets, strict=True))
    check_outputs([((source,), target) for source, target in planned], overwrite=overwrite, makes_folders=into_folder)
    if into_folder:
        output.mkdir(parents=True, exist_ok=True)
    failed = damaged = 0
    files = Files(len(sources), quiet)
    for source, target in planned:
        try:
            with files.next(source) as progress:
                report = _written(target, source, work(source, progress), overwrite)
            _tell(source, target, report, quiet, named=len(sources) > 1)
            damaged += bool(report.damage)
        except FILE_ERRORS as error:
            if len(sources) == 1:
                fail(source, error)
            complain_of(source, error)
            failed += 1
    exit_for(failed, damaged, len(sources), strict=strict)


def _written(target: Path, source: Path, report: TranscodeReport, overwrite: bool) -> TranscodeReport:
    """Write what a source became."""
    if target is not STDOUT:
        check_name(str(target), report.container)
    write(target, report.data, overwrite=overwrite, dated_as=source)
    return report


def _tell(source: Path, target: Path, report: TranscodeReport, quiet: bool, *, named: bool) -> None:
    """Print what a source became, which warnings call by its name if `named`."""
    warn_of(source, report.warnings, report.damage, named=named)
    if not quiet:
        say_of(target, f"{len(report.data):,} bytes")
        for note in report.notes:
            say(f"  {as_typed(note)}")


def _container_of(output: Path) -> Container:
    """What the name of the file to write says.

    Raises:
        click.BadParameter: It says nothing.
    """
    container = CONTAINERS.get(output.suffix.lower())
    if container is None:
        problem = f"expected a folder, or a name ending in {listed(CONTAINERS)}, got {str(output)!r}"
        raise click.BadParameter(problem, param_hint="-o")
    return container
