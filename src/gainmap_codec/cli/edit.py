"""The commands that change gain-map files: ``gainmap transcode | crop | rotate | flip | resize``."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.naming import SUFFIXES, check_name, named_for
from gainmap_codec.files.records import Container

_PATH = click.Path(path_type=Path)  # as in `cli`: a missing file is a bad file, not bad usage

_sources = click.argument("sources", metavar="IN...", type=_PATH, nargs=-1, required=True)
_output = click.option(
    "-o", "--output", type=_PATH, required=True, help="The file to write, or a folder, where files keep their names."
)
_quiet = click.option("-q", "--quiet", is_flag=True, help="Print nothing but warnings and errors.")
_quality = click.option(
    "--quality", type=click.IntRange(1, 100), default=92, show_default=True, help="Quality of the base."
)
_map_quality = click.option(
    "--map-quality",
    type=click.IntRange(1, 100),
    default=95,
    show_default=True,
    help="Quality of a standard map that is coded.",
)
_TRANSCODE_OPTIONS = (
    click.option(
        "--carry",
        type=click.Choice(["both", "neural", "standard"]),
        help="Which gain maps to store; made of each other where they lack. Default: those that are there.",
    ),
    click.option("--strip-gps", is_flag=True, help="Leave out where the picture was taken."),
    click.option(
        "--preset",
        type=click.Choice(["tiny", "balanced", "best"]),
        default="balanced",
        show_default=True,
        help="Kind of a neural map that has to be fitted.",
    ),
    click.option("--target-bytes", type=click.IntRange(min=1), help="Largest payload of such a map."),
    click.option(
        "--quality", type=click.IntRange(1, 100), help="Quality of the base. Default: kept, or 92 in another container."
    ),
    click.option(
        "--map-scale",
        type=click.IntRange(1, 128),
        default=4,
        show_default=True,
        help="Pixels of the picture per pixel of a standard map that has to be made, along a side.",
    ),
    _map_quality,
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."),
    click.option("--seed", default=0, show_default=True, help="Seed of a fit."),
)


def transcode_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `transcode`, without the container."""
    for option in reversed(_TRANSCODE_OPTIONS):
        command = option(command)
    return command


@click.command()
@_sources
@_output
@click.option("--to", "container", type=click.Choice(["jpeg", "heic", "avif"]), help="Default: as -o is named, or IN.")
@transcode_options
@_quiet
def transcode(
    sources: tuple[Path, ...], output: Path, *, container: Container | None, quiet: bool, **options: Any
) -> None:
    """Write the gain-map files IN anew: another container, other gain maps, HDR kept.

    In the same container no picture is coded again. A bad file is reported and the others are done; the exit code is
    then 1.

    \b
    Examples:
      gainmap transcode photo.heic -o photo.jpg
      gainmap transcode photos/*.jpg -o avif --to avif
      gainmap transcode neural.jpg -o everyone.jpg --carry standard
      gainmap transcode holiday/*.jpg -o public --strip-gps
    """
    from gainmap_codec.edit.transcode import transcode_with_report

    if container is None and not output.is_dir():
        container = _container_of(output)
    options["container"] = container
    _each(sources, output, container, quiet, lambda source: transcode_with_report(source, **options))


@click.command()
@_sources
@_output
@click.option("--box", required=True, help="LEFT,TOP,RIGHT,BOTTOM in pixels of the upright picture.")
@_quality
@_map_quality
@_quiet
def crop(sources: tuple[Path, ...], output: Path, *, box: str, quiet: bool, **options: Any) -> None:
    """Cut the gain-map files IN to a part of their picture.

    \b
    Example:
      gainmap crop photo.jpg -o part.jpg --box 100,0,1180,1080
    """
    from gainmap_codec.edit.turn import crop_with_report

    if not re.fullmatch(r"\d+(,\d+){3}", box, re.ASCII):
        raise click.BadParameter(f"LEFT,TOP,RIGHT,BOTTOM wanted, {box!r} found", param_hint="--box")
    left, top, right, bottom = map(int, box.split(","))
    edges = (left, top, right, bottom)
    _each(sources, output, None, quiet, lambda source: crop_with_report(source, edges, limits=Limits(), **options))


@click.command()
@_sources
@_output
@click.option("--degrees", type=click.Choice(["90", "180", "270"]), required=True, help="Clockwise.")
@_quiet
def rotate(sources: tuple[Path, ...], output: Path, *, degrees: str, quiet: bool) -> None:
    """Turn the gain-map files IN; no picture is coded again.

    \b
    Example:
      gainmap rotate photo.jpg -o turned.jpg --degrees 90
    """
    from gainmap_codec.edit.turn import rotate_with_report

    _each(sources, output, None, quiet, lambda source: rotate_with_report(source, int(degrees), limits=Limits()))


@click.command()
@_sources
@_output
@click.option(
    "--axis",
    type=click.Choice(["horizontal", "vertical"]),
    default="horizontal",
    show_default=True,
    help="horizontal exchanges left and right.",
)
@_quiet
def flip(sources: tuple[Path, ...], output: Path, *, axis: Any, quiet: bool) -> None:
    """Mirror the gain-map files IN; no picture is coded again.

    \b
    Example:
      gainmap flip photo.jpg -o mirrored.jpg
    """
    from gainmap_codec.edit.turn import flip_with_report

    _each(sources, output, None, quiet, lambda source: flip_with_report(source, axis, limits=Limits()))


@click.command()
@_sources
@_output
@click.option("--size", required=True, help="WIDTHxHEIGHT in pixels; WIDTHx or xHEIGHT keeps the proportions.")
@_quality
@_map_quality
@_quiet
def resize(sources: tuple[Path, ...], output: Path, *, size: str, quiet: bool, **options: Any) -> None:
    """Make the gain-map files IN smaller or larger.

    \b
    Example:
      gainmap resize photos/*.jpg -o web --size 1600x
    """
    from gainmap_codec.edit.turn import resize_with_report

    found = re.fullmatch(r"(\d*)x(\d*)", size, re.ASCII)
    if found is None or size == "x":
        raise click.BadParameter(f"WIDTHxHEIGHT wanted, {size!r} found", param_hint="--size")
    wanted = (int(found[1]) if found[1] else None, int(found[2]) if found[2] else None)
    _each(sources, output, None, quiet, lambda source: resize_with_report(source, wanted, limits=Limits(), **options))


COMMANDS = (transcode, crop, rotate, flip, resize)


def _each(
    sources: tuple[Path, ...], output: Path, container: Container | None, quiet: bool, work: Callable[[Path], Any]
) -> None:
    """Do every source; what fails is told, and the exit code is then 1."""
    into_folder = output.is_dir()
    if not into_folder and len(sources) > 1:
        raise NotADirectoryError(errno.ENOTDIR, "a folder wanted for several files", str(output))
    if not into_folder and not output.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(output.parent))
    failed = 0
    taken: dict[Path, Path] = {}
    for source in sources:
        target = output / named_for(source.name, container) if into_folder else output
        try:
            if target in taken:
                raise ValueError(f"{target} is already what {taken[target]} became")
            taken[target] = source
            _one(source, target, quiet, work)
        except (GainMapError, OSError, ValueError, MemoryError) as error:
            if len(sources) == 1:
                raise
            failed += 1
            click.echo(f"gainmap: {source}: {one_line(error)}", err=True)
    if failed:
        click.echo(f"gainmap: {failed} of {len(sources)} files failed", err=True)
        raise click.exceptions.Exit(1)


def _one(source: Path, target: Path, quiet: bool, work: Callable[[Path], Any]) -> None:
    from gainmap_codec.pixels.formats.sources import write_atomically

    report = work(source)
    check_name(str(target), report.container)
    write_atomically(target, report.data)
    if not quiet:
        click.echo(f"{target}: {len(report.data):,} bytes")
        for note in report.notes:
            click.echo(f"  {note}")


def _container_of(output: Path) -> Container:
    """What the name of the file to write says.

    Raises:
        click.BadParameter: It says nothing.
    """
    for container, suffixes in SUFFIXES.items():
        if output.suffix.lower() in suffixes:
            return container
    known = ", ".join(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
    raise click.BadParameter(
        f"an existing folder, or a name ending in {known}, wanted; {output} found", param_hint="-o"
    )


def one_line(error: BaseException) -> str:
    """What an error says, for a line that names the file."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or "not enough memory for this picture"
