"""The commands about a photo's parts: ``gainmap extract | assemble | swap``."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import click

from gainmap_codec.cli.common import (
    CONTAINERS,
    FILE_ERRORS,
    FOLDER,
    PATH,
    WholeNumber,
    exit_for,
    fail,
    output,
    overwrite,
    progress_bar,
    quiet,
    say,
    say_of,
    speed,
    strict,
    suffix_of,
    to,
    warn_of,
)
from gainmap_codec.cli.streams import SOURCE, STDIN, check_outputs, source_of, write
from gainmap_codec.codec.options import WRITTEN, AssembleOptions, SwapOptions
from gainmap_codec.edit.assemble import assemble_with_report
from gainmap_codec.edit.extract import Parts, extract_parts
from gainmap_codec.edit.report import TranscodeReport
from gainmap_codec.edit.swap import swap_with_report
from gainmap_codec.errors import LimitError, Limits
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import SUFFIXES
from gainmap_codec.files.map_metadata.plain import Metadata, parse_metadata_json, serialize_metadata_json
from gainmap_codec.files.records import ABILITIES, Container
from gainmap_codec.pixels.formats.sources import read_source

_BASE, _MAP = "base", "map"
_METADATA, _PAYLOAD, _ALTERNATE = "metadata.json", "payload.gnn", "alternate.icc"
_MOST_METADATA = Limits(file_bytes=1 << 20)

_quality = click.option(
    "--quality",
    type=WholeNumber(1, 100),
    help="Quality of the base. Default: kept as it is, or as encode codes it.",
)
_map_quality = click.option(
    "--map-quality",
    type=WholeNumber(1, 100),
    help="Quality of the gain map. Default: kept as it is, or 95 in JPEG and AVIF, 70 in HEIC, 98 in JPEG XL.",
)


@click.command(short_help="Take a photo apart, into files.")
@click.argument("source", metavar="IN", type=SOURCE)
@click.option(
    "-o", "--output", "folder", metavar="DIR", type=FOLDER, required=True, help="Folder for the parts; it is made."
)
@click.option("--overwrite", is_flag=True, help="Replace the parts that are in DIR already, all of them.")
@strict
@quiet
def extract(source: Path, folder: Path, *, overwrite: bool, strict: bool, quiet: bool) -> None:
    """Take the photo IN apart into files: its base, its gain map, and the numbers that go with them.

    DIR gets base.jpg, .heic, .avif or .jxl, the photo without its gain map; map.*, the gain map as a picture;
    metadata.json, which says how to read the map, and which you can edit; payload.gnn, the neural gain map; and
    alternate.icc, if the HDR rendition has a profile of its own. No picture is coded again.

    \b
    Example:
      gainmap extract photo.jpg -o parts
    """
    with progress_bar(quiet, source):
        parts = extract_parts(source_of(source), Limits())
    files = {folder / name: data for name, data in _files_of(parts)}
    there = _parts_in(folder)
    if source is not STDIN and any(path.samefile(source) for path in there):
        raise ValueError(f"{source}: expected another folder for its parts, got the one where it is a part itself")
    old = [path for path in there if path not in files]
    if old and not overwrite:
        raise FileExistsError(f"{old[0]} is there already: nothing is done (--overwrite replaces all parts)")
    check_outputs([((source,), path) for path in files], overwrite=overwrite, makes_folders=True)
    folder.mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        write(path, data, overwrite=overwrite)
    for path in old:
        path.unlink()
    warn_of(source, parts.warnings, parts.damage)
    if not quiet:
        for path, data in files.items():
            say_of(path, f"{len(data):,} bytes")
    exit_for(0, bool(parts.damage), 1, strict=strict)


@click.command(short_help="Put a photo together from its parts.")
@click.argument("folder", metavar="DIR", type=PATH)
@output(CONTAINERS, help="The photo to write: a JPEG, HEIC, AVIF or JPEG XL, by its name.")
@to(WRITTEN)
@_quality
@_map_quality
@speed
@overwrite
@strict
@quiet
def assemble(
    folder: Path,
    output: Path,
    *,
    to: str | None,
    quality: int | None,
    map_quality: int | None,
    speed: int | None,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Put a photo together from the parts in DIR: what `gainmap extract` wrote, or files of your own by these names.

    A base or map in the format of the new photo goes in bit for bit; any other picture (base.png, map.png) is coded.

    \b
    Examples:
      gainmap assemble parts -o photo.jpg
      gainmap assemble parts -o photo.avif --quality 80 --map-quality 90
    """
    base, gain_map = _picture_in(folder, _BASE), _picture_in(folder, _MAP)
    if base is None:
        raise FileNotFoundError(errno.ENOENT, "expected a picture named base (base.jpg), got none", str(folder))
    check_outputs([((base,), output)], overwrite=overwrite)
    metadata, color = _metadata_in(folder)
    options = AssembleOptions(
        container=CONTAINERS[suffix_of(output, to)],
        payload=_bytes_in(folder, _PAYLOAD),
        alternate_icc_profile=_bytes_in(folder, _ALTERNATE),
        alternate_color=color,
        quality=quality,
        map_quality=map_quality,
        speed=speed,
    )
    with progress_bar(quiet, output):
        report = assemble_with_report(base, gain_map, metadata, options)
    _write(base, output, report, overwrite=overwrite, strict=strict, quiet=quiet)


@click.command(short_help="Let HDR and SDR change places.")
@click.argument("source", metavar="IN", type=SOURCE)
@output(
    CONTAINERS, help="The photo to write: an AVIF, HEIC, JPEG XL or JPEG, by its name. A JPEG cannot hold an HDR base."
)
@to(WRITTEN)
@_quality
@_map_quality
@speed
@overwrite
@strict
@quiet
def swap(
    source: Path,
    output: Path,
    *,
    to: str | None,
    quality: int | None,
    map_quality: int | None,
    speed: int | None,
    overwrite: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """Let the HDR and the SDR picture of the photo IN change places.

    An SDR picture with a gain map up to HDR becomes an HDR picture with the same map down to SDR, and the reverse.
    Programs that know gain maps show the same as before; others show the other picture.

    \b
    Examples:
      gainmap swap photo.jpg -o hdr.avif
      gainmap swap hdr.avif -o sdr.jpg
    """
    check_outputs([((source,), output)], overwrite=overwrite)
    container = CONTAINERS[suffix_of(output, to)]
    options = SwapOptions(container=container, quality=quality, map_quality=map_quality, speed=speed)
    try:
        with progress_bar(quiet, source):
            report = swap_with_report(source_of(source), options)
    except FILE_ERRORS as error:
        fail(source, error)
    _write(source, output, report, overwrite=overwrite, strict=strict, quiet=quiet, dated_as=source)


COMMANDS = (extract, assemble, swap)


def _write(
    source: Path,
    output: Path,
    report: TranscodeReport,
    *,
    overwrite: bool,
    strict: bool,
    quiet: bool,
    dated_as: Path | None = None,
) -> None:
    write(output, report.data, overwrite=overwrite, dated_as=dated_as)
    warn_of(source, report.warnings, report.damage)
    if not quiet:
        say_of(output, f"{len(report.data):,} bytes")
        for note in report.notes:
            say(f"  {note}")
    exit_for(0, bool(report.damage), 1, strict=strict)


def _files_of(parts: Parts) -> Iterator[tuple[str, bytes]]:
    """Names and contents of what stands for the parts in a folder."""
    suffix = _suffix(parts.container)
    yield _BASE + suffix, parts.base
    if parts.gain_map is not None and parts.metadata is not None:
        yield _MAP + suffix, parts.gain_map
        yield _METADATA, serialize_metadata_json(parts.metadata, parts.alternate_color)
    if parts.payload is not None:
        yield _PAYLOAD, parts.payload
    if (
        parts.alternate_icc_profile is not None and ABILITIES[parts.container].has_code_points
    ):  # else the map's picture has it
        yield _ALTERNATE, parts.alternate_icc_profile


def _suffix(container: Container) -> str:
    return SUFFIXES[container][0]


def _parts_in(folder: Path) -> list[Path]:
    """Files that would be taken for parts."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    names = (_METADATA, _PAYLOAD, _ALTERNATE)
    return [path for path in found if path.name in names or (path.suffix and path.stem in (_BASE, _MAP))]


def _picture_in(folder: Path, stem: str) -> Path | None:
    found = [path for path in sorted(folder.iterdir()) if path.suffix and path.stem == stem]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise ValueError(f"{folder}: expected one picture named {stem}, got {names}: remove what is not meant")
    return next(iter(found), None)


def _metadata_in(folder: Path) -> tuple[Metadata | None, Nclx | None]:
    path = folder / _METADATA
    if not path.exists():
        return None, None
    try:
        return parse_metadata_json(read_source(path, _MOST_METADATA)[0])
    except LimitError:
        raise ValueError(
            f"{path}: expected a gain map's numbers, got more than {_MOST_METADATA.file_bytes:,} bytes"
        ) from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _bytes_in(folder: Path, name: str) -> bytes | None:
    path = folder / name
    return read_source(path)[0] if path.exists() else None
